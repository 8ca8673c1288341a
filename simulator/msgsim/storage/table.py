"""What all tables have in common."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from msgsim.model import Json
from msgsim.storage import unreadable
from msgsim.storage.database import Database, Row
from msgsim.storage.keys import NUMBERS, SHIFT, first, last

_T = TypeVar("_T")
encode = msgspec.json.Encoder().encode


class Table:
    """A table; its class is the only reader and writer of its rows."""

    name: str

    def __init__(self, database: Database) -> None:
        self._database = database

    def _value(self, sql: str, values: Row = ()) -> int | None:
        """The number that a query returns; None for NULL."""
        (value,) = self._database.rows(self.name, sql, values).fetchone()
        return value if value is None else int(value)


class Keyed(Table):
    """A table whose keys are sandbox and number (see `keys`), and whose rows have a JSON document in ``doc``."""

    def highest(self, sandbox: int) -> int:
        """The highest number of a row of a sandbox; 0: it has no rows."""
        sql = f"SELECT MAX(key) FROM {self.name} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return (self._value(sql, (first(sandbox), last(sandbox))) or 0) & NUMBERS

    def bounds(self, sandbox: int) -> tuple[int, int]:
        """The lowest and highest number of a row of a sandbox; (1, 0), an empty range, when it has no rows."""
        sql = (
            f"SELECT (SELECT MIN(key) FROM {self.name} WHERE key BETWEEN ?1 AND ?2),"  # noqa: S608
            f" (SELECT MAX(key) FROM {self.name} WHERE key BETWEEN ?1 AND ?2)"
        )
        lowest, highest = self._database.rows(self.name, sql, (first(sandbox), last(sandbox))).fetchone()
        return (1, 0) if lowest is None else (lowest & NUMBERS, highest & NUMBERS)

    def last_sandbox(self) -> int:
        """The highest number of a sandbox with rows; 0: there are no rows."""
        return (self._value(f"SELECT MAX(key) FROM {self.name}") or 0) >> SHIFT  # noqa: S608

    def owners(self) -> set[int]:
        """Numbers of the sandboxes with rows, closed ones included."""
        found: set[int] = set()
        sql = f"SELECT MIN(key) FROM {self.name} WHERE key > ?"  # noqa: S608
        key = self._value(sql, (0,))
        while key is not None:
            found.add(key >> SHIFT)
            key = self._value(sql, (last(key >> SHIFT),))
        return found

    def sweep(self, sandbox: int, most: int) -> int:
        """Delete up to ``most`` rows of a sandbox, newest first; return how many were deleted."""
        keys = f"SELECT key FROM {self.name} WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"  # noqa: S608
        sql = f"DELETE FROM {self.name} WHERE key IN ({keys})"  # noqa: S608
        return self._database.write(self.name, sql, (first(sandbox), last(sandbox), most))

    def _find(self, decode: Callable[[int, bytes], _T], where: str, values: Row) -> _T | None:
        row = self._database.rows(self.name, f"SELECT key, doc FROM {self.name} WHERE {where}", values).fetchone()  # noqa: S608
        return None if row is None else decode(*row)

    def _columns(self, names: str, key: int) -> tuple[Json, ...]:
        """Columns of a row, for one whose document cannot be decoded."""
        sql = f"SELECT {names} FROM {self.name} WHERE key = ?"  # noqa: S608
        row: tuple[Json, ...] = self._database.rows(self.name, sql, (key,)).fetchone()
        return row


def decoded(doc: bytes, otherwise: Json = None) -> Json:
    """A JSON document, decoded; ``otherwise`` where it is invalid."""
    try:
        return msgspec.json.decode(doc)
    except unreadable.ERRORS:
        return otherwise
