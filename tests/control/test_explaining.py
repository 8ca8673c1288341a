"""Why a message, a request or a callback is as it is, and what happens next."""

from typing import Any

from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http
from tests.control.acting import BASIC, refuse, send
from tests.receiver import Receiver

STORY = """\
name: told-here
rules:
  - when: {provider: messente, channel: sms, to: "+37255500001"}
    deliver:
      - {after: 200ms, status: ACK}
      - {after: 2s, status: UNDELIV, err: 1}
"""


def prose(control: Http, path: str) -> str:
    return control("GET", f"{path}/explain", headers={"Accept": "text/plain"}).body.decode()


def explained(control: Http, path: str) -> Any:
    answer = control("GET", f"{path}/explain")
    assert answer.status == 200, answer.body
    return answer.json


def test_a_message_is_explained_by_file_and_line(sim: Simulator, control: Http, advance: Advance) -> None:
    control("PUT", "scenario", body=STORY)
    id = send(sim)
    advance("1s")
    told = explained(control, f"messages/{id}")
    assert told["decided_by"] == [
        {
            "channel": "sms",
            "rule": "scenario:3",
            "when": {"provider": "messente", "channel": "sms", "to": "+37255500001"},
            "outcome": "ACK after 200 ms, UNDELIV after 2 s",
        }
    ]
    assert told["past"] == [{"at": "2026-01-01T00:00:00.200Z", "what": "sms became ACK (0)"}]
    assert told["next"] == [{"at": "2026-01-01T00:00:02.000Z", "what": "sms becomes UNDELIV (1)"}]
    assert told["prose"] + "\n" == prose(control, f"messages/{id}")
    assert "scenario:3 (when provider is messente, channel is sms, to is +37255500001)" in told["prose"]
    assert "once the clock is moved (it stands still at 2026-01-01T00:00:01.000Z)" in told["prose"]


def test_the_happy_path_is_named_by_file_and_line_too(sim: Simulator, control: Http) -> None:
    (decided,) = explained(control, f"messages/{send(sim)}")["decided_by"]
    assert decided["rule"].startswith("scenarios/default.yaml:")


def test_a_rule_that_is_gone_is_said_to_be(sim: Simulator, control: Http) -> None:
    control("PUT", "scenario", body=STORY)
    id = send(sim)
    control("PUT", "scenario", {"names": []})
    (decided,) = explained(control, f"messages/{id}")["decided_by"]
    assert (decided["rule"], decided["outcome"]) == ("scenario:3", "it is not loaded any more")


def test_a_providers_own_pace_is_explained(sim: Simulator, control: Http) -> None:
    body = {"destination": "5511900000000", "messageText": "Hello"}
    headers = {"UserName": "acme", "AuthenticationToken": "x"}
    (accepted,) = call(f"{sim.url}/v1/send-sms", "POST", body, headers=headers).json
    (decided,) = explained(control, f"messages/{accepted['id']}")["decided_by"]
    assert decided["outcome"] == "SENT_SUCCESS after 300 ms, DELIVERED_SUCCESS after 2.3 s"


def test_a_magic_recipient_is_explained_by_the_catalogue(sim: Simulator, control: Http) -> None:
    statuses = control("GET", "errors?provider=messente").json["statuses"]
    (rejected,) = [one for one in statuses if one["word"] == "REJECTD"]
    (decided,) = explained(control, f"messages/{send(sim, rejected['recipient'])}")["decided_by"]
    assert decided["rule"] == "schemas/messente/statuses.yaml: REJECTD"


def test_an_outcome_asked_for_by_header_is_explained_by_it(sim: Simulator, control: Http) -> None:
    body = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "Hello"}]}
    headers = {**BASIC, "X-Sim-Outcome": "NACK"}
    id = call(f"{sim.url}/v1/omnimessage", "POST", json=body, headers=headers).json["omnimessage_id"]
    (decided,) = explained(control, f"messages/{id}")["decided_by"]
    assert (decided["rule"], decided["outcome"]) == ("X-Sim-Outcome", "the life of NACK")


def test_a_refusal_is_explained_by_schema_document_and_provenance(sim: Simulator, control: Http) -> None:
    refuse(sim)
    told = explained(control, "requests/1")
    first = told["refused_by"][0]
    assert (first["key"], first["field"], first["text"]) == ("invalid_data", "to", "Invalid phone number")
    assert first["rule"] == "messente/omnimessage.json#/properties/to/format"
    assert (first["schema"], first["provenance"]) == ("e164", "inferred")
    assert first["source"] == "Messente Omnichannel API, HTTP 400 - Invalid input (105 - Invalid data)"
    assert first["document"] == "Messente Omnichannel API, Sends an Omnimessage: Phone number in e.164 format"
    assert "Refused with invalid_data at to: Invalid phone number." in told["prose"]


def test_a_refusal_a_scenario_dictates_is_explained_by_its_rule(sim: Simulator, control: Http) -> None:
    control(
        "PUT", "scenario", body="name: x\nrules:\n  - when: {provider: messente}\n    respond: {error: forbidden}\n"
    )
    refuse(sim)
    told = explained(control, "requests/2")
    assert [one["rule"] for one in told["decided_by"]] == ["scenario:3"]
    assert [(one["key"], one["rule"]) for one in told["refused_by"]] == [("forbidden", "scenario:3")]


def test_an_item_that_is_refused_in_a_batch_is_explained(sim: Simulator, control: Http) -> None:
    good = {"to": "+37255500001", "messages": [{"channel": "sms", "text": "Hello"}]}
    body = {"messages": [good, {**good, "to": "3725"}]}
    call(f"{sim.url}/v1/omnimessages", "POST", json=body, headers=BASIC)
    told = explained(control, "requests/1")
    assert [one["key"] for one in told["refused_by"]] == ["invalid_data"]
    assert "It was accepted as message" in told["prose"]


def test_a_callback_is_explained(sim: Simulator, control: Http, advance: Advance, receiver: Receiver) -> None:
    control("PUT", "settings", {"messente": {"retries": ["1s"]}})
    receiver.answer(503)
    id = send(sim, dlr_url=receiver.url)
    advance("300ms")
    told = explained(control, "callbacks/1")
    assert f"It reports on message {id}, and tells that sms became ACK." in told["prose"]
    assert [one["what"][:27] for one in told["past"]] == ["attempt 1: 503 was answered"]
    assert told["next"] == [
        {
            "at": "2026-01-01T00:00:01.200Z",
            "what": f"callback 1 ACK is tried again (attempt 2; answered 503) to {receiver.url}",
        }
    ]
    advance("1m")
    assert "It is done: the receiver took it." in prose(control, "callbacks/1")


def test_a_receiver_that_callbacks_may_not_go_to_is_explained(sim: Simulator, control: Http, advance: Advance) -> None:
    send(sim, dlr_url="http://192.0.2.1.nip.invalid/")
    send(sim, dlr_url="http://8.8.8.8/")
    advance("1m")
    refused = control("GET", "callbacks?state=refused").json["callbacks"]
    assert refused
    text = prose(control, f"callbacks/{refused[0]['number']}")
    assert "It was not posted at all: 8.8.8.8 is at 8.8.8.8, neither loopback nor private" in text


def test_what_is_not_there_cannot_be_explained(control: Http) -> None:
    for path in ("messages/none", "requests/1", "callbacks/1"):
        assert control("GET", f"{path}/explain").status == 404
