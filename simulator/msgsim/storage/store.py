"""The only module that knows our tables. It knows nobody: one method per question."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import groupby, starmap
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from msgsim.model import Callback, Entry, Inbound, Json, Message
from msgsim.storage import unreadable
from msgsim.storage.database import Database, StoreError

SHIFT = 40
NUMBERS = (1 << SHIFT) - 1
FROM_PHONES = 1 << (SHIFT - 1)
"""Set in the numbers of inbound messages: a callback's subject is either kind."""
VERSION = 6
BLOCK = 9
"""Bits of a number within its block: indexes over messages are cut into blocks of 512 keys, in the order of the blocks.

What is written at about the same time stands together then, whatever its recipient is; who asks goes block by block.
"""
SPAN = 64 << BLOCK
"""Numbers that one question about recipients or counts goes through."""
EVER, NEVER = -(1 << 62), 1 << 62
"""Before every time a clock can show, those before 1970 are negative; and after every one."""
KEYED = ("messages", "callbacks", "inbound", "journal")
"""Tables whose keys are sandbox and number."""
PIECE = 256
"""Rows that are read at once of a list that is read as it is asked for."""
MOST_REWRITTEN = 10_000
ROOM = 1 << 20
"""Bytes that have to fit before a store that was full counts as writable again."""
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode
_message_of = msgspec.json.Decoder(Message).decode
_callback_of = msgspec.json.Decoder(Callback).decode
_entry_of = msgspec.json.Decoder(Entry).decode
_inbound_of = msgspec.json.Decoder(Inbound).decode


class Steps(Struct, frozen=True, gc=False):
    """How many steps of a block of messages fall on a time."""

    at: int
    block: int
    count: int
    ends: int
    """How many plans are over then. One without any step is over when it starts."""


class SandboxRow(Struct):
    """A sandbox as it is kept."""

    number: int
    name: str
    doc: dict[str, Json]


class Rewritten:
    """Keys of rows that were rewritten: who keeps what it saw of them asks which it has to look at again."""

    def __init__(self) -> None:
        self.total = 0
        """How many there have been: from here on is asked for later."""
        self._keys: deque[int] = deque(maxlen=MOST_REWRITTEN)

    def add(self, key: int) -> None:
        self.total += 1
        self._keys.append(key)

    def since(self, total: int) -> list[int] | None:
        """Those after the first ``total``; None when too many have been rewritten since to say which."""
        new = self.total - total
        return None if new > len(self._keys) else list(self._keys)[len(self._keys) - new :]

    def lose(self) -> None:
        """Nobody can say any more which rows are as they were: a transaction was rolled back."""
        self.total += MOST_REWRITTEN + 1


def first(sandbox: int) -> int:
    return sandbox << SHIFT


def last(sandbox: int) -> int:
    return (sandbox << SHIFT) | NUMBERS


class Changes(Struct):
    """What was written since the last commit that somebody may have to act on."""

    callbacks: list[Callback] = []
    """Pending ones that are new, or have another due time."""
    saved: set[int] = set()
    """Numbers of sandboxes that were saved: their clocks may go otherwise now."""
    dropped: set[int] = set()
    """Numbers of sandboxes that are gone."""


class Store:
    """Our tables, in a file or in memory. What is written is durable after `commit`."""

    def __init__(self, path: Path | None) -> None:
        """Raises StoreError when the file cannot be opened, is in use, is no store, or is of another version."""
        self._database = Database(path, files("msgsim.storage").joinpath("schema.sql").read_text(), VERSION)
        self._changes = Changes()
        self._numbered = 0
        self.rewritten_messages = Rewritten()
        self.rewritten_callbacks = Rewritten()

    @property
    def dirty(self) -> bool:
        """Something was written since the last commit."""
        return self._database.dirty

    @property
    def owes_uncommitted(self) -> bool:
        """Pending callbacks were written since the last commit: nobody may post them before they are durable."""
        return bool(self._changes.callbacks)

    def commit(self) -> Changes:
        """Make everything written so far durable. Raises StoreError, and then all of it is lost."""
        changes, self._changes = self._changes, Changes()
        try:
            self._database.commit()
        except StoreError:
            self.rewritten_messages.lose()
            self.rewritten_callbacks.lose()
            raise
        return changes

    def close(self) -> None:
        """Raises StoreError when the last writes were lost."""
        self._database.close()

    def take_room(self) -> None:
        """Write more than a few rows: the next commit fails unless there is room for them."""
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
        self._changes.saved.add(row.number)

    def drop_sandbox(self, number: int) -> None:
        """Forget a sandbox; its rows are swept later, its records now."""
        self._database.write("sandboxes", "DELETE FROM sandboxes WHERE number = ?", (number,))
        self._database.write("records", "DELETE FROM records WHERE sandbox = ?", (number,))
        self._changes.dropped.add(number)

    def strays(self) -> set[int]:
        """Numbers of dropped sandboxes that still have rows."""
        found: set[int] = set()
        for table in KEYED:
            sql = f"SELECT MIN(key) FROM {table} WHERE key > ?"  # noqa: S608
            key = self._value(table, sql, (0,))
            while key is not None:
                found.add(key >> SHIFT)
                key = self._value(table, sql, (last(key >> SHIFT),))
        found |= {sandbox for (sandbox,) in self._database.rows("steps", _STEPPED)}
        return found - {row.number for row in self.sandboxes()}

    def sweep(self, number: int, most: int = 2000) -> bool:
        """Remove the newest rows of a dropped sandbox; false when there are none left."""
        removed = 0
        for table in KEYED:
            keys = f"SELECT key FROM {table} WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"  # noqa: S608
            sql = f"DELETE FROM {table} WHERE key IN ({keys})"  # noqa: S608
            removed += self._database.write(table, sql, (first(number), last(number), most))
        rows = "SELECT sandbox, at, block FROM steps WHERE sandbox = ? LIMIT ?"
        sql = f"DELETE FROM steps WHERE (sandbox, at, block) IN ({rows})"  # noqa: S608
        removed += self._database.write("steps", sql, (number, 4 * most))
        return removed > 0

    def highest(self, table: str, sandbox: int) -> int:
        """The highest number used in a table by a sandbox; 0 when there is none."""
        sql = f"SELECT MAX(key) FROM {table} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return (self._value(table, sql, (first(sandbox), last(sandbox))) or 0) & NUMBERS

    def bounds(self, table: str, sandbox: int) -> tuple[int, int]:
        """The lowest and the highest number there is in a table of a sandbox; 1 and 0 when there is none."""
        sql = (
            f"SELECT (SELECT MIN(key) FROM {table} WHERE key BETWEEN :first AND :last),"  # noqa: S608
            f" (SELECT MAX(key) FROM {table} WHERE key BETWEEN :first AND :last)"
        )
        lowest, highest = self._database.rows(table, sql, {"first": first(sandbox), "last": last(sandbox)}).fetchone()
        return (1, 0) if lowest is None else (lowest & NUMBERS, highest & NUMBERS)

    # Messages

    def add_messages(self, messages: Sequence[Message]) -> None:
        self._database.defer(
            "messages",
            "INSERT INTO messages (key, id, provider, recipient, others, reference, doc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    message.key,
                    message.id,
                    message.provider,
                    message.to,
                    _others(message),
                    message.reference or None,
                    _encode(message),
                )
                for message in messages
            ],
        )
        self._count_steps(messages, 1)

    def rewrite_message(self, message: Message) -> None:
        before = self.message_by_key(message.key)
        self._database.write("messages", "UPDATE messages SET doc = ? WHERE key = ?", (_encode(message), message.key))
        self._count_steps([message], 1)
        if before is not None:
            self._count_steps([before], -1)
            for at in {before.start, *(step.at for step in before.steps)}:
                self._database.write(
                    "steps",
                    "DELETE FROM steps WHERE sandbox = ? AND at = ? AND block = ? AND count = 0 AND ends = 0",
                    (message.key >> SHIFT, at, message.key >> BLOCK),
                )
        self.rewritten_messages.add(message.key)

    def _count_steps(self, messages: Sequence[Message], each: int) -> None:
        rows: list[tuple[int, int, int, int, int]] = []
        for block, some in groupby(messages, _block_of):
            counts, ends = _step_times(some)
            sandbox = block >> (SHIFT - BLOCK)
            rows += [(sandbox, at, block, each * count, each * ends.get(at, 0)) for at, count in counts.items()]
        self._database.defer(
            "steps",
            "INSERT INTO steps (sandbox, at, block, count, ends) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sandbox, at, block)"
            " DO UPDATE SET count = count + excluded.count, ends = ends + excluded.ends",
            rows,
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

    def referred(self, sandbox: int, reference: str) -> Iterator[Message]:
        """Messages by the client's own id of them, newest first, read as they are asked for."""
        key = last(sandbox) + 1
        sql = (
            f"SELECT key, doc FROM messages WHERE reference = ? AND key BETWEEN ? AND ? ORDER BY key DESC LIMIT {PIECE}"  # noqa: S608
        )
        while rows := self._database.rows("messages", sql, (reference, first(sandbox), key - 1)).fetchall():
            for key, doc in rows:
                yield self._message(key, doc)

    def message_by_key(self, key: int) -> Message | None:
        return self._find(self._message, "messages", "key = ?", (key,))

    def messages(
        self, sandbox: int, provider: str = "", to: str = "", before: int = 0, limit: int = 1_000_000
    ) -> Iterator[Message]:
        """Newest first, of numbers below ``before`` (0: all); ``to`` fits with and without plus."""
        lowest, high = self.bounds("messages", sandbox)
        high = before - 1 if before else high
        while high >= lowest:
            low = max(lowest, high + 1 - (SPAN if to else PIECE))
            for message in self.messages_between(sandbox, low, high, provider, to, newest_first=True):
                if limit <= 0:
                    return
                limit -= 1
                yield message
            high = low - 1

    def messages_between(
        self,
        sandbox: int,
        low: int,
        high: int,
        provider: str = "",
        to: str = "",
        written: str = "",
        others: bool = False,
        newest_first: bool = False,
    ) -> Iterator[Message]:
        """Those with numbers from ``low`` to ``high``, read at once and decoded one by one.

        ``to`` fits with and without plus; with ``others`` it may be a part of what only one channel is sent to.
        ``written`` stands somewhere in their rows, in any case of ASCII letters; it has no ``%`` and no ``_``.
        """
        where, values = "key BETWEEN :low AND :high", {"low": first(sandbox) + low, "high": first(sandbox) + high}
        more: dict[str, Json] = {"provider": provider} if provider else {}
        if provider:
            where = f"{where} AND provider = :provider"
        if written:
            where, more = f"{where} AND CAST(doc AS TEXT) LIKE :written", {**more, "written": f"%{written}%"}
        if to:
            where = f"{where} AND key IN ({_TO}{_TO_ONE_CHANNEL if others else ''})"
            more |= {"from": values["low"] >> BLOCK, "till": values["high"] >> BLOCK, "to": bare(to)}
        sql = f"SELECT key, doc FROM messages WHERE {where} ORDER BY key{_order(newest_first)}"  # noqa: S608
        return starmap(self._message, self._database.rows("messages", sql, {**values, **more}).fetchall())

    def block(self, block: int) -> list[Message]:
        """The messages of one block, oldest first."""
        sql = "SELECT key, doc FROM messages WHERE key BETWEEN ? AND ? ORDER BY key"
        rows = self._database.rows("messages", sql, (block << BLOCK, (block + 1 << BLOCK) - 1)).fetchall()
        return list(starmap(self._message, rows))

    def count_messages(self, sandbox: int, low: int = 0, high: int = NUMBERS, provider: str = "") -> int:
        """How many have numbers from ``low`` to ``high``."""
        least, most = first(sandbox) + low, first(sandbox) + high
        if provider:
            sql = "SELECT COUNT(*) FROM messages WHERE key BETWEEN ? AND ? AND provider = ?"
            return self._value("messages", sql, (least, most, provider)) or 0
        sql = "SELECT COUNT(*) FROM messages WHERE key >> 9 BETWEEN ? AND ? AND key BETWEEN ? AND ?"
        return self._value("messages", sql, (least >> BLOCK, most >> BLOCK, least, most)) or 0

    def recipients(
        self, sandbox: int, low: int, high: int, like: str = "", only: Collection[str] = ()
    ) -> list[tuple[str, int, int]]:
        """Who was written to by messages with numbers from ``low`` to ``high``: without plus, the newest key, how many.

        ``like``: a part of them. ``only``: who is asked about; empty: everybody.
        """
        least, most = first(sandbox) + low, first(sandbox) + high
        where = "key >> 9 BETWEEN ? AND ? AND key BETWEEN ? AND ?"
        values: list[Json] = [least >> BLOCK, most >> BLOCK, least, most]
        if like:
            where, values = f"{where} AND INSTR(recipient, ?) > 0", [*values, like]
        if only:
            names = [*only, *(f"+{who}" for who in only)]
            where, values = f"{where} AND recipient IN ({', '.join('?' * len(names))})", [*values, *names]
        sql = f"SELECT recipient, MAX(key), COUNT(*) FROM messages WHERE {where} GROUP BY recipient"  # noqa: S608
        found: dict[str, tuple[int, int]] = {}
        for recipient, newest, count in self._database.rows("messages", sql, values):
            key, others = found.get(bare(recipient), (0, 0))
            found[bare(recipient)] = (max(key, newest), others + count)
        return [(who, newest, count) for who, (newest, count) in found.items()]

    # Steps

    def steps(self, sandbox: int, after: tuple[int, int], until: int, most: int) -> list[Steps]:
        """In order of time and block, those behind a time and block, at most ``until`` a time."""
        sql = (
            "SELECT at, block, count, ends FROM steps"
            " WHERE sandbox = ? AND (at, block) > (?, ?) AND at <= ? ORDER BY at, block LIMIT ?"
        )
        return [Steps(*row) for row in self._database.rows("steps", sql, (sandbox, *after, until, most))]

    def count_steps(self, sandbox: int, after: int, until: int) -> int:
        """How many statuses messages get after a time and until another."""
        sql = "SELECT SUM(count) FROM steps WHERE sandbox = ? AND at > ? AND at <= ?"
        return self._value("steps", sql, (sandbox, after, until)) or 0

    def step_time(self, sandbox: int, after: int, rows: int = 0) -> int | None:
        """The first time after a time at which messages get statuses; of so many rows later; None: there is none."""
        sql = "SELECT at FROM steps WHERE sandbox = ? AND at > ? ORDER BY at LIMIT 1 OFFSET ?"
        row = self._database.rows("steps", sql, (sandbox, after, rows)).fetchone()
        return None if row is None else int(row[0])

    def last_end(self, sandbox: int) -> int | None:
        """When the last plan of a sandbox is over."""
        return self._value("steps", "SELECT MAX(at) FROM steps WHERE sandbox = ?", (sandbox,))

    # Inbound

    def add_inbound(self, inbound: Inbound) -> None:
        self._database.defer(
            "inbound",
            "INSERT INTO inbound (key, provider, sender, at, doc) VALUES (?, ?, ?, ?, ?)",
            [(inbound.key, inbound.provider, bare(inbound.sender), inbound.at, _encode(inbound))],
        )

    def inbound(
        self, sandbox: int, provider: str = "", since: int = EVER, key: int = 0, until: int = NEVER
    ) -> Iterator[Inbound]:
        """In order of time, behind a time and a key at that time, at most ``until`` a time; read as it is asked for."""
        where = "key >> 40 = ? AND (at, key) > (?, ?) AND at <= ?" + (" AND provider = ?" if provider else "")
        sql = f"SELECT at, key, doc FROM inbound WHERE {where} ORDER BY at, key LIMIT {PIECE}"  # noqa: S608
        return self._inbound_by_time(sql, sandbox, (since, key or NEVER), (until, *([provider] if provider else [])))

    def latest_inbound(
        self, sandbox: int, since: int = EVER, until: int = NEVER, sender: str = ""
    ) -> Iterator[Inbound]:
        """In reverse order of time, from one time to another; read as it is asked for.

        ``sender`` fits with and without plus.
        """
        where = "key >> 40 = ? AND (at, key) < (?, ?) AND at >= ?" + (" AND sender = ?" if sender else "")
        sql = f"SELECT at, key, doc FROM inbound WHERE {where} ORDER BY at DESC, key DESC LIMIT {PIECE}"  # noqa: S608
        return self._inbound_by_time(sql, sandbox, (until, NEVER), (since, *([bare(sender)] if sender else [])))

    def _inbound_by_time(
        self, sql: str, sandbox: int, start: tuple[int, int], more: tuple[Json, ...]
    ) -> Iterator[Inbound]:
        """Piece by piece from a time and a key on."""
        while rows := self._database.rows("inbound", sql, [sandbox, *start, *more]).fetchall():
            start = rows[-1][:2]
            for _, key, doc in rows:
                yield self._inbound(key, doc)

    def inbound_between(self, sandbox: int, low: int, high: int, provider: str = "") -> Iterator[Inbound]:
        """Those with numbers from ``low`` to ``high``, oldest first, read at once and decoded one by one."""
        where, values = _between(sandbox, FROM_PHONES + low, FROM_PHONES + high, provider=provider)
        sql = f"SELECT key, doc FROM inbound WHERE {where} ORDER BY key"  # noqa: S608
        return starmap(self._inbound, self._database.rows("inbound", sql, values).fetchall())

    def count_inbound(self, sandbox: int, low: int, high: int, provider: str = "") -> int:
        where, values = _between(sandbox, FROM_PHONES + low, FROM_PHONES + high, provider=provider)
        return self._value("inbound", f"SELECT COUNT(*) FROM inbound WHERE {where}", values) or 0  # noqa: S608

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
        self.rewritten_callbacks.add(callback.key)
        if callback.state == "pending":
            self._changes.callbacks.append(callback)

    def callback(self, key: int) -> Callback | None:
        return self._find(self._callback, "callbacks", "key = ?", (key,))

    def callbacks_of(self, subject: int) -> list[Callback]:
        rows = self._database.rows(
            "callbacks", "SELECT key, doc FROM callbacks WHERE subject = ? ORDER BY due, key", (subject,)
        )
        return [self._callback(*row) for row in rows]

    def callbacks(
        self, sandbox: int, low: int = 1, high: int = NUMBERS, state: str = "", newest_first: bool = False
    ) -> Iterator[Callback]:
        """Those with numbers from ``low`` to ``high``, read at once and decoded one by one."""
        where, values = _between(sandbox, low, high, state=state)
        sql = f"SELECT key, doc FROM callbacks WHERE {where} ORDER BY key{_order(newest_first)}"  # noqa: S608
        return starmap(self._callback, self._database.rows("callbacks", sql, values).fetchall())

    def count_callbacks(self, sandbox: int, low: int = 1, high: int = NUMBERS, state: str = "") -> int:
        where, values = _between(sandbox, low, high, state=state)
        return self._value("callbacks", f"SELECT COUNT(*) FROM callbacks WHERE {where}", values) or 0  # noqa: S608

    def due(self, sandbox: int, host: str, until: int) -> Iterator[Callback]:
        """Pending callbacks to a host that are due by a time, earliest first, read one by one.

        One that cannot be read comes as failed, with its reason.
        """
        sql = (
            "SELECT key, doc FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due <= ?"
            " ORDER BY due, key"
        )
        cursor = self._database.rows("callbacks", sql, (sandbox, host, until))
        try:
            for row in cursor:
                yield self._callback(*row)
        finally:
            cursor.close()

    def next_due(self, sandbox: int, host: str, after: int) -> int | None:
        """When the earliest pending callback to a host is due that is due after a time."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due > ?"
        return self._value("callbacks", sql, (sandbox, host, after))

    def first_due(self, sandbox: int) -> int | None:
        """When the earliest pending callback is due."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ?"
        return self._value("callbacks", sql, (sandbox,))

    def all_due(self) -> list[tuple[int, str, int]]:
        """Sandbox, host, and when the earliest pending callback to it is due, wherever there is one."""
        sql = "SELECT sandbox, host, MIN(due) FROM callbacks WHERE state = 'pending' GROUP BY sandbox, host"
        return self._database.rows("callbacks", sql).fetchall()

    # Journal

    def add_entry(self, entry: Entry, subject: int = 0) -> None:
        self._database.defer(
            "journal",
            "INSERT INTO journal (key, at, kind, provider, subject, doc) VALUES (?, ?, ?, ?, ?, ?)",
            [(entry.key, entry.at, entry.kind, entry.provider, subject, _entry_doc(entry))],
        )

    def journal(
        self,
        sandbox: int,
        low: int = 1,
        high: int = NUMBERS,
        kind: str = "",
        provider: str = "",
        newest_first: bool = False,
    ) -> Iterator[Entry]:
        """Lines with numbers from ``low`` to ``high``, read at once and decoded one by one."""
        where, values = _between(sandbox, low, high, kind=kind, provider=provider)
        sql = f"SELECT key, doc FROM journal WHERE {where} ORDER BY key{_order(newest_first)}"  # noqa: S608
        return starmap(self._entry, self._database.rows("journal", sql, values).fetchall())

    def count_journal(self, sandbox: int, low: int = 1, high: int = NUMBERS, kind: str = "", provider: str = "") -> int:
        where, values = _between(sandbox, low, high, kind=kind, provider=provider)
        return self._value("journal", f"SELECT COUNT(*) FROM journal WHERE {where}", values) or 0  # noqa: S608

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


def _entry_doc(entry: Entry) -> bytes:
    """What is written of an entry; where a provider's words in it could not be read again, that they could not."""
    doc = _encode(entry)
    if entry.exchange is not None and (entry.exchange.refusals or entry.exchange.notes):
        try:
            _entry_of(doc)
        except unreadable.ERRORS as error:
            return _encode(unreadable.entry(error, entry.key, entry.at, entry.kind, entry.provider, 0))
    return doc


_NONE = object()


def _json(doc: bytes, otherwise: Json = None) -> Json:
    """What a document says, ``otherwise`` where it cannot be decoded."""
    try:
        return msgspec.json.decode(doc)
    except unreadable.ERRORS:
        return otherwise


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    """Host and port that a callback goes to, with any credentials; empty where the URL cannot be read."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _block_of(message: Message) -> int:
    return message.key >> BLOCK


def _step_times(messages: Iterable[Message]) -> tuple[dict[int, int], dict[int, int]]:
    """How many steps fall on each time, and how many plans end then; an end is always among the times."""
    counts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for message in messages:
        at = message.start
        for step in message.steps:
            at = step.at
            counts[at] = counts.get(at, 0) + 1
        ends[at] = ends.get(at, 0) + 1
        counts.setdefault(at, 0)
    return counts, ends


def _order(newest_first: bool) -> str:
    return " DESC" if newest_first else ""


def bare(recipient: str) -> str:
    """As it stands in an index: numbers are found with and without plus."""
    return recipient.removeprefix("+")


def _others(message: Message) -> str | None:
    """Recipients that only single channels have, a line each."""
    others = [bare(channel.to) for channel in message.channels if channel.to and channel.to != message.to]
    return "\n".join(others) or None


def _between(sandbox: int, low: int, high: int, **columns: str) -> tuple[str, list[Json]]:
    """A condition on keys and on the columns that are not empty."""
    asked = {name: value for name, value in columns.items() if value}
    where = " AND ".join(["key BETWEEN ? AND ?", *(f"{name} = ?" for name in asked)])
    return where, [first(sandbox) + low, first(sandbox) + high, *asked.values()]


_TO = (
    "WITH RECURSIVE blocks (block) AS (VALUES (:from) UNION ALL SELECT block + 1 FROM blocks WHERE block < :till)"
    " SELECT key FROM blocks CROSS JOIN messages ON key >> 9 = block AND recipient IN (:to, '+' || :to)"
)
"""Keys of messages, looked up in each block's part of the index."""
_TO_ONE_CHANNEL = (
    " UNION ALL SELECT key FROM messages"
    " WHERE key >> 9 BETWEEN :from AND :till AND others IS NOT NULL AND INSTR(others, :to) > 0"
)
_STEPPED = (
    "WITH RECURSIVE stepped (sandbox) AS (SELECT MIN(sandbox) FROM steps UNION ALL"
    " SELECT (SELECT MIN(sandbox) FROM steps WHERE sandbox > stepped.sandbox) FROM stepped WHERE sandbox IS NOT NULL)"
    " SELECT sandbox FROM stepped WHERE sandbox IS NOT NULL"
)
"""Sandboxes with rows in ``steps``, each found by one look into its key."""
