"""Writes the journals of the sandboxes."""

from msgsim.engine.sandbox import Sandbox
from msgsim.engine.signals import Signal
from msgsim.engine.states import forget
from msgsim.model import Entry, Json
from msgsim.storage.store import Store


class Recorder:
    """Adds entries to journals, trims them to their limit, and signals each new entry."""

    def __init__(self, store: Store, limit: int, recorded: Signal[int]) -> None:
        """``limit``: entries kept per journal; ``recorded``: called with the key of each new entry."""
        self._store = store
        self._limit = limit
        self._recorded = recorded

    def add(self, sandbox: Sandbox, entry: Entry, callback: int = 0) -> None:
        """Add an entry; ``callback`` is the key of the callback that an attempt belongs to, else 0.

        The journal is trimmed at every thousandth entry, as deleting rows each time would be slower.
        """
        self._store.journal.add(entry, callback)
        number = entry.key - sandbox.base
        full = number % 1000 == 0 and number > self._limit
        if full and self._store.journal.trim(sandbox.number, number, self._limit):
            forget(self._store.records, sandbox.number)
        self._recorded(entry.key)

    def control(self, sandbox: Sandbox, action: dict[str, Json]) -> None:
        """Add an entry for something done through the control API."""
        key = sandbox.base + sandbox.next_entry()
        self.add(sandbox, Entry(key, sandbox.now(), "control", control=action))
