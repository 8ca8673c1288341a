"""When something is due next, so that nobody has to be asked who has nothing due."""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", int, str)
SPARE = 64
"""Outdated entries that a heap may hold beside as many as it has keys."""


class Moments(Generic[K]):
    """Keys by the moment of each. Outdated entries stay in the heap until they come to its top."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, K]] = []
        self._moments: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._moments)

    def get(self, key: K) -> int | None:
        return self._moments.get(key)

    def set(self, key: K, moment: int) -> None:
        if self._moments.get(key) == moment:
            return
        self._moments[key] = moment
        heappush(self._heap, (moment, key))
        if len(self._heap) > 2 * len(self._moments) + SPARE:
            self._heap = [(moment, key) for key, moment in self._moments.items()]
            heapify(self._heap)

    def drop(self, key: K) -> None:
        self._moments.pop(key, None)

    def first(self) -> tuple[int, K] | None:
        """The earliest moment and its key."""
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None


class Agenda:
    """Per sandbox and host, a time before which no pending callback is due; on the sandbox's clock.

    Every callback that becomes pending, or due at another time, is noted. Cancelled and finished ones are not taken
    off: whoever finds nothing due at the noted time asks the store for the next and notes that.
    """

    def __init__(self) -> None:
        self._sandboxes: dict[int, Moments[str]] = {}
        self.earlier: set[int] = set()
        """Sandboxes in which something is due earlier than before; whoever follows it empties it."""

    def note(self, sandbox: int, host: str, due: int) -> None:
        """A callback is due then."""
        moments = self._sandboxes.get(sandbox)
        if moments is None:
            moments = self._sandboxes[sandbox] = Moments()
        known = moments.get(host)
        if known is None or due < known:
            moments.set(host, due)
            self.earlier.add(sandbox)

    def first(self, sandbox: int) -> tuple[int, str] | None:
        """The earliest time and its host; None: nothing is pending."""
        moments = self._sandboxes.get(sandbox)
        return None if moments is None else moments.first()

    def take(self, sandbox: int, until: int) -> str | None:
        """A host to which callbacks may be due by a time; its entry is gone."""
        first = self.first(sandbox)
        if first is None or first[0] > until:
            return None
        moments = self._sandboxes[sandbox]
        moments.drop(first[1])
        if not len(moments):
            del self._sandboxes[sandbox]
        return first[1]

    def forget(self, sandbox: int) -> None:
        self._sandboxes.pop(sandbox, None)

    def clear(self) -> None:
        self._sandboxes.clear()
