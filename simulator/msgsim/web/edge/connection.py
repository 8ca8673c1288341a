"""HTTP as uvicorn speaks it over httptools, with an end to what stands before and after a body, and no upgrades.

A request that came whole is answered without a task of its own.
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
"""Bytes of a request line with its headers, and of trailers: httptools itself takes endless ones."""
MOST_WAITING = 100
"""Requests that came before the one in front of them was answered; then no more are read."""
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
"""What this module calls or overrides of uvicorn's connection, which names none of it as its interface."""
ATTRIBUTES = frozenset(
    {"parser", "pipeline", "flow", "cycle", "scope", "headers", "transport", "config", "server_state", "scheme"}
    | {"logger", "access_logger", "access_log"}
)
CYCLE = frozenset(
    {"scope", "transport", "flow", "logger", "access_logger", "access_log", "default_headers", "message_event"}
    | {"expect_100_continue", "keep_alive", "on_response"}
)


def fits() -> bool:
    """Whether this version of uvicorn has the private names that this module uses."""
    attributes = set(HttpToolsProtocol.__init__.__code__.co_names)
    cycle = signature(RequestResponseCycle).parameters.keys()
    return attributes >= ATTRIBUTES and cycle == CYCLE and all(hasattr(HttpToolsProtocol, name) for name in METHODS)


class TooLong(Exception):
    """A head or trailers above the limit; it never leaves the parser."""


class Connection(HttpToolsProtocol):
    """One connection of a client."""

    _begun: RequestResponseCycle | None = None
    """A request whose head was in the data that is being read."""
    _running: RequestResponseCycle | None = None
    """The request that is answered next, or was answered last."""
    _in_task = False
    """Whether ``_running`` is answered by a task."""
    _ended = False
    """The client says no more: the connection is closed once all it asked for is answered."""
    _reading = False
    _between = True
    """Between two requests."""
    _after_head = False
    """Headers that come now are trailers."""
    _size = 0
    """Bytes of the head, then of the trailers, of the request that is being read."""
    _unread = 0
    """Bytes that came since a head, a part of a body or a request was complete."""
    _offered: list[tuple[bytes, bytes]] | None = None
    """Headers of a request that asked for another protocol, while it is read again without that."""
    _broken: RequestResponseCycle | None = None
    """The request in whose body the data stopped being HTTP."""
    _last: Reply | None = None
    """What is said once all requests before are answered; nothing is read any more."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wire = cast(Wire, self.config.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn tells the request that came last; the one that is being answered has to know too."""
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client that says no more may still wait for its answer; one that a task is busy with has left."""
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
        """Raises HttpParserError. Whoever offers another protocol is answered in this one (RFC 9110, 7.8)."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._read_without_offer()
            else:
                return

    def _read_without_offer(self) -> None:
        """The parser takes what follows such a head for another protocol: it gets the head again.

        Raises HttpParserError.
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
        """Trailers are no headers, and nothing is made of them (RFC 9110, 6.5.1)."""
        self._grow(len(name) + len(value) + 4)
        if not self._after_head:
            super().on_header(name, value)

    def _grow(self, size: int) -> None:
        """Raises TooLong."""
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
        """Nothing more can be read: say so, once whatever came before it is answered.

        A request that broke off may have its answer before its body is whole (413, 404 of the control API): it gets
        that one however its bytes were cut, and none where it asks for the rest of its body.
        """
        self._last = reply
        cycle: RequestResponseCycle | None = self.cycle
        if not self._between and self._after_head and cycle is not None and not cycle.response_complete:
            self._broken = cycle
            cycle.message_event.set()
        if not self._waits():
            self._say_last()

    def _waits(self) -> bool:
        """Whether a request is not answered yet that may still be."""
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
        """A request begins: at the end of the data that is being read, its body may be there."""
        if self._reading:
            self._begun = cycle
        else:
            self._start(cycle)

    def _start(self, cycle: RequestResponseCycle) -> None:
        """A request to a provider that came whole needs no task."""
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
        """Answer a request in a task; where it broke off, the connection ends with it."""
        await app(scope, partial(self._receive, cycle), send)
        if cycle is self._broken and not cycle.response_complete:
            if cycle.response_started:
                self.transport.close()
            self._say_last()

    async def _receive(self, cycle: RequestResponseCycle) -> Any:
        """A part of the body; the client is gone where a request broke off and all that came of it was taken."""
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
        """In one piece where nothing speaks against it, byte for byte what uvicorn would write."""
        if self._ended and reply.fault is not None:
            self.transport.close()  # A fault that waits for the client to leave would wait for ever.
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
    """Whether nothing comes before it or spoils it, and no header needs a second look."""
    if reply.fault is not None or reply.early:
        return False
    return all(value.isascii() and value.isprintable() for _, value in reply.headers)
