"""Connections as real clients and hostile ones use them."""

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgsim import server
from msgsim.model import Json
from msgsim.testing import Simulator, call
from msgsim.web.edge import connection
from uvicorn.protocols.http import httptools_impl

from reliability.connections import broken
from tests.conftest import Http
from tests.raw import AUTH, HEALTH, Client, send, status

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
WEBSOCKET = "Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\n"


@pytest.fixture(params=["httptools", "ordinary", "h11"])
def any_sim(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator on each of the ways in which requests are read."""
    if request.param == "h11":
        monkeypatch.setattr(connection, "fits", lambda: False)
    with Simulator(clock="frozen", fast_path=request.param != "ordinary") as simulator:
        yield simulator


# Another protocol is offered


@pytest.mark.parametrize("offer", [H2C, WEBSOCKET, "Upgrade: h2c\r\n"])
def test_a_protocol_that_is_offered_is_not_taken(any_sim: Simulator, offer: str) -> None:
    """The body is read, and so is what comes after it, whatever the pieces."""
    whole = send(more=offer)
    for cut in (len(whole), 30, whole.index(b"\r\n\r\n") + 4, len(whole) - 5):
        with Client(any_sim) as client:
            client.socket.sendall(whole[:cut])
            client.socket.sendall(whole[cut:] + send())
            assert [status(client.answer()[0]) for _ in range(2)] == [201, 201]


def test_an_offer_stays_among_the_headers(sim: Simulator, control: Http) -> None:
    with Client(sim) as client:
        client.ask(send(more=H2C))
    headers = control("GET", "requests").json["requests"][0]["headers"]
    assert (headers["upgrade"], headers["connection"]) == ("h2c", "Upgrade, HTTP2-Settings")


def test_offers_in_a_row_and_in_chunks(sim: Simulator, control: Http) -> None:
    head, _, body = send(more=H2C).partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    chunked = head + b"\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with Client(sim) as client:
        client.socket.sendall(
            (chunked + send(more=H2C)) * 3 + HEALTH.replace(b"\r\n\r\n", b"\r\n" + H2C.encode() + b"\r\n")
        )
        assert [status(client.answer()[0]) for _ in range(7)] == [201] * 6 + [200]
    assert control("GET", "messages").json["total"] == 6


def test_there_is_nothing_to_connect_to(sim: Simulator) -> None:
    with Client(sim) as client:
        head, body = client.ask(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n")
        assert (status(head), client.answer()) == (400, (b"", b""))
        assert msgspec.json.decode(body)["title"] == "No HTTP request"


JAVA = Path("/usr/bin/java")


@pytest.mark.skipif(not JAVA.exists(), reason="there is no Java")
def test_the_client_of_the_jdk_sends_bodies(sim: Simulator, tmp_path: Path) -> None:
    """With its default settings it offers HTTP/2 with the first request of a connection."""
    source = tmp_path / "Send.java"
    source.write_text(
        """
        import java.net.URI;
        import java.net.http.*;

        public class Send {
            public static void main(String[] given) throws Exception {
                HttpClient client = HttpClient.newHttpClient();
                for (int number = 0; number < 3; number++) {
                    HttpRequest request = HttpRequest.newBuilder(URI.create(given[0]))
                        .header("Authorization", "Basic YXBpLXVzZXI6YXBpLXBhc3N3b3Jk")
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(given[1])).build();
                    System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
                }
            }
        }
        """
    )
    body = '{"to": "+37255000001", "messages": [{"channel": "sms", "text": "x"}]}'
    command = [str(JAVA), str(source), f"{sim.url}/v1/omnimessage", body]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert said.stdout.split() == ["201"] * 3, said.stderr


# Limits


def endless(client: Client, begin: bytes, part: bytes, most: int) -> bytes:
    """Say the same again and again until an answer comes or the connection ends; what came."""
    client.socket.settimeout(0)
    sent = 0
    while sent < most:
        with contextlib.suppress(BlockingIOError):
            sent += client.socket.send(begin or part)
            begin = b""
        with contextlib.suppress(BlockingIOError):
            return client.socket.recv(65536)
    return b"taken"


CHUNKED = f"POST /v1/omnimessage HTTP/1.1\r\nHost: sim\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n".encode()
FLOODS = {
    "headers": (send()[:60], b"X-Y: " + b"y" * 1000 + b"\r\n"),
    "one header": (send()[:60] + b"X: ", b"y" * 1000),
    "path": (b"GET /", b"y" * 1000),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Y: " + b"y" * 1000 + b"\r\n"),
    "one trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX: ", b"y" * 1000),
    "a chunk's extension": (CHUNKED + b"2;x=", b"y" * 1000),
    "line breaks": (b"", b"\r\n" * 500),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_what_is_no_body_has_an_end(sim: Simulator, flood: str) -> None:
    with Client(sim) as client:
        try:
            said = endless(client, *FLOODS[flood], most=20 << 20)
        except ConnectionError:
            said = b""
        assert said == b"" or status(said) == 431, said[:200]
    assert call(f"{sim.url}/__sim/v1/health", "GET").status == 200


def test_trailers_are_no_headers(sim: Simulator, control: Http) -> None:
    trailer = b"X-Sim-Sandbox: another\r\nAuthorization: none\r\nX-Trace: 1\r\n"
    body = send().partition(b"\r\n\r\n")[2]
    with Client(sim) as client:
        head, _ = client.ask(CHUNKED + b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailer) + HEALTH)
        assert status(head) == 201
        assert status(client.answer()[0]) == 200
    assert "x-trace" not in control("GET", "requests").json["requests"][0]["headers"]


@pytest.mark.parametrize("size", [65536, 1 << 20])
def test_thousands_of_requests_in_one_piece(sim: Simulator, control: Http, size: int) -> None:
    """Only what came since the last complete request counts against the limit."""
    numbers = [f"+3725500{place:04d}" for place in range(5000)]
    stream = b"".join(send(number) for number in numbers)
    assert len(stream) > 3 * connection.LONGEST_HEAD
    with Client(sim) as client:
        client.socket.settimeout(60)
        for begin in range(0, len(stream), size):
            client.socket.sendall(stream[begin : begin + size])
        told: list[Json] = [msgspec.json.decode(client.answer()[1]) for _ in numbers]
    assert [one["to"] for one in told] == numbers
    assert control("GET", "messages").json["total"] == 5000


def test_what_comes_before_garbage_is_answered_first(sim: Simulator, control: Http) -> None:
    with Client(sim) as client:
        client.socket.sendall(send("+37255000001") + send("+37255000002") + b"\x16\x03\x01 no HTTP\r\n\r\n" + send())
        assert [status(client.answer()[0]) for _ in range(4)] == [201, 201, 400, 0]
    assert control("GET", "messages").json["total"] == 2


def test_a_request_that_breaks_off_is_none(sim: Simulator, control: Http) -> None:
    """Neither the one whose chunks are garbage, nor what comes after it; what came before it is answered."""
    garbage = b"garbage\r\n\r\n" + send()
    for stream in (CHUNKED + b"2\r\n{}\r\nzz\r\n", CHUNKED + b"2\r\n{}\r\n" + garbage, b"POST / HTTP/9.9\r\n\r\n"):
        with Client(sim) as client:
            client.socket.sendall(send() + stream)
            assert [status(client.answer()[0]) for _ in range(3)] == [201, 400, 0]
    assert control("GET", "messages").json["total"] == 3
    assert len(control("GET", "requests").json["requests"]) == 3


EARLY = {("POST", "/v1/omnimessage"): 413, ("PUT", "/__sim/v1/scenario"): 413, ("PUT", "/__sim/v1/nothing"): 404}
"""What is said to requests whose body is too large, and which break off."""


@pytest.mark.parametrize(("method", "path"), EARLY)
def test_who_breaks_off_and_says_no_more_hears_why(method: str, path: str) -> None:
    """In one piece, with the end of what the client says right behind it."""
    with Simulator(body_limit=50) as sim, Client(sim) as client:
        client.socket.sendall(broken(method, path, b"x" * 64))
        client.socket.shutdown(socket.SHUT_WR)
        assert [status(client.answer()[0]) for _ in range(3)] == [EARLY[method, path], 400, 0]


def test_a_client_that_leaves_is_noticed_behind_another_request(sim: Simulator) -> None:
    """A connection that hangs on purpose is over when the client leaves, though it had asked for something else."""
    rule = "name: x\nrules: [{when: {nth: 1}, fault: {kind: hang}}]\n"
    assert sim.control("PUT", "scenario", body=rule).status == 200
    with Client(sim) as client:
        client.socket.sendall(send() + send())
        for _ in range(1000):
            if len(sim.control("GET", "requests").json["requests"]) == 1:
                break
    for _ in range(1000):
        sim.control("GET", "health")
        if not sim._server.server_state.tasks:
            break
    assert not sim._server.server_state.tasks
    assert len(sim.control("GET", "requests").json["requests"]) == 1


@pytest.mark.parametrize("any_sim", ["httptools", "ordinary"], indirect=True)
@pytest.mark.parametrize("count", [1, 3])
def test_who_says_no_more_is_answered(any_sim: Simulator, count: int) -> None:
    """As `nc -N` does it: what came whole is answered, and then the connection ends."""
    with Client(any_sim) as client:
        client.socket.sendall(send() * count)
        client.socket.shutdown(socket.SHUT_WR)
        answers = [status(client.answer()[0]) for _ in range(count + 1)]
    assert answers == [201] * count + [0]


def test_who_leaves_a_connection_that_hangs_is_gone(sim: Simulator) -> None:
    rule = "name: x\nrules: [{fault: {kind: hang}}]\n"
    assert sim.control("PUT", "scenario", body=rule).status == 200
    with Client(sim) as client:
        client.socket.sendall(send())
        client.socket.shutdown(socket.SHUT_WR)
        assert client.answer() == (b"", b"")


# uvicorn


def test_idle_connections_stay_open_longer_than_clients_pause(sim: Simulator) -> None:
    assert sim._server.config.timeout_keep_alive == 75


def test_this_uvicorn_has_the_private_names_that_are_used() -> None:
    assert connection.fits()
    protocol, cycle = httptools_impl.HttpToolsProtocol, httptools_impl.RequestResponseCycle
    assert httptools_impl.STATUS_LINE[201] == b"HTTP/1.1 201 Created\r\n"
    assert sorted(name for name in connection.METHODS if not callable(getattr(protocol, name, None))) == []
    used = set(re.findall(r"\bself\.([a-z]\w*|_unset\w+)", Path(connection.__file__).read_text()))
    own = set(vars(connection.Connection)) | set(vars(cycle))
    assert used - own - connection.METHODS - connection.ATTRIBUTES == {"url"}


@pytest.mark.parametrize("missing", ["RequestResponseCycle", "HttpToolsProtocol._start_asgi_task", "STATUS_LINE"])
def test_another_uvicorn_is_used_the_ordinary_way(missing: str) -> None:
    owner, _, name = f"uvicorn.protocols.http.httptools_impl.{missing}".rpartition(".")
    program = f"""
from pkgutil import resolve_name
delattr(resolve_name({owner.replace("impl.", "impl:")!r}), {name!r})
from msgsim.server import _protocol
assert _protocol(True) == "h11", _protocol(True)
from msgsim.testing import Simulator, call
with Simulator() as sim:
    body = {{"to": "+37255000001", "messages": [{{"channel": "sms", "text": "x"}}]}}
    print(call(sim.url + "/v1/omnimessage", "POST", body, headers={{"Authorization": "Basic YTpi"}}).status)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert said.stdout == "201\n", said.stderr


def test_the_ordinary_way_knows_nothing_of_the_fast_one() -> None:
    code = "import sys, msgsim.web.edge.connection; sys.exit('msgsim.web.edge.fastpath' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert isinstance(server._protocol(False), type)
    assert server._protocol(True) is not server._protocol(False)


def test_names_of_headers_and_bodies_are_the_same_on_every_way(any_sim: Simulator) -> None:
    rule = "name: x\nrules: [{respond: {status: 418, body: tea, headers: {X-CamelCase: 'ä'}}}]\n"
    assert any_sim.control("PUT", "scenario", body=rule).status == 200
    with Client(any_sim) as client:
        for _ in range(3):
            head, body = client.ask(send())
            assert (status(head), body) == (418, b"tea")
            assert b"\r\nX-CamelCase: \xe4\r\n" in head
            assert client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
