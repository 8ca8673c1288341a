"""The table ``callbacks``: pending ones with their due times, and finished ones."""

from collections.abc import Iterator, Sequence
from itertools import starmap

import msgspec

from msgsim.model import Callback, Json
from msgsim.storage import unreadable
from msgsim.storage.changes import Rewritten
from msgsim.storage.database import Database
from msgsim.storage.keys import EVER, NUMBERS, PIECE, SHIFT, between, host, order
from msgsim.storage.table import Keyed, encode

GIVEN_UP = ("failed", "refused")
"""States with a partial index of their own in schema.sql."""
_GIVEN_UP = "state IN ('failed', 'refused')"
_decode = msgspec.json.Decoder(Callback).decode


class Callbacks(Keyed):
    name = "callbacks"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.pending: list[Callback] = []
        """Pending callbacks written since the last commit: new ones, and those with another due time."""
        self.rewritten = Rewritten()

    def add(self, callbacks: Sequence[Callback]) -> None:
        self._database.insert(
            "callbacks",
            [
                (
                    callback.key,
                    callback.key >> SHIFT,
                    callback.subject,
                    callback.due,
                    host(callback.url),
                    callback.state,
                    encode(callback),
                )
                for callback in callbacks
            ],
        )
        self.pending += [callback for callback in callbacks if callback.state == "pending"]

    def rewrite(self, callback: Callback) -> None:
        self._database.defer(
            "callbacks",
            "UPDATE callbacks SET due = ?, state = ?, doc = ? WHERE key = ?",
            [(callback.due, callback.state, encode(callback), callback.key)],
        )
        self.rewritten.add(callback.key)
        if callback.state == "pending":
            self.pending.append(callback)

    def by_key(self, key: int) -> Callback | None:
        return self._find(self._callback, "key = ?", (key,))

    def of(self, subject: int) -> list[Callback]:
        """All callbacks about a message or inbound message (its key), by due time."""
        rows = self._database.rows(
            "callbacks", "SELECT key, doc FROM callbacks WHERE subject = ? ORDER BY due, key", (subject,)
        )
        return [self._callback(*row) for row in rows]

    def between(
        self, sandbox: int, low: int = 1, high: int = NUMBERS, state: str = "", newest_first: bool = False
    ) -> Iterator[Callback]:
        """Callbacks with numbers from ``low`` to ``high``; rows are fetched at once and decoded lazily.

        ``state``: empty: every state.
        """
        where, values = _between(sandbox, low, high, state)
        sql = f"SELECT key, doc FROM callbacks WHERE {where} ORDER BY key{order(newest_first)}"  # noqa: S608
        return starmap(self._callback, self._database.rows("callbacks", sql, values).fetchall())

    def count(self, sandbox: int, low: int = 1, high: int = NUMBERS, state: str = "") -> int:
        where, values = _between(sandbox, low, high, state)
        return self._value(f"SELECT COUNT(*) FROM callbacks WHERE {where}", values) or 0  # noqa: S608

    def states(self, sandbox: int, low: int, high: int) -> dict[str, int]:
        """State → how many callbacks with numbers from ``low`` to ``high`` have it."""
        where, values = between(sandbox, low, high)
        sql = f"SELECT state, COUNT(*) FROM callbacks WHERE {where} GROUP BY state"  # noqa: S608
        return {str(state): int(count) for state, count in self._database.rows("callbacks", sql, values)}

    def failing(self, sandbox: int, most: int) -> int:
        """How many callbacks failed: given up (at most ``most``), or waiting for a retry (of the next ``most`` due)."""
        sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM callbacks WHERE {_GIVEN_UP} AND sandbox = ? LIMIT ?) AS given_up"  # noqa: S608
        given_up = self._value(sql, (sandbox, most)) or 0
        pending = self._database.rows("callbacks", _PENDING, (sandbox, most))
        return given_up + sum(1 for row in starmap(self._callback, pending) if row.failing)

    def due(self, sandbox: int, host: str, until: int) -> Iterator[Callback]:
        """Pending callbacks to a host that are due by ``until``, earliest first; fetched and decoded lazily.

        An unreadable row is returned with the state ``failed`` and the reason.
        """
        after, count = (EVER, 0), PIECE
        while count == PIECE:
            count = 0
            cursor = self._database.rows("callbacks", _DUE, (sandbox, host, until, *after, PIECE))
            try:
                for key, doc, due in cursor:
                    after, count = (due, key), count + 1
                    yield self._callback(key, doc)
            finally:
                cursor.close()

    def next_due(self, sandbox: int, host: str, after: int) -> int | None:
        """The earliest due time after ``after`` of a pending callback to a host; None: there is none."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due > ?"
        return self._value(sql, (sandbox, host, after))

    def first_due(self, sandbox: int) -> int | None:
        """The earliest due time of a pending callback in a sandbox; None: there is none."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ?"
        return self._value(sql, (sandbox,))

    def all_due(self) -> list[tuple[int, str, int]]:
        """(sandbox, host, earliest due time), for each sandbox and host with pending callbacks."""
        sql = "SELECT sandbox, host, MIN(due) FROM callbacks WHERE state = 'pending' GROUP BY sandbox, host"
        return self._database.rows("callbacks", sql).fetchall()

    def _callback(self, key: int, doc: bytes) -> Callback:
        try:
            return _decode(doc)
        except unreadable.ERRORS as error:
            return unreadable.callback(error, key, *self._columns("subject, due, host", key))


def _between(sandbox: int, low: int, high: int, state: str) -> tuple[str, list[Json]]:
    """A condition on the numbers and on the state, unless that is empty.

    For given-up states it repeats the conditions of their partial index, so that the planner uses it.
    """
    where, values = between(sandbox, low, high, state=state)
    return (f"{where} AND {_GIVEN_UP} AND sandbox = ?", [*values, sandbox]) if state in GIVEN_UP else (where, values)


_PENDING = "SELECT key, doc FROM callbacks WHERE state = 'pending' AND sandbox = ? ORDER BY host, due, key LIMIT ?"
_DUE = (
    "SELECT key, doc, due FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due <= ?"
    " AND (due, key) > (?, ?) ORDER BY due, key LIMIT ?"
)
