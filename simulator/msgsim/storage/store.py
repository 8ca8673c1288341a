"""All tables of a store. A class per table, a method per query; nothing here knows the engine."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from msgsim.config import read_own
from msgsim.storage.callbacks import Callbacks
from msgsim.storage.changes import Changes
from msgsim.storage.database import Database, StoreError
from msgsim.storage.inbound import InboundMessages
from msgsim.storage.journal import Journal
from msgsim.storage.messages import Messages
from msgsim.storage.records import Records
from msgsim.storage.sandboxes import SandboxTable
from msgsim.storage.sqlite import Sqlite
from msgsim.storage.steps import Steps

VERSION = 6
"""Of the tables and of the documents in them; a store of another version is not opened."""
SCHEMA = Path(__file__).with_name("schema.sql")
ROOM = 1 << 20
"""Bytes that have to fit on the disk before a store that was full counts as writable again."""


class Store:
    """The tables, and the commits of what is written to them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.replicas = database.replicas
        self.sandboxes = SandboxTable(database)
        self.steps = Steps(database)
        self.messages = Messages(database, self.steps)
        self.inbound = InboundMessages(database)
        self.callbacks = Callbacks(database)
        self.journal = Journal(database)
        self.records = Records(database)
        self._keyed = (self.messages, self.callbacks, self.inbound, self.journal)
        self._numbered = 0
        self._committing = Changes()
        """What the running commit makes durable."""

    @property
    def dirty(self) -> bool:
        """Something was written since the last commit."""
        return self._database.dirty

    @property
    def owes_uncommitted(self) -> bool:
        """Pending callbacks were written that are not durable yet; they may not be posted before."""
        return bool(self.callbacks.pending or self._committing.callbacks)

    def commit(self) -> Changes:
        """Make everything written since the last commit durable. Raises StoreError when all of it was lost."""
        changes = self._changes()
        with self._all_or_nothing():
            self._database.commit()
        return changes

    def begin_commit(self, done: Callable[[], None]) -> bool:
        """Begin a commit during which the running event loop goes on; the loop calls ``done`` when it has ended.

        False where only `commit` can do it.
        """
        if not self._database.begin_commit(done):
            return False
        self._committing = self._changes()
        return True

    def end_commit(self) -> Changes:
        """Wait for the begun commit; return what it made durable. Raises StoreError when it and all since were lost."""
        changes, self._committing = self._committing, Changes()
        with self._all_or_nothing():
            self._database.end_commit()
        return changes

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Clear the caches when the commit inside fails."""
        try:
            yield
        except StoreError:
            self.forget()
            raise

    def forget(self) -> None:
        """Clear the caches of rows: writes were lost, or a sandbox was taken over from another replica."""
        self.messages.rewritten.lose()
        self.callbacks.rewritten.lose()
        self.records.forget()

    def _changes(self) -> Changes:
        """Take over what was noted since the last commit."""
        sandboxes, callbacks = self.sandboxes, self.callbacks
        changes = Changes(callbacks.pending, sandboxes.saved, sandboxes.dropped)
        callbacks.pending, sandboxes.saved, sandboxes.dropped = [], set(), set()
        return changes

    def close(self) -> None:
        """Commit and close. Raises StoreError when the last writes were lost."""
        self._database.close()

    def check(self) -> None:
        """Raises StoreError when the database cannot be read."""
        self.sandboxes.highest()

    def take_room(self) -> None:
        """Write ROOM bytes, so that the next commit fails unless the disk has room for more than a few rows."""
        self.records.keep(0, "", "room", "", "x" * ROOM)

    def give_room_back(self) -> None:
        """Delete what `take_room` wrote."""
        self.records.drop(0, "", "room", "")

    def next_sandbox(self) -> int:
        """A number that no sandbox has had, closed ones included."""
        used = [table.last_sandbox() for table in self._keyed]
        self._numbered = self.replicas.next_number(max(*used, self.sandboxes.highest(), self._numbered))
        return self._numbered

    def drop_sandbox(self, number: int) -> None:
        """Delete a sandbox and its records; its other rows are swept later."""
        self.sandboxes.drop(number)
        self.records.drop_all(number)

    def strays(self) -> set[int]:
        """Numbers of dropped sandboxes that still have rows."""
        found = self.steps.owners().union(*(table.owners() for table in self._keyed))
        return found - {row.number for row in self.sandboxes.all()}

    def sweep(self, number: int, most: int = 2000) -> bool:
        """Delete up to ``most`` rows per table of a dropped sandbox, newest first; False when there were none."""
        return sum([table.sweep(number, most) for table in (*self._keyed, self.steps)]) > 0


def store_in(path: Path | None) -> Store:
    """A store in a file; None: in memory.

    Raises StoreError when the file cannot be opened, is in use, is not a store, or is of another version.
    """
    return Store(Sqlite(path, _script(), VERSION))


def store_at(url: str) -> Store:
    """A store in PostgreSQL, by its URL. Raises StoreError, as `store_in` does."""
    try:
        from msgsim.storage.postgresql import Postgresql  # An extra, and slow to import.
    except ImportError as error:
        reason = f"needs psycopg: pip install 'messaging-simulator[postgresql]' ({error})"
        raise StoreError(f"--store postgresql://...: {reason}") from None
    return Store(Postgresql(url, _script(), VERSION))


def _script() -> str:
    return read_own(SCHEMA).decode()
