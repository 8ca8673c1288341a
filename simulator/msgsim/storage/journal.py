"""The table ``journal``: exchanges, attempts and control actions, in order."""

from collections.abc import Iterator
from itertools import starmap

import msgspec

from msgsim.model import Entry
from msgsim.storage import unreadable
from msgsim.storage.keys import NUMBERS, between, first, order
from msgsim.storage.table import Keyed, encode

_decode = msgspec.json.Decoder(Entry).decode


class Journal(Keyed):
    name = "journal"

    def add(self, entry: Entry, subject: int = 0) -> None:
        """``subject``: for an attempt the key of its callback, else 0."""
        self._database.insert("journal", [(entry.key, entry.at, entry.kind, entry.provider, subject, _written(entry))])

    def between(
        self,
        sandbox: int,
        low: int = 1,
        high: int = NUMBERS,
        kind: str = "",
        provider: str = "",
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """Entries with numbers from ``low`` to ``high``; rows are fetched at once and decoded lazily.

        ``kind``, ``provider``: empty: all.
        """
        where, values = between(sandbox, low, high, kind=kind, provider=provider)
        sql = f"SELECT key, doc FROM journal WHERE {where} ORDER BY key{order(newest_first)}"  # noqa: S608
        return starmap(self._entry, self._database.rows("journal", sql, values).fetchall())

    def count(self, sandbox: int, low: int = 1, high: int = NUMBERS, kind: str = "", provider: str = "") -> int:
        where, values = between(sandbox, low, high, kind=kind, provider=provider)
        return self._value(f"SELECT COUNT(*) FROM journal WHERE {where}", values) or 0  # noqa: S608

    def by_key(self, key: int) -> Entry | None:
        return self._find(self._entry, "key = ?", (key,))

    def attempts(self, callback: int) -> list[Entry]:
        sql = "SELECT key, doc FROM journal WHERE kind = 'attempt' AND subject = ? ORDER BY key"
        return [self._entry(*row) for row in self._database.rows("journal", sql, (callback,))]

    def trim(self, sandbox: int, newest: int, limit: int) -> int:
        """Delete all but the newest ``limit`` entries; return how many were deleted. ``newest``: the highest number."""
        sql = "DELETE FROM journal WHERE key BETWEEN ? AND ?"
        return self._database.write("journal", sql, (first(sandbox), first(sandbox) + newest - limit))

    def _entry(self, key: int, doc: bytes) -> Entry:
        try:
            return _decode(doc)
        except unreadable.ERRORS as error:
            return unreadable.entry(error, key, *self._columns("at, kind, provider, subject", key))


def _written(entry: Entry) -> bytes:
    """The row's document of an entry. Where it could not be decoded again, the entry of an unreadable row instead.

    Only refusals and notes can have members of another type: they are made by providers and not checked before.
    """
    doc = encode(entry)
    if entry.exchange is not None and (entry.exchange.refusals or entry.exchange.notes):
        try:
            _decode(doc)
        except unreadable.ERRORS as error:
            return encode(unreadable.entry(error, entry.key, entry.at, entry.kind, entry.provider, 0))
    return doc
