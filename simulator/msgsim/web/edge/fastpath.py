"""A short way for requests that are like the ones before them: a client says nearly the same head with each.

A head that came before on the same connection, byte for byte, is not read again. The ordinary way knows nothing of
this; the setting ``fast_path`` switches it off, and `tests/edge/test_differential.py` holds the two against each other.
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
"""Heads that are remembered of a connection."""
LONGEST_HEAD = 4096
"""Bytes of a head that is remembered."""
UNUSUAL = frozenset({b"connection", b"upgrade", b"expect", b"transfer-encoding"})
"""Headers that change how the connection behaves."""


class KnownHead(NamedTuple):
    """What a head said."""

    scope: Scope
    call: Call
    """Without its body."""
    length: int
    """Bytes of the body."""


class FastConnection(Connection):
    """Remembers the heads of whole requests to providers."""

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
        """Whether the next byte begins a request, and nobody waits for an answer."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is None or (cycle.response_complete and not cycle.more_body)
        return (
            answered and self._between and not self._unread and self._last is None and not self.transport.is_closing()
        )

    def _read_known(self, data: bytes) -> bool:
        """A request whose head was read before; false when it has to be read."""
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
        """The head, where the data was one whole request and no header changes how the connection behaves."""
        head, _, body = data.partition(b"\r\n\r\n")
        scope = cast(Scope, cycle.scope)
        is_whole = self._between and not cycle.more_body and not self.pipeline and body == bytes(cycle.body)
        is_usual = cycle.keep_alive and UNUSUAL.isdisjoint([name for name, _ in scope["headers"]])
        if is_whole and is_usual and len(head) <= LONGEST_HEAD and not self._wire.is_control(scope):
            if len(self._heads) == MOST_HEADS:
                self._heads.clear()
            self._heads[head] = KnownHead(scope, replace(call_of(scope, b""), body=b""), len(body))
