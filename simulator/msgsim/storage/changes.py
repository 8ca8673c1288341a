"""What was written, for those who act on it or keep what they saw."""

from collections import deque

from msgspec import Struct

from msgsim.model import Callback

MOST_REWRITTEN = 10_000


class Changes(Struct):
    """What was written since the last commit that somebody may have to act on."""

    callbacks: list[Callback] = []
    """Pending ones that are new, or have another due time."""
    saved: set[int] = set()
    """Numbers of sandboxes that were saved: their clocks may go otherwise now."""
    dropped: set[int] = set()
    """Numbers of sandboxes that are gone."""


class Rewritten:
    """Keys of rows that were rewritten: who keeps what it saw of them asks which it has to look at again."""

    def __init__(self) -> None:
        self.total = 0
        """How many there have been: from here on is asked for later."""
        self._keys: deque[int] = deque(maxlen=MOST_REWRITTEN)

    def add(self, key: int) -> None:
        self.total += 1
        self._keys.append(key)

    def since(self, total: int) -> list[int] | None:
        """Those after the first ``total``; None when too many have been rewritten since to say which."""
        new = self.total - total
        return None if new > len(self._keys) else list(self._keys)[len(self._keys) - new :]

    def lose(self) -> None:
        """Nobody can say any more which rows are as they were: a transaction was rolled back."""
        self.total += MOST_REWRITTEN + 1
