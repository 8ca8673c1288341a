"""Counts messages and callbacks by state, incrementally: only rows that may have changed are read again.

A message's state follows from its plan and the time. So a block of messages is read once, and its counts are moved
forward by the changes of state that its plans contain. A slice of callbacks is final once none of them is pending.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from heapq import heapify, heappop

from msgsim.contract import Contract
from msgsim.model import Message
from msgsim.plan import word
from msgsim.storage.keys import BLOCK, SHIFT, first
from msgsim.storage.store import Store

ByState = Counter[tuple[str, str]]
"""(provider, state) → how many messages."""
NOTHING = ("", "")
"""No state: what an outcome that is reached replaces."""
SLICE = 4096
"""Callbacks per slice."""


class MessageTally:
    """Counts the messages of a sandbox by provider and state."""

    def __init__(self, store: Store, contracts: Mapping[str, Contract], sandbox: int) -> None:
        self._store = store
        self._contracts = contracts
        self._sandbox = sandbox
        self._blocks: dict[int, _Block] = {}
        self._seen = self._rewritten = 0
        self._now: int | None = None

    def counted(self, now: int) -> Iterator[ByState]:
        """Empty counters while it counts, each after a bounded amount of work; the last counter is the result."""
        rewritten = self._store.messages.rewritten.since(self._rewritten)
        if rewritten is None or self._now is None or now < self._now:
            self._blocks.clear()
            self._seen = 0
        lowest, highest = self._store.messages.bounds(self._sandbox)
        base, total = first(self._sandbox), self._store.messages.rewritten.total
        unread = range((base + max(lowest, self._seen)) >> BLOCK, ((base + highest) >> BLOCK) + 1)
        again = {key >> BLOCK for key in rewritten or () if key >> SHIFT == self._sandbox}
        for block in sorted({*unread, *again}):
            self._blocks[block] = self._read(block, now)
            yield Counter()
        self._seen, self._rewritten, self._now = highest, total, now
        counts: ByState = Counter()
        for known in self._blocks.values():
            known.go_on(now)
            counts.update(known.counts)
        yield counts

    def _block(self) -> "_Block":
        return _Block()

    def _read(self, block: int, now: int) -> "_Block":
        found = self._block()
        for message in self._store.messages.block(block):
            if not message.unreadable:
                found.add(message, self._contracts[message.provider], now)
        heapify(found.changes)
        return found


class OutcomeTally(MessageTally):
    """Counts, by provider and status, how often messages of a sandbox have reached each status."""

    def _block(self) -> "_Block":
        return _Outcomes()


class _Block:
    """The counts of a block of messages with adjacent numbers, at a time that only moves forward."""

    def __init__(self) -> None:
        self.counts: ByState = Counter()
        self.changes: list[tuple[int, tuple[str, str], tuple[str, str]]] = []
        """A heap of future changes: time, state that loses a message (unless `NOTHING`), state that gains it."""

    def add(self, message: Message, contract: Contract, now: int) -> None:
        before = (message.provider, word(message, contract, now))
        self.counts[before] += 1
        for at in sorted({at for at in (message.start, *(step.at for step in message.steps)) if at > now}):
            after = (message.provider, word(message, contract, at))
            if after != before:
                self.changes.append((at, before, after))
                before = after

    def go_on(self, now: int) -> None:
        """Move the counts forward to a time."""
        while self.changes and self.changes[0][0] <= now:
            _, before, after = heappop(self.changes)
            if before != NOTHING:
                self.counts[before] -= 1
            self.counts[after] += 1


class _Outcomes(_Block):
    """Counts statuses reached instead of present states."""

    def add(self, message: Message, contract: Contract, now: int) -> None:
        for step in message.steps:
            if step.at <= now:
                self.counts[message.provider, step.status] += 1
            else:
                self.changes.append((step.at, NOTHING, (message.provider, step.status)))


class CallbackTally:
    """Counts the callbacks of a sandbox by state."""

    def __init__(self, store: Store, sandbox: int) -> None:
        self._store = store
        self._sandbox = sandbox
        self._final: dict[int, Counter[str]] = {}
        """First number of a slice → its counts, for slices that are full and have no pending callback."""
        self._rewritten = 0

    def counted(self) -> Iterator[Counter[str]]:
        """Empty counters while it counts, as `MessageTally.counted`; the last is the result."""
        rewritten = self._store.callbacks.rewritten.since(self._rewritten)
        self._rewritten = self._store.callbacks.rewritten.total
        if rewritten is None:
            self._final.clear()
        for key in rewritten or ():
            self._final.pop((key - first(self._sandbox)) // SLICE * SLICE, None)
        lowest, highest = self._store.callbacks.bounds(self._sandbox)
        counts: Counter[str] = Counter()
        for low in range(lowest // SLICE * SLICE, highest + 1, SLICE):
            if low in self._final:
                counts.update(self._final[low])
                continue
            found = Counter(self._store.callbacks.states(self._sandbox, low, low + SLICE - 1))
            if low + SLICE <= highest and "pending" not in found:
                self._final[low] = found
            counts.update(found)
            yield Counter()
        yield counts
