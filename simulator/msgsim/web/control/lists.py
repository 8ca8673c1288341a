"""Lists that are filtered and read page by page, a bounded slice of their rows at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from msgsim.model import Json
from msgsim.storage.changes import Rewritten
from msgsim.storage.store import Store

TURN = 0.005
"""Seconds after which a long loop yields to the event loop."""
SLICE = 1000
"""Width of a slice: how many numbers' rows are read in one query."""
COUNTED = 1 << 15
"""How many numbers' rows are counted in one query."""
MOST_READ, MOST_SLICES = 4000, 64
"""Limits of a search that does not count: rows that it reads, and slices that it goes through."""
MOST_MISSES = 3
MISSES_AMONG = 1000
"""Near misses are searched among so many of the newest rows."""
MISSES_READ = 100
T = TypeVar("T")


class Test(Struct, Generic[T], frozen=True):
    """A filter, and the reason why a row does not pass it, as text."""

    fits: Callable[[T], bool]
    why: Callable[[T], str]


class Listing(Struct, Generic[T], frozen=True):
    """Rows of one kind in one sandbox at one time. Each row has a number; later rows have higher ones."""

    name: str
    """The member of the answer that has the rows, such as ``messages``."""
    sandbox: int
    now: int
    between: Callable[[int, int], Iterable[T]]
    """Rows with numbers from one to another, in the order of the list: all that may fit."""
    newest: Callable[[int, int], Iterable[T]]
    """All rows with such numbers, newest first, whether they fit or not."""
    row: Callable[[int], T | None]
    """A row by its number; None: it does not exist any more."""
    count: Callable[[int, int], int]
    """How many ``between`` would give."""
    bounds: Callable[[], tuple[int, int]]
    """The lowest and the highest number there is; 1 and 0 where there is none."""
    number: Callable[[T], int]
    show: Callable[[T], Json]
    tests: Sequence[Test[T]]
    label: Callable[[T], str]
    exact: bool = False
    """Everything that ``between`` gives fits: no row has to be read to be counted."""
    turn: Callable[[T], int | None] = lambda row: None
    """The next time at which a row may begin or cease to fit because the clock goes on; None: never."""
    rewritten: Rewritten | None = None
    """Says which rows were rewritten; None: rows of this kind never are."""
    newest_first: bool = True
    width: int = SLICE
    elsewhere: Callable[[], Iterable[Json]] = list
    """Near misses in other lists; None after a piece of work that found none."""

    @property
    def cursor(self) -> str:
        """The query parameter with the number of the last row that the client has."""
        return "before" if self.newest_first else "after"

    def fits(self, row: T) -> bool:
        for test in self.tests:  # noqa: SIM110 - of every row there is: a generator takes twice as long
            if not test.fits(row):
                return False
        return True

    def follows(self, number: int, cursor: int) -> bool:
        """Whether a row comes after the cursor in the order of the list; cursor 0 is the start."""
        return cursor == 0 or (number < cursor if self.newest_first else number > cursor)

    def slices(self) -> Iterator[tuple[int, int]]:
        """Ranges of numbers, in the order of the list."""
        lowest, highest = self.bounds()
        starts = range(lowest // self.width * self.width, highest + 1, self.width)
        for start in reversed(starts) if self.newest_first else starts:
            yield max(start, lowest), min(start + self.width - 1, highest)


class Page(Struct, Generic[T]):
    """A part of a list, as of one time."""

    listing: Listing[T]
    rows: list[T]
    total: int = 0
    """How many rows fit in all."""
    following: int | None = None
    """The cursor for the rest; None: there is none."""

    def add(self, row: T, most: int) -> None:
        """The next row, in the order of the list."""
        if len(self.rows) < most:
            self.rows.append(row)
        elif self.following is None:
            self.following = self.listing.number(self.rows[-1])

    async def shown(self) -> Json:
        """``{name: [...], "total": n, "next": cursor or null}``"""
        rows = [self.listing.show(row) async for row in in_turns(self.rows)]
        return {self.listing.name: rows, "total": self.total, "next": self.following}


class Search(Generic[T]):
    """Goes through a whole list once, or from a cursor to the end of a page: counts what fits, and keeps the page."""

    def __init__(self, listing: Listing[T], cursor: int, most: int, wanted: int = 0) -> None:
        """``most``: rows of the page. ``wanted``: every row is read until so many fit."""
        self.page: Page[T] = Page(listing, [])
        self._listing = listing
        self._cursor = cursor
        self._most = most
        self._wanted = wanted

    def steps(self) -> Iterator[tuple[T, bool] | None]:
        """Each a bounded piece of work: a row and whether it fits, or None where rows were only counted."""
        listing, page = self._listing, self.page
        for low, high in listing.slices():
            rest: tuple[int, int] | None = (low, high)
            if self._reads(low, high):
                rest = None
                for row in listing.between(low, high):
                    number, fits = listing.number(row), listing.exact or listing.fits(row)
                    if fits:
                        page.total += 1
                        if listing.follows(number, self._cursor):
                            page.add(row, self._most)
                    yield row, fits
                    if page.following is not None and not self._reads(low, high):
                        rest = (low, number - 1) if listing.newest_first else (number + 1, high)
                        break
            if rest is not None:
                page.total += listing.count(*rest)
            yield None

    def up_to_page(self) -> Iterator[tuple[T, bool] | None]:
        """As `steps`, to the end of the page: after a bounded piece of work it ends with what was found by then."""
        listing, page, read, through = self._listing, self.page, 0, 0
        for low, high in listing.slices():
            if not listing.follows(low if listing.newest_first else high, self._cursor):
                continue
            for row in listing.between(low, high):
                number, fits = listing.number(row), listing.exact or listing.fits(row)
                if fits and listing.follows(number, self._cursor):
                    page.add(row, self._most)
                    page.total = len(page.rows)
                read += 1
                yield row, fits
                if page.following is not None:
                    return
                if read >= MOST_READ:
                    page.following = number
                    return
            through += 1
            if through >= MOST_SLICES:
                page.following = low if listing.newest_first else high
                return
            yield None

    def _reads(self, low: int, high: int) -> bool:
        """Whether rows of a slice have to be read: unless all fit, enough are known, and the page has none of them."""
        listing, page = self._listing, self.page
        if not listing.exact or page.total < self._wanted:
            return True
        return page.following is None and listing.follows(low if listing.newest_first else high, self._cursor)


async def page(listing: Listing[T], cursor: int, most: int, counting: bool = True) -> Page[T]:
    search = Search(listing, cursor, most)
    async for _ in in_turns(search.steps() if counting else search.up_to_page()):
        pass
    return search.page


async def count(store: Store, sandbox: int) -> int:
    """How many messages a sandbox has."""
    lowest, highest = store.messages.bounds(sandbox)
    starts = range(lowest, highest + 1, COUNTED)
    counts = (store.messages.count(sandbox, start, start + COUNTED - 1) for start in starts)
    return sum([some async for some in in_turns(counts)])


async def in_turns(pieces: Iterable[T]) -> AsyncIterator[T]:
    """The pieces, with a turn for the event loop after each TURN seconds of work."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for piece in pieces:
        yield piece
        if loop.time() - begun > TURN:
            await asyncio.sleep(0)
            begun = loop.time()


async def near_misses(listing: Listing[T]) -> list[Json]:
    """The rows that fail the fewest filters, newest first among equals; then what came instead."""
    misses: list[tuple[T, list[Test[T]]]] = []
    async for row in in_turns(_newest(listing)):
        if failed := [test for test in listing.tests if not test.fits(row)]:
            misses = sorted([*misses, (row, failed)], key=lambda miss: len(miss[1]))[:MOST_MISSES]
    elsewhere = [miss async for miss in in_turns(listing.elsewhere()) if miss is not None]
    return [_miss(listing, row, failed) for row, failed in misses] + elsewhere


def _newest(listing: Listing[T]) -> Iterator[T]:
    lowest, highest = listing.bounds()
    end = max(lowest, highest + 1 - MISSES_AMONG)
    for high in range(highest, end - 1, -MISSES_READ):
        yield from listing.newest(max(end, high + 1 - MISSES_READ), high)


def _miss(listing: Listing[T], row: T, failed: Sequence[Test[T]]) -> Json:
    why = [test.why(row) for test in failed]
    return {"text": f"{listing.label(row)}: {'; '.join(why)}", "number": listing.number(row), "why": why}
