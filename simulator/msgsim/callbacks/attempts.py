"""Makes and records attempts at callbacks; one at a time for each message, so that a receiver gets them in order."""

import asyncio
import logging

from msgsim.callbacks.agenda import Agenda
from msgsim.callbacks.http import Poster
from msgsim.engine import actions
from msgsim.engine.receive import Engine
from msgsim.model import Attempt, Callback, Entry, Unknown
from msgsim.storage.database import StoreError
from msgsim.storage.keys import EVER, SHIFT

TOGETHER = 0.005
"""Seconds after which finished attempts are committed together. After a crash the uncommitted ones are repeated."""
LAST = 0.8
"""Seconds that running posts get to finish when the server stops; then they are cancelled."""
Attempted = tuple[Attempt, bool]
"""An attempt, and whether it was refused because callbacks may not go to the host."""


class Attempts:
    """Attempts of all sandboxes. A callback's subject is the message or inbound message that it reports on."""

    def __init__(self, engine: Engine, agenda: Agenda, poster: Poster) -> None:
        self._engine = engine
        self._agenda = agenda
        self._poster = poster
        self._busy: dict[int, asyncio.Event] = {}
        """Subjects with a running attempt; the event is set when it has finished."""
        self._behind: dict[int, set[tuple[int, str]]] = {}
        """Busy subject → sandbox and host of its other due callbacks, to be noted on the agenda afterwards."""
        self._posting: set[asyncio.Task[object]] = set()
        self._recording: asyncio.TimerHandle | None = None
        self.stopping = False
        """The server is stopping: no attempt begins."""
        self._cut = False
        """Running attempts have been cancelled."""

    def may_begin(self, callback: Callback, host: str) -> bool:
        """Whether an attempt at a due callback can begin now.

        A callback whose row cannot be read fails for good. If the subject is busy, the host is noted on the agenda
        again when the subject is released.
        """
        if callback.state != "pending":
            self.fail(callback, callback.reason)
        elif callback.subject in self._busy:
            self._behind.setdefault(callback.subject, set()).add((callback.key >> SHIFT, host))
        else:
            return True
        return False

    def claim(self, subject: int) -> None:
        """Mark a subject as busy, until `release`."""
        self._busy[subject] = asyncio.Event()

    def release(self, subject: int) -> None:
        self._busy.pop(subject).set()
        for sandbox, host in self._behind.pop(subject, ()):
            self._agenda.note(sandbox, host, EVER)

    async def claimed(self, subject: int) -> None:
        """Wait until a subject is not busy, and claim it."""
        while (busy := self._busy.get(subject)) is not None:
            await busy.wait()
        self.claim(subject)

    async def post(self, callback: Callback) -> Attempted | None:
        """Make one attempt at a callback whose subject is claimed.

        None without an attempt: its sandbox is gone, the server is stopping, or the callback cannot be posted and has
        failed for good. Raises StoreError.
        """
        if self.stopping:
            return None
        try:
            post = actions.post(self._engine, callback)
        except Unknown:
            return None
        except StoreError:
            raise
        except Exception as error:
            self.fail(callback, f"its body cannot be built: {type(error).__name__}: {error}")
            return None
        task = asyncio.current_task()
        assert task is not None
        self._posting.add(task)
        try:
            return await self._poster.attempt(callback, post)
        except asyncio.CancelledError:
            if self._cut and task.uncancel() == 0:
                return None
            raise
        except Exception as error:
            logging.getLogger("msgsim").exception("unexpected")
            self.fail(callback, f"it cannot be posted: {type(error).__name__}: {error}")
            return None
        finally:
            self._posting.discard(task)

    def settle(self, callback: Callback, outcome: Attempted) -> Entry | None:
        """Record an attempt; it is committed soon, together with others. None when its sandbox was closed meanwhile."""
        try:
            entry = actions.settle(self._engine, callback, *outcome)
        except Unknown:
            return None
        self._record_soon()
        return entry

    def fail(self, callback: Callback, reason: str) -> None:
        """Give up a callback that can never be posted, so that later callbacks of its subject do not wait for it."""
        logging.getLogger("msgsim").warning("callback %s failed: %s", callback.key, reason)
        actions.fail(self._engine, callback, reason)
        self._record_soon()

    def _record_soon(self) -> None:
        if self._recording is None:
            self._recording = asyncio.get_running_loop().call_later(TOGETHER, self._record)

    def _record(self) -> None:
        self._recording = None
        self._engine.commits.start()

    def stop(self) -> None:
        """Begin no more attempts; running ones are cancelled after LAST seconds."""
        if not self.stopping:
            self.stopping = True
            asyncio.get_running_loop().call_later(LAST, self._cancel)

    def _cancel(self) -> None:
        self._cut = True
        for task in self._posting:
            task.cancel()

    async def close(self) -> None:
        """Record finished attempts. Cancelled ones are posted again after the next start."""
        self.stop()
        while self._busy:
            await next(iter(self._busy.values())).wait()
        if self._recording is not None:
            self._recording.cancel()
            self._record()
        await self._poster.close()
