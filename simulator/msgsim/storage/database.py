"""What the store needs of a database: rows that wait for the commit, and answers to questions.

SQL is what SQLite and PostgreSQL both understand. Values stand as ``?``, or as ``?1``, ``?2`` where one is used more
than once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgsim.model import Json
from msgsim.storage.replicas import Replicas

Row = Sequence[Json]


Columns = tuple[tuple[str, ...], tuple[str, ...]]
"""Those that are the key of a row, and those that hold its numbers."""


Waiting = dict[str, list[tuple[str, list[Row]]]]
"""Per table what is not written yet: statements in their order, each with its rows."""


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


def put_off(waiting: Waiting, table: str, sql: str, rows: Iterable[Row]) -> None:
    """Let rows wait; those of one statement after another share it."""
    statements = waiting.setdefault(table, [])
    if statements and statements[-1][0] == sql:
        statements[-1][1].extend(rows)
    else:
        statements.append((sql, list(rows)))


class Rows(Protocol):
    """What a question is answered with; read as it is asked for."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> None: ...


class Database(Protocol):
    """Writes join the open transaction.

    A write that fails takes that transaction with it: `commit` raises why, and until then nothing more is written.
    """

    written: str
    """Condition on a row that has a text somewhere in its document, in any case of ASCII letters; its value is a
    pattern of LIKE."""
    dirty: bool
    """Something was written since the last commit."""

    @property
    def replicas(self) -> Replicas:
        """Who else has the database."""

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """New rows with all their columns in order, written before the next commit or before their table is read."""

    def defer(self, table: str, sql: str, rows: Iterable[Row]) -> None:
        """A statement with the values of each row, carried out at the same time as `insert`, in turn with it."""

    def add_up(self, table: str, columns: Columns, rows: Iterable[Row]) -> None:
        """Add numbers to those of the rows with the same key, or to none, at the same time as `insert`."""

    def write(self, table: str, sql: str, values: Row = ()) -> int:
        """Write at once; how many rows changed."""

    def rows(self, table: str, sql: str, values: Row = ()) -> Rows:
        """What stands in a table, with everything written to it so far. Raises StoreError when it cannot be read."""

    def commit(self) -> None:
        """Make everything written so far durable. Raises StoreError, and then all of it is lost."""

    def begin_commit(self, done: Callable[[], None]) -> bool:
        """Begin to make it durable beside the event loop; ``done`` is called, in any thread, when that has ended.

        False where that is not worth while, or not possible: `commit` does it at once.
        """

    def end_commit(self) -> None:
        """Wait for its end. Raises StoreError, and then everything written until now is lost."""

    def close(self) -> None:
        """Commit, and let go. Raises StoreError when the last writes were lost."""
