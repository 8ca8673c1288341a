"""The only module that waits: follows the clocks, or advances one."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator
from operator import itemgetter

from msgsim.callbacks.http import Poster
from msgsim.config import Config
from msgsim.engine import actions, statuses
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.statuses import Reached
from msgsim.model import Attempt, Callback, Entry, Json, Unknown
from msgsim.storage.database import StoreError
from msgsim.storage.store import NUMBERS, Changes
from msgsim.storage.store import host as host_of

IDLE = 3600.0
"""Seconds the loop sleeps at most when nothing is owed."""
STALLED = 1.0
"""Seconds between two looks at a store that cannot be written."""
SWEEPING = 0.005
"""Seconds between two slices of a sandbox that is gone."""
TOGETHER = 0.005
"""Seconds for which attempts are recorded in one commit: after a crash, those of the last ones are made again."""
MOST_HAPPENED = 1000
"""Entries in the answer to a clock that was moved; the rest is counted."""


MOST_ROUNDS = 1000
"""How often a clock runs until idle: two applications that answer each other never are."""


class Busy(Exception):
    """The clock is being moved already."""


class Dispatcher:
    """Posts what is due: by itself where a clock runs, in order where one is moved by hand."""

    def __init__(self, engine: Engine, poster: Poster, config: Config) -> None:
        self._engine = engine
        self._poster = poster
        self._most = config.callback_connections
        self._most_per_host = config.callback_connections_per_host
        self._wake = asyncio.Event()
        self._subjects: set[int] = set()
        self._hosts: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._committing: asyncio.TimerHandle | None = None
        self._stalled = False
        """The store lost what was written last: what is posted now could not be recorded."""
        self._running = False
        self._pause = 0.0
        """Seconds after which more is due, as of the last look."""
        engine.commits.followers.append(self._committed)

    async def run(self) -> None:
        """Until cancelled."""
        self._running = True
        while True:
            if self._stalled:
                await self._recover()
            self._wake.clear()
            try:
                await self._round()
            except Exception as error:
                self._stall(error)

    async def _round(self) -> None:
        self._look()
        sweeping = bool(self._engine.run.left)
        try:
            async with asyncio.timeout(min(self._pause, SWEEPING) if sweeping else self._pause):
                await self._wake.wait()
        except TimeoutError:
            if sweeping:
                self._engine.sweep()
                self._commit()

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """The store is clean now, so this is the moment to look at it: what is found is committed."""
        if error is not None:
            self._stall(error)
        elif self._running and not self._stalled and (changes.callbacks or changes.sandboxes or self._engine.run.left):
            try:
                self._look()
            except Exception as failed:
                self._stall(failed)
            self._wake.set()

    def _look(self) -> None:
        """Start what is due, unless something is owed that is not committed: then the commit is the moment for it."""
        if not self._engine.store.owes_uncommitted:
            self._pause = self._start_due()

    def _stall(self, error: Exception) -> None:
        if not isinstance(error, StoreError):
            logging.getLogger("msgsim").error("unexpected", exc_info=error)
        elif not self._stalled:
            logging.getLogger("msgsim").error("%s; callbacks wait until it can be written again", error)
        self._stalled = True
        self._wake.set()

    async def _recover(self) -> None:
        """What cannot be recorded is not posted: every post would be made again."""
        store, commits = self._engine.store, self._engine.commits
        while self._stalled:
            await asyncio.sleep(STALLED)
            with contextlib.suppress(StoreError):
                store.take_room()
                commits.now()
                store.give_room_back()
                commits.now()
                self._stalled = False

    async def close(self) -> None:
        """Interrupted attempts are made again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._poster.close()

    def _start_due(self) -> float:
        """Start everything that is due and has room; seconds until there is more."""
        soonest = IDLE
        for sandbox in list(self._engine.sandboxes.values()):
            if sandbox.clock.rate == 0 or sandbox.driven:
                continue
            now = sandbox.now()
            self._start_of(sandbox, now)
            moment = self._engine.store.next_due(sandbox.number, after=now)
            if moment is not None:
                soonest = min(soonest, sandbox.clock.wait(moment) or 0)
        return soonest

    def _start_of(self, sandbox: Sandbox, now: int) -> None:
        """Again while some could start: what one host takes at once is looked at, not all there is room for."""
        while (room := self._most - len(self._tasks)) > 0:
            limit = 2 * (min(room, self._most_per_host) + len(self._subjects))
            found = self._engine.store.due(sandbox.number, now, limit, self._full())
            started = [self._start(callback) for callback in found]
            if len(found) < limit or not any(started):
                return

    def _full(self) -> list[str]:
        """Hosts that are busy enough; a quarter has to be done before more is looked for."""
        return [host for host, busy in self._hosts.items() if busy * 4 > self._most_per_host * 3]

    def _start(self, callback: Callback) -> bool:
        """False when it has to wait: for its turn, or for its host."""
        host = host_of(callback.url)
        if (
            callback.subject in self._subjects
            or len(self._tasks) >= self._most
            or self._hosts[host] >= self._most_per_host
        ):
            return False
        self._subjects.add(callback.subject)
        self._hosts[host] += 1
        task = asyncio.create_task(self._deliver(callback, host))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _deliver(self, callback: Callback, host: str) -> None:
        try:
            await self._attempt(callback)
        except Exception as wrong:
            self._stall(wrong)
        finally:
            self._subjects.discard(callback.subject)
            self._hosts[host] -= 1
            if not self._hosts[host]:
                del self._hosts[host]
            self._wake.set()

    async def _attempt(self, callback: Callback) -> Entry | None:
        """None when its sandbox was emptied meanwhile."""
        try:
            attempt, refused = await self._poster.attempt(callback, actions.post(self._engine, callback))
            return self._settle(callback, attempt, refused)
        except Unknown:
            return None

    def _settle(self, callback: Callback, attempt: Attempt, refused: bool) -> Entry:
        entry = actions.settle(self._engine, callback, attempt, refused)
        if self._committing is None:
            self._committing = asyncio.get_running_loop().call_later(TOGETHER, self._commit)
        return entry

    def _commit(self) -> None:
        self._committing = None
        with contextlib.suppress(StoreError):  # `_committed` was given it.
            self._engine.commits.now()

    def hold(self, keys: tuple[int, ...]) -> None:
        """Nobody else may post the callbacks that leave before the answer to their send does."""
        self._subjects.update(callback.subject for callback in self._owed(keys))

    async def post_now(self, keys: tuple[int, ...]) -> None:
        """Post what was held, now that it is committed."""
        held = self._owed(keys)
        try:
            for callback in held:
                await self._attempt(callback)
        except StoreError as wrong:
            self._stall(wrong)
        finally:
            self._subjects.difference_update(callback.subject for callback in held)
            self._wake.set()

    def _owed(self, keys: tuple[int, ...]) -> list[Callback]:
        found = [self._engine.store.callback(key) for key in keys]
        return [callback for callback in found if callback is not None and callback.state == "pending"]

    async def advance(self, sandbox: Sandbox, to: int) -> tuple[list[dict[str, Json]], int]:
        """Move a clock; everything that falls due happens in order, retries included. Raises Busy."""
        async with self._alone(sandbox):
            start = sandbox.now()
            entries = await self._drive(sandbox, to)
            return await self._happened(sandbox, start, max(start, to), entries)

    async def idle(self, sandbox: Sandbox) -> tuple[list[dict[str, Json]], int]:
        """Move a clock until no callback is owed and no message changes any more. Raises Busy."""
        async with self._alone(sandbox):
            start = sandbox.now()
            entries: list[Entry] = []
            for _ in range(MOST_ROUNDS):
                if not self._goes_on(sandbox) or (moment := self._last_moment(sandbox)) is None:
                    break
                entries += await self._drive(sandbox, moment)
            return await self._happened(sandbox, start, sandbox.now(), entries)

    @contextlib.asynccontextmanager
    async def _alone(self, sandbox: Sandbox) -> AsyncIterator[None]:
        """One at a time. To wait for a turn is safe only while no receiver is being waited for, because it
        may be the one that asks.
        """
        if sandbox.driven:
            raise Busy(f"the clock of {sandbox.name!r} is being moved; ask again when that is done")
        sandbox.driven = True
        try:
            yield
        finally:
            sandbox.driven = False
            self._wake.set()

    def _last_moment(self, sandbox: Sandbox) -> int | None:
        now = sandbox.now()
        moments = [self._engine.store.last_end(sandbox.number), self._engine.store.next_due(sandbox.number)]
        ahead = [moment for moment in moments if moment is not None and moment > now]
        if not ahead and self._next(sandbox, now) is not None:
            return now  # A callback that was asked for once more is due already.
        return max(ahead, default=None)

    async def _drive(self, sandbox: Sandbox, to: int) -> list[Entry]:
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
        """When the next callback is due that is not under way already."""
        if not self._subjects:
            moment = self._engine.store.next_due(sandbox.number)
            return moment if moment is not None and moment <= to else None
        due = self._engine.store.due(sandbox.number, to, len(self._subjects) + 1024)
        return next((one.due for one in due if one.subject not in self._subjects), None)

    def _goes_on(self, sandbox: Sandbox) -> bool:
        """A receiver may have emptied it meanwhile, or the server is told to stop."""
        return self._engine.sandboxes.get(sandbox.name) is sandbox and not self._engine.closing

    async def _all_at(self, sandbox: Sandbox, moment: int) -> list[Entry]:
        """Everything due at one moment: messages side by side, each one's callbacks in turn."""
        due: dict[int, Callback] = {}
        for callback in self._engine.store.due(sandbox.number, moment, self._most + len(self._subjects)):
            if callback.subject not in self._subjects:
                due.setdefault(callback.subject, callback)
        posts = [(callback, actions.post(self._engine, callback)) for callback in due.values()]
        answers = await asyncio.gather(*(self._poster.attempt(*post) for post in posts))
        entries = []
        for (callback, _), (attempt, refused) in zip(posts, answers, strict=True):
            with contextlib.suppress(Unknown):
                entries.append(actions.settle(self._engine, callback, attempt, refused))
        self._engine.commits.now()
        return entries

    async def _happened(
        self, sandbox: Sandbox, start: int, end: int, entries: list[Entry]
    ) -> tuple[list[dict[str, Json]], int]:
        """Statuses and attempts between two times, in order, and how many there were."""
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
