"""Long polls: lists that are answered as soon as enough of their rows fit.

A poll reads all rows once. After that it reads only rows that are new or rewritten, and rows whose status changes at a
time that the sandbox's clock has reached (their turn).
"""

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from msgsim.storage.commits import settle
from msgsim.storage.keys import SHIFT
from msgsim.web.control.lists import Listing, Page, Search
from msgsim.web.control.subscriptions import Subscription, Subscriptions

MOST_TURNS = 10_000
"""Limit of turns that are kept per poll; when the time of a dropped one has come, all rows are read again."""
T = TypeVar("T")


class Turns:
    """A priority queue of rows to be read again, by time on the sandbox's clock in milliseconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self.forgotten: int | None = None
        """The earliest time of a dropped turn; None: none was dropped."""

    def add(self, at: int, number: int) -> None:
        if self.forgotten is not None and at >= self.forgotten:
            return
        heapq.heappush(self._heap, (at, number))
        if len(self._heap) > MOST_TURNS:
            self._heap = heapq.nsmallest(MOST_TURNS // 2, self._heap)
            self.forgotten = self._heap.pop()[0]
            while self._heap and self._heap[-1][0] == self.forgotten:
                self._heap.pop()

    def next(self) -> int | None:
        return self._heap[0][0] if self._heap else self.forgotten

    def come(self, now: int) -> Iterator[int]:
        """Remove the turns up to ``now`` and give the numbers of their rows."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[1]


class News:
    """Distinguishes rows that begin to fit from rows that fitted already when the poll began (query ``new``)."""

    def __init__(self) -> None:
        self._started = False
        self._through = 0
        """Rows up to this number cannot begin to fit: all of them fitted, or rows of this kind never change."""
        self._before: set[int] = set()
        """Numbers of other rows that fitted at the start, and ever since."""
        self._still: set[int] = set()
        """The rows of ``_before`` that the present search has found."""

    def begin(self, listing: Listing[Any], again: bool) -> None:
        """A search of all rows begins; ``again``: the sandbox was not reset since the last search."""
        self._still = set()
        if not self._started:
            self._through = listing.bounds()[1] if listing.rewritten is None or not listing.tests else 0
        elif not again:
            self._through, self._before = 0, set()

    def concerns(self, number: int) -> bool:
        return number > self._through

    def begins(self, number: int, fits: bool) -> bool:
        """Whether a row that was just read has begun to fit since the poll began."""
        if not fits:
            self._before.discard(number)
            return False
        if not self._started:
            self._before.add(number)
        if number in self._before:
            self._still.add(number)
        return number > self._through and number not in self._before

    def end(self) -> None:
        """The search has read all rows: those of ``_before`` that it has not found do not fit any more."""
        self._started, self._before = True, self._still


class Poll(Generic[T]):
    """One long poll: the list that it waits for, and the rows found so far."""

    def __init__(self, make: Callable[[], Listing[T]], cursor: int, most: int, wanted: int, new: bool = False) -> None:
        """``make`` gives the listing as it is now; it may raise Unknown.

        ``new``: only what begins to fit from now on.
        """
        self.found: Page[T] | None = None
        """The answer; None: not enough rows fit yet."""
        self.total = 0
        self.stale = True
        """Whether all rows have to be read (`search`)."""
        self._make = make
        self._cursor = cursor
        self._most = most
        self._wanted = wanted
        self._news = News() if new else None
        self._fitting: set[int] = set()
        self._turns = Turns()
        self._sandbox = self._seen = self._now = self._rewritten = 0

    @property
    def next_turn(self) -> int | None:
        """The time of the next turn on the sandbox's clock; None: there is none."""
        return self._turns.next()

    def search(self) -> Iterator[None]:
        """Read all rows; each step is a bounded piece of work. Raises what ``make`` raises."""
        listing = self._make()
        if self._news is not None:
            self._news.begin(listing, again=listing.sandbox == self._sandbox)
        self._fitting, self._turns = set(), Turns()
        self._sandbox, self._seen, self._now = listing.sandbox, listing.bounds()[1], listing.now
        self._rewritten = listing.rewritten.total if listing.rewritten else 0
        if self._news is not None:
            yield from self._search_new(listing, self._news)
            return
        search = Search(listing, self._cursor, self._most, self._wanted)
        for looked in search.steps():
            if looked is not None and search.page.total < self._wanted:
                self._note(listing, *looked)
            yield
        self.total, self.stale = search.page.total, False
        if self.total >= self._wanted:
            self.found = search.page

    def _search_new(self, listing: Listing[T], news: News) -> Iterator[None]:
        """As `search`, for ``new``: reads every row that may change, because rows that do not fit now may fit later."""
        for low, high in listing.slices():
            for row in listing.between(low, high) if news.concerns(high) else ():
                self._note(listing, row, listing.exact or listing.fits(row))
                yield
        news.end()
        self.total, self.stale = len(self._fitting), False
        if self.total >= self._wanted:
            self._answer(listing)

    def news(self) -> Iterator[None]:
        """Read what may have changed since the last call; sets ``stale`` if it cannot know which rows these are."""
        listing = self._make()
        rewritten = listing.rewritten.since(self._rewritten) if listing.rewritten else []
        forgotten = self._turns.forgotten
        self.stale = (
            listing.sandbox != self._sandbox
            or listing.now < self._now
            or rewritten is None
            or (forgotten is not None and listing.now >= forgotten)
        )
        if self.stale or rewritten is None:
            return
        self._now, self._rewritten = listing.now, listing.rewritten.total if listing.rewritten else 0
        for number in [*self._turns.come(listing.now), *_numbers(rewritten, listing.sandbox)]:
            if number <= self._seen:
                self._look_again(listing, number)
                yield
        yield from self._new(listing)
        self.total = len(self._fitting)
        if self.total >= self._wanted:
            self._answer(listing)

    def _new(self, listing: Listing[T]) -> Iterator[None]:
        _, highest = listing.bounds()
        while self._seen < highest:
            low, high = self._seen + 1, min(self._seen + listing.width, highest)
            for row in listing.between(low, high):
                self._note(listing, row, listing.fits(row))
                yield
            self._seen = high

    def _look_again(self, listing: Listing[T], number: int) -> None:
        if (row := listing.row(number)) is None:
            self._fitting.discard(number)
        else:
            self._note(listing, row, listing.fits(row))

    def _note(self, listing: Listing[T], row: T, fits: bool) -> None:
        number = listing.number(row)
        if self._news is not None:
            fits = self._news.begins(number, fits)
        (self._fitting.add if fits else self._fitting.discard)(number)
        if (at := listing.turn(row)) is not None:
            self._turns.add(at, number)

    def _answer(self, listing: Listing[T]) -> None:
        """Set ``found``, unless too many of the rows were deleted meanwhile."""
        page: Page[T] = Page(listing, [])
        for number in sorted(self._fitting, reverse=listing.newest_first):
            row = listing.row(number)
            if row is None:
                self._fitting.discard(number)
                continue
            page.total += 1
            if listing.follows(number, self._cursor):
                page.add(row, self._most)
        self.total = page.total
        if page.total >= self._wanted:
            self.found = page


def _numbers(keys: list[int], sandbox: int) -> Iterator[int]:
    """The numbers of those keys that belong to a sandbox."""
    return (key - (sandbox << SHIFT) for key in keys if key >> SHIFT == sandbox)


class Waiting:
    """The long polls of one sandbox that have read all rows and wait for news."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.polls: dict[Poll[Any], asyncio.Future[None]] = {}

    async def news(self, poll: Poll[T], seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()
        self.polls[poll] = done
        self.subscription.news.set()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await done
        finally:
            del self.polls[poll]
            self.subscription.news.set()

    @property
    def next_turn(self) -> int | None:
        turns = [poll.next_turn for poll in self.polls]
        return min((turn for turn in turns if turn is not None), default=None)

    def round(self) -> Iterator[None]:
        """Let each poll read the news, and wake those that are answered or stale; each step is bounded."""
        for poll, done in list(self.polls.items()):
            if done.done():
                continue
            try:
                yield from poll.news()
            except Exception as error:  # Raised in the request of the poll.
                settle(done, error)
            else:
                if poll.found is not None or poll.stale:
                    settle(done, None)
            yield

    def end(self, error: Exception | None) -> None:
        for done in self.polls.values():
            settle(done, error)


class Polls:
    """All long polls. One task per sandbox reads the news for them: a message does not wake hundreds of tasks."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self.subscriptions = subscriptions
        self._waiting: dict[str, Waiting] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def news(self, sandbox: str, poll: Poll[T], seconds: float) -> None:
        """Wait until the poll is answered or stale, time is over, or the server stops. Raises as `Poll.news`."""
        if sandbox not in self._waiting:
            self._waiting[sandbox] = Waiting(self.subscriptions.open(sandbox))
            task = asyncio.create_task(self._run(sandbox, self._waiting[sandbox]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._waiting[sandbox].news(poll, seconds)

    async def _run(self, sandbox: str, waiting: Waiting) -> None:
        """Make rounds while the sandbox has waiting polls."""
        try:
            while waiting.polls and not self.subscriptions.closing:
                await self.subscriptions.resting(waiting.round())
                await waiting.subscription.wait(waiting.next_turn, None)
            waiting.end(None)
        except Exception as error:  # For instance, the sandbox was deleted.
            waiting.end(error)
        finally:
            del self._waiting[sandbox]
            self.subscriptions.close(waiting.subscription)
