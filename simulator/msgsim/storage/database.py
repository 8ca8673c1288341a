"""The protocol of a database: deferred writes, immediate writes, queries and commits.

Statements use the SQL that SQLite and PostgreSQL have in common. Placeholders are ``?``, or ``?1``, ``?2`` where a
value is used more than once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from msgsim.model import Json
from msgsim.storage.replicas import Replicas

Row = Sequence[Json]


Columns = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of the columns that form a row's key, and of those whose numbers are added up."""


Waiting = dict[str, list[tuple[str, list[Row]]]]
"""Table → deferred statements in their order, each with the values of its rows."""


class StoreError(Exception):
    """The store cannot be used, or has lost writes; the text says why, and what to do about it."""


class Deferring(ABC):
    """The deferred writes of a database, which says how it inserts rows and how it adds them up."""

    def __init__(self) -> None:
        self.dirty = False
        self._deferred: Waiting = {}

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if rows:
            self.defer(table, self._insertion(table, len(rows[0])), rows)

    def add_up(self, table: str, columns: Columns, rows: Iterable[Row]) -> None:
        self.defer(table, self._addition(table, columns), rows)

    def defer(self, table: str, sql: str, rows: Iterable[Row]) -> None:
        """Consecutive rows of the same statement are written together."""
        self.dirty = True
        statements = self._deferred.setdefault(table, [])
        if statements and statements[-1][0] == sql:
            statements[-1][1].extend(rows)
        else:
            statements.append((sql, list(rows)))

    @staticmethod
    @abstractmethod
    def _insertion(table: str, columns: int) -> str:
        """The statement that inserts rows of so many columns."""

    @staticmethod
    @abstractmethod
    def _addition(table: str, columns: Columns) -> str:
        """The statement that adds rows up, by the names of their columns."""


class Rows(Protocol):
    """The result of a query; rows are fetched when they are read."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def close(self) -> None: ...


class Database(Protocol):
    """All writes join the open transaction.

    A failing write rolls the transaction back. Further writes are ignored until `commit`, which raises the error.
    """

    written: str
    """SQL condition for rows whose document contains a text, ignoring the case of ASCII letters; its value is a LIKE
    pattern."""
    dirty: bool
    """Something was written since the last commit."""

    @property
    def replicas(self) -> Replicas:
        """The servers that share the database."""

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows (all columns, in order), deferred until the next commit or until the table is read."""

    def defer(self, table: str, sql: str, rows: Iterable[Row]) -> None:
        """Run a statement with the values of each row, deferred as `insert` and in order with it."""

    def add_up(self, table: str, columns: Columns, rows: Iterable[Row]) -> None:
        """Add numbers to the row with the same key, or insert the row where there is none; deferred as `insert`."""

    def write(self, table: str, sql: str, values: Row = ()) -> int:
        """Run a statement now; return how many rows changed."""

    def rows(self, table: str, sql: str, values: Row = ()) -> Rows:
        """Query a table, everything written to it so far included. Raises StoreError when it cannot be read."""

    def commit(self) -> None:
        """Make everything written since the last commit durable. Raises StoreError when all of it was lost."""

    def begin_commit(self, done: Callable[[], None]) -> bool:
        """Begin a commit during which the running event loop goes on; the loop calls ``done`` when it has ended.

        False where the database does not support that, or there is nothing to commit: then call `commit`.
        """

    def end_commit(self) -> None:
        """Wait for the end of the begun commit. Raises StoreError when that and all later writes were lost."""

    def close(self) -> None:
        """Commit and close the connection. Raises StoreError when the last writes were lost."""
