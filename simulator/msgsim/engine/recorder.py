"""The journals of the sandboxes, as they are written."""

from msgsim.engine.sandbox import Sandbox
from msgsim.engine.signals import Signal
from msgsim.engine.states import forget
from msgsim.model import Entry, Json
from msgsim.storage.store import Store


class Recorder:
    """Puts entries into journals: the oldest ones go, and whoever follows is told."""

    def __init__(self, store: Store, limit: int, recorded: Signal[int]) -> None:
        """``limit``: entries that stay in each journal."""
        self._store = store
        self._limit = limit
        self._recorded = recorded

    def add(self, sandbox: Sandbox, entry: Entry, callback: int = 0) -> None:
        """``callback``: key of the one that an attempt was made at."""
        self._store.journal.add(entry, callback)
        number = entry.key - sandbox.base
        full = number % 1000 == 0 and number > self._limit
        if full and self._store.journal.trim(sandbox.number, number, self._limit):
            forget(self._store.records, sandbox.number)
        self._recorded(entry.key)

    def control(self, sandbox: Sandbox, action: dict[str, Json]) -> None:
        """What somebody did by the control API."""
        key = sandbox.base + sandbox.next_entry()
        self.add(sandbox, Entry(key, sandbox.now(), "control", control=action))
