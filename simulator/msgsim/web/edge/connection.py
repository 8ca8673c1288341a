"""An HTTP/1.1 connection: uvicorn's, with limits for heads and trailers, without upgrades to other protocols.

A complete request to a provider is answered without a task of its own.
"""

import asyncio
from functools import partial
from inspect import signature
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from msgsim.model import Call, Reply
from msgsim.web.edge.calls import call_of
from msgsim.web.edge.replies import problem_reply, response_headers
from msgsim.web.edge.wire import Wire

LONGEST_HEAD = 256 * 1024
"""Largest size in bytes of a request line with its headers, and of the trailers; httptools has no limit."""
MOST_WAITING = 100
"""Limit of pipelined requests that wait for an answer; above it the connection is not read."""
NO_HTTP = problem_reply(400, "No HTTP request", "what came cannot be read as a request of HTTP/1.1")
TOO_LONG = problem_reply(
    431, "The headers are too large", f"at most {LONGEST_HEAD} bytes are taken before and after a body"
)

METHODS = frozenset(
    {
        "data_received",
        "on_body",
        "on_header",
        "on_headers_complete",
        "on_message_begin",
        "on_message_complete",
        "on_url",
    }
    | {"connection_made", "connection_lost", "eof_received", "on_response_complete"}
    | {"_start_asgi_task", "_unset_keepalive_if_required"}
)
"""Methods of uvicorn's connection that this module calls or overrides. They are not part of its public interface."""
ATTRIBUTES = frozenset(
    {"parser", "pipeline", "flow", "cycle", "scope", "headers", "transport", "config", "server_state", "scheme"}
    | {"logger", "access_logger", "access_log"}
)
"""Attributes of uvicorn's connection that this module uses; just as private."""
CYCLE = frozenset(
    {"scope", "transport", "flow", "logger", "access_logger", "access_log", "default_headers", "message_event"}
    | {"expect_100_continue", "keep_alive", "on_response"}
)
"""Parameters of uvicorn's `RequestResponseCycle`: one request and its answer."""


def fits() -> bool:
    """Whether this version of uvicorn has the private names that this module uses."""
    attributes = set(HttpToolsProtocol.__init__.__code__.co_names)
    cycle = signature(RequestResponseCycle).parameters.keys()
    return attributes >= ATTRIBUTES and cycle == CYCLE and all(hasattr(HttpToolsProtocol, name) for name in METHODS)


class TooLong(Exception):
    """A head or trailers above the limit. Raised inside httptools, which turns it into HttpParserError."""


class Connection(HttpToolsProtocol):
    """One connection of a client."""

    _begun: RequestResponseCycle | None = None
    """A request whose head was parsed from the present data and that is started at the end of this data."""
    _running: RequestResponseCycle | None = None
    """The request that is being answered, or was answered last."""
    _in_task = False
    """Whether ``_running`` is answered by a task."""
    _ended = False
    """The client has closed its side: the connection is closed when all its requests are answered."""
    _reading = False
    """Whether `data_received` is parsing."""
    _between = True
    """Whether the parser is between two requests."""
    _after_head = False
    """Whether the head of the present request is complete, so that further headers are trailers."""
    _size = 0
    """Bytes of the head, then of the trailers, of the request that is being parsed."""
    _unread = 0
    """Bytes received since the parser last completed a head, a part of a body or a request."""
    _offered: list[tuple[bytes, bytes]] | None = None
    """Headers of a request that asks for an upgrade, while it is parsed again without ``Upgrade``."""
    _broken: RequestResponseCycle | None = None
    """The request in whose body a syntax error was found."""
    _last: Reply | None = None
    """An error answer that is sent after all others and ends the connection; nothing is read any more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wire = cast(Wire, self.config.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn notifies the request that came last only; the one that is being answered is notified here."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Whether the transport stays open after the client closed its side.

        It does while a request is answered without a task. An answer in a task (a long poll, a stream) is cancelled.
        """
        self._ended = self._waits() and not self._in_task and self.scheme == "http"
        return self._ended

    # Reading

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._last is not None or self.transport.is_closing():
            return
        self._unread += len(data)
        self._reading = True
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._give_up(TOO_LONG if self._size > LONGEST_HEAD else NO_HTTP)
        self._reading = False
        if self._unread > LONGEST_HEAD and self._last is None:
            self._give_up(TOO_LONG)
        if self._begun is not None:
            cycle, self._begun = self._begun, None
            self._start(cycle)

    def _feed(self, data: bytes) -> None:
        """Parse data. A request that asks for an upgrade is answered in HTTP/1.1 (RFC 9110, 7.8).

        Raises HttpParserError.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._read_without_offer()
            else:
                return

    def _read_without_offer(self) -> None:
        """Replace the parser by a new one, and give it the head again without ``Upgrade``.

        After an upgrade the old parser would take all that follows for another protocol. Raises HttpParserError.
        """
        method, version, self._offered = self.parser.get_method(), self.parser.get_http_version(), self.headers
        if method == b"CONNECT":
            raise httptools.HttpParserError("there is nothing here to connect to")
        head = b"%s %s HTTP/%s\r\n" % (method, self.url, version.encode())
        head += b"".join([b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"])
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head + b"\r\n")
        self._offered = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._between, self._after_head, self._size = False, False, 0

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header; trailers are counted and dropped (RFC 9110, 6.5.1)."""
        self._grow(len(name) + len(value) + 4)
        if not self._after_head:
            super().on_header(name, value)

    def _grow(self, size: int) -> None:
        """Count bytes of a head or trailers. Raises TooLong above the limit."""
        self._size += size
        if self._size > LONGEST_HEAD:
            raise TooLong

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self._offered is not None:
            self.headers[:] = self._offered
        self._after_head, self._size, self._unread = True, 0, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        if self._after_head:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._after_head:
            self._between, self._unread = True, 0
            super().on_message_complete()

    def _give_up(self, reply: Reply) -> None:
        """Read no more, and send an error answer once all earlier requests are answered.

        A request whose body was broken off by the error may have an answer that needs no body (413, or 404 of the
        control API): it gets this answer wherever its bytes were cut, and none if it waits for the rest of its body.
        """
        self._last = reply
        cycle: RequestResponseCycle | None = self.cycle
        if not self._between and self._after_head and cycle is not None and not cycle.response_complete:
            self._broken = cycle
            cycle.message_event.set()
        if not self._waits():
            self._say_last()

    def _waits(self) -> bool:
        """Whether a request is still to be answered."""
        cycle = self._running
        running = cycle is not None and not cycle.response_complete and not cycle.disconnected
        return running or bool(self.pipeline) or self._begun is not None

    def _say_last(self) -> None:
        if self._last is None or self.transport.is_closing():
            return
        head = [STATUS_LINE[self._last.status], *(b"%s: %s\r\n" % header for header in response_headers(self._last))]
        self.transport.write(b"".join([*head, b"connection: close\r\n\r\n", self._last.body]))
        self.transport.close()

    # Answering

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Called by uvicorn after a head; starts the request at the end of the data, which may hold its body."""
        if self._reading:
            self._begun = cycle
        else:
            self._start(cycle)

    def _start(self, cycle: RequestResponseCycle) -> None:
        """Answer a request: without a task if it is complete and for a provider, else in one."""
        if cycle.more_body or self._wire.is_control(cycle.scope):  # type: ignore[arg-type]
            self._start_task(cycle, self._wire)
        else:
            self._take(cycle, call_of(cycle.scope, bytes(cycle.body)))  # type: ignore[arg-type]

    def _take(self, cycle: RequestResponseCycle, call: Call) -> None:
        self._running, self._in_task = cycle, False
        self._wire.take(call, partial(self._answer, cycle))

    def _start_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running, self._in_task = cycle, True
        super()._start_asgi_task(cycle, partial(self._run, cycle, app))

    async def _run(self, cycle: RequestResponseCycle, app: Any, scope: Any, _: Any, send: Any) -> None:
        """Answer a request in a task, and close the connection if the request was broken off."""
        await app(scope, partial(self._receive, cycle), send)
        if cycle is self._broken and not cycle.response_complete:
            if cycle.response_started:
                self.transport.close()
            self._say_last()

    async def _receive(self, cycle: RequestResponseCycle) -> Any:
        """The next ASGI message: a part of the body, or a disconnect at the end of what came of a broken request."""
        if cycle is self._broken and not cycle.body:
            cycle.disconnected = True
        return await cycle.receive()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if len(self.pipeline) > MOST_WAITING:
            self.flow.pause_reading()
        if not self._waits():
            self._say_last()
            if self._ended:
                self.transport.close()

    def _answer(self, cycle: RequestResponseCycle, reply: Reply) -> None:
        """Write an answer in one piece, byte for byte as uvicorn would; by a task where it is not that simple."""
        if self._ended and reply.fault is not None:
            self.transport.close()  # Some faults wait until the client disconnects, which has happened already.
        elif cycle.flow.write_paused or cycle.scope["method"] == "HEAD" or not _is_plain(reply):
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
    """Whether an answer has no fault, no callbacks before it, and only headers that can be written as they are."""
    if reply.fault is not None or reply.early:
        return False
    return all(value.isascii() and value.isprintable() for _, value in reply.headers)
