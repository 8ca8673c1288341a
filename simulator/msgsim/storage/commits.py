"""The only committer: whoever answers for something that was written waits here until it is durable."""

import asyncio
import contextlib
import logging
from bisect import bisect_left
from collections.abc import Callable
from functools import partial

from msgsim.clock import elapsed
from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store

Answer = Callable[[StoreError | None], None]
"""Called with None once everything written before is durable, or with the reason why it was lost."""


BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds."""


class Durations:
    """How long commits took."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """How many took at most each of the bounds, and more than the one before; the last: more than all."""
        self.seconds = 0.0
        """All of them together."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Commits:
    """Commits in the second event loop iteration after the first answer was added, so that many share a commit."""

    def __init__(self, store: Store, committed: Callable[[Changes, StoreError | None], None]) -> None:
        """``committed`` is called after each commit and before any answer.

        It is given what became durable, or the reason why it was lost.
        """
        self._store = store
        self._committed = committed
        self._answers: list[Answer] = []
        self._committing: list[Answer] | None = None
        """Those of the commit that goes on beside the loop; None: there is none."""
        self._begun = 0
        """How many commits were begun beside the loop."""
        self._since = 0.0
        """When the commit was begun that goes on beside the loop, by `elapsed`."""
        self.durations = Durations()

    def then(self, answer: Answer) -> None:
        if not self._answers:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.start)
        self._answers.append(answer)

    async def durable(self) -> None:
        """Wait for the commit, where there is something to commit. Raises StoreError when it was lost."""
        if self._answers or self._store.dirty or self._committing is not None:
            done = asyncio.get_running_loop().create_future()
            self.then(partial(_settle, done))
            await done

    def start(self) -> None:
        """Begin a commit for everybody who waits; beside the loop, where the database can do that.

        While one goes on, the next waits for its end.
        """
        if self._committing is not None:
            return
        loop = asyncio.get_running_loop()
        self._begun += 1
        if self._store.begin_commit(partial(_call, loop, partial(self._end, self._begun))):
            self._committing, self._answers = self._answers, []
            self._since = elapsed()
        else:
            with contextlib.suppress(StoreError):  # The answers were given it.
                self.now()

    def now(self) -> None:
        """Commit at once, for everybody who waits. Raises StoreError."""
        lost = None
        if self._committing is not None:
            lost = self._finish()
        answers, self._answers = self._answers, []
        lost = self._hand_out(self._store.commit, answers, elapsed()) or lost
        if lost is not None:
            raise lost

    def _end(self, begun: int) -> None:
        """A commit beside the loop is over. `now` may have waited for that already."""
        if self._committing is not None and begun == self._begun:
            self._finish()
            if self._answers:
                self.start()

    def _finish(self) -> StoreError | None:
        answers, self._committing = self._committing or [], None
        return self._hand_out(self._store.end_commit, answers, self._since)

    def _hand_out(self, commit: Callable[[], Changes], answers: list[Answer], begun: float) -> StoreError | None:
        """Tell everybody what a commit came to; why it was lost, where it was. ``begun``: by `elapsed`."""
        changes, lost = Changes(), None
        try:
            changes = commit()
        except StoreError as error:
            lost = error
        self.durations.add(elapsed() - begun)
        self._committed(changes, lost)
        for answer in answers:
            try:
                answer(lost)
            except Exception:  # A client that is gone keeps nobody else waiting.
                logging.getLogger("msgsim").exception("unexpected")
        return lost


def _call(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """From any thread; not at all when the server has stopped meanwhile."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def _settle(done: "asyncio.Future[None]", error: StoreError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
