"""Callbacks under way: posted, recorded, and at most one per subject at a time, so that their order is kept."""

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
"""Seconds for which attempts are recorded in one commit: after a crash, those of the last ones are made again."""
LAST = 0.8
"""Seconds that posts under way have to end in when the server stops."""
Attempted = tuple[Attempt, bool]
"""An attempt, and whether the host is none that callbacks may go to."""


class Attempts:
    """Makes and records attempts. A callback's subject is what it reports on: a message, or an inbound message."""

    def __init__(self, engine: Engine, agenda: Agenda, poster: Poster) -> None:
        self._engine = engine
        self._agenda = agenda
        self._poster = poster
        self._busy: dict[int, asyncio.Event] = {}
        """Subjects whose callback is under way; set when it is not any more."""
        self._behind: dict[int, set[tuple[int, str]]] = {}
        """Per busy subject: sandbox and host of its further callbacks that are due."""
        self._posting: set[asyncio.Task[object]] = set()
        self._recording: asyncio.TimerHandle | None = None
        self.stopping = False
        """No attempt begins any more."""
        self._cut = False
        """Those that were under way have been cancelled, too."""

    def may_begin(self, callback: Callback, host: str) -> bool:
        """Whether a callback to a host can be started now.

        One that cannot be read is failed for good. One whose subject is busy is noted on the agenda again as soon as
        that is free.
        """
        if callback.state != "pending":
            self.fail(callback, callback.reason)
        elif callback.subject in self._busy:
            self._behind.setdefault(callback.subject, set()).add((callback.key >> SHIFT, host))
        else:
            return True
        return False

    def claim(self, subject: int) -> None:
        self._busy[subject] = asyncio.Event()

    def release(self, subject: int) -> None:
        self._busy.pop(subject).set()
        for sandbox, host in self._behind.pop(subject, ()):
            self._agenda.note(sandbox, host, EVER)

    async def claimed(self, subject: int) -> None:
        """Claim it when nobody else has it any more."""
        while (busy := self._busy.get(subject)) is not None:
            await busy.wait()
        self.claim(subject)

    async def post(self, callback: Callback) -> Attempted | None:
        """Post a callback of a claimed subject once.

        None where nothing came of it: its sandbox is gone, the server stops, or it cannot be posted and has failed.
        Raises StoreError.
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
        """Record an attempt, soon and together with others. None when its sandbox was emptied meanwhile."""
        try:
            entry = actions.settle(self._engine, callback, *outcome)
        except Unknown:
            return None
        self._record_soon()
        return entry

    def fail(self, callback: Callback, reason: str) -> None:
        """Give up a callback that can never be posted; others do not wait for it."""
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
        """Begin nothing any more; what is under way has less than a second to end."""
        if not self.stopping:
            self.stopping = True
            asyncio.get_running_loop().call_later(LAST, self._cancel)

    def _cancel(self) -> None:
        self._cut = True
        for task in self._posting:
            task.cancel()

    async def close(self) -> None:
        """Record what has ended. What has not is posted again after the next start."""
        self.stop()
        while self._busy:
            await next(iter(self._busy.values())).wait()
        if self._recording is not None:
            self._recording.cancel()
            self._record()
        await self._poster.close()
