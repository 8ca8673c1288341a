"""The client that blocks until it has the answer. It uses only the standard library."""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from msgsim.client import wire
from msgsim.client.api import Api
from msgsim.client.errors import InsideLoop
from msgsim.client.request import R, Request, Send

if TYPE_CHECKING:
    import http.client

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""


class Client(Api[Send]):
    """Sends with the standard library; threads may share a client."""

    def __init__(self, url: str = "", sandbox: str = "default", token: str = "") -> None:
        """``url`` and ``token`` default to MSGSIM_URL and MSGSIM_TOKEN."""
        super().__init__(self._request, wire.root(url), sandbox)
        self._headers = wire.headers(sandbox, token)
        self._idle: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept for further requests; the client may still be used afterwards."""
        while self._idle:
            self._idle.pop().close()

    def sandbox(self, name: str) -> "Client":
        """A client for another sandbox of the server, over the same connections. The sandbox is not created."""
        other = Client(self.url, name)
        other._headers = {**self._headers, "X-Sim-Sandbox": name}
        other._idle = self._idle
        return other

    @contextmanager
    def intercept(self) -> Iterator[None]:
        """Within ``with``, the providers' own host names lead to this sandbox, over TLS too.

        This holds for this process and the programs that it starts. Requests with credentials of another sandbox go to
        that one. Raises Problem if the ports cannot be opened.
        """
        from msgsim.client.interception import redirected, server_at  # For start-up time.

        with redirected(server_at(self.url, self.interception()), self.name if self.name != "default" else ""):
            yield

    def events(self) -> Generator[wire.Event]:
        """The events of the sandbox from now on, until the server stops. Raises Unreachable."""
        request, connection = wire.LISTENING, self._connection()
        try:
            response = self._begin(connection, request)
            if response.status != 200:
                wire.answered(request, response.status, response.headers.get_content_type(), response.read())
            yield from wire.events(response)
        finally:
            connection.close()

    def _request(self, request: Request[R]) -> R:
        connection = self._connection()
        try:
            response = self._begin(connection, request)
            body = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return wire.answered(request, response.status, response.headers.get_content_type(), body)

    def _begin(self, connection: "http.client.HTTPConnection", request: Request[Any]) -> "http.client.HTTPResponse":
        """Send a request; the response, with its body still unread. Raises Unreachable and InsideLoop."""
        from http.client import HTTPException  # For start-up time.

        if request.waits and (instead := _inside_loop()):
            raise InsideLoop(
                f"{request.method} {request.path} waits for the application, and would block the event loop it is"
                f" called in: {instead}"
            )
        path, body, headers = wire.written(request)
        connection.timeout = request.seconds
        if connection.sock is not None:
            connection.sock.settimeout(request.seconds)
        try:
            connection.request(request.method, urlsplit(self.url).path + path, body, self._headers | headers)
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            raise wire.unreachable(self.url, error) from None

    def _connection(self) -> "http.client.HTTPConnection":
        """An idle connection that the server has not closed meanwhile; else a new one."""
        from http.client import HTTPConnection, HTTPSConnection  # For start-up time.
        from select import select

        while self._idle:
            idle = self._idle.pop()
            if idle.sock is not None and not select([idle.sock], [], [], 0)[0]:
                return idle
            idle.close()
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port)


def _inside_loop() -> str:
    """What to do instead, if this thread runs an event loop of asyncio or Trio; empty: it runs none."""
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return "use AsyncClient (or the fixture msgsim_async), and await it"
    return wire.IN_TRIO if trio is not None and trio.lowlevel.in_trio_run() else ""
