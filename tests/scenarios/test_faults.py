"""Faults as a client sees them on its socket, before and after the message is taken on."""

import socket
import struct

import msgspec
import pytest
from msgsim.clock import machine
from msgsim.scenarios.rule import FaultSpec
from msgsim.seed import Seed
from msgsim.testing import Simulator

from tests.conftest import Http
from tests.scenarios.conftest import MESSENTE, Play, omnimessage

KINDS = ("latency", "drip", "reset", "empty", "truncate", "garbage", "hang")


class Wire:
    """A client with nothing between it and its socket."""

    def __init__(self, sim: Simulator) -> None:
        self.socket = socket.create_connection(("127.0.0.1", sim.port), timeout=20)
        self.seen = b""

    def post(self) -> "Wire":
        body = msgspec.json.encode(omnimessage())
        head = f"POST /v1/omnimessage HTTP/1.1\r\nHost: sim\r\nAuthorization: {MESSENTE['Authorization']}\r\n"
        self.socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self

    def read(self) -> str:
        """Everything until the end; how it ended: closed, reset, or complete."""
        while not self.complete:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return "reset"
            if not more:
                return "closed"
            self.seen += more
        return "complete"

    @property
    def body(self) -> bytes:
        return self.seen.partition(b"\r\n\r\n")[2]

    @property
    def promised(self) -> int:
        head = self.seen.partition(b"\r\n\r\n")[0].lower()
        return int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)

    @property
    def status(self) -> int:
        return int(self.seen[9:12])

    @property
    def complete(self) -> bool:
        return b"\r\n\r\n" in self.seen and len(self.body) >= self.promised

    def close(self) -> None:
        self.socket.close()


def taken_on(control: Http) -> int:
    total: int = control("GET", "messages").json["total"]
    return total


@pytest.mark.parametrize("after", ["nothing", "accepted"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_strikes_before_or_after_the_message_is_taken_on(
    sim: Simulator, control: Http, play: Play, kind: str, after: str
) -> None:
    play(f"  - fault: {{kind: {kind}, after: {after}{', delay: 1ms' if kind in ('latency', 'drip') else ''}}}")
    client = Wire(sim).post()
    if kind == "hang":
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        client.close()
    else:
        ended = client.read()
        client.close()
        assert ended == {"reset": "reset", "empty": "closed", "truncate": "closed"}.get(kind, "complete")
        _looks(client, kind, after)
    assert taken_on(control) == (1 if after == "accepted" else 0)


def _looks(client: Wire, kind: str, after: str) -> None:
    if kind in ("reset", "empty"):
        assert client.seen == b""
        return
    assert client.status == (201 if after == "accepted" else 500)
    if kind == "truncate":
        assert 0 < len(client.body) < client.promised
    elif kind == "garbage":
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
            msgspec.json.decode(client.body)
    else:
        assert ("omnimessage_id" if after == "accepted" else "errors") in msgspec.json.decode(client.body)


@pytest.mark.parametrize(("kind", "accepted"), [(kind, kind in ("latency", "drip")) for kind in KINDS])
def test_what_is_only_slow_is_taken_on_unless_told_otherwise(
    sim: Simulator, control: Http, play: Play, kind: str, accepted: bool
) -> None:
    play(f"  - fault: {{kind: {kind}{', delay: 1ms' if kind in ('latency', 'drip') else ''}}}")
    client = Wire(sim).post()
    if kind == "hang":
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
    else:
        client.read()
    client.close()
    assert taken_on(control) == accepted


def test_latency_is_real_time_while_the_clock_stands(sim: Simulator, play: Play) -> None:
    play("  - {times: 1, fault: {kind: latency, delay: 300ms}}")
    client = Wire(sim)
    for least in (300, 0):
        client.seen, begun = b"", machine()
        assert client.post().read() == "complete"
        assert machine() - begun >= least
    client.close()


def test_a_drip_comes_byte_by_byte(sim: Simulator, play: Play) -> None:
    play("  - fault: {kind: drip, delay: 5ms}")
    client = Wire(sim).post()
    pieces = 0
    while not client.complete:
        client.seen += client.socket.recv(65536)
        pieces += 1
    client.close()
    assert pieces > 20
    assert "omnimessage_id" in msgspec.json.decode(client.body)


def test_a_client_that_leaves_a_drip_leaves_nothing_behind(sim: Simulator, control: Http, play: Play) -> None:
    play("  - {times: 1, fault: {kind: drip, delay: 10ms}}")
    client = Wire(sim).post()
    client.socket.recv(64)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    again = Wire(sim).post()
    assert again.read() == "complete"
    again.close()
    assert taken_on(control) == 2


def test_the_double_send_trap(sim: Simulator, control: Http, play: Play) -> None:
    """A client that takes a lost answer for a failure sends twice."""
    play("  - {times: 1, fault: {kind: reset, after: accepted}}")
    for _ in range(2):
        client = Wire(sim).post()
        client.read()
        client.close()
    assert taken_on(control) == 2
    journal = control("GET", "requests").json["requests"]
    assert sorted(one.get("fault", "") for one in journal) == ["", "reset"]


def test_a_fault_may_spoil_the_refusal_of_its_rule(sim: Simulator, play: Play) -> None:
    play("  - {respond: {error: forbidden}, fault: {kind: truncate}}")
    client = Wire(sim).post()
    assert client.read() == "closed"
    client.close()
    assert client.status == 403


def test_a_fault_on_one_recipient_only(sim: Simulator, control: Http, play: Play) -> None:
    play('  - {when: {to: "+37255500009"}, fault: {kind: reset}}')
    client = Wire(sim).post()
    assert client.read() == "complete"
    client.close()
    assert taken_on(control) == 1


def test_an_ask_suffers_too(sim: Simulator, play: Play) -> None:
    play("  - {when: {endpoint: status}, fault: {kind: empty, after: accepted}}")
    client = Wire(sim)
    head = f"GET /v1/omnimessage/x/status HTTP/1.1\r\nHost: sim\r\nAuthorization: {MESSENTE['Authorization']}\r\n\r\n"
    client.socket.sendall(head.encode())
    assert client.read() == "closed"
    client.close()
    assert client.seen == b""


@pytest.mark.parametrize(
    ("shape", "first", "second", "middle", "tolerance"),
    [("uniform", 100, 300, 200, 15), ("normal", 200, 50, 200, 10), ("lognormal", 200, 400, 200, 30)],
)
def test_latency_is_drawn_from_its_distribution(
    shape: str, first: int, second: int, middle: int, tolerance: int
) -> None:
    spec = FaultSpec("latency", "accepted", shape, first, second)
    drawn = sorted(spec.drawn(Seed(1), place).delay for place in range(1000))
    again = sorted(spec.drawn(Seed(1), place).delay for place in range(1000))
    assert drawn == again
    assert abs(drawn[500] - middle) <= tolerance
    assert drawn[0] >= 0
    if shape == "uniform":
        assert first <= drawn[0] <= drawn[-1] <= second
    if shape == "normal":
        assert abs(drawn[841] - 250) <= 15
    if shape == "lognormal":
        assert abs(drawn[841] - second) <= 60


def test_another_seed_draws_otherwise() -> None:
    spec = FaultSpec("latency", "accepted", "uniform", 0, 1_000_000)
    assert spec.drawn(Seed(1), 7) == spec.drawn(Seed(1), 7) != spec.drawn(Seed(2), 7)
