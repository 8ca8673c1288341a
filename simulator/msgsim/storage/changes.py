"""What was written since the last commit, for the dispatcher and for caches."""

from collections import deque

from msgspec import Struct

from msgsim.model import Callback

MOST_REWRITTEN = 10_000
"""Most keys that `Rewritten` remembers."""


class Changes(Struct):
    """What one commit has made durable that other parts act on."""

    callbacks: list[Callback] = []
    """Pending callbacks that are new or have another due time."""
    saved: set[int] = set()
    """Numbers of sandboxes that were saved: their clocks may have changed."""
    dropped: set[int] = set()
    """Numbers of sandboxes that were closed."""


class Rewritten:
    """Keys of rewritten rows, for caches: a cache notes ``total`` and later asks which rows changed since."""

    def __init__(self) -> None:
        self.total = 0
        """How many rows have been rewritten so far."""
        self._keys: deque[int] = deque(maxlen=MOST_REWRITTEN)

    def add(self, key: int) -> None:
        self.total += 1
        self._keys.append(key)

    def since(self, total: int) -> list[int] | None:
        """Keys rewritten after the first ``total``; None: too many to list, all rows have to be read again."""
        new = self.total - total
        return None if new > len(self._keys) else list(self._keys)[len(self._keys) - new :]

    def lose(self) -> None:
        """A transaction was rolled back: make `since` return None to every cache."""
        self.total += MOST_REWRITTEN + 1
