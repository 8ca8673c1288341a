"""The journal for other tools, as JSON Lines; and how anything that long is sent."""

from collections.abc import AsyncIterator, Iterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from msgsim.engine.recording import line_of
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Entry
from msgsim.web.control.context import Context
from msgsim.web.control.lists import in_turns

CHUNK = 1 << 16
"""Bytes that are sent at once."""
LINES = 16
"""Numbers of lines that are read at once: one may hold a request with a thousand messages."""


async def lines(context: Context, request: Request) -> Response:
    sandbox = context.sandbox(request)

    async def written() -> AsyncIterator[bytes]:
        async for entry in in_turns(entries(context, sandbox)):
            yield msgspec.json.encode(line_of(entry)) + b"\n"

    return StreamingResponse(joined(written()), media_type="application/x-ndjson")


async def joined(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Small parts put together: each that is sent costs more than its bytes."""
    waiting = bytearray()
    async for part in parts:
        waiting += part
        if len(waiting) > CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def entries(context: Context, sandbox: Sandbox, first: int = 1) -> Iterator[Entry]:
    """From a number up to the last line there was when it was asked for; an export asked for is no line of it."""
    store, last = context.engine.store, sandbox.journal
    for low in range(max(first, store.journal.bounds(sandbox.number)[0]), last + 1, LINES):
        yield from store.journal.between(sandbox.number, low, min(low + LINES - 1, last))
