"""HTTP as uvicorn speaks it, with an end to what stands before a body, and a short way for requests that come whole."""

from functools import partial
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from simulator.model import Reply
from simulator.web.wire import Scope, Wire, headers_of

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

    def data_received(self, data: bytes) -> None:
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
        scope = cast(Scope, cycle.scope)
        if not (whole and self._wire.take(scope, cycle.body, partial(self._answer, cycle))):
            self._start_task(cycle, self._wire)

    def _start_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)

    @property
    def _wire(self) -> Wire:
        return cast(Wire, self.config.app)

    def _answer(self, cycle: RequestResponseCycle, reply: Reply) -> None:
        """In one piece where nothing speaks against it, byte for byte what uvicorn would write."""
        if cycle.flow.write_paused or cycle.scope["method"] == "HEAD" or not _is_plain(reply):
            wire = self._wire
            self._start_task(cycle, lambda _scope, receive, send: wire.finish(reply, receive, send))
        elif not (cycle.disconnected or cycle.transport.is_closing()):
            parts = [STATUS_LINE[reply.status]]
            for name, value in cycle.default_headers + headers_of(reply):
                parts += (name, b": ", value, b"\r\n")
            parts += (b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n", reply.body)
            cycle.response_started = cycle.response_complete = True
            cycle.transport.write(b"".join(parts))
            if not cycle.keep_alive:
                cycle.transport.close()
            cycle.on_response()


def _is_plain(reply: Reply) -> bool:
    """Whether nothing comes before it or spoils it, and no header needs a second look."""
    if reply.fault is not None or reply.early:
        return False
    return all(value.isascii() and value.isprintable() for _, value in reply.headers)
