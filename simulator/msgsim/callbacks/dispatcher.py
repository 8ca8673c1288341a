"""Posts what is due on clocks that go by themselves; the only module that waits for them.

It sleeps until the earliest moment on its agenda, which follows what is committed: neither a sandbox nor a host is
asked for anything unless something may be due there.
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
"""Milliseconds the loop sleeps at most when nothing is owed."""
STALLED = 1.0
"""Seconds between two tries of a store that cannot be written."""
SWEEPING = 5
"""Milliseconds between two slices of a sandbox that is gone."""


class Dispatcher:
    """Starts callbacks when they are due, as many at once as is allowed, in all and to one host."""

    def __init__(self, engine: Engine, poster: Poster, config: Config) -> None:
        self._engine = engine
        self._most = config.callback_connections
        self._most_per_host = config.callback_connections_per_host
        self._agenda = Agenda()
        self._moments: Moments[int] = Moments()
        """Running sandboxes by when something may be due there, on the machine's clock."""
        self._attempts = Attempts(engine, self._agenda, poster)
        self.driver = Driver(engine, self._agenda, self._attempts, self._most, self._plan)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hosts: Counter[str] = Counter()
        """How many are under way to each."""
        self._parked: dict[str, set[int]] = {}
        """Hosts that are busy enough, and the sandboxes that have more for them."""
        self._wake = asyncio.Event()
        self._until = 0
        """When the loop wakes by itself, on the machine's clock."""
        self._running = False
        self._stalled = False
        """The store lost what was written last: what is posted now could not be recorded."""
        engine.signals.committed.follow(self._committed)
        engine.signals.taken.follow(lambda sandbox: self._note_due({sandbox.number}))
        self._fill()

    def _fill(self) -> None:
        """The agenda from the store: at the start, and when what followed the commits was lost."""
        self._agenda.clear()
        self._note_due(self._engine.sandboxes.numbered.keys())  # Rows of one that is gone are swept later.

    def _note_due(self, sandboxes: Collection[int]) -> None:
        for sandbox, host, due in self._engine.store.callbacks.all_due():
            if sandbox in sandboxes:
                self._agenda.note(sandbox, host, due)

    async def run(self) -> None:
        """Until cancelled."""
        self._running = True
        while True:
            if self._stalled:
                await self._recover()
            self._wake.clear()
            self._look()
            sweeping = bool(self._engine.sandboxes.run.closed)
            self._until = machine() + SWEEPING if sweeping else self._next_moment()
            try:
                async with asyncio.timeout((self._until - machine()) / 1000):
                    await self._wake.wait()
            except TimeoutError:
                if sweeping:
                    self._sweep()

    def _next_moment(self) -> int:
        """When `run` wakes by itself, on the machine's clock; while nothing may start, that is none of the moments."""
        may_start = len(self._tasks) < self._most and not self._attempts.stopping
        first = self._moments.first() if may_start else None
        latest = machine() + IDLE
        return latest if first is None else min(first[0], latest)

    def _sweep(self) -> None:
        with contextlib.suppress(StoreError):  # `_committed` is given it.
            self._engine.sandboxes.sweep()
            self._engine.commits.now()

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """Follow what is durable, and start what is due of it. The store is clean at this moment."""
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
            self._look()
            if self._engine.sandboxes.run.closed or self._next_moment() < self._until:
                self._wake.set()

    def _plan(self, sandbox: Sandbox) -> None:
        """Note down when something may be due in a sandbox, on the machine's clock."""
        first = self._agenda.first(sandbox.number)
        drives = self.driver.drives(sandbox)
        moment = None if first is None or drives else sandbox.clock.reaches(first[0])
        if moment is None:
            self._moments.drop(sandbox.number)
        else:
            self._moments.set(sandbox.number, moment)
            if moment < self._until:
                self._wake.set()

    def _look(self) -> None:
        """Start what is due, unless something is owed that is not committed: the commit is the moment for it then."""
        if self._stalled or self._attempts.stopping or self._engine.store.owes_uncommitted:
            return
        try:
            self._start_due()
        except StoreError as error:
            self._stall(error)

    def _start_due(self) -> None:
        """Raises StoreError."""
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
        """Start what is due in a sandbox, host by host, as far as there is room."""
        now = sandbox.now()
        while len(self._tasks) < self._most and (host := self._agenda.take(sandbox.number, now)) is not None:
            self._start_to(sandbox, host, now)
            due = self._engine.store.callbacks.next_due(sandbox.number, host, now)
            if due is not None:
                self._agenda.note(sandbox.number, host, due)
        self._agenda.earlier.discard(sandbox.number)

    def _start_to(self, sandbox: Sandbox, host: str, now: int) -> None:
        """Start what is due to a host. What is not started is looked for again when something else has ended."""
        if self._hosts[host] * 4 > self._most_per_host * 3:
            self._park(sandbox, host)  # Until a quarter has ended: one query then starts several.
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
        """One attempt at a callback whose subject is claimed."""
        try:
            outcome = await self._attempts.post(callback)
            if outcome is not None:
                self._attempts.settle(callback, outcome)
        except StoreError as error:
            self._stall(error)
        finally:
            self._attempts.release(callback.subject)

    async def post_now(self, keys: Iterable[int]) -> None:
        """Post new callbacks that are durable, in turn, whatever their clocks show; each has an attempt afterwards."""
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
        """What cannot be recorded is not posted: every post would be made again."""
        if not self._stalled:
            logging.getLogger("msgsim").error("%s; callbacks wait until it can be written again", error)
        self._stalled = True
        self._wake.set()

    async def _recover(self) -> None:
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
        """Start nothing any more."""
        self._attempts.stop()

    async def close(self) -> None:
        """Record what was under way."""
        await self._attempts.close()
