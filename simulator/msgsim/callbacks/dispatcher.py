"""Posts callbacks when they are due on running clocks; the only module that waits for a clock.

It sleeps until the earliest time of its agenda, which is updated after each commit. The store is asked only about
sandboxes and hosts that may have something due.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Collection, Iterable

from msgsim.callbacks.agenda import Agenda, Moments
from msgsim.callbacks.attempts import Attempts
from msgsim.callbacks.driver import Driver
from msgsim.callbacks.http import Poster
from msgsim.clock import machine
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Callback
from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError
from msgsim.storage.keys import EVER, SHIFT
from msgsim.storage.keys import host as host_of

IDLE = 3_600_000
"""Most milliseconds that the loop sleeps when nothing is due."""
STALLED = 1.0
"""Seconds between two attempts to write to a store that cannot be written."""
SWEEPING = 5
"""Milliseconds between two deletions of rows of a closed sandbox."""


class Dispatcher:
    """Starts attempts when callbacks are due, within the limits of concurrent posts: in total and per host."""

    def __init__(self, engine: Engine, poster: Poster, config: Config) -> None:
        self._engine = engine
        self._most = config.callback_connections
        self._most_per_host = config.callback_connections_per_host
        self._agenda = Agenda()
        self._moments: Moments[int] = Moments()
        """Sandboxes with running clocks, by the time when something may be due there; on the machine's clock."""
        self._attempts = Attempts(engine, self._agenda, poster)
        self.driver = Driver(engine, self._agenda, self._attempts, self._most, self._plan)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()
        """Running attempts per host."""
        self._parked: dict[str, set[int]] = {}
        """Hosts at their limit → the sandboxes that have more callbacks for them."""
        self._wake = asyncio.Event()
        self._until = 0
        """When the loop wakes without an event, on the machine's clock."""
        self._running = False
        self._stalled = False
        """The last commit failed: attempts could not be recorded, so that none are made."""
        engine.signals.committed.follow(self._committed)
        engine.signals.taken.follow(lambda sandbox: self._note_due({sandbox.number}))
        self._fill()

    def _fill(self) -> None:
        """Read the agenda from the store: at the start, and after commits were lost."""
        self._agenda.clear()
        self._note_due(self._engine.sandboxes.numbered.keys())  # Closed sandboxes may still have rows.

    def _note_due(self, sandboxes: Collection[int]) -> None:
        for sandbox, host, due in self._engine.store.callbacks.all_due():
            if sandbox in sandboxes:
                self._agenda.note(sandbox, host, due)

    async def run(self) -> None:
        """Post until cancelled."""
        self._running = True
        while True:
            if self._stalled:
                await self._recover()
            self._wake.clear()
            self._start_if_possible()
            sweeping = bool(self._engine.sandboxes.run.closed)
            self._until = machine() + SWEEPING if sweeping else self._next_moment()
            try:
                async with asyncio.timeout((self._until - machine()) / 1000):
                    await self._wake.wait()
            except TimeoutError:
                if sweeping:
                    self._sweep()

    def _next_moment(self) -> int:
        """When `run` has to wake without an event, on the machine's clock; after IDLE while nothing may start."""
        may_start = len(self._tasks) < self._most and not self._attempts.stopping
        first = self._moments.first() if may_start else None
        latest = machine() + IDLE
        return latest if first is None else min(first[0], latest)

    def _sweep(self) -> None:
        with contextlib.suppress(StoreError):  # `_committed` has handled it.
            self._engine.sandboxes.sweep()
            self._engine.commits.now()

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """Update the agenda after a commit, and start what is due. Everything in the store is committed now."""
        if error is not None:
            self._stall(error)
            return
        for callback in changes.callbacks:
            self._agenda.note(callback.key >> SHIFT, host_of(callback.url), callback.due)
        for number in changes.dropped:
            self._agenda.forget(number)
            self._moments.drop(number)
        for number in changes.saved:
            if (sandbox := self._engine.sandboxes.numbered.get(number)) is not None:
                self._plan(sandbox)
        if self._running:
            self._start_if_possible()
            if self._engine.sandboxes.run.closed or self._next_moment() < self._until:
                self._wake.set()

    def _plan(self, sandbox: Sandbox) -> None:
        """Update in `_moments` when something may be due in a sandbox."""
        first = self._agenda.first(sandbox.number)
        drives = self.driver.drives(sandbox)
        moment = None if first is None or drives else sandbox.clock.reaches(first[0])
        if moment is None:
            self._moments.drop(sandbox.number)
        else:
            self._moments.set(sandbox.number, moment)
            if moment < self._until:
                self._wake.set()

    def _start_if_possible(self) -> None:
        """Start what is due. While callbacks are uncommitted it waits for the commit, which calls it again."""
        if self._stalled or self._attempts.stopping or self._engine.store.owes_uncommitted:
            return
        try:
            self._start_due()
        except StoreError as error:
            self._stall(error)

    def _start_due(self) -> None:
        """Start what is due in all sandboxes, within the limits. Raises StoreError."""
        self._plan_earlier()
        now = machine()
        while len(self._tasks) < self._most and (first := self._moments.first()) is not None and first[0] <= now:
            number = first[1]
            sandbox = self._engine.sandboxes.numbered.get(number)
            if sandbox is None:
                self._agenda.forget(number)
                self._moments.drop(number)
            else:
                self._start_in(sandbox)
                self._plan(sandbox)

    def _plan_earlier(self) -> None:
        earlier = self._agenda.earlier
        while earlier:
            if (sandbox := self._engine.sandboxes.numbered.get(earlier.pop())) is not None:
                self._plan(sandbox)

    def _start_in(self, sandbox: Sandbox) -> None:
        """Start what is due in a sandbox, host by host, within the limits."""
        now = sandbox.now()
        while len(self._tasks) < self._most and (host := self._agenda.take(sandbox.number, now)) is not None:
            self._start_to(sandbox, host, now)
            due = self._engine.store.callbacks.next_due(sandbox.number, host, now)
            if due is not None:
                self._agenda.note(sandbox.number, host, due)
        self._agenda.earlier.discard(sandbox.number)

    def _start_to(self, sandbox: Sandbox, host: str, now: int) -> None:
        """Start what is due to a host, within its limit; the rest is started when running attempts have finished."""
        if self._hosts[host] * 4 > self._most_per_host * 3:
            self._park(sandbox, host)  # Until a quarter of the limit is free, so that one query starts several.
            return
        for callback in self._engine.store.callbacks.due(sandbox.number, host, now):
            if self._hosts[host] >= self._most_per_host:
                self._park(sandbox, host)
                return
            if len(self._tasks) >= self._most:
                self._agenda.note(sandbox.number, host, EVER)
                return
            if self._attempts.may_begin(callback, host):
                self._start(callback, host)

    def _park(self, sandbox: Sandbox, host: str) -> None:
        self._parked.setdefault(host, set()).add(sandbox.number)

    def _start(self, callback: Callback, host: str) -> None:
        self._attempts.claim(callback.subject)
        self._hosts[host] += 1
        task = asyncio.create_task(self._deliver(callback, host))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, callback: Callback, host: str) -> None:
        try:
            await self._make(callback)
        finally:
            self._hosts[host] -= 1
            self._unpark(host)
            self._wake.set()

    def _unpark(self, host: str) -> None:
        busy = self._hosts[host]
        if not busy:
            del self._hosts[host]
        if host in self._parked and busy * 4 <= self._most_per_host * 3:
            for number in self._parked.pop(host):
                self._agenda.note(number, host, EVER)

    async def _make(self, callback: Callback) -> None:
        """Make and record one attempt at a callback whose subject is claimed, and release the subject."""
        try:
            outcome = await self._attempts.post(callback)
            if outcome is not None:
                self._attempts.settle(callback, outcome)
        except StoreError as error:
            self._stall(error)
        finally:
            self._attempts.release(callback.subject)

    async def post_now(self, keys: Iterable[int]) -> None:
        """Make the first attempt at new, durable callbacks, one after the other, before they are due.

        For callbacks that have to leave before their request is answered. ``keys``: of the callbacks.
        """
        store = self._engine.store
        for key in keys:
            if self._stalled or (new := store.callbacks.by_key(key)) is None:
                continue
            await self._attempts.claimed(new.subject)
            callback = store.callbacks.by_key(key)
            if callback is not None and callback.state == "pending" and not callback.tries:
                await self._make(callback)
            else:
                self._attempts.release(new.subject)
        self._wake.set()

    def _stall(self, error: StoreError) -> None:
        """Stop posting until the store can be written: unrecorded posts would all be repeated."""
        if not self._stalled:
            logging.getLogger("msgsim").error("%s; callbacks wait until it can be written again", error)
        self._stalled = True
        self._wake.set()

    async def _recover(self) -> None:
        """Wait until the store can be written again, with some room to spare."""
        store, commits = self._engine.store, self._engine.commits
        while self._stalled:
            await asyncio.sleep(STALLED)
            with contextlib.suppress(StoreError):
                store.take_room()
                commits.now()
                store.give_room_back()
                commits.now()
                self._fill()
                self._stalled = False

    def stop(self) -> None:
        """Begin no more attempts."""
        self._attempts.stop()

    async def close(self) -> None:
        """Wait for running attempts and record them."""
        await self._attempts.close()
