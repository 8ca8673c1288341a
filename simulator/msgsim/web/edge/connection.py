"""HTTP as uvicorn speaks it, with an end to what stands before a body, and a short way for requests that come whole.

A client says nearly the same head with each of its requests: one that came before on the same connection, byte for
byte, is not read again.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from msgspec.structs import replace
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from msgsim.model import Call, Reply
from msgsim.web.edge.calls import call_of
from msgsim.web.edge.replies import Scope, response_headers
from msgsim.web.edge.wire import Wire

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

LONGEST_HEAD = 256 * 1024
"""Bytes of a request line and headers that have not come to their end yet: httptools itself takes endless ones."""
TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nX-Sim-Error: The headers are too large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


MOST_HEARD = 16
"""Heads that are remembered of a connection."""
LONGEST_HEARD = 4096
"""Bytes of one."""
UNUSUAL = frozenset({b"connection", b"upgrade", b"expect", b"transfer-encoding"})
"""Headers that say more than what is asked for."""


class Heard(NamedTuple):
    """What a head said."""

    scope: Scope
    call: Call
    """Without its body."""
    length: int
    """Bytes of the body."""


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
        self._heard: dict[bytes, Heard] = {}

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        free = self._is_free()
        if not (free and self._hear_again(data)):
            self._hear(data, free)

    def _hear_again(self, data: bytes) -> bool:
        """A request whose head was read before; false when it has to be read."""
        head, _, body = data.partition(b"\r\n\r\n")
        heard = self._heard.get(head)
        if heard is None or heard.length != len(body):
            return False
        self.scope = cast("HTTPScope", heard.scope)
        cycle = self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        cycle.body += body
        cycle.more_body = False
        cycle.message_event.set()
        call = heard.call
        self._take(cycle, replace(call, body=body))
        return True

    def _is_free(self) -> bool:
        """Whether the next byte begins a request. An answer may have come before the body it did not wait for ended."""
        cycle: RequestResponseCycle | None = self.cycle
        at_start = self._head == 0 and not self.transport.is_closing()
        return at_start and (cycle is None or (cycle.response_complete and not cycle.more_body))

    def _remember(self, data: bytes, cycle: RequestResponseCycle, call: Call) -> None:
        """As long as the data was just this request, and nothing else comes of its head than of others."""
        head, _, body = data.partition(b"\r\n\r\n")
        plain = cycle.keep_alive and UNUSUAL.isdisjoint([name for name, _ in cycle.scope["headers"]])
        if plain and body == call.body and len(head) <= LONGEST_HEARD:
            if len(self._heard) == MOST_HEARD:
                self._heard.clear()
            self._heard[head] = Heard(cycle.scope, replace(call, body=b""), len(body))  # type: ignore[arg-type]

    def _hear(self, data: bytes, free: bool) -> None:
        """``free``: a request begins with the data."""
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._begun is not None:
            cycle, self._begun = self._begun, None
            if (call := self._start(cycle)) is not None and free:
                self._remember(data, cycle, call)
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

    def _start(self, cycle: RequestResponseCycle) -> Call | None:
        """What a provider is asked, where it came whole; None where that is yet to be seen."""
        if cycle.more_body or self.transport.is_closing() or self._wire.is_ours(cycle.scope):  # type: ignore[arg-type]
            self._start_task(cycle, self._wire)
            return None
        call = call_of(cycle.scope, bytes(cycle.body))  # type: ignore[arg-type]
        self._take(cycle, call)
        return call

    def _take(self, cycle: RequestResponseCycle, call: Call) -> None:
        self._wire.take(call, partial(self._answer, cycle))

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
            head += [b"%s: %s\r\n" % header for header in response_headers(reply)]
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
    return all(value.isascii() and value.isprintable() for _, value in reply.headers)
