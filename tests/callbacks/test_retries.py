"""When a callback that was not taken comes again: as its provider documents, as its settings say, or a scenario."""

from typing import Any

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.receiver import Receiver
from tests.samples import headers

MESSENTE = headers(discover()["messente"])
SINCH = {"UserName": "sinch-default", "AuthenticationToken": "sinch-default-token"}


def attempts(receiver: Receiver, provider: str, scenario: str = "", **settings: Any) -> dict[str, list[str]]:
    """Per status when it was posted to a receiver that takes nothing, within a day."""
    receiver.answer(500, times=100)
    providers: Any = {"messente": {}, "sinch": {"callback_url": receiver.url, "dlr_url": receiver.url}}
    providers[provider] |= settings
    with Simulator(clock=f"frozen@{START}", providers=providers, seed=2) as sim:
        if scenario:
            chosen = sim.control("PUT", "scenario", body=f"name: x\nrules: [{{callbacks: [{scenario}]}}]")
            assert chosen.status == 200, chosen.json
        if provider == "messente":
            body: Any = {"to": "+37255000001", "dlr_url": receiver.url, "messages": [{"channel": "sms", "text": "x"}]}
            assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE).status == 201
        else:
            body = {"destination": "5511987654321", "messageText": "x"}
            assert call(f"{sim.url}/v1/send-sms", "POST", body, headers=SINCH).status == 200
        sim.control("POST", "clock/advance", {"by": "1d"})
        callbacks = sim.control("GET", "callbacks").json["callbacks"]
    assert {one["state"] for one in callbacks} == {"failed"}
    return {one["status"]: [attempt["at"][11:-1] for attempt in one["attempts"]] for one in callbacks}


def test_messente_documents_none_so_it_has_none_and_the_next_report_is_not_held_back(receiver: Receiver) -> None:
    assert attempts(receiver, "messente") == {"ACK": ["00:00:00.200"], "DELIVRD": ["00:00:01.000"]}


def test_sinch_tries_again_a_few_times(receiver: Receiver) -> None:
    sent = attempts(receiver, "sinch")["SENT_SUCCESS"]
    assert sent == ["00:00:00.300", "00:00:01.300", "00:00:06.300", "00:00:36.300"]


@pytest.mark.parametrize("provider", ["messente", "sinch"])
def test_a_provider_has_a_setting_for_it(receiver: Receiver, provider: str) -> None:
    first, *_ = attempts(receiver, provider, retries=["2s"]).values()
    assert len(first) == 2
    receiver.posts.clear()
    first, *_ = attempts(receiver, provider, retries=[]).values()
    assert len(first) == 1


def test_a_report_that_failed_for_good_does_not_hold_the_next_one_back(receiver: Receiver) -> None:
    """It waits for those tries that there are, so that the order is kept, and not longer."""
    found = attempts(receiver, "messente", retries=["10s"])
    assert found == {"ACK": ["00:00:00.200", "00:00:10.200"], "DELIVRD": ["00:00:10.200", "00:00:20.200"]}


@pytest.mark.parametrize(
    ("scenario", "acks", "deliveries"),
    [
        ("retry", ["00:00:00.200", "00:00:01.200", "00:00:06.200", "00:00:36.200"], 4),
        ("{retry: 2s}", ["00:00:00.200", "00:00:02.200"], 2),
        ("{retry: [2s, 1m]}", ["00:00:00.200", "00:00:02.200", "00:01:02.200"], 3),
        ("{retry: []}", ["00:00:00.200"], 1),
        ("{retry: DELIVRD}", ["00:00:00.200"], 4),
        ("{retry: {after: [5s], status: delivered}}", ["00:00:00.200"], 2),
        ("{retry: {status: ACK}}", ["00:00:00.200", "00:00:01.200", "00:00:06.200", "00:00:36.200"], 1),
        ("{retry: [2s]}, {retry: []}", ["00:00:00.200"], 1),
    ],
)
def test_a_scenario_says_it_for_its_messages(
    receiver: Receiver, scenario: str, acks: list[str], deliveries: int
) -> None:
    found = attempts(receiver, "messente", scenario)
    assert (found["ACK"], len(found["DELIVRD"])) == (acks, deliveries)


def test_a_scenario_beats_the_setting(receiver: Receiver) -> None:
    found = attempts(receiver, "sinch", "{retry: []}", retries=["1s", "1s"])
    assert [len(times) for times in found.values()] == [1, 1]


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("[5]", "5 is not of the form: 250ms"),
        ("[x]", "'x' is not of the form: 250ms, 5s, 10m, 2h or 1d"),
        ("DELIVERED_TWICE", "has no status 'DELIVERED_TWICE'"),
        ("{by: 5s}", "unknown key 'by'"),
        ("[900000000d]", "900000000d is longer than a thousand years"),
    ],
)
def test_a_mistake_in_it_is_explained(argument: str, reason: str) -> None:
    with Simulator() as sim:
        text = f"name: x\nrules: [{{when: {{provider: messente}}, callbacks: [{{retry: {argument}}}]}}]"
        refused = sim.control("PUT", "scenario", body=text)
        assert refused.status == 400
        assert reason in refused.body.decode()
        wrong = sim.control("PUT", "settings", {"messente": {"retries": ["soon"]}})
        assert wrong.status == 400
        assert "retries" in wrong.json["detail"]
