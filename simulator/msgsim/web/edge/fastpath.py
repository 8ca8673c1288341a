"""A cache of parsed request heads for each connection: a client sends the same head with nearly every request.

A head with the same bytes as an earlier one on the connection is not parsed again. `Connection` knows nothing of this
module; the setting ``fast_path`` switches it off, and `tests/edge/test_differential.py` compares the answers of both.
"""

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from msgspec.structs import replace
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from msgsim.model import Call
from msgsim.web.edge.calls import call_of
from msgsim.web.edge.connection import Connection
from msgsim.web.edge.replies import Scope

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

MOST_HEADS = 16
"""Heads that are cached per connection."""
LONGEST_HEAD = 4096
"""Largest size in bytes of a head that is cached."""
UNUSUAL = frozenset({b"connection", b"upgrade", b"expect", b"transfer-encoding"})
"""Headers that change how the connection behaves; a head with one of them is not cached."""


class KnownHead(NamedTuple):
    """A parsed head."""

    scope: Scope
    call: Call
    """The request without its body."""
    length: int
    """Size of the body in bytes, which the head states."""


class FastConnection(Connection):
    """A connection that caches the heads of complete requests to providers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heads: dict[bytes, KnownHead] = {}

    def data_received(self, data: bytes) -> None:
        if not self._is_free():
            super().data_received(data)
        elif not self._read_known(data):
            before = self.cycle
            super().data_received(data)
            if self.cycle is not before:
                self._remember(data, self.cycle)

    def _is_free(self) -> bool:
        """Whether the next byte begins a request, and all requests are answered."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is None or (cycle.response_complete and not cycle.more_body)
        return (
            answered and self._between and not self._unread and self._last is None and not self.transport.is_closing()
        )

    def _read_known(self, data: bytes) -> bool:
        """Take a request whose head is cached; False: it has to be parsed."""
        head, _, body = data.partition(b"\r\n\r\n")
        known = self._heads.get(head)
        if known is None or known.length != len(body):
            return False
        self._unset_keepalive_if_required()
        self._unread = 0
        cycle = self.cycle = RequestResponseCycle(
            scope=cast("HTTPScope", known.scope),
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
        self._take(cycle, replace(known.call, body=body))
        return True

    def _remember(self, data: bytes, cycle: RequestResponseCycle) -> None:
        """Cache this head if the data held exactly one request and no header changes how the connection behaves."""
        head, _, body = data.partition(b"\r\n\r\n")
        scope = cast(Scope, cycle.scope)
        is_whole = self._between and not cycle.more_body and not self.pipeline and body == bytes(cycle.body)
        is_usual = cycle.keep_alive and UNUSUAL.isdisjoint([name for name, _ in scope["headers"]])
        if is_whole and is_usual and len(head) <= LONGEST_HEAD and not self._wire.is_control(scope):
            if len(self._heads) == MOST_HEADS:
                self._heads.clear()
            self._heads[head] = KnownHead(scope, replace(call_of(scope, b""), body=b""), len(body))
