"""Why a callback did not arrive is told in our words: each kind of failure with a real socket."""

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import parse_headers
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgsim.clock import machine
from msgsim.provider import discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.samples import headers

MESSENTE = headers(discover()["messente"], "default")
LIBRARY = re.compile(r"aiohttp|Errno|\[SSL|Cannot connect|Connect call|ssl:|_ssl|Server disconnected|Client\w+Error|\n")
"""What would come of a library's own words."""
Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[int]:
    """The port of a receiver that treats each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        serve(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def why(url: str, **settings: Any) -> str:
    """What the journal says of the first attempt at a report that goes there."""
    with Simulator(clock=f"frozen@{START}", **settings) as sim:
        body = {"to": "+37255000001", "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}]}
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=MESSENTE).status == 201
        sim.control("POST", "clock/advance", {"by": "300ms"})
        attempt = sim.control("GET", "callbacks").json["callbacks"][0]["attempts"][0]
        assert attempt["answered"] is None
        error = str(attempt["error"])
    assert LIBRARY.search(error) is None, error
    return error


def reset(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read(connection: socket.socket) -> None:
    """All of a request, which may come in several pieces: closing before the last one resets the connection."""
    with connection.makefile("rb") as file:
        file.readline()
        file.read(int(parse_headers(file)["Content-Length"]))


def answering(data: bytes) -> Serve:
    def answer(connection: socket.socket) -> None:
        read(connection)
        connection.sendall(data)

    return answer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_nobody_listens(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert why(f"http://{host}:{port}/dlr") == f"nobody listens on {host}:{port}"


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_a_receiver_may_have_an_address_of_ipv6() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        port = listening.getsockname()[1]
        assert why(f"http://[::1]:{port}", callback_timeout="50ms") == f"[::1]:{port} did not answer within 50ms"


def test_the_name_is_not_found() -> None:
    assert why("http://shop.invalid:9000/dlr").endswith("shop.invalid:9000")


def test_it_does_not_answer() -> None:
    end = threading.Event()

    def silent(connection: socket.socket) -> None:
        end.wait(30)

    with serving(silent) as port:
        assert (
            why(f"http://127.0.0.1:{port}", callback_timeout="50ms") == f"127.0.0.1:{port} did not answer within 50ms"
        )
        end.set()


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (read, "closed the connection without an answer"),
        (reset, "cut the connection before it had answered"),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "answered something that is no HTTP"),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), "broke off its answer"),
        (
            answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "answered something that is no HTTP",
        ),
        (answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"), "answered something that is no HTTP"),
    ],
    ids=["closed", "reset", "no HTTP", "half", "bad chunk", "long header"],
)
def test_it_ends_otherwise_than_with_an_answer(serve: Serve, reason: str) -> None:
    with serving(serve) as port:
        assert why(f"http://127.0.0.1:{port}") == f"127.0.0.1:{port} {reason}"


def refuse(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_it_speaks_no_tls() -> None:
    with serving(refuse) as port:
        assert why(f"https://127.0.0.1:{port}") == (
            f"127.0.0.1:{port} does not speak TLS; is it http:// instead of https://?"
        )


@pytest.mark.parametrize("serve", [lambda connection: None, reset], ids=["closed", "reset"])
def test_it_ends_the_handshake(serve: Serve) -> None:
    with serving(serve) as port:
        assert why(f"https://127.0.0.1:{port}").startswith(f"127.0.0.1:{port} ")


def certified(folder: Path, address: str = "127.0.0.1", days: tuple[int, int] = (-1, 365)) -> ssl.SSLContext:
    """Of a receiver with a certificate of its own, which is valid between two days from now; it is in cert.pem."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(machine() / 1000, UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def handshake(context: ssl.SSLContext) -> Serve:
    """Reads to the end what a caller sends whom it does not want: a reset would overtake the alert."""

    def serve(connection: socket.socket) -> None:
        with connection.dup() as plain:
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65536)
            except OSError:
                while plain.recv(65536):
                    pass

    return serve


@pytest.mark.parametrize(
    ("address", "days", "trusted", "reason"),
    [
        ("127.0.0.1", (-1, 365), False, "is not trusted (self-signed certificate); trust it with --callback-ca FILE"),
        ("127.0.0.2", (-1, 365), True, "is for another address"),
        ("127.0.0.1", (-10, -5), True, "has expired"),
        ("127.0.0.1", (5, 10), True, "is not valid yet"),
    ],
    ids=["untrusted", "another", "expired", "early"],
)
def test_a_certificate_that_does_not_hold(
    tmp_path: Path, address: str, days: tuple[int, int], trusted: bool, reason: str
) -> None:
    context = certified(tmp_path, address, days)
    settings = {"callback_ca": str(tmp_path / "cert.pem")} if trusted else {}
    with serving(handshake(context)) as port:
        assert why(f"https://127.0.0.1:{port}", **settings) == f"the certificate of 127.0.0.1:{port} {reason}"


def test_it_wants_a_certificate_of_the_caller(tmp_path: Path) -> None:
    """In TLS 1.3 it says so after the handshake: a request may be on its way by then, and ends with the connection."""
    context = certified(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(handshake(context)) as port:
        assert why(f"https://127.0.0.1:{port}", callback_ca=str(tmp_path / "cert.pem")) in (
            f"127.0.0.1:{port} wants a certificate of the caller, and callbacks have none",
            f"127.0.0.1:{port} cut the connection before it had answered",
        )


def test_an_old_tls_only(tmp_path: Path) -> None:
    context = certified(tmp_path)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.deprecated_call():
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    with serving(handshake(context)) as port:
        told = why(f"https://127.0.0.1:{port}", callback_ca=str(tmp_path / "cert.pem"))
    assert told.startswith(f"127.0.0.1:{port} and the simulator agree on no TLS: ")
