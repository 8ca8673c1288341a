"""A table of ours, and what is asked of each."""

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
    """The only writer and reader of its rows."""

    name: str

    def __init__(self, database: Database) -> None:
        self._database = database

    def _value(self, sql: str, values: Row = ()) -> int | None:
        """The one number that a question is answered with."""
        (value,) = self._database.rows(self.name, sql, values).fetchone()
        return value if value is None else int(value)


class Keyed(Table):
    """One whose keys are sandbox and number, and whose rows have a document."""

    def highest(self, sandbox: int) -> int:
        """The highest number used by a sandbox; 0 when there is none."""
        sql = f"SELECT MAX(key) FROM {self.name} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return (self._value(sql, (first(sandbox), last(sandbox))) or 0) & NUMBERS

    def bounds(self, sandbox: int) -> tuple[int, int]:
        """The lowest and the highest number there is of a sandbox; 1 and 0 when there is none."""
        sql = (
            f"SELECT (SELECT MIN(key) FROM {self.name} WHERE key BETWEEN ?1 AND ?2),"  # noqa: S608
            f" (SELECT MAX(key) FROM {self.name} WHERE key BETWEEN ?1 AND ?2)"
        )
        lowest, highest = self._database.rows(self.name, sql, (first(sandbox), last(sandbox))).fetchone()
        return (1, 0) if lowest is None else (lowest & NUMBERS, highest & NUMBERS)

    def last_sandbox(self) -> int:
        """The highest number of a sandbox that has rows; 0 when there is none."""
        return (self._value(f"SELECT MAX(key) FROM {self.name}") or 0) >> SHIFT  # noqa: S608

    def owners(self) -> set[int]:
        """Numbers of the sandboxes that have rows."""
        found: set[int] = set()
        sql = f"SELECT MIN(key) FROM {self.name} WHERE key > ?"  # noqa: S608
        key = self._value(sql, (0,))
        while key is not None:
            found.add(key >> SHIFT)
            key = self._value(sql, (last(key >> SHIFT),))
        return found

    def sweep(self, sandbox: int, most: int) -> int:
        """Remove the newest rows of a sandbox; how many."""
        keys = f"SELECT key FROM {self.name} WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"  # noqa: S608
        sql = f"DELETE FROM {self.name} WHERE key IN ({keys})"  # noqa: S608
        return self._database.write(self.name, sql, (first(sandbox), last(sandbox), most))

    def _find(self, decode: Callable[[int, bytes], _T], where: str, values: Row) -> _T | None:
        row = self._database.rows(self.name, f"SELECT key, doc FROM {self.name} WHERE {where}", values).fetchone()  # noqa: S608
        return None if row is None else decode(*row)

    def _columns(self, names: str, key: int) -> tuple[Json, ...]:
        """Of a row whose document cannot be decoded."""
        sql = f"SELECT {names} FROM {self.name} WHERE key = ?"  # noqa: S608
        row: tuple[Json, ...] = self._database.rows(self.name, sql, (key,)).fetchone()
        return row


def decoded(doc: bytes, otherwise: Json = None) -> Json:
    """What a document says, ``otherwise`` where it cannot be decoded."""
    try:
        return msgspec.json.decode(doc)
    except unreadable.ERRORS:
        return otherwise
