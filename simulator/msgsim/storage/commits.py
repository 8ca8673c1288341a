"""The only committer: whoever answers for something that was written waits here until it is durable."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store

Answer = Callable[[StoreError | None], None]
"""Called with None once everything written before is durable, or with the reason why it was lost."""


class Commits:
    """Commits in the second event loop iteration after the first answer was added, so that many share a commit."""

    def __init__(self, store: Store, committed: Callable[[Changes, StoreError | None], None]) -> None:
        """``committed`` is called after each commit and before any answer.

        It is given what became durable, or the reason why it was lost.
        """
        self._store = store
        self._committed = committed
        self._answers: list[Answer] = []

    def then(self, answer: Answer) -> None:
        if not self._answers:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._commit)
        self._answers.append(answer)

    async def durable(self) -> None:
        """Wait for the commit, where there is something to commit. Raises StoreError when it was lost."""
        if self._answers or self._store.dirty:
            done = asyncio.get_running_loop().create_future()
            self.then(partial(_settle, done))
            await done

    def now(self) -> None:
        """Commit at once, for everybody who waits. Raises StoreError."""
        answers, self._answers = self._answers, []
        changes, lost = Changes(), None
        try:
            changes = self._store.commit()
        except StoreError as error:
            lost = error
        self._committed(changes, lost)
        for answer in answers:
            try:
                answer(lost)
            except Exception:  # A client that is gone keeps nobody else waiting.
                logging.getLogger("msgsim").exception("unexpected")
        if lost is not None:
            raise lost

    def _commit(self) -> None:
        with contextlib.suppress(StoreError):  # The answers were given it.
            self.now()


def _settle(done: "asyncio.Future[None]", error: StoreError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
