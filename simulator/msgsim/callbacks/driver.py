"""Moves clocks by hand: everything that falls due on the way happens in order, before the call returns."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from operator import attrgetter, itemgetter

from msgsim.callbacks.agenda import Agenda
from msgsim.callbacks.attempts import Attempts
from msgsim.clock import LATEST
from msgsim.engine import statuses
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.statuses import Reached
from msgsim.model import Callback, Entry, Json
from msgsim.storage.keys import EVER, NUMBERS

MOST_HAPPENED = 1000
"""Most events that are listed after a clock was moved; further ones are only counted."""
MOST_ROUNDS = 1000
"""Limit of rounds when a clock runs until idle: an application that answers every callback by a send never is."""
Happened = tuple[list[dict[str, Json]], int]
"""Statuses and attempts between two times, in order, at most `MOST_HAPPENED`; and how many there were in total."""


class Busy(Exception):
    """The clock of this sandbox is being moved by another request."""


class Driver:
    """Moves clocks, and posts the callbacks that fall due on the way."""

    def __init__(
        self, engine: Engine, agenda: Agenda, attempts: Attempts, most: int, released: Callable[[Sandbox], None]
    ) -> None:
        """``most``: limit of concurrent attempts; ``released``: called when a sandbox is no longer driven."""
        self._engine = engine
        self._agenda = agenda
        self._attempts = attempts
        self._most = most
        self._released = released
        self._driven: set[int] = set()

    def drives(self, sandbox: Sandbox) -> bool:
        """Whether the clock of a sandbox is being moved by hand now."""
        return sandbox.number in self._driven

    async def advance(self, sandbox: Sandbox, to: int) -> Happened:
        """Move a clock to a time; everything that falls due happens in order, retries included. Raises Busy."""
        with self._alone(sandbox):
            start = sandbox.now()
            entries = await self._drive(sandbox, to)
            return await self._happened(sandbox, start, max(start, to), entries)

    async def idle(self, sandbox: Sandbox) -> Happened:
        """Move a clock until no callback is pending and no message changes any more. Raises Busy."""
        with self._alone(sandbox):
            start = sandbox.now()
            entries: list[Entry] = []
            for _ in range(MOST_ROUNDS):
                if not self._goes_on(sandbox) or (moment := self._last_moment(sandbox)) is None:
                    break
                entries += await self._drive(sandbox, moment)
            return await self._happened(sandbox, start, sandbox.now(), entries)

    @contextlib.contextmanager
    def _alone(self, sandbox: Sandbox) -> Iterator[None]:
        """Drive a sandbox exclusively. Raises Busy instead of waiting for a turn: the waiting request may come from the
        receiver whose answer the present drive waits for, which would be a deadlock.
        """
        if self.drives(sandbox):
            raise Busy(f"the clock of {sandbox.name!r} is being moved; ask again when that is done")
        self._driven.add(sandbox.number)
        try:
            yield
        finally:
            self._driven.discard(sandbox.number)
            self._released(sandbox)

    def _last_moment(self, sandbox: Sandbox) -> int | None:
        """The time of the last event known now; None: nothing is left to happen."""
        now = sandbox.now()
        due = self._next(sandbox, LATEST)
        moments = (due, self._engine.store.steps.last_end(sandbox.number))
        ahead = [moment for moment in moments if moment is not None and moment > now]
        if not ahead and due is not None:
            return now  # A replayed callback is due already.
        return max(ahead, default=None)

    async def _drive(self, sandbox: Sandbox, to: int) -> list[Entry]:
        """Move the clock to a time, by the due times on the way; return the journal entries of the attempts."""
        entries: list[Entry] = []
        while self._goes_on(sandbox) and (moment := self._next(sandbox, to)) is not None:
            if moment > sandbox.now():
                sandbox.clock = sandbox.clock.moved(moment)
            entries += await self._all_at(sandbox, moment)
        if self._goes_on(sandbox) and to > sandbox.now():
            sandbox.clock = sandbox.clock.moved(to)
        if self._engine.sandboxes.get(sandbox.name) is sandbox:
            sandbox.save(self._engine.store)
        self._engine.commits.now()
        return entries

    def _next(self, sandbox: Sandbox, to: int) -> int | None:
        """When the next callback is due that has no running attempt; None: none is due by ``to``."""
        number = sandbox.number
        while self._engine.store.owes_uncommitted:
            self._engine.commits.now()
        while (first := self._agenda.first(number)) is not None and first[0] <= to:
            bound, host = first
            due = next((callback.due for callback in self._startable(number, host, to)), None)
            if due == bound:
                return due
            self._agenda.take(number, bound)
            following = self._engine.store.callbacks.next_due(number, host, to) if due is None else due
            if following is not None:
                self._agenda.note(number, host, following)
        return None

    def _startable(self, sandbox: int, host: str, until: int) -> Iterator[Callback]:
        """The due callbacks to a host that can be attempted now. Unreadable ones fail: they would be due for ever."""
        for callback in self._engine.store.callbacks.due(sandbox, host, until):
            if self._attempts.may_begin(callback, host):
                yield callback

    def _goes_on(self, sandbox: Sandbox) -> bool:
        """False when the server is stopping, or the sandbox was reset or closed, for instance by a receiver."""
        return self._engine.sandboxes.get(sandbox.name) is sandbox and not self._engine.signals.closing

    async def _all_at(self, sandbox: Sandbox, moment: int) -> list[Entry]:
        """Make the attempts due at a time, concurrently, but one for each message; return their journal entries."""
        callbacks = self._due(sandbox, moment)
        for callback in callbacks:
            self._attempts.claim(callback.subject)
        try:
            outcomes = await asyncio.gather(*map(self._attempts.post, callbacks))
            settled = [
                self._attempts.settle(callback, outcome)
                for callback, outcome in zip(callbacks, outcomes, strict=True)
                if outcome is not None
            ]
            self._engine.commits.now()
        finally:
            for callback in callbacks:
                self._attempts.release(callback.subject)
        return [entry for entry in settled if entry is not None]

    def _due(self, sandbox: Sandbox, moment: int) -> list[Callback]:
        """The first due callback of each subject, by due time; at most as many as the limit of concurrent attempts."""
        found: dict[int, Callback] = {}
        hosts = []
        while len(found) < self._most and (host := self._agenda.take(sandbox.number, moment)) is not None:
            for callback in self._startable(sandbox.number, host, moment):
                found.setdefault(callback.subject, callback)
                if len(found) == self._most:
                    break
            hosts.append(host)
        for host in hosts:
            self._agenda.note(sandbox.number, host, EVER)  # `_next` replaces it by the true time.
        return sorted(found.values(), key=attrgetter("due", "key"))

    async def _happened(self, sandbox: Sandbox, start: int, end: int, entries: list[Entry]) -> Happened:
        """List the statuses between two times together with the attempts in ``entries``."""
        store, total = self._engine.store, len(entries)
        found: list[Reached] = []
        for piece in statuses.reached(store, sandbox.number, start, end):
            found += piece
            if len(found) >= MOST_HAPPENED:
                break
            await asyncio.sleep(0)
        for count in statuses.count(store, sandbox.number, start, end):
            total += count
            await asyncio.sleep(0)
        listed = [*map(_status, found[:MOST_HAPPENED]), *map(_attempt, entries[:MOST_HAPPENED])]
        return sorted(listed, key=itemgetter("at"))[:MOST_HAPPENED], total


def _status(reached: Reached) -> dict[str, Json]:
    at, message, step = reached
    named = {"message": message.id, "channel": message.channels[step.channel].name}
    return {"at": at, "kind": "status", **named, "status": step.status, "code": step.code}


def _attempt(entry: Entry) -> dict[str, Json]:
    assert entry.attempt is not None
    attempt = entry.attempt
    return {
        "at": entry.at,
        "kind": "callback",
        "callback": attempt.callback & NUMBERS,
        "attempt": attempt.number,
        "url": attempt.url,
        "answered": attempt.status,
        "error": attempt.error or None,
    }
