"""The only module that knows our tables. It knows nobody: one method per question."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from heapq import merge
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from msgsim.model import Callback, Entry, Inbound, Json, Message
from msgsim.storage import unreadable
from msgsim.storage.database import Database

SHIFT = 40
NUMBERS = (1 << SHIFT) - 1
FROM_PHONES = 1 << (SHIFT - 1)
"""Set in the numbers of inbound messages: a callback's subject is either kind."""
VERSION = 4
EVER = -(1 << 62)
"""Before every time a clock can show: those before 1970 are negative."""
KEYED = ("messages", "callbacks", "inbound", "journal")
"""Tables whose keys are sandbox and number."""
ROOM = 1 << 20
"""Bytes that have to fit before a store that was full counts as writable again."""
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode
_message_of = msgspec.json.Decoder(Message).decode
_callback_of = msgspec.json.Decoder(Callback).decode
_entry_of = msgspec.json.Decoder(Entry).decode
_inbound_of = msgspec.json.Decoder(Inbound).decode


class SandboxRow(Struct):
    """A sandbox as it is kept."""

    number: int
    name: str
    doc: dict[str, Json]


def first(sandbox: int) -> int:
    return sandbox << SHIFT


def last(sandbox: int) -> int:
    return (sandbox << SHIFT) | NUMBERS


class Changes(Struct):
    """What was written since the last commit that somebody may have to act on."""

    callbacks: list[Callback] = []
    """Pending ones that are new, or have another due time."""
    sandboxes: set[int] = set()
    """Numbers of those that were saved or dropped."""


class Store:
    """Our tables, in a file or in memory. What is written is durable after `commit`."""

    def __init__(self, path: Path | None) -> None:
        """Raises StoreError when the file cannot be opened, is in use, is no store, or is of another version."""
        self._database = Database(path, files("msgsim.storage").joinpath("schema.sql").read_text(), VERSION)
        self._changes = Changes()
        self._numbered = 0

    @property
    def dirty(self) -> bool:
        """Something was written since the last commit."""
        return self._database.dirty

    @property
    def owes_uncommitted(self) -> bool:
        """Callbacks were written since the last commit that are not to be posted before the next one."""
        return bool(self._changes.callbacks)

    def commit(self) -> Changes:
        """Make everything written so far durable. Raises StoreError, and then nothing of it was kept."""
        changes, self._changes = self._changes, Changes()
        self._database.commit()
        return changes

    def close(self) -> None:
        """Raises StoreError when the last writes were lost."""
        self._database.close()

    def take_room(self) -> None:
        """Write more than a few rows, so that the next commit tells whether there is room for them."""
        self.keep_record(0, "", "room", "", "x" * ROOM)

    def give_room_back(self) -> None:
        self.drop_record(0, "", "room", "")

    # Sandboxes

    def sandboxes(self) -> list[SandboxRow]:
        rows = self._database.rows("sandboxes", "SELECT number, name, doc FROM sandboxes ORDER BY number")
        found = [(number, name, _json(doc)) for number, name, doc in rows]
        return [SandboxRow(number, name, doc if isinstance(doc, dict) else {}) for number, name, doc in found]

    def next_sandbox(self) -> int:
        """A number no sandbox ever had, emptied ones included."""
        highest = [self._value(table, f"SELECT MAX(key) FROM {table}") or 0 for table in KEYED]  # noqa: S608
        named = self._value("sandboxes", "SELECT MAX(number) FROM sandboxes")
        self._numbered = max(max(highest) >> SHIFT, named or 0, self._numbered) + 1
        return self._numbered

    def keep_sandbox(self, row: SandboxRow) -> None:
        self._database.write("sandboxes", "DELETE FROM sandboxes WHERE name = ?", (row.name,))
        self._database.write(
            "sandboxes",
            "INSERT INTO sandboxes (number, name, doc) VALUES (?, ?, ?)",
            (row.number, row.name, _encode(row.doc)),
        )
        self._changes.sandboxes.add(row.number)

    def drop_sandbox(self, number: int) -> None:
        """Forget a sandbox; its rows are swept later, its records now."""
        self._database.write("sandboxes", "DELETE FROM sandboxes WHERE number = ?", (number,))
        self._database.write("records", "DELETE FROM records WHERE sandbox = ?", (number,))
        self._changes.sandboxes.add(number)

    def strays(self) -> set[int]:
        """Numbers of dropped sandboxes that still have rows."""
        found: set[int] = set()
        for table in KEYED:
            sql = f"SELECT MIN(key) FROM {table} WHERE key > ?"  # noqa: S608
            key = self._value(table, sql, (0,))
            while key is not None:
                found.add(key >> SHIFT)
                key = self._value(table, sql, (last(key >> SHIFT),))
        return found - {row.number for row in self.sandboxes()}

    def sweep(self, number: int, most: int = 2000) -> bool:
        """Remove the newest rows of a dropped sandbox; false when there are none left."""
        removed = 0
        for table in KEYED:
            keys = f"SELECT key FROM {table} WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"  # noqa: S608
            sql = f"DELETE FROM {table} WHERE key IN ({keys})"  # noqa: S608
            removed += self._database.write(table, sql, (first(number), last(number), most))
        return removed > 0

    def highest(self, table: str, sandbox: int) -> int:
        """The highest number used in a table by a sandbox; 0 when there is none."""
        sql = f"SELECT MAX(key) FROM {table} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return (self._value(table, sql, (first(sandbox), last(sandbox))) or 0) & NUMBERS

    # Messages

    def add_messages(self, messages: Sequence[Message], ends: Sequence[int]) -> None:
        self._database.defer(
            "messages",
            "INSERT INTO messages (key, id, provider, recipient, ends, doc) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (message.key, message.id, message.provider, message.to, end, _encode(message))
                for message, end in zip(messages, ends, strict=True)
            ],
        )

    def rewrite_message(self, message: Message, ends: int) -> None:
        self._database.write(
            "messages",
            "UPDATE messages SET ends = ?, doc = ? WHERE key = ?",
            (ends, _encode(message), message.key),
        )

    def message(self, sandbox: int, id: str) -> Message | None:
        return self._find(
            self._message,
            "messages",
            "id = ? AND key BETWEEN ? AND ?",
            (id, first(sandbox), last(sandbox)),
        )

    def message_near(self, sandbox: int, start: str, end: str) -> Message | None:
        """A message whose id stands between two texts: ids of one acceptance share their first part."""
        return self._find(
            self._message,
            "messages",
            "id >= ? AND id < ? AND key BETWEEN ? AND ?",
            (start, end, first(sandbox), last(sandbox)),
        )

    def message_by_key(self, key: int) -> Message | None:
        return self._find(self._message, "messages", "key = ?", (key,))

    def messages(
        self, sandbox: int, provider: str = "", to: str = "", before: int = 0, after: int = 0, limit: int = 1_000_000
    ) -> Iterator[Message]:
        """Newest first below ``before`` (a number, 0: all), or oldest first above ``after``."""
        where = "key BETWEEN ? AND ?"
        values: list[Json] = [first(sandbox) + after + 1, last(sandbox)]
        if before:
            values[1] = first(sandbox) + before - 1
        if provider:
            where, values = f"{where} AND provider = ?", [*values, provider]
        if to:
            where, values = (
                f"{where} AND recipient IN (?, ?)",
                [*values, to.removeprefix("+"), f"+{to.removeprefix('+')}"],
            )
        order = "" if after else " DESC"
        sql = f"SELECT key, doc FROM messages WHERE {where} ORDER BY key{order} LIMIT ?"  # noqa: S608
        for key, doc in self._database.rows("messages", sql, [*values, limit]):
            yield self._message(key, doc)

    def recipients(
        self,
        sandbox: int,
        before: int = 0,
        after: int = 0,
        like: str = "",
        limit: int = 1_000_000,
        who: str | None = None,
    ) -> list[tuple[str, int, int]]:
        """Who was written to, without plus, the key of their newest message and how many; the newest first.

        The newest message's number is below ``before`` (0: any) and above ``after``.
        """
        where = "key BETWEEN ? AND ?"
        values: list[Json] = [first(sandbox), last(sandbox)]
        if like:
            where, values = f"{where} AND INSTR(recipient, ?) > 0", [*values, like]
        if who is not None:
            where, values = f"{where} AND recipient IN (?, ?)", [*values, who, f"+{who}"]
        sql = (
            f"SELECT LTRIM(recipient, '+') AS who, MAX(key) AS newest, COUNT(*) FROM messages WHERE {where} "  # noqa: S608
            "GROUP BY LTRIM(recipient, '+') HAVING MAX(key) < ? AND MAX(key) > ? ORDER BY MAX(key) DESC LIMIT ?"
        )
        top = first(sandbox) + before if before else last(sandbox)
        return self._database.rows("messages", sql, [*values, top, first(sandbox) + after, limit]).fetchall()

    def count_messages(self, sandbox: int) -> int:
        return self._count("messages", sandbox)

    def changing(self, sandbox: int, since: int, provider: str = "") -> Iterator[Message]:
        """Messages whose plan went on after a time, oldest first."""
        sql = "SELECT key, doc FROM messages WHERE key >> 40 = ? AND ends > ?"
        values: list[Json] = [sandbox, since]
        if provider:
            sql, values = f"{sql} AND provider = ?", [*values, provider]
        for key, doc in self._database.rows("messages", f"{sql} ORDER BY key", values).fetchall():
            yield self._message(key, doc)

    def last_end(self, sandbox: int) -> int | None:
        """When the last plan of a sandbox is over."""
        return self._value("messages", "SELECT MAX(ends) FROM messages WHERE key >> 40 = ?", (sandbox,))

    # Inbound

    def add_inbound(self, inbound: Inbound) -> None:
        self._database.defer(
            "inbound",
            "INSERT INTO inbound (key, provider, at, doc) VALUES (?, ?, ?, ?)",
            [(inbound.key, inbound.provider, inbound.at, _encode(inbound))],
        )

    def inbound(self, sandbox: int, provider: str = "", since: int = EVER, until: int | None = None) -> list[Inbound]:
        """Oldest first; ``since`` and ``until`` are times, the first exclusive."""
        sql = "SELECT key, doc FROM inbound WHERE key BETWEEN ? AND ? AND at > ?"
        values: list[Json] = [first(sandbox), last(sandbox), since]
        if provider:
            sql, values = f"{sql} AND provider = ?", [*values, provider]
        if until is not None:
            sql, values = f"{sql} AND at <= ?", [*values, until]
        return [self._inbound(*row) for row in self._database.rows("inbound", f"{sql} ORDER BY at, key", values)]

    def inbound_by_key(self, key: int) -> Inbound | None:
        return self._find(self._inbound, "inbound", "key = ?", (key,))

    # Callbacks

    def add_callbacks(self, callbacks: Sequence[Callback]) -> None:
        self._database.defer(
            "callbacks",
            "INSERT INTO callbacks (key, sandbox, subject, due, host, state, doc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    callback.key,
                    callback.key >> SHIFT,
                    callback.subject,
                    callback.due,
                    host(callback.url),
                    callback.state,
                    _encode(callback),
                )
                for callback in callbacks
            ],
        )
        self._changes.callbacks += [callback for callback in callbacks if callback.state == "pending"]

    def rewrite_callback(self, callback: Callback) -> None:
        self._database.defer(
            "callbacks",
            "UPDATE callbacks SET due = ?, state = ?, doc = ? WHERE key = ?",
            [(callback.due, callback.state, _encode(callback), callback.key)],
        )
        if callback.state == "pending":
            self._changes.callbacks.append(callback)

    def callback(self, key: int) -> Callback | None:
        return self._find(self._callback, "callbacks", "key = ?", (key,))

    def callbacks_of(self, subject: int) -> list[Callback]:
        rows = self._database.rows(
            "callbacks", "SELECT key, doc FROM callbacks WHERE subject = ? ORDER BY due, key", (subject,)
        )
        return [self._callback(*row) for row in rows]

    def callbacks(self, sandbox: int, state: str = "", after: int = 0, limit: int = 1_000_000) -> list[Callback]:
        where, values = _in_state(sandbox, state)
        keys = f"SELECT key FROM callbacks WHERE {where} AND key > ? ORDER BY key LIMIT ?"  # noqa: S608
        sql = f"SELECT key, doc FROM callbacks WHERE key IN ({keys}) ORDER BY key"  # noqa: S608
        return [
            self._callback(*row)
            for row in self._database.rows("callbacks", sql, [*values, first(sandbox) + after, limit])
        ]

    def count_callbacks(self, sandbox: int, state: str = "") -> int:
        where, values = _in_state(sandbox, state)
        sql = f"SELECT COUNT(*) FROM callbacks WHERE {where}"  # noqa: S608
        return self._value("callbacks", sql, values) or 0

    def due(self, sandbox: int, until: int, limit: int, full: Collection[str] = ()) -> list[Callback]:
        """Pending callbacks due by a time, earliest first, but none for hosts that are busy enough.

        One that cannot be read is failed here and now: nobody could post it, and it would be due for ever.

        Host by host: to pass over the callbacks of a busy one takes no longer when it has a million.
        """
        sql = (
            "SELECT due, key, doc FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due <= ?"
            " ORDER BY due, key LIMIT ?"
        )
        hosts = [host for host in self._hosts(sandbox) if host not in full]
        rows = merge(
            *(self._database.rows("callbacks", sql, (sandbox, host, until, limit)).fetchall() for host in hosts)
        )
        found = [self._callback(key, doc) for _, key, doc in islice(rows, limit)]
        for callback in found:
            if callback.state != "pending":
                self.rewrite_callback(callback)
        return [callback for callback in found if callback.state == "pending"]

    def next_due(self, sandbox: int, after: int = EVER) -> int | None:
        """When the earliest pending callback is due that is due after a time."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due > ?"
        found = [self._value("callbacks", sql, (sandbox, host, after)) for host in self._hosts(sandbox)]
        return min((due for due in found if due is not None), default=None)

    def _hosts(self, sandbox: int) -> list[str]:
        """To whom callbacks are pending: each found by one look into the index, from the last one on."""
        sql = (
            "WITH RECURSIVE hosts (host) AS ("
            " SELECT MIN(host) FROM callbacks WHERE state = 'pending' AND sandbox = :sandbox UNION ALL"
            " SELECT (SELECT MIN(host) FROM callbacks"
            "  WHERE state = 'pending' AND sandbox = :sandbox AND host > hosts.host)"
            " FROM hosts WHERE host IS NOT NULL)"
            " SELECT host FROM hosts WHERE host IS NOT NULL"
        )
        return [host for (host,) in self._database.rows("callbacks", sql, {"sandbox": sandbox})]

    # Journal

    def add_entry(self, entry: Entry, subject: int = 0) -> None:
        self._database.defer(
            "journal",
            "INSERT INTO journal (key, at, kind, provider, subject, doc) VALUES (?, ?, ?, ?, ?, ?)",
            [(entry.key, entry.at, entry.kind, entry.provider, subject, _encode(entry))],
        )

    def journal(
        self, sandbox: int, kind: str = "", provider: str = "", after: int = 0, before: int = 0, limit: int = 1_000_000
    ) -> Iterator[Entry]:
        """Oldest first above ``after``; newest first below ``before``."""
        where = "key BETWEEN ? AND ?"
        values: list[Json] = [first(sandbox) + after + 1, last(sandbox) if not before else first(sandbox) + before - 1]
        if kind:
            where, values = f"{where} AND kind = ?", [*values, kind]
        if provider:
            where, values = f"{where} AND provider = ?", [*values, provider]
        order = " DESC" if before else ""
        sql = f"SELECT key, doc FROM journal WHERE {where} ORDER BY key{order} LIMIT ?"  # noqa: S608
        for row in self._database.rows("journal", sql, [*values, limit]):
            yield self._entry(*row)

    def count_journal(self, sandbox: int, kind: str) -> int:
        sql = "SELECT COUNT(*) FROM journal WHERE key BETWEEN ? AND ? AND kind = ?"
        return self._value("journal", sql, (first(sandbox), last(sandbox), kind)) or 0

    def entry(self, key: int) -> Entry | None:
        return self._find(self._entry, "journal", "key = ?", (key,))

    def attempts(self, callback: int) -> list[Entry]:
        sql = "SELECT key, doc FROM journal WHERE kind = 'attempt' AND subject = ? ORDER BY key"
        return [self._entry(*row) for row in self._database.rows("journal", sql, (callback,))]

    def trim_journal(self, sandbox: int, newest: int, limit: int) -> None:
        """Keep the newest ``limit`` entries."""
        sql = "DELETE FROM journal WHERE key BETWEEN ? AND ?"
        self._database.write("journal", sql, (first(sandbox), first(sandbox) + newest - limit))

    # Records

    def record(self, sandbox: int, provider: str, kind: str, key: str) -> Json:
        row = self._database.rows(
            "records",
            "SELECT doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        ).fetchone()
        return None if row is None else _json(row[0])

    def records(self, sandbox: int, provider: str, kind: str) -> list[tuple[str, Json]]:
        rows = self._database.rows(
            "records",
            "SELECT key, doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? ORDER BY key",
            (sandbox, provider, kind),
        )
        return [(key, value) for key, doc in rows if (value := _json(doc, _NONE)) is not _NONE]

    def keep_record(self, sandbox: int, provider: str, kind: str, key: str, value: Json) -> None:
        self._database.write(
            "records",
            "INSERT INTO records (sandbox, provider, kind, key, doc) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sandbox, provider, kind, key) DO UPDATE SET doc = excluded.doc",
            (sandbox, provider, kind, key, _encode(value)),
        )

    def drop_record(self, sandbox: int, provider: str, kind: str, key: str) -> None:
        self._database.write(
            "records",
            "DELETE FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        )

    def _find(self, decode: Callable[[int, bytes], _T], table: str, where: str, values: Sequence[Json]) -> _T | None:
        row = self._database.rows(table, f"SELECT key, doc FROM {table} WHERE {where}", values).fetchone()  # noqa: S608
        return None if row is None else decode(*row)

    def _value(self, table: str, sql: str, values: Sequence[Json] = ()) -> int | None:
        """The one number that a question is answered with."""
        (value,) = self._database.rows(table, sql, values).fetchone()
        return value if value is None else int(value)

    def _count(self, table: str, sandbox: int) -> int:
        sql = f"SELECT COUNT(*) FROM {table} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return self._value(table, sql, (first(sandbox), last(sandbox))) or 0

    # A row that cannot be decoded concerns itself only

    def _message(self, key: int, doc: bytes) -> Message:
        try:
            return _message_of(doc)
        except unreadable.ERRORS as error:
            columns = self._columns("messages", "id, provider, recipient", key)
            return unreadable.message(error, key, *columns)

    def _inbound(self, key: int, doc: bytes) -> Inbound:
        try:
            return _inbound_of(doc)
        except unreadable.ERRORS as error:
            return unreadable.inbound(error, key, *self._columns("inbound", "provider, at", key))

    def _callback(self, key: int, doc: bytes) -> Callback:
        try:
            return _callback_of(doc)
        except unreadable.ERRORS as error:
            columns = self._columns("callbacks", "subject, due, host", key)
            return unreadable.callback(error, key, *columns)

    def _entry(self, key: int, doc: bytes) -> Entry:
        try:
            return _entry_of(doc)
        except unreadable.ERRORS as error:
            columns = self._columns("journal", "at, kind, provider, subject", key)
            return unreadable.entry(error, key, *columns)

    def _columns(self, table: str, names: str, key: int) -> tuple[Json, ...]:
        sql = f"SELECT {names} FROM {table} WHERE key = ?"  # noqa: S608
        row: tuple[Json, ...] = self._database.rows(table, sql, (key,)).fetchone()
        return row


_NONE = object()


def _json(doc: bytes, otherwise: Json = None) -> Json:
    """What a document says, ``otherwise`` where it cannot be decoded."""
    try:
        return msgspec.json.decode(doc)
    except unreadable.ERRORS:
        return otherwise


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    return urlsplit(url).netloc


def _in_state(sandbox: int, state: str) -> tuple[str, list[Json]]:
    """A condition on callbacks; those that are pending have an index of their own, which asks for the word itself."""
    if state == "pending":
        return "state = 'pending' AND sandbox = ?", [sandbox]
    between: list[Json] = [first(sandbox), last(sandbox)]
    return ("key BETWEEN ? AND ? AND state = ?", [*between, state]) if state else ("key BETWEEN ? AND ?", between)
