"""Every documented error and outcome can be brought about as it is listed; sample traffic is realistic and seeded."""

from typing import Any

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator

from tests.conftest import START, Http
from tests.shell import by_curl

PROVIDERS = discover()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_error_is_answered_to_its_curl(sim: Simulator, control: Http, provider: str) -> None:
    listed = control("GET", f"errors?provider={provider}").json["errors"]
    assert [one["key"] for one in listed] == list(PROVIDERS[provider].contract.errors)
    for one in listed:
        control("POST", "reset")
        assert by_curl(one["curl"]).status == one["status"], one["curl"]
        last = control("GET", "requests?limit=1").json["requests"][0]
        assert one["key"] in [refusal["key"] for refusal in last["refusals"]], one["curl"]
    covered = control("GET", f"coverage?provider={provider}").json["providers"][provider]["errors"]
    assert covered["percent"] == 100


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_outcome_is_reached_by_its_curl(control: Http, provider: str) -> None:
    for one in control("GET", f"errors?provider={provider}").json["statuses"]:
        assert by_curl(one["curl"]).status < 300, one["curl"]
    control("POST", "clock/advance", {"by": "1h"})
    covered = control("GET", f"coverage?provider={provider}").json["providers"][provider]["outcomes"]
    assert [word for word, times in covered["times"].items() if not times] == []


def test_in_another_sandbox_everything_leads_there(control: Http) -> None:
    control("POST", "sandboxes", {"name": "ci"})
    first = control("GET", "errors?sandbox=ci&provider=messente").json["statuses"][0]
    assert by_curl(first["curl"]).status == 201
    assert control("GET", "messages").json["total"] == 0
    assert control("GET", "messages?sandbox=ci").json["total"] == 1


def test_samples_are_taken_on_by_every_provider(control: Http) -> None:
    sent = control("POST", "sample", {"count": 60, "seed": 5}).json["sent"]
    assert {one["provider"] for one in sent} == set(PROVIDERS)
    assert [one for one in sent if one["status"] >= 400] == []
    texts = [
        channel["text"] for one in control("GET", "messages?limit=1000").json["messages"] for channel in one["channels"]
    ]
    assert len(set(texts)) > 20


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_seed_sends_the_same(provider: str) -> None:
    def sent(seed: int) -> Any:
        with Simulator(clock=f"frozen@{START}", seed=1) as sim:
            found = sim.control("POST", "sample", {"provider": provider, "count": 5, "seed": seed}).json["sent"]
            return [(one["curl"].partition(" -H ")[2], one["answer"]) for one in found]

    assert sent(3) == sent(3) != sent(4)


def test_a_sample_s_curl_sends_it_again(control: Http) -> None:
    (one,) = control("POST", "sample", {"provider": "messente", "seed": 1}).json["sent"]
    assert by_curl(one["curl"]).status == 201
    first, second = control("GET", "requests").json["requests"]
    assert first["body"] == second["body"]


def test_samples_stay_in_their_sandbox(control: Http) -> None:
    control("POST", "sandboxes", {"name": "ci"})
    control("POST", "sample?sandbox=ci", {"count": 20})
    assert control("GET", "requests").json["total"] == 0
    assert control("GET", "requests?sandbox=ci").json["total"] == 20


@pytest.mark.parametrize("body", [{"count": 0}, {"count": 100_000}, {"provider": "none"}, {"colour": 1}])
def test_what_cannot_be_sent_is_told(control: Http, body: Any) -> None:
    assert control("POST", "sample", body).status == 400


def test_shipped_scenarios_say_what_they_teach(control: Http) -> None:
    listed = control("GET", "scenarios").json["scenarios"]
    assert len(listed) > 3
    for one in listed:
        assert len(one["title"]) > 20, one
        chosen = control("PUT", "scenario", {"names": [one["name"]]}).json
        assert chosen["names"] == [one["name"]]
        assert chosen["files"][0]["file"] == one["file"]
        assert f"name: {one['name']}" in chosen["files"][0]["text"]
