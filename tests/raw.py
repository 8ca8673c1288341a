"""HTTP as bytes on a socket: a connection that is read answer by answer."""

import re
import socket
from types import TracebackType
from typing import Self

import msgspec
from msgsim.testing import Simulator

HEALTH = b"GET /__sim/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
AUTH = "Authorization: Basic YXBpLXVzZXI6YXBpLXBhc3N3b3Jk\r\n"


class Client:
    """``with Client(sim) as client: head, body = client.ask(b"GET / HTTP/1.1\\r\\n\\r\\n")``"""

    def __init__(self, sim: Simulator) -> None:
        self.socket = socket.create_connection(("127.0.0.1", sim.port), timeout=20)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        self.socket.sendall(request)
        return self.answer()

    def say(self, *parts: bytes) -> tuple[bytes, bytes]:
        """Part after part, each only when the server has read the one before, as far as that can be told."""
        for part in parts:
            self.socket.sendall(part)
            with socket.create_connection(self.socket.getpeername(), timeout=20) as waiting:
                waiting.sendall(HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                while waiting.recv(65536):
                    pass
        return self.answer()

    def answer(self) -> tuple[bytes, bytes]:
        """Head and body; the head is empty when the connection is over."""
        head = b""
        while not head.endswith(b"\r\n\r\n") and (line := self.file.readline()):
            head += line
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return head, self.file.read(int(length[1])) if length else b""


def send(to: str = "+37255000001", more: str = "", version: str = "1.1", method: str = "POST") -> bytes:
    """One send to Messente."""
    body = msgspec.json.encode({"to": to, "messages": [{"channel": "sms", "text": "x"}]})
    said = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    head = f"{method} /v1/omnimessage HTTP/{version}\r\nHost: sim\r\n{AUTH}{more}{said}\r\n"
    return head.encode() + body


def status(head: bytes) -> int:
    """0: there was no answer."""
    return int(head[9:12]) if head.startswith(b"HTTP/1.1 ") else 0
