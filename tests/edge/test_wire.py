"""Requests as bytes on a socket: in one piece, in several, one after another without waiting."""

import contextlib
import re
from collections.abc import Callable, Iterator

import msgspec
import pytest
from msgsim.model import Json
from msgsim.testing import Simulator

from tests.conftest import Http
from tests.raw import AUTH, Client, send

Connect = Callable[[], Client]


def same(head: bytes) -> bytes:
    """A head without what is new each time."""
    return re.sub(rb"(?im)^(date|x-sim-exchange): .*\r\n", b"", head)


@pytest.fixture
def connect(sim: Simulator) -> Iterator[Callable[[], Client]]:
    with contextlib.ExitStack() as opened:

        def client() -> Client:
            return opened.enter_context(contextlib.closing(Client(sim)))

        yield client


@pytest.mark.parametrize("request_", [send(), send("nobody"), send(method="PATCH"), send(more="Connection: close\r\n")])
def test_an_answer_is_the_same_however_the_request_came(connect: Connect, request_: bytes) -> None:
    whole, parts = connect(), connect()
    at_once, body = whole.say(request_)
    in_parts, other = parts.say(request_[:40], request_[40:-5], request_[-5:])
    assert at_once.startswith(b"HTTP/1.1 ")
    assert at_once.count(b"\r\n") >= 5
    assert same(at_once) == same(in_parts)
    assert len(body) == len(other) > 20


def test_many_requests_in_one_piece_are_answered_in_order(connect: Connect, control: Http) -> None:
    numbers = [f"+3725500{place:04d}" for place in range(20)]
    client = connect()
    client.socket.sendall(b"".join(send(number) for number in numbers))
    told = [msgspec.json.decode(client.answer()[1]) for _ in numbers]
    kept: list[dict[str, Json]] = control("GET", "messages").json["messages"]
    assert [one["id"] for one in reversed(kept)] == [one["omnimessage_id"] for one in told]
    assert [one["to"] for one in reversed(kept)] == numbers


def test_a_head_that_is_said_again_means_the_same_with_any_body(connect: Connect, control: Http) -> None:
    """However the body comes: with its head, after it, in a row with others, or none at all."""
    client = connect()
    numbers = [f"+3725500{place:04d}" for place in range(9)]
    first, again, later, both, *row, last = map(send, numbers)
    for whole in (first, again):
        assert client.say(whole)[0].startswith(b"HTTP/1.1 201 ")
    head, end, body = later.partition(b"\r\n\r\n")
    assert client.say(head + end, body)[0].startswith(b"HTTP/1.1 201 ")
    assert client.say(both[:9], both[9:])[0].startswith(b"HTTP/1.1 201 ")
    client.socket.sendall(b"".join(row))
    assert [client.answer()[0][:13] for _ in row] == [b"HTTP/1.1 201 "] * len(row)
    broken = client.say(head + end + b"[" * len(body))
    assert broken[0].startswith(b"HTTP/1.1 400 ")
    assert client.say(last)[0].startswith(b"HTTP/1.1 201 ")
    assert [one["to"] for one in reversed(control("GET", "messages").json["messages"])] == numbers
    exchanges = control("GET", "requests").json["requests"]
    assert len({str(one["headers"]) for one in exchanges}) == 1
    assert len(exchanges) == len(numbers) + 1


def test_a_body_that_looks_like_a_request_is_a_body(connect: Connect, control: Http) -> None:
    client = connect()
    inner = send()
    assert client.say(inner)[0].startswith(b"HTTP/1.1 201 ")
    head, end, _ = send(more="X-Longer: 1\r\n").partition(b"\r\n\r\n")
    longer = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(inner), head)
    assert client.say(longer + end, inner)[0].startswith(b"HTTP/1.1 400 ")
    assert control("GET", "messages").json["total"] == 1


@pytest.mark.parametrize("cut", [9, 60])
def test_the_end_of_a_head_is_no_head(connect: Connect, cut: int) -> None:
    client = connect()
    whole = send()
    assert client.say(whole[:cut], whole[cut:])[0].startswith(b"HTTP/1.1 201 ")
    assert client.say(whole[cut:])[0].startswith(b"HTTP/1.1 400 ")


def test_a_request_that_comes_before_the_last_answer_waits_for_it(connect: Connect, control: Http) -> None:
    slow = "name: slow\nrules: [{when: {nth: 2}, fault: {kind: latency, delay: 200ms}}]\n"
    assert control("PUT", "scenario", body=slow).status == 200
    client = connect()
    assert client.say(send("+37255000000"))[0].startswith(b"HTTP/1.1 201 ")
    bodies = [client.say(send("+37255000001"), send("+37255000002"))[1], client.answer()[1]]
    assert [msgspec.json.decode(body)["to"] for body in bodies] == ["+37255000001", "+37255000002"]


def test_a_large_body_behind_a_head_that_is_said_again(connect: Connect) -> None:
    """One that may take so long that a task of its own is started for it."""
    body = msgspec.json.encode({"to": "+37255000001", "messages": [{"channel": "viber", "text": "x" * 1000}] * 50})
    head = f"POST /v1/omnimessage HTTP/1.1\r\nHost: sim\r\n{AUTH}Content-Length: {len(body)}\r\n\r\n".encode()
    client = connect()
    answers = [client.say(head + body) for _ in range(3)]
    assert len({body for _, body in answers}) == 1
    assert answers[0][0].startswith(b"HTTP/1.1 400 ")


def test_more_heads_than_are_remembered(connect: Connect, control: Http) -> None:
    client = connect()
    for _ in range(2):
        for place in range(40):
            assert client.say(send(more=f"X-Place: {place}\r\n"))[0].startswith(b"HTTP/1.1 201 ")
    places = [one["headers"]["x-place"] for one in control("GET", "requests?limit=100").json["requests"]]
    assert sorted(places) == sorted([str(place) for place in range(40)] * 2)


def test_a_connection_is_closed_where_the_client_wants_it(connect: Connect) -> None:
    for asked in (send(more="Connection: close\r\n"), send(version="1.0")):
        client = connect()
        head, body = client.say(asked)
        assert head.startswith(b"HTTP/1.1 201 ")
        assert b"connection: close\r\n" in head
        assert body
        assert client.answer() == (b"", b"")


def test_a_body_is_asked_for_where_the_client_waits(connect: Connect) -> None:
    client = connect()
    whole = send(more="Expect: 100-continue\r\n")
    head, _, body = whole.partition(b"\r\n\r\n")
    go_on, _ = client.say(head + b"\r\n\r\n")
    assert go_on.startswith(b"HTTP/1.1 100 ")
    assert client.say(body)[0].startswith(b"HTTP/1.1 201 ")


def test_an_idle_connection_is_closed() -> None:
    with Simulator() as sim:
        sim._server.config.timeout_keep_alive = 0.01  # type: ignore[assignment]
        client = Client(sim)
        assert client.say(send())[0].startswith(b"HTTP/1.1 201 ")
        assert client.answer() == (b"", b"")
        client.close()


def test_a_head_has_no_body(connect: Connect) -> None:
    client = connect()
    client.socket.sendall(send(method="HEAD") + send())
    assert client.file.readline().startswith(b"HTTP/1.1 405 ")
    while client.file.readline() != b"\r\n":
        pass
    assert client.answer()[0].startswith(b"HTTP/1.1 201 ")
