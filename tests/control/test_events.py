"""Everything that happens is told as it happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import msgspec
from msgsim.testing import Simulator, call
from msgsim.web.control.events import Stream

from tests.conftest import Advance, Http
from tests.control.acting import refuse, send
from tests.control.in_memory import memory
from tests.receiver import Receiver

Event = tuple[str, Any]


@contextmanager
def listening(sim: Simulator, sandbox: str = "default", last: str = "") -> Iterator[Iterator[Event]]:
    """Events from now on; the stream has begun when this returns."""
    request = Request(f"{sim.url}/__sim/v1/events?sandbox={sandbox}", headers={"Last-Event-ID": last} if last else {})
    with urlopen(request, timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.readline() == b"retry: 1000\n"
        yield events(stream)


def events(stream: Any) -> Iterator[Event]:
    name = ""
    for line in stream:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            yield name, msgspec.json.decode(line[6:])


def test_a_message_is_told_from_send_to_delivery(sim: Simulator, advance: Advance, receiver: Receiver) -> None:
    with listening(sim) as told:
        id = send(sim, dlr_url=receiver.url)
        assert [next(told)[0] for _ in range(2)] == ["exchange", "message"]
        advance("250ms")
        seen = sorted([next(told) for _ in range(3)], key=lambda one: one[0])
        assert [name for name, _ in seen] == ["callback", "clock", "message"]
        assert seen[0][1]["message"] == seen[2][1]["id"] == id
        assert seen[2][1]["channels"][0]["status"] == "ACK"


def test_statuses_are_told_when_they_fall_due_on_a_clock_that_runs() -> None:
    with Simulator(clock="5x") as sim, listening(sim) as told:
        send(sim)
        statuses = []
        while "DELIVRD" not in statuses:
            name, data = next(told)
            statuses += [data["channels"][0]["status"]] if name == "message" else []
        assert statuses == [None, "ACK", "DELIVRD"]


def test_what_is_done_by_hand_is_told(sim: Simulator, control: Http) -> None:
    id = send(sim)
    with listening(sim) as told:
        for act, event in (
            (("POST", "clock/freeze"), "clock"),
            (("PUT", "scenario", {"names": []}), "scenario"),
            (("PUT", "settings", {"messente": {}}), "settings"),
            (("POST", "seed", {"seed": 4}), "seed"),
            (("POST", "inbound", {"provider": "messente", "from": "+3725550001", "to": "1", "text": "hi"}), "inbound"),
            (("POST", f"messages/{id}/status", {"status": "DELIVRD"}), "message"),
            (("POST", "reset"), "reset"),
        ):
            assert control(*act).status == 200, act
            assert next(told)[0] == event
        send(sim)
        assert next(told)[0] == "exchange"


def test_a_cancelled_future_is_not_told(sim: Simulator, control: Http, advance: Advance) -> None:
    with listening(sim) as told:
        id = send(sim)
        control("POST", f"messages/{id}/cancel")
        assert [next(told)[0] for _ in range(3)] == ["exchange", "message", "message"]
        advance("1m")
        assert next(told)[0] == "clock"
        refuse(sim)
        assert next(told)[0] == "exchange"


def test_nothing_of_another_sandbox_is_told(sim: Simulator, control: Http) -> None:
    control("POST", "sandboxes", {"name": "mine"})
    with listening(sim, "mine") as told:
        send(sim)
        id = send(sim, sandbox="mine")
        assert next(told)[1]["messages"] == [id]


def test_a_stream_that_was_cut_off_goes_on_where_it_was(sim: Simulator, control: Http) -> None:
    send(sim, "+37255500001")
    send(sim, "+37255500002")
    send(sim, "+37255500003")
    with listening(sim, last="1.1") as told:
        found = [data["to"] for name, data in (next(told) for _ in range(4)) if name == "message"]
    assert found == ["+37255500002", "+37255500003"]


def test_the_engine_is_followed_only_while_somebody_listens(sim: Simulator, control: Http) -> None:
    with listening(sim) as told:
        send(sim)
        next(told)
    send(sim)
    assert control("GET", "messages?count=2&wait=5s").status == 200


def test_a_stream_that_was_cut_off_in_the_middle_of_a_bulk_goes_on_there(sim: Simulator, control: Http) -> None:
    messages = [{"destination": f"551199999000{number}", "messageText": "x"} for number in range(5)]
    headers = {"UserName": "me", "AuthenticationToken": "x"}
    assert call(f"{sim.url}/v1/send-bulk-sms", "POST", json={"messages": messages}, headers=headers).status == 200
    control("PUT", "settings", {})
    request = Request(f"{sim.url}/__sim/v1/events", headers={"Last-Event-ID": "1.0"})
    with urlopen(request, timeout=20) as stream:
        lines = [stream.readline() for _ in range(2 + 7 * 4)]
    ids = [line[4:].decode().strip() for line in lines if line.startswith(b"id: ")]
    with listening(sim, last="1.0") as told:
        whole = [next(told) for _ in ids]
    assert [name for name, _ in whole] == ["exchange", *["message"] * 5, "settings"]
    for place, id in enumerate(ids[:-1], 1):
        with listening(sim, last=id) as told:
            assert [next(told) for _ in whole[place:]] == whole[place:], id


def test_what_happens_while_events_are_told_is_told_too() -> None:
    with memory() as world:
        stream = Stream(world.context, world.context.subscriptions.open("default"), "")
        for name in ("first", "second"):
            world.engine.recorder.control(world.sandbox, {"action": name})
        told = []
        for event in stream.news():
            if event:
                told.append(event.split(b"\n")[1])
                if len(told) == 1:
                    world.engine.recorder.control(world.sandbox, {"action": "meanwhile"})
    assert told == [b"event: first", b"event: second", b"event: meanwhile"]
