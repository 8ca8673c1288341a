"""A user's application as the simulator sees it: a real HTTP server that remembers what was posted."""

import ssl
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import msgspec
from msgsim.model import Json
from msgspec import Struct


class Posted(Struct, frozen=True):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return msgspec.json.decode(self.body)


class Receiver:
    """Answers 200, or what it was told to answer next."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.posts: list[Posted] = []
        self._answers: deque[tuple[int, bytes, dict[str, str]]] = deque()
        self._arrived = threading.Condition()
        self._released = threading.Event()
        self.hold = False
        """Keep every post waiting for its answer until `release`."""
        self.before_answer: Callable[[], object] = lambda: None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, reply, more = receiver.arrived(Posted(self.command, self.path, headers, body))
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_POST = do_GET = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def arrived(self, posted: Posted) -> tuple[int, bytes, dict[str, str]]:
        with self._arrived:
            self.posts.append(posted)
            self._arrived.notify_all()
        self.before_answer()
        if self.hold:
            self._released.wait(30)
        with self._arrived:
            return self._answers.popleft() if self._answers else (200, b"", {})

    def release(self) -> None:
        self.hold = False
        self._released.set()

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, times: int = 1) -> None:
        """What the next posts get."""
        self._answers.extend([(status, body, headers or {})] * times)

    def wait(self, count: int, seconds: float = 20) -> list[Posted]:
        """The posts, once there are as many; for simulators whose clock runs."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.posts) >= count, seconds):
                raise AssertionError(f"{len(self.posts)} posts arrived within {seconds} s, {count} were expected")
            return list(self.posts)
