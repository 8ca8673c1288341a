"""``GET journal.jsonl``: the journal as JSON Lines; and what all exports share."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from msgsim.engine.recording import line_of
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Entry
from msgsim.web.control.context import Context
from msgsim.web.control.lists import in_turns
from msgsim.web.edge.replies import Receive, Scope, Send

CHUNK = 1 << 16
"""Bytes that are collected before they are sent."""
LINES = 16
"""Entries of the journal that are read at once; few, because one may be a request with a thousand messages."""


async def lines(context: Context, request: Request) -> Response:
    sandbox = context.sandbox(request)

    async def written() -> AsyncGenerator[bytes, None]:
        async for entry in in_turns(entries(context, sandbox)):
            yield msgspec.json.encode(line_of(entry)) + b"\n"

    return Export(written(), "application/x-ndjson")


class Export(StreamingResponse):
    """A streamed answer whose small parts are joined to chunks, because sending a part costs more than its bytes.

    It ends without an exception when the client disconnects: the exceptions of Starlette's `StreamingResponse` are in a
    reference cycle, which keeps megabytes of unsent parts until a garbage collection, and those are rare.
    """

    def __init__(self, parts: AsyncGenerator[bytes, None], media_type: str) -> None:
        self._parts = parts
        super().__init__(parts, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(_left(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(_joined(self._parts)) as joined:
                async for part in joined:
                    if left.done():
                        return
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()


async def _left(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _joined(parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes]:
    waiting = bytearray()
    async with aclosing(parts):
        async for part in parts:
            waiting += part
            if len(waiting) > CHUNK:
                yield bytes(waiting)
                waiting.clear()
    yield bytes(waiting)


def entries(context: Context, sandbox: Sandbox, first: int = 1) -> Iterator[Entry]:
    """Entries of the journal from a number up to the last one at the time of the call."""
    store, last = context.engine.store, sandbox.journal
    for low in range(max(first, store.journal.bounds(sandbox.number)[0]), last + 1, LINES):
        yield from store.journal.between(sandbox.number, low, min(low + LINES - 1, last))
