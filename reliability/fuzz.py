"""Bad input on every route: never a 5xx of ours, never a hang, memory bounded."""

import copy
import http.client
import json
import random
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from msgsim.provider import Send, discover
from msgsim.testing import call
from msgsim.web.control.description import described, operations
from msgspec import Struct

from reliability.figures import Figure, counted
from reliability.server import Server
from reliability.traffic import MIX

PART = "fuzz"
SHORT, LONG = 15, 400
"""Random bodies per route."""
SLOWEST = 5.0
"""Seconds of processor time that one answer may take; one that does not come within TIMEOUT is a failure."""
TIMEOUT = 60
MOST_MEMORY = 250 << 20
"""Bytes the server may grow by."""
DEEP = 100_000
CONTROL = "/__sim/v1"

BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n",
    "not JSON": b"{",
    "deep list": b"[" * DEEP + b"]" * DEEP,
    "deep list, 900": b"[" * 900 + b"]" * 900,
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep object, 500": b'{"to":' * 500 + b"1" + b"}" * 500,
    "unclosed": b"[" * DEEP,
    "huge integer": b'{"to": ' + b"9" * 5000 + b"}",
    "beyond 64 bits": b'{"to": 18446744073709551616, "ttl": -9223372036854775809}',
    "huge exponent": b'{"to": 1e999999, "validity": 1e400}',
    "NaN": b'{"to": NaN, "ttl": Infinity, "validity": -Infinity}',
    "duplicate keys": b'{"to": "+37255500001", "to": 3, "messages": [], "messages": 4}',
    "invalid UTF-8": b'{"to": "\xff\xfe\xc0\x80"}',
    "UTF-16": '{"to": "+37255500001"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"to": "+37255500001"}',
    "lone surrogate": rb'{"to": "\ud800", "messageText": "\udfff"}',
    "surrogates in UTF-8": b'{"to": "\xed\xa0\x80"}',
    "NUL": b'{"to": "\x00\\u0000", "\\u0000": "\x00"}',
    "NUL escaped": rb'{"to": "+372\u0000", "destination": "55\u0000", "recipient": "57\u0000"}',
    "list": b"[]",
    "list of anything": b'[1, null, true, "x", [], {}]',
    "text": b'"x"',
    "number": b"1e308",
    "null": b"null",
    "many members": b"{" + b",".join(b'"k%d":%d' % (n, n) for n in range(50_000)) + b"}",
    "many items": b'{"messages": [' + b",".join([b"{}"] * 20_000) + b'], "payload": [1], "recipients": [null]}',
    "hostile names": b'{"": 1, "`": 2, " - at `$": 3, "\\u0000": 4, "%s": 5, "__proto__": {}}',
    "long name": b'{"' + b"n" * 2_000_000 + b'": 1}',
    "long text": b'{"to": "' + b"9" * 2_000_000 + b'"}',
}
VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 10**18, 10**30, 1e308, -0.0, "", " ", "x", "\x00", "\u202e", "\U0001f600" * 200, "9" * 5000),
    *(
        [],
        {},
        [[]],
        {"": {}},
        [None] * 50,
        "+37255500001",
        "2026-13-45T99:99:99Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01",
    ),
    *("http://[", "http://\x00", "'; DROP TABLE messages; --", "{{7*7}}", "%s%n", "../../etc/passwd", "\r\nX-Bad: 1"),
)
NAMES = ("", " ", "`", "` - at `$", "'", '"', "\x00", "\u202e", "$ref", "a.b", "a[0]", "%s{}", "n" * 5000)
"""Of members, in place of those that a body has."""
PATHS = (
    *("/", "//", "/.", "/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/__sim/../v1/omnimessage"),
    *("/__sim/static/../../../pyproject.toml", "/__sim/static/%2e%2e/%2e%2e/%2e%2e/pyproject.toml", "/__sim/static//etc/passwd"),
    *("/__sim/static/..%2f..%2f..%2fpyproject.toml", "/__sim", "/__sim/", "/__sim/v1", "/__sim/v1/", "/__sim/v1/messages/%00"),
    *("/v1/omnimessage/%00/status", "/v1/omnimessage/%ff%fe/status", "/v1/omnimessage/" + "a" * 8000, "/%", "/%zz", "/%u0000"),
    *("/v1/omnimessage;x=1", "/V1/OMNIMESSAGE", "/messente/messente/v1", "/sinch/../messente/v1", "/v1/omnimessage/\u202e"),
    *("/__sim/v1/requests/99999999999999999999", "/__sim/v1/callbacks/-1", "/__sim/v1/messages/" + "%F0%9F%98%80" * 50),
    *("/__sim/v1/messages?limit=99999999999999999999", "/__sim/v1/messages?limit=-1", "/__sim/v1/messages?limit=%00"),
    *("/__sim/v1/messages?before=99999999999999999999999", "/__sim/v1/requests?before=9223372036854775808"),
    *("/__sim/v1/messages?since=9999-12-31T23:59:59Z", "/__sim/v1/messages?since=0001-01-01", "/__sim/v1/messages?wait=x"),
    *("/__sim/v1/messages?to=%00&from=%ff&text=%ed%a0%80&status=" + "x" * 5000, "/__sim/v1/callbacks?after=-5"),
    *("/__sim/v1/messages?sandbox=%00", "/v1/sms/status/list?x=%ff", "/v1/sms/receive/search?start=%00&end=9999-12-31"),
    *("/v1/sms-status?id=%00", "/v1/send-sms?destination=%00&messageText=%ff", "/api/v1/campaigns/99999999999999999999999"),
)  # fmt: skip
RAW: dict[str, bytes] = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no request line": b"\r\n\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n\r\n",
    "two lengths": b"POST /v1/omnimessage HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
    "length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "length beyond 64 bits": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    "length of 100 GB": b"POST /v1/omnimessage HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000000\r\n\r\n{}",
    "bad chunk": b"POST /v1/omnimessage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "huge chunk": b"POST /v1/omnimessage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    "raw bytes in path": b"GET /\xff\xfe\x80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in header": b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
    "raw bytes in header": b"POST /v1/omnimessage HTTP/1.1\r\nHost: \xff\xfe\r\nX-Sim-Sandbox: \xff\r\nContent-Length: 0\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "absolute target": b"GET http://evil.example/__sim/v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "upgrade": b"GET /__sim/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "no host": b"GET /__sim/v1/messages HTTP/1.0\r\n\r\n",
    "pipelined": b"GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
}
HEADERS: tuple[dict[str, str], ...] = (
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!!"},
    {"Authorization": "Basic " + "A" * 60_000},
    {"Authorization": "Bearer \xff"},
    {"X-Sim-Sandbox": "\xff\x01"},
    {"X-Sim-Outcome": "nothing"},
    {"X-Sim-Scenario": "../../etc/passwd"},
    {"X-Sim-Scenario": "/dev/zero"},
    {"X-Sim-Scenario": "/proc/self/environ"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "\xff"},
    {"Content-Encoding": "gzip"},
    {"Accept": "text/html"},
    {"X-Forwarded-Host": "\xff evil"},
    {"X-Forwarded-Proto": "javascript"},
    {"Cookie": "\xff=;;;="},
    {"UserName": "\xff", "AuthenticationToken": "\xff"},
    {"X-API-KEY": "\xff" * 1000},
)
YAMLS: dict[str, bytes] = {
    "alias bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(12)
    ),
    "recursive alias": b"rules: &a [*a]\n",
    "merge bomb": b"a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nrules: {<<: [*b, *b]}\n",
    "python tag": b"name: x\nrules: !!python/object/apply:os.system ['touch /tmp/msgsim-was-here']\n",
    "unknown tag": b"name: !ours x\nrules: !!set {a, b}\n",
    "binary tag": b"name: !!binary aGVsbG8=\nrules: []\n",
    "deep flow": b"[" * DEEP,
    "deep flow, closed": b"rules: " + b"[" * 3000 + b"]" * 3000,
    "deep blocks": b"".join(b" " * n + b"a:\n" for n in range(2000)),
    "10 MB of rules": b"name: x\nrules:\n" + b"  - {when: {to: '+1'}, deliver: []}\n" * 270_000,
    "10 MB of one text": b"name: '" + b"x" * 10_000_000 + b"'\n",
    "more than 10 MB": b"#" * 10_500_000,
    "invalid UTF-8": b"name: \xff\xfe\n",
    "NUL": b"name: a\x00b\n",
    "two documents": b"name: a\n---\nname: b\n",
    "dates and numbers": b"2026-01-01: 1\n1e400: .nan\n? [a]\n: b\n",
    "regular expression that never ends": b"name: x\nrules:\n  - when: {to: '/(x+x+)+y/'}\n    deliver: []\n",
    "bad regular expression": b"name: x\nrules:\n  - when: {to: '/(/'}\n    deliver: []\n",
    "empty": b"",
    "a word": b"hello",
}  # fmt: skip


class Route(Struct, frozen=True):
    """Where bad input goes, with credentials that are good."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    good: object = None


class Seen(Struct):
    """What came of it."""

    requests: int = 0
    failures: list[str] = []
    slow: list[str] = []


def run(rounds: int, seed: int = 1, every: int = 1) -> list[Figure]:
    """``rounds`` random bodies for ``every`` n-th route."""
    seen, chance = Seen(), random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as name,
        Server("--store", str(Path(name) / "s.db"), "--clock", "frozen") as server,
    ):
        for shot in (make(number, "http://127.0.0.1:1") for number, make in enumerate(MIX)):
            call(server.url + shot.path, "POST", shot.body, headers=shot.headers)
        before = server.memory()
        routes = [*_providers(), *ours()][::every]
        for route in routes:
            for what, body in BODIES.items():
                _try(server, seen, route, body, what)
            for body in _mutations(route, chance, rounds):
                _try(server, seen, route, body, "mutation")
            for headers in HEADERS:
                _try(server, seen, route, b"{}", str(headers)[:60], headers)
        for path in PATHS:
            for method in ("GET", "POST", "DELETE"):
                _try(server, seen, Route(path[:60], method, path, {}), b"", "path")
        for what, data in RAW.items():
            _raw(server, seen, what, data)
        yaml = Route("PUT scenario", "PUT", "/__sim/v1/scenario", {})
        for what, body in YAMLS.items():
            _try(server, seen, yaml, body, f"YAML {what}")
        server.control("PUT", "scenario", {"names": []})
        large = _large(server)
        heads = _heads(server)
        slow = _slow(server)
        grown = server.memory() - before
        alive = server.control("GET", "health").status == 200
        said = server.stop()
    traces = said.count("Traceback")
    reached = Path("/tmp/msgsim-was-here").exists()
    return [
        counted(PART, f"requests over {len(routes)} routes", seen.requests, alive),
        Figure(PART, "5xx answers and broken connections", _some(seen.failures), not seen.failures),
        Figure(PART, f"answers that took more than {SLOWEST:g} s of processor time", _some(seen.slow), not seen.slow),
        counted(PART, "stack traces in the log", traces, not traces),
        Figure(PART, "bodies of 100 MB: provider, control API, in chunks", str(large), large == [413, 413, 413]),
        Figure(PART, "a million headers, an endless header, an endless path", str(heads), all(one in (431, 400, 0) for one in heads)),
        counted(PART, "answer to others while 100 clients send a byte a second, ms", slow, slow < 1000),
        counted(PART, "memory the server grew by, MiB", grown >> 20, grown < MOST_MEMORY),
        Figure(PART, "code run by a YAML tag", "yes" if reached else "no", not reached),
    ]  # fmt: skip


def _some(found: list[str]) -> str:
    return f"{len(found)}: {'; '.join(found[:5])}" if found else "0"


def _providers() -> Iterator[Route]:
    from reliability.traffic import BASIC

    proofs = {
        "messente": BASIC,
        "sinch": {"UserName": "me", "AuthenticationToken": "x"},
        "salesforce": {"Authorization": "Bearer YOUR_ACCESS_TOKEN"},
        "cima360": {"X-API-KEY": "any"},
    }
    for name, provider in discover().items():
        for endpoint in provider.endpoints:
            schema = endpoint.schema
            good = provider.contract.schema(schema).document.get("examples", [None])[0] if schema else None
            path = endpoint.path.replace("{id}", quote("no-such-id"))
            kind = "send" if isinstance(endpoint, Send) else "ask"
            yield Route(f"{name} {kind} {endpoint.name}", endpoint.method, path, proofs.get(name, {}), good)


GOOD: dict[str, object] = {
    "sandboxes": {"name": "fuzz", "seed": 1, "clock": "frozen"},
    "clock/advance": {"by": "1s"},
    "clock/set": {"to": "2026-01-01T00:00:00Z"},
    "clock/speed": {"rate": 1},
    "inbound": {"provider": "messente", "from": "+37255500001", "to": "+37255500002", "text": "hello"},
    "seed": {"seed": 7},
    "sample": {"provider": "messente", "count": 1},
    "settings": {"messente": {"part_price": "0.01"}},
    "scenario": {"names": ["default"]},
}


def ours() -> Iterator[Route]:
    """Every route of the control API but the stream of events, which does not end."""
    for method, path in operations(described()):
        if path != "/events":
            yield Route(f"{method} {path}", method, CONTROL + re.sub(r"{\w+}", "1", path), {}, GOOD.get(path[1:]))


def _mutations(route: Route, chance: random.Random, count: int) -> Iterator[bytes]:
    """The good body with one or more of its values, or of its bytes, replaced."""
    if route.good is None:
        return
    for number in range(count):
        body = json.loads(json.dumps(route.good))
        for _ in range(chance.randint(1, 3)):
            body = _mutated(body, chance)
        data = json.dumps(body).encode()
        if number % 3 == 0:
            raw = bytearray(data)
            for _ in range(chance.randint(1, 8)):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            data = bytes(raw)
        yield data


def _mutated(value: object, chance: random.Random) -> object:
    inner = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not inner or chance.random() < 0.15:
        return copy.deepcopy(chance.choice(VALUES))
    place = chance.choice(inner)
    assert isinstance(value, dict | list)
    if chance.random() < 0.15:
        del value[place]
    elif isinstance(value, dict) and chance.random() < 0.15:
        value[chance.choice(NAMES)] = value.pop(place)
    else:
        value[place] = _mutated(value[place], chance)
    return value


def _try(
    server: Server, seen: Seen, route: Route, body: bytes, what: str, headers: dict[str, str] | None = None
) -> None:
    """One request; anything but an answer below 500 is a failure."""
    seen.requests += 1
    before = server.processor()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    try:
        connection.putrequest(route.method, quote(route.path, safe="/%?=&;:@!$'()*+,~.-_"), skip_host=False)
        for name, value in {"Content-Type": "application/json", **route.headers, **(headers or {})}.items():
            connection.putheader(name, value.encode("latin-1").replace(b"\x01", b""))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as wrong:
        seen.failures.append(f"{route.name} ({what}): {type(wrong).__name__}")
        return
    finally:
        connection.close()
    if status >= 500:
        seen.failures.append(f"{route.name} ({what}): {status}")
    if (used := server.processor() - before) > SLOWEST:
        seen.slow.append(f"{route.name} ({what}): {used:.1f} s")


def _raw(server: Server, seen: Seen, what: str, data: bytes) -> None:
    """Bytes as they are; an answer, or the end of the connection, within a second or when we have said all."""
    seen.requests += 1
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            answer = connection.recv(65536)
        except ConnectionResetError:
            answer = b""
        except TimeoutError:
            seen.slow.append(f"raw {what}")
            return
    if answer.startswith(b"HTTP/1.1 5"):
        seen.failures.append(f"raw {what}: {answer[9:12].decode()}")


def _large(server: Server) -> list[int]:
    body = b"x" * (1 << 20)

    def post(path: str, chunked: bool) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            parts = (body for _ in range(100))
            headers = {} if chunked else {"Content-Length": str(100 << 20)}
            connection.request("PUT" if "scenario" in path else "POST", path, parts, headers, encode_chunked=chunked)
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    return [post("/v1/omnimessage", False), post("/__sim/v1/scenario", False), post("/v1/send-sms", True)]


def _heads(server: Server) -> list[int]:
    """Statuses; 0 where the connection was cut before the answer could be read."""
    many = (b"X-%d: y\r\n" % number for number in range(1_000_000))
    header = (b"y" * 65536 for _ in range(400))
    return [
        _endless(server, b"GET /v1/x HTTP/1.1\r\nHost: x\r\n", many),
        _endless(server, b"GET /v1/x HTTP/1.1\r\nHost: x\r\nX: ", header),
        _endless(server, b"GET /", (b"y" * 65536 for _ in range(400))),
    ]


def _endless(server: Server, begin: bytes, rest: Iterator[bytes]) -> int:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        try:
            connection.sendall(begin)
            batch = b""
            for part in rest:
                batch += part
                if len(batch) > 60_000:
                    connection.sendall(batch)
                    batch = b""
            connection.sendall(batch + b"\r\n\r\n")
            answer = connection.recv(64)
        except OSError:
            return 0
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def _slow(server: Server) -> int:
    """Milliseconds of another client's request, the slowest of twenty."""
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    slowest = 0.0
    try:
        for client in clients:
            client.sendall(b"POST /v1/omnimessage HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        for number in range(20):
            clients[number].sendall(b" ")
            begun = time.monotonic()
            server.control("GET", "health")
            slowest = max(slowest, time.monotonic() - begun)
    finally:
        for client in clients:
            client.close()
    return round(slowest * 1000)
