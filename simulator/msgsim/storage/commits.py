"""The only committer. An answer that promises something written waits here until that is durable."""

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
"""Called with None once everything written before is durable, or with the error with which it was lost."""


BOUNDS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Upper bounds of a histogram, in seconds."""


class Durations:
    """Histogram of how long commits took."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """Commits per bucket of BOUNDS; the last bucket is for those that took longer than all bounds."""
        self.seconds = 0.0
        """Sum of all durations."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Commits:
    """Commits in the second event loop iteration after the first answer was added, so that many share a commit."""

    def __init__(self, store: Store, committed: Callable[[Changes, StoreError | None], None]) -> None:
        """``committed`` is called after each commit, before its answers.

        Its arguments are what became durable, and the error if the commit failed.
        """
        self._store = store
        self._committed = committed
        self._answers: list[Answer] = []
        self._committing: list[Answer] | None = None
        """Answers that wait for the commit that goes on; None: no such commit is running."""
        self._begun = 0
        """How many commits were begun so."""
        self._since = 0.0
        """When the commit that goes on was begun, by `elapsed`."""
        self.durations = Durations()

    def then(self, answer: Answer) -> None:
        """Call ``answer`` after the next commit, and see to it that there is one soon."""
        if not self._answers:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.start)
        self._answers.append(answer)

    async def durable(self) -> None:
        """Wait until everything written so far is durable. Raises StoreError when it was lost."""
        if self._answers or self._store.dirty or self._committing is not None:
            done = asyncio.get_running_loop().create_future()
            self.then(partial(settle, done))
            await done

    def start(self) -> None:
        """Begin a commit for all waiting answers, beside the loop where the database can do that.

        While such a commit is running, this does nothing: its end starts the next.
        """
        if self._committing is not None:
            return
        self._begun += 1
        if self._store.begin_commit(partial(self._end, self._begun)):
            self._committing, self._answers = self._answers, []
            self._since = elapsed()
        else:
            with contextlib.suppress(StoreError):  # The answers have got the error.
                self.now()

    def now(self) -> None:
        """Commit synchronously, for all waiting answers. Raises StoreError when anything was lost."""
        lost = None
        if self._committing is not None:
            lost = self._finish()
        answers, self._answers = self._answers, []
        lost = self._hand_out(self._store.commit, answers, elapsed()) or lost
        if lost is not None:
            raise lost

    def _end(self, begun: int) -> None:
        """A commit that was begun has ended. `now` may have waited for it and finished it already."""
        if self._committing is not None and begun == self._begun:
            self._finish()
            if self._answers:
                self.start()

    def _finish(self) -> StoreError | None:
        answers, self._committing = self._committing or [], None
        return self._hand_out(self._store.end_commit, answers, self._since)

    def _hand_out(self, commit: Callable[[], Changes], answers: list[Answer], begun: float) -> StoreError | None:
        """Commit by ``commit``, call all answers with the result, and return the error, if there was one.

        ``begun``: when the commit began, by `elapsed`.
        """
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
            except Exception:  # A failing answer must not keep the others from being sent.
                logging.getLogger("msgsim").exception("unexpected")
        return lost


def settle(done: "asyncio.Future[None]", error: Exception | None) -> None:
    """End a wait, with an error where there is one; nothing happens when whoever waited has given up."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
