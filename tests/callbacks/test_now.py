"""What a person asks for now happens now: on a clock that stands still too, and the answer tells what came of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.receiver import Receiver
from tests.samples import headers

AUTH = headers(discover()["messente"])
SETTINGS = ("messente", "sinch")


@pytest.fixture(params=[f"frozen@{START}", "real"])
def sim(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Simulator]:
    providers = {"messente": {"inbound_url": f"{receiver.url}/mo"}, "sinch": {"mo_url": f"{receiver.url}/mo"}}
    with Simulator(clock=request.param, providers=providers) as simulator:
        yield simulator


def send(sim: Simulator, url: str, **more: Any) -> str:
    body = {"to": "+37255000001", "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}], **more}
    id: str = call(f"{sim.url}/v1/omnimessage", "POST", body, headers=AUTH).json["omnimessage_id"]
    return id


def reported(sim: Simulator, id: str) -> int:
    """The number of a callback that was posted."""
    forced = sim.control("POST", f"messages/{id}/status", {"status": "delivered"}).json
    (number,) = [one["number"] for one in forced["callbacks"] if one["attempts"]]
    return int(number)


LATER = {"time_to_send": "2100-01-01T00:00"}
"""Nothing happens to it by itself."""


@pytest.mark.parametrize("word", ["delivered", "FAILED"])
def test_a_forced_status_is_reported_at_once(sim: Simulator, receiver: Receiver, word: str) -> None:
    id = send(sim, receiver.url, **LATER)
    forced = sim.control("POST", f"messages/{id}/status", {"status": word})
    assert forced.status == 200
    status = {"delivered": "DELIVRD"}.get(word, word)
    assert [post.json["status"] for post in receiver.posts] == [status]
    reached = [one for one in forced.json["callbacks"] if one["attempts"]]
    assert [(one["status"], one["state"], one["attempts"][0]["answered"]) for one in reached] == [(status, "done", 200)]


def test_what_was_due_before_leaves_first(sim: Simulator, receiver: Receiver) -> None:
    sim.control("PUT", "scenario", body="name: x\nrules: [{deliver: [{after: 0ms, status: queued}]}]")
    id = send(sim, receiver.url)
    sim.control("POST", f"messages/{id}/status", {"status": "delivered"})
    assert [post.json["status"] for post in receiver.posts] == ["ACCEPTD", "DELIVRD"]


def test_a_cancelled_message_says_so_at_once(sim: Simulator, receiver: Receiver) -> None:
    id = send(sim, receiver.url, **LATER)
    cancelled = sim.control("POST", f"messages/{id}/cancel").json
    told = [post.json["status"] for post in receiver.posts]
    assert told == [one["status"] for one in cancelled["callbacks"] if one["attempts"]]


@pytest.mark.parametrize("provider", SETTINGS)
def test_an_inbound_message_is_pushed_at_once(sim: Simulator, receiver: Receiver, provider: str) -> None:
    receiver.answer(500, b"busy")
    asked = {"provider": provider, "from": "+5511987654321", "to": "28000", "text": "STOP"}
    written = sim.control("POST", "inbound", asked).json
    assert [post.path for post in receiver.posts] == ["/mo"]
    (pushed,) = written["callbacks"]
    assert [(attempt["answered"], attempt["answer"]) for attempt in pushed["attempts"]] == [(500, "busy")]


def test_a_replay_is_posted_at_once_and_once(sim: Simulator, receiver: Receiver) -> None:
    id = send(sim, receiver.url, **LATER)
    number = reported(sim, id)
    receiver.answer(503)
    again = sim.control("POST", f"callbacks/{number}/replay").json
    assert again["number"] != number
    assert [attempt["answered"] for attempt in again["attempts"]] == [503]
    assert len(receiver.posts) == 2
    assert receiver.posts[1].json == receiver.posts[0].json


def test_a_receiver_that_asks_back_is_answered(sim: Simulator, receiver: Receiver) -> None:
    """While a replay waits for the receiver, the receiver may use the control API."""
    id = send(sim, receiver.url, **LATER)
    number = reported(sim, id)
    asked: list[int] = []
    receiver.before_answer = lambda: asked.append(sim.control("GET", f"messages/{id}").status)
    assert sim.control("POST", f"callbacks/{number}/replay").json["attempts"][0]["answered"] == 200
    assert asked == [200]
