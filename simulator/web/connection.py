"""HTTP as uvicorn speaks it, with an end to what stands before a body, and a short way for requests that come whole."""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from simulator.model import Reply
from simulator.web.wire import Wire, headers_of

LONGEST_HEAD = 256 * 1024
"""Bytes of a request line and headers that have not come to their end yet: httptools itself takes endless ones."""
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nX-Sim-Error: The headers are too large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class Connection(HttpToolsProtocol):
    """Gives up on a request whose head does not end, and starts no task for a request that needs none."""

    _head = 0
    _begun: RequestResponseCycle | None = None
    """A request whose head was in the data that is being read."""
    _reading = False
    _idle_since: float | None = None
    """On the loop's clock; None: a request is coming or being answered."""
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wire = cast(Wire, self.config.app)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._begun is not None:
            cycle, self._begun = self._begun, None
            self._start(cycle)
        current: RequestResponseCycle | None = self.cycle
        if current is not None and current.scope is self.scope:
            self._head = 0
            return
        self._head += len(data)
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """A request begins: at the end of the data that is being read, its body may be there."""
        if self._reading:
            self._begun = cycle
        else:
            self._start(cycle)

    def _start(self, cycle: RequestResponseCycle) -> None:
        whole = not cycle.more_body and not self.transport.is_closing()
        if not (whole and self._wire.take(cycle.scope, cycle.body, partial(self._answer, cycle))):  # type: ignore[arg-type]
            self._start_task(cycle, self._wire)

    def on_response_complete(self) -> None:
        """As uvicorn does it, with one timer for all answers: to set one anew costs as much as to read a request."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._looking is None:
            self._look_in(self.timeout_keep_alive)

    def _look_in(self, seconds: float) -> None:
        self._looking = self.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Close what was idle long enough, or look again when it will have been."""
        idle = 0.0 if self._idle_since is None else self.loop.time() - self._idle_since
        if idle < self.timeout_keep_alive:
            self._look_in(self.timeout_keep_alive - idle)
        else:
            self.timeout_keep_alive_handler()

    def _start_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)

    def _answer(self, cycle: RequestResponseCycle, reply: Reply) -> None:
        """In one piece where nothing speaks against it, byte for byte what uvicorn would write."""
        if cycle.flow.write_paused or cycle.scope["method"] == "HEAD" or not _is_plain(reply):
            finish = self._wire.finish
            self._start_task(cycle, lambda _scope, receive, send: finish(reply, receive, send))
        elif not (cycle.disconnected or cycle.transport.is_closing()):
            head = [STATUS_LINE[reply.status]]
            head += [b"%s: %s\r\n" % header for header in cycle.default_headers]
            head += [b"%s: %s\r\n" % header for header in headers_of(reply)]
            head += (b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", reply.body)
            cycle.response_started = cycle.response_complete = True
            cycle.transport.write(b"".join(head))
            if not cycle.keep_alive:
                cycle.transport.close()
            cycle.on_response()


def _is_plain(reply: Reply) -> bool:
    """Whether nothing comes before it or spoils it, and no header needs a second look."""
    if reply.fault is not None or reply.early:
        return False
    for _, value in reply.headers:
        if not (value.isascii() and value.isprintable()):
            return False
    return True
