"""Lists that are filtered, read page by page, and waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from starlette.requests import Request

from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.web.control.context import Context, limit, number, patience
from msgsim.web.control.problem import Problem

CHUNK = 1000
"""Rows that are looked at in one turn of the loop."""
SHOWN = 200
"""Rows that are shown in one turn: each may ask the store for more."""
MOST_MISSES = 3
MISSES_AMONG = 1000
"""How many of the newest rows are looked at for near misses."""
SHARE = 4
"""Whoever waits leaves this many times the time a look took to everybody else."""
T = TypeVar("T")


class Test(Struct, Generic[T], frozen=True):
    """One filter, and what to say of a row that does not pass it."""

    fits: Callable[[T], bool]
    why: Callable[[T], str]


class Listing(Struct, Generic[T], frozen=True):
    """Rows of one kind in one sandbox, at one time."""

    name: str
    """The member they are listed under."""
    chunk: Callable[[int, int], Sequence[T]]
    """(number to go on from, most) → rows in the order they are listed in; 0: from the start."""
    number: Callable[[T], int]
    show: Callable[[T], Json]
    tests: Sequence[Test[T]]
    total: Callable[[], int]
    """How many there are without any filter."""
    label: Callable[[T], str]
    soon: Callable[[T], int | None] = lambda row: None
    """When a row that does not fit yet may change by itself."""
    cursor: str = "before"
    elsewhere: Callable[[], list[Json]] = list
    """What came instead: further near misses."""
    direct: "Listing[T] | None" = None
    """The same rows without a test, where the store finds them by itself."""

    def fits(self, row: T) -> bool:
        return all(test.fits(row) for test in self.tests)


class Look(Struct, Generic[T]):
    """What a look at a listing found."""

    rows: list[T]
    total: int
    following: int | None = None
    moment: int | None = None
    """When another look may find more."""


Make = Callable[[Context, Request, Sandbox], Listing[T]]


async def listed(context: Context, request: Request, make: Make[T]) -> Json:
    """``{name: [...], "total": n, "next": cursor or null}``, at once or as soon as enough rows fit."""
    seconds = patience(request)
    if seconds is None:
        sandbox = context.sandbox(request)
        listing = make(context, request, sandbox)
        return await _shown(listing, await look(listing, number(request, listing.cursor), limit(request)))
    return await _waited(context, request, make, seconds)


async def _waited(context: Context, request: Request, make: Make[T], seconds: float) -> Json:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    wanted = number(request, "count", 1)
    with context.feed.listening(context.sandbox(request).name) as listener:
        while True:
            begun = loop.time()
            listing = make(context, request, listener.sandbox)
            found = await look(listing, number(request, listing.cursor), max(limit(request), wanted))
            if found.total >= wanted:
                return await _shown(listing, found)
            left = deadline - loop.time()
            if left <= 0 or context.feed.closing:
                raise await _timed_out(listing, found, wanted, request)
            await asyncio.sleep(min(SHARE * (loop.time() - begun), left))
            await listener.wait(found.moment, max(deadline - loop.time(), 0))


async def look(listing: Listing[T], start: int, most: int) -> Look[T]:
    """One page, and how many rows fit in all."""
    listing = listing.direct or listing
    if not listing.tests:
        rows = list(listing.chunk(start, most + 1))
        following = listing.number(rows[most - 1]) if len(rows) > most else None
        return Look(rows[:most], listing.total(), following)
    found: Look[T] = Look([], 0)
    async for row in _all(listing):
        if listing.fits(row):
            found.total += 1
            here = listing.number(row)
            if start and (here >= start if listing.cursor == "before" else here <= start):
                continue
            if len(found.rows) < most:
                found.rows.append(row)
            elif found.following is None:
                found.following = listing.number(found.rows[-1])
        elif (moment := listing.soon(row)) is not None:
            found.moment = moment if found.moment is None else min(moment, found.moment)
    return found


async def _all(listing: Listing[T]) -> AsyncIterator[T]:
    """Everything, so that others get their turn now and then."""
    start = 0
    while rows := listing.chunk(start, CHUNK):
        for row in rows:
            yield row
        if len(rows) < CHUNK:
            return
        start = listing.number(rows[-1])
        await asyncio.sleep(0)


async def _shown(listing: Listing[T], found: Look[T]) -> Json:
    """A long page takes its time, and lets others have theirs."""
    rows = []
    for place, row in enumerate(found.rows, 1):
        rows.append(listing.show(row))
        if place % SHOWN == 0:
            await asyncio.sleep(0)
    return {listing.name: rows, "total": found.total, "next": found.following}


async def _timed_out(listing: Listing[T], found: Look[T], wanted: int, request: Request) -> Problem:
    """Says what came nearest, and why it is not what was waited for."""
    missing = f"{found.total} of {wanted} {listing.name}" if found.total else f"no {listing.name}"
    asked = {key: value for key, value in request.query_params.items() if key not in ("wait", "count", "sandbox")}
    fitting = " with " + ", ".join(f"{key}={value}" for key, value in asked.items()) if asked else ""
    near = [*_misses(listing), *listing.elsewhere()]
    if not near:
        near = [{"text": f"the sandbox has {'no' if not found.total else 'no other'} {listing.name}"}]
    return Problem(
        408, "Timed out", f"{missing}{fitting} within {request.query_params['wait']}", near=near, found=found.total
    )


def _misses(listing: Listing[T]) -> Iterator[Json]:
    """The rows that fail the fewest filters, newest first among equals."""
    looked = ((row, [test for test in listing.tests if not test.fits(row)]) for row in listing.chunk(0, MISSES_AMONG))
    scored = [(len(failing), row, failing) for row, failing in looked if failing]
    if listing.cursor == "after":
        scored.reverse()
    for _, row, failing in sorted(scored, key=lambda one: one[0])[:MOST_MISSES]:
        why = [test.why(row) for test in failing]
        yield {"text": f"{listing.label(row)}: {'; '.join(why)}", "number": listing.number(row), "why": why}
