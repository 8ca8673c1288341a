"""How many messages and callbacks there are in each state, counted again only where that may have changed.

A message's state follows from its plan and the time, so a block of messages is read once: what it counts later is what
it counted, and the changes of its plans that have come since. A slice of callbacks is final once none is pending.
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
SLICE = 4096
"""Numbers of callbacks that are counted at once."""


class MessageTally:
    """Of one sandbox, by provider and state."""

    def __init__(self, store: Store, contracts: Mapping[str, Contract], sandbox: int) -> None:
        self._store = store
        self._contracts = contracts
        self._sandbox = sandbox
        self._blocks: dict[int, _Block] = {}
        self._seen = self._rewritten = 0
        self._now: int | None = None

    def counted(self, now: int) -> Iterator[ByState]:
        """Empty ones while it counts, a bounded piece of work each; the last says how many there are in each state."""
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
    """Of one sandbox, by provider and status: how often each was reached."""

    def _block(self) -> "_Block":
        return _Outcomes()


class _Block:
    """Messages whose numbers stand together, at a time."""

    def __init__(self) -> None:
        self.counts: ByState = Counter()
        self.changes: list[tuple[int, tuple[str, str], tuple[str, str]]] = []
        """What is to come: time, what is one less then, unless it is `NOTHING`, and what is one more. A heap."""

    def add(self, message: Message, contract: Contract, now: int) -> None:
        before = (message.provider, word(message, contract, now))
        self.counts[before] += 1
        for at in sorted({at for at in (message.start, *(step.at for step in message.steps)) if at > now}):
            after = (message.provider, word(message, contract, at))
            if after != before:
                self.changes.append((at, before, after))
                before = after

    def go_on(self, now: int) -> None:
        while self.changes and self.changes[0][0] <= now:
            _, before, after = heappop(self.changes)
            if before != NOTHING:
                self.counts[before] -= 1
            self.counts[after] += 1


class _Outcomes(_Block):
    """Statuses that were reached by a time, and those to come."""

    def add(self, message: Message, contract: Contract, now: int) -> None:
        for step in message.steps:
            if step.at <= now:
                self.counts[message.provider, step.status] += 1
            else:
                self.changes.append((step.at, NOTHING, (message.provider, step.status)))


class CallbackTally:
    """Of one sandbox, by state."""

    def __init__(self, store: Store, sandbox: int) -> None:
        self._store = store
        self._sandbox = sandbox
        self._final: dict[int, Counter[str]] = {}
        """By the first number of a slice that is full, and of which none is pending."""
        self._rewritten = 0

    def counted(self) -> Iterator[Counter[str]]:
        """As `MessageTally.counted`."""
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
