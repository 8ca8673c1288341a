"""TLS in front of the simulator, for samples that speak nothing else: bytes in, the same bytes out."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

NAME = "localhost"


class Front(ThreadingTCPServer):
    """Listens on a free port; each connection is handed to a port of this machine."""

    daemon_threads = True

    def __init__(self, port: int, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), Pipe)
        self.port = port
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)


class Pipe(BaseRequestHandler):
    """One connection."""

    server: Front

    def handle(self) -> None:
        with (
            self.server.context.wrap_socket(self.request, server_side=True) as outer,
            socket.create_connection(("127.0.0.1", self.server.port)) as inner,
        ):
            back = threading.Thread(target=_pour, args=(inner, outer), daemon=True)
            back.start()
            _pour(outer, inner)
            inner.shutdown(socket.SHUT_WR)
            back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)


@contextmanager
def in_front_of(port: int, folder: Path) -> Iterator[tuple[str, Path]]:
    """The https address, and the file of the certificate that is to be trusted. Needs ``openssl``."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*made, "-out", str(certificate), "-keyout", str(key)], check=True, capture_output=True)
    with Front(port, certificate, key) as front:
        threading.Thread(target=front.serve_forever, daemon=True).start()
        yield f"https://{NAME}:{front.server_address[1]}", certificate
        front.shutdown()
