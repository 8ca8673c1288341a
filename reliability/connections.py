"""Connections: the same bytes mean the same however they are cut and read, and what is hostile has an end."""

import asyncio
import random
import re
import socket
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from msgsim import server as simulator
from msgsim.config import Config
from msgsim.testing import call
from msgsim.web.edge.calls import Arrival
from msgsim.web.edge.connection import Connection
from msgsim.web.edge.fastpath import FastConnection
from uvicorn.server import ServerState

from reliability.figures import Figure, counted
from reliability.server import Server
from reliability.traffic import BASIC

PART = "edge"
SHORT, LONG = 400, 20_000
"""Streams of requests that are tried in every way."""
ARRIVAL = Arrival("https", "beside")
"""A connection that has a sandbox of its own, as those of the proxy may."""
LIMIT = 600
"""Bytes of a body while streams are tried."""
AUTH = f"Authorization: {BASIC['Authorization']}\r\n"
TRAILERS = (b"X-Y: " + b"y" * 1017 + b"\r\n") * 64
"""64 KiB."""
OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQBAAAA\r\n"


def request(method: str, path: str, head: str = AUTH, body: bytes = b"", length: str | None = None) -> bytes:
    framing = f"Content-Length: {len(body)}\r\n" if length is None else length
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}{framing}\r\n".encode() + body


def omnimessage(number: int) -> bytes:
    return msgspec.json.encode({"to": f"+372550000{number:02d}", "messages": [{"channel": "sms", "text": "x"}]})


def chunked(body: bytes, size: int, trailers: str = "", head: str = AUTH) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    written = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + f"0\r\n{trailers}\r\n".encode()
    return request("POST", "/v1/omnimessage", head, length="Transfer-Encoding: chunked\r\n") + written


def broken(method: str, path: str, body: bytes = b"") -> bytes:
    """A request whose body is no HTTP any more after so much of it."""
    came = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return request(method, path, length="Transfer-Encoding: chunked\r\n") + came + b"zz\r\n"


def _fragments() -> list[bytes]:
    """Whole requests, good and bad, and pieces of requests."""
    send = [request("POST", "/v1/omnimessage", body=omnimessage(number)) for number in range(4)]
    inner = request("POST", "/v1/omnimessage", f"{AUTH}X-Longer: 1\r\n", send[0])
    whole = [
        *send,
        *send,
        inner,
        request("POST", "/v1/omnimessage", f"{AUTH}X-Place: 1\r\n", omnimessage(7)),
        request("POST", "//v1/omnimessage", body=omnimessage(8)),
        request("POST", "/v1/omnimessage", body=b"[" * 114),
        request("POST", "/v1/omnimessage", "", omnimessage(9)),
        request("POST", "/v1/omnimessage", body=b"x" * (LIMIT + 1)),
        request("POST", "/v1/omnimessage", f"{AUTH}{OFFER}", omnimessage(10)),
        request("POST", "/v1/omnimessage", f"{AUTH}Expect: 100-continue\r\n", omnimessage(11)),
        request("POST", "/v1/omnimessage", f"{AUTH}Content-Encoding: br\r\n", omnimessage(11)),
        request("POST", "/v1/omnimessage", f"{AUTH}Origin: https://evil.example\r\n", omnimessage(12)),
        request("POST", "/v1/omnimessage", f"{AUTH}{AUTH}", omnimessage(13)),
        request("HEAD", "/v1/omnimessage"),
        request("GET", "/", length=""),
        request("GET", "/v1/omnimessage/nobody/status", length=""),
        request("GET", "/v1/omnimessage/nobody/status", f"{AUTH}{OFFER}", length=""),
        request("GET", "/v1/sms-status?id=1", "UserName: a\r\nAuthenticationToken: b\r\n", length=""),
        request("GET", "/__sim/v1/clock", length=""),
        request("PUT", "/__sim/v1/nothing", body=b"{}"),
        chunked(omnimessage(14), 7),
        chunked(omnimessage(15), 200, "X-Trailer: 1\r\nAuthorization: none\r\n"),
        chunked(b"x" * (LIMIT + 1), 100),
        chunked(omnimessage(16), 50, head=f"{AUTH}{OFFER}"),
    ]
    ends = [
        request("POST", "/v1/omnimessage", f"{AUTH}Connection: close\r\n", omnimessage(17)),
        send[0].replace(b"HTTP/1.1", b"HTTP/1.0"),
        send[0].replace(b"HTTP/1.1", b"HTTP/9.9"),
        send[0][:60],
        send[0][:-5],
        send[0][40:],
        request("CONNECT", "evil.example:443", length=""),
        request("POST", "/v1/omnimessage", body=omnimessage(18), length="Content-Length: 1\r\nContent-Length: 2\r\n"),
        broken("POST", "/v1/omnimessage"),
        broken("POST", "/v1/omnimessage", omnimessage(19)),
        broken("POST", "/v1/omnimessage", b"x" * (LIMIT + 1)),
        broken("GET", "/__sim/v1/clock", b"{}"),
        broken("PUT", "/__sim/v1/nothing", b"{}"),
        broken("PUT", "/__sim/v1/scenario", b"rules: []"),
        broken("PUT", "/__sim/v1/scenario", b"x" * (LIMIT + 1)),
        b"\r\n",
        b"\r",
        b"\x16\x03\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]
    return whole * 3 + ends


FRAGMENTS = _fragments()


class Outcome(NamedTuple):
    """What came of a stream."""

    said: bytes
    """Everything that was answered, without what is new each time."""
    closed: bool
    """Whether the server ended the connection."""
    journal: tuple[str, ...]
    """What the requests were taken for."""


class Wires(asyncio.Transport):
    """A connection without a network: what was written, and whether it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        if not self.closed:
            self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 8080)}.get(name, default)


class Edge:
    """The edge in this process, with the short way for heads that were read before or without it."""

    def __init__(self, fast: bool) -> None:
        self._protocol = FastConnection if fast else Connection
        self._runner = asyncio.Runner()
        unlimited: dict[str, Any] = {"sinch": {"status_rate_limit": 0}}
        clock = "frozen@2026-01-01T00:00:00Z"
        settings = Config(store="memory", clock=clock, seed=1, body_limit=LIMIT, providers=unlimited)
        server = simulator.Server(settings, lambda seed: None)
        self._engine, self._config = server._engine, server.config
        self._config.load()
        self._sandbox = self._engine.sandboxes.open("beside", 1)
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.close()

    def hear(self, pieces: Iterable[bytes]) -> Outcome:
        """What comes of these pieces, each read by itself."""
        return self._runner.run(self._hear(pieces))

    async def _hear(self, pieces: Iterable[bytes]) -> Outcome:
        state, transport = ServerState(), Wires()
        connection = self._protocol(self._config, state, {"arrival": ARRIVAL}, asyncio.get_running_loop())
        connection.connection_made(transport)
        for piece in pieces:
            if transport.closed:
                break
            connection.data_received(piece)
            if connection._waits():
                await _settle(transport)
        await _settle(transport)
        closed = transport.closed
        connection.connection_lost(None)
        await _settle(transport)
        return Outcome(_without_the_new(b"".join(transport.written)), closed, self._journal())

    def _journal(self) -> tuple[str, ...]:
        """What is new in it."""
        engine = self._engine
        begin, self._seen = self._seen + 1, self._sandbox.journal
        entries = engine.store.journal.between(self._sandbox.number, begin)
        exchanges = [entry.exchange for entry in entries if entry.exchange is not None]
        return tuple(f"{one.method} {one.path} {one.headers} {one.body} {one.status}" for one in exchanges)


async def _settle(transport: Wires) -> None:
    """Until nothing has been answered for a while; no answer here takes more iterations of the loop."""
    quiet, written = 0, len(transport.written)
    while quiet < 20:
        await asyncio.sleep(0)
        quiet = quiet + 1 if len(transport.written) == written else 0
        written = len(transport.written)


def _without_the_new(said: bytes) -> bytes:
    said = said.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")
    said = re.sub(rb"(?im)^(date|x-sim-exchange): .*\r\n", b"", said)
    return re.sub(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", b"ID", said)


def cut(stream: bytes, places: Sequence[int]) -> list[bytes]:
    """A stream in pieces that end at these places."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {len(stream)})
    return [stream[begin:end] for begin, end in zip([0, *ends], ends, strict=False) if end > begin]


def ways(fast: Edge, ordinary: Edge, fragments: Sequence[bytes], places: Sequence[int]) -> list[Outcome]:
    """What comes of a stream in every way; all have to be equal."""
    whole = b"".join(fragments)
    each = [bytes([byte]) for byte in whole]
    return [
        ordinary.hear([whole]),
        ordinary.hear(each),
        ordinary.hear(fragments),
        fast.hear([whole]),
        fast.hear(each),
        fast.hear(fragments),
        fast.hear(cut(whole, places)),
        ordinary.hear(cut(whole, places)),
    ]


def stream(chance: random.Random) -> tuple[list[bytes], list[int]]:
    """Fragments, many of them said again, sometimes with a byte spoiled; and where to cut what they are together."""
    fragments: list[bytes] = []
    for _ in range(chance.randint(1, 7)):
        fragments.append(chance.choice(fragments if fragments and chance.random() < 0.5 else FRAGMENTS))
    if chance.random() < 0.3:
        spoiled = bytearray(chance.choice(fragments))
        spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        fragments.insert(chance.randrange(len(fragments) + 1), bytes(spoiled))
    ends = [sum(map(len, fragments[:count])) for count in range(len(fragments))]
    near = [end + chance.choice((0, 0, 0, 1, -1, 40)) for end in chance.sample(ends, chance.randint(0, len(ends)))]
    return fragments, near + [chance.randrange(1 << 20) for _ in range(chance.randint(0, 3))]


def differential(rounds: int, seed: int = 1) -> list[Figure]:
    """Random streams, each in eight ways."""
    chance = random.Random(seed)
    different: list[str] = []
    answers = 0
    with Edge(fast=True) as fast, Edge(fast=False) as ordinary:
        for number in range(rounds):
            fragments, places = stream(chance)
            outcomes = ways(fast, ordinary, fragments, places)
            answers += outcomes[0].said.count(b"HTTP/1.1 ")
            if len(set(outcomes)) != 1:
                different.append(str(number))
    return [
        counted(PART, f"streams of requests, each in 8 ways; {answers:,} answers", rounds, answers > rounds),
        Figure(PART, "of them not the same in every way", f"{len(different)} {different[:5]}", not different),
    ]


def run(rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        return [*differential(rounds), trailers_read(), *hostile(Path(name))]


def trailers_read() -> Figure:
    """How much of trailers without end is read, however much of them the system has taken on meanwhile."""
    read = 0

    def flood() -> Iterator[bytes]:
        nonlocal read
        yield chunked(omnimessage(4), 9)[:-2]
        for _ in range(150 << 4):
            read += len(TRAILERS)
            yield TRAILERS

    with Edge(fast=True) as edge:
        closed = edge.hear(flood()).closed
    return counted(
        PART, "KiB of trailers without end read before the connection ends", read >> 10, closed and read < 1 << 20
    )


def hostile(folder: Path) -> list[Figure]:
    """What is never to end has an end, and costs nothing; what only looks odd is answered."""
    with Server("--store", str(folder / "edge.db"), "--clock", "frozen") as server:
        send = request("POST", "/v1/omnimessage", body=omnimessage(1))
        answered = _statuses(server, send * 5000, 5000)
        offers = [_statuses(server, one, 2) for one in _offers(send)]
        before = server.memory()
        trailers = _endless(server, 150)
        bombs = _bombs(server)
        grown = (server.memory() - before) >> 20
        alive = server.control("GET", "health").status == 200
    good = [201] * 2
    return [
        counted(PART, "requests in one piece (5000) answered", len(answered), answered == [201] * 5000),
        counted(PART, f"offers of another protocol not taken up, of {len(offers)}", offers.count(good), offers == [good] * len(offers)),
        counted(PART, "MiB of trailers sent until the connection ended, of 150", trailers, trailers < 150),
        Figure(PART, "bodies that unpack to 256 MB (gzip, deflate)", str(bombs), bombs == [413] * len(bombs)),
        counted(PART, "memory the server grew by meanwhile, MiB", grown, grown < 64 and alive),
    ]  # fmt: skip


def _offers(send: bytes) -> list[bytes]:
    """As Java's client, curl and browsers make them, each followed by an ordinary request."""
    offers = (
        OFFER,
        "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n",
        "Upgrade: TLS/1.0\r\nConnection: upgrade\r\n",
    )
    plain = [request("POST", "/v1/omnimessage", f"{AUTH}{offer}", omnimessage(2)) for offer in offers]
    return [one + send for one in [*plain, chunked(omnimessage(3), 9, head=f"{AUTH}{OFFER}")]]


def _statuses(server: Server, stream: bytes, count: int) -> list[int]:
    """Those of the answers, as many as came."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(stream)
        said = b""
        try:
            while said.count(b"HTTP/1.1 ") < count and (part := client.recv(1 << 20)):
                said += part
        except OSError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", said)]


def _endless(server: Server, most: int) -> int:
    """MiB that were sent, of which most may wait in buffers of the system: until the connection ended."""
    part = TRAILERS * 16
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(chunked(omnimessage(4), 9)[:-2])
        for sent in range(most):
            try:
                client.sendall(part)
            except OSError:
                return sent
    return most


def _bombs(server: Server) -> list[int]:
    wide = b"\0" * (1 << 20)
    found = []
    for coding, packer in (("gzip", zlib.compressobj(1, wbits=31)), ("deflate", zlib.compressobj(1))):
        bomb = b"".join([packer.compress(wide) for _ in range(256)]) + packer.flush()
        headers = {**BASIC, "Content-Encoding": coding}
        found.append(call(f"{server.url}/v1/omnimessage", "POST", body=bomb, headers=headers).status)
    return found
