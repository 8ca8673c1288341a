"""The earliest due time per sandbox and host, so that the store is asked only where something may be due."""

from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", int, str)
SPARE = 64
"""Outdated entries that a heap may hold beyond twice its number of keys before it is built again."""


class Moments(Generic[K]):
    """A priority queue of keys with one time each, in milliseconds.

    Outdated entries stay in the heap until they come to its top.
    """

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
        """The earliest time and its key; None: it is empty."""
        while self._heap and self._moments.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None


class Agenda:
    """For each sandbox and host a lower bound of the next due time, on the sandbox's clock.

    Every callback that becomes pending or changes its due time is noted. Cancelled and finished callbacks are not
    removed: who finds nothing due at the noted time asks the store for the next due time and notes that.
    """

    def __init__(self) -> None:
        self._sandboxes: dict[int, Moments[str]] = {}
        self.earlier: set[int] = set()
        """Sandboxes with an earlier due time than before; the dispatcher plans them again and removes them."""

    def note(self, sandbox: int, host: str, due: int) -> None:
        """Note that a callback to a host is due at ``due``."""
        moments = self._sandboxes.get(sandbox)
        if moments is None:
            moments = self._sandboxes[sandbox] = Moments()
        known = moments.get(host)
        if known is None or due < known:
            moments.set(host, due)
            self.earlier.add(sandbox)

    def first(self, sandbox: int) -> tuple[int, str] | None:
        """The earliest time of a sandbox and its host; None: nothing is pending."""
        moments = self._sandboxes.get(sandbox)
        return None if moments is None else moments.first()

    def take(self, sandbox: int, until: int) -> str | None:
        """Remove and return a host to which callbacks may be due by ``until``; None: there is no such host."""
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
