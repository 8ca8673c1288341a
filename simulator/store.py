"""The only module that knows SQL. It knows nobody: one method per question.

Writes join the transaction that is open; whoever answers a client first waits for `commit`.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import merge
from importlib.resources import files
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from simulator.model import Callback, Entry, Inbound, Json, Message

SHIFT = 40
NUMBERS = (1 << SHIFT) - 1
FROM_PHONES = 1 << (SHIFT - 1)
"""Set in the numbers of inbound messages: a callback's subject is either kind."""
VERSION = 3
PAGES, HEAVY_PAGES = 8000, 500
"""Pages of SQLite's log: seldom, because it takes some ten milliseconds; a few where a commit takes long by itself."""
HEAVY = 500
"""Rows changed."""
ROOM = 1 << 20
"""Bytes that have to fit before a store that was full counts as writable again."""
ABREAST = 32
"""Rows that one statement inserts at most."""
STATEMENTS = 8 * ABREAST
"""Kept ready: four tables take rows this way, each from one row to many."""
FAILED = (sqlite3.Error, OverflowError, UnicodeEncodeError)
"""What a statement may fail with: the last two are values that SQLite cannot hold."""
_T = TypeVar("_T")
_encode = msgspec.json.Encoder().encode
_message = msgspec.json.Decoder(Message).decode
_callback = msgspec.json.Decoder(Callback).decode
_entry = msgspec.json.Decoder(Entry).decode
_inbound = msgspec.json.Decoder(Inbound).decode


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


class SandboxRow(Struct):
    """A sandbox as it is kept."""

    number: int
    name: str
    doc: dict[str, Json]


def first(sandbox: int) -> int:
    return sandbox << SHIFT


def last(sandbox: int) -> int:
    return (sandbox << SHIFT) | NUMBERS


class Store:
    """SQLite, in a file or in memory."""

    def __init__(self, path: Path | None) -> None:
        """Raises StoreError when the file cannot be opened, is no store, or is from a newer version."""
        self.path = path
        self.dirty = False
        self.told: list[Callable[[StoreError | None], None]] = []
        """Called when what was written since the last commit is durable, or with the reason why it is lost."""
        self._numbered = 0
        self._changes = self._pages = 0
        self._waiting: dict[str, list[tuple[str, list[Sequence[Json]]]]] = {}
        """Per table what is not written yet: statements in their order, each with its rows."""
        self._database = self._open(path)
        self._inode = path.stat().st_ino if path else 0

    def _open(self, path: Path | None) -> sqlite3.Connection:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                if not path.exists():
                    path.touch(mode=0o600)
            database = sqlite3.connect(
                path or ":memory:",
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
                timeout=0,
            )
            with contextlib.ExitStack() as opened:
                opened.callback(database.close)
                _prepare(database, path)
                opened.pop_all()
        except sqlite3.OperationalError as wrong:
            reason = "another msgsim uses it" if "locked" in str(wrong) else str(wrong)
            raise StoreError(f"{path}: {reason}; choose another with --store PATH, or --store memory") from None
        except sqlite3.DatabaseError as wrong:
            raise StoreError(f"{path}: not a store of msgsim ({wrong}); choose another with --store PATH") from None
        except OSError as wrong:
            raise StoreError(f"{path}: {wrong.strerror}; choose another with --store PATH, or --store memory") from None
        return database

    def close(self) -> None:
        """Raises StoreError when the last writes could not be kept."""
        try:
            self.dirty = True
            self.commit()
        finally:
            self._database.close()

    def commit(self) -> None:
        """Make everything written so far durable. Raises StoreError, and then nothing of it was kept."""
        if self.dirty:
            try:
                if self._waiting:
                    self._write_waiting()
                if self._database.in_transaction:
                    self._check_in_after(HEAVY_PAGES if self._is_heavy() else PAGES)
                    self._database.execute("COMMIT")
                self.dirty = False
                if self.path is not None and _inode(self.path) != self._inode:
                    self._restore(self.path)
            except (*FAILED, OSError, StoreError) as wrong:
                raise self._nothing_kept(wrong) from None
            self._tell(None)

    def _is_heavy(self) -> bool:
        """Whether the transaction is so large that its commit takes long by itself."""
        before, self._changes = self._changes, self._database.total_changes
        return self._changes - before > HEAVY

    def _check_in_after(self, pages: int) -> None:
        """How long SQLite's log may grow before its pages go back into the file, and a commit waits for that."""
        if pages != self._pages:
            self._database.execute(f"PRAGMA wal_autocheckpoint = {pages}").fetchall()
            self._pages = pages

    def try_room(self) -> None:
        """Raises StoreError unless there is room for more than a few rows."""
        self.keep_record(0, "", "room", "", "x" * ROOM)
        self.commit()
        self.drop_record(0, "", "room", "")
        self.commit()

    def _restore(self, path: Path) -> None:
        """The file was deleted while it was in use: what it held is still open here, and goes back."""
        if path.exists():
            raise StoreError(f"{path}: another file stands where the store was; restart msgsim to use it")
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = path.with_name(f"{path.name}.restored")
        copy.unlink(missing_ok=True)
        copy.touch(mode=0o600)
        self._database.execute("VACUUM INTO ?", (str(copy),))
        path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
        copy.rename(path)
        restored = self._open(path)
        self._database.close()
        self._database, self._inode, self._pages = restored, _inode(path), 0

    def _nothing_kept(self, wrong: Exception) -> StoreError:
        """Leave the transaction, and tell whoever waits for it."""
        self.dirty = False
        self._waiting.clear()
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")
        reason = wrong if isinstance(wrong, StoreError) else StoreError(f"{self.path or 'memory'}: {wrong}")
        self._tell(reason)
        return reason

    def _tell(self, wrong: StoreError | None) -> None:
        for told in self.told:
            told(wrong)

    def _later(self, table: str, sql: str, rows: Iterable[Sequence[Json]]) -> None:
        """What many requests write is written at once: before the commit, or before the table is asked for anything."""
        self.dirty = True
        waiting = self._waiting.setdefault(table, [])
        if waiting and waiting[-1][0] == sql:
            waiting[-1][1].extend(rows)
        else:
            waiting.append((sql, list(rows)))

    def _write_waiting(self) -> None:
        """Raises what is in FAILED."""
        self._begin()
        waiting, self._waiting = self._waiting, {}
        for writes in waiting.values():
            for sql, rows in writes:
                if sql.startswith("INSERT"):
                    self._insert(sql, rows)
                else:
                    self._database.executemany(sql, rows)

    def _insert(self, sql: str, rows: list[Sequence[Json]]) -> None:
        """Some rows per statement: each statement gives the interpreter away and takes it back."""
        for start in range(0, len(rows), ABREAST):
            some = rows[start : start + ABREAST]
            self._database.execute(_abreast(sql, len(some)), list(chain.from_iterable(some)))

    def _write_before(self, sql: str) -> None:
        """Write what waits, where a statement names a table that it waits for. Raises what is in FAILED."""
        if any(table in sql for table in self._waiting):
            self._write_waiting()

    def _write(self, sql: str, values: Sequence[Json] = ()) -> None:
        try:
            self._write_before(sql)
            self._begin()
            self._database.execute(sql, values)
        except FAILED as wrong:
            raise self._nothing_kept(wrong) from None

    def _begin(self) -> None:
        self.dirty = True
        if not self._database.in_transaction:
            self._database.execute("BEGIN IMMEDIATE")

    def _rows(self, sql: str, values: Sequence[Json] | Mapping[str, Json] = ()) -> sqlite3.Cursor:
        try:
            self._write_before(sql)
        except FAILED as wrong:
            raise self._nothing_kept(wrong) from None
        try:
            return self._database.execute(sql, values)
        except sqlite3.Error as wrong:
            raise StoreError(f"{self.path or 'memory'}: {wrong}") from None

    # Sandboxes

    def sandboxes(self) -> list[SandboxRow]:
        rows = self._rows("SELECT number, name, doc FROM sandboxes ORDER BY number")
        return [SandboxRow(number, name, msgspec.json.decode(doc)) for number, name, doc in rows]

    def next_sandbox(self) -> int:
        """A number no sandbox ever had, emptied ones included."""
        tables = ("messages", "journal", "callbacks", "inbound")
        highest = [self._rows(f"SELECT MAX(key) FROM {table}").fetchone()[0] or 0 for table in tables]  # noqa: S608
        (named,) = self._rows("SELECT MAX(number) FROM sandboxes").fetchone()
        self._numbered = max(max(highest) >> SHIFT, named or 0, self._numbered) + 1
        return self._numbered

    def keep_sandbox(self, row: SandboxRow) -> None:
        self._write("DELETE FROM sandboxes WHERE name = ?", (row.name,))
        self._write(
            "INSERT INTO sandboxes (number, name, doc) VALUES (?, ?, ?)", (row.number, row.name, _encode(row.doc))
        )

    def drop_sandbox(self, number: int) -> None:
        """Forget a sandbox; its rows are swept later, its records now."""
        self._write("DELETE FROM sandboxes WHERE number = ?", (number,))
        self._write("DELETE FROM records WHERE sandbox = ?", (number,))

    def strays(self) -> set[int]:
        """Numbers of dropped sandboxes that still have rows."""
        found: set[int] = set()
        for table in ("messages", "callbacks", "inbound", "journal"):
            sql = f"SELECT MIN(key) FROM {table} WHERE key > ?"  # noqa: S608
            key = self._rows(sql, (0,)).fetchone()[0]
            while key is not None:
                found.add(key >> SHIFT)
                key = self._rows(sql, (last(key >> SHIFT),)).fetchone()[0]
        return found - {row.number for row in self.sandboxes()}

    def sweep(self, number: int, most: int = 2000) -> bool:
        """Remove the newest rows of a dropped sandbox; false when there are none left."""
        removed = 0
        for table in ("messages", "callbacks", "inbound", "journal"):
            keys = f"SELECT key FROM {table} WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?"  # noqa: S608
            self._write(f"DELETE FROM {table} WHERE key IN ({keys})", (first(number), last(number), most))  # noqa: S608
            removed += self._rows("SELECT changes()").fetchone()[0]
        return removed > 0

    def highest(self, table: str, sandbox: int) -> int:
        """The highest number used in a table by a sandbox; 0 when there is none."""
        sql = f"SELECT MAX(key) FROM {table} WHERE key BETWEEN ? AND ?"  # noqa: S608
        (key,) = self._rows(sql, (first(sandbox), last(sandbox))).fetchone()
        return (key or 0) & NUMBERS

    # Messages

    def add_messages(self, messages: Sequence[Message], ends: Sequence[int]) -> None:
        self._later(
            "messages",
            "INSERT INTO messages (key, id, provider, recipient, ends, doc) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (message.key, message.id, message.provider, message.to, end, _encode(message))
                for message, end in zip(messages, ends, strict=True)
            ],
        )

    def rewrite_message(self, message: Message, ends: int) -> None:
        self._write("UPDATE messages SET ends = ?, doc = ? WHERE key = ?", (ends, _encode(message), message.key))

    def message(self, sandbox: int, id: str) -> Message | None:
        return self._one(
            _message,
            "SELECT doc FROM messages WHERE id = ? AND key BETWEEN ? AND ?",
            (id, first(sandbox), last(sandbox)),
        )

    def message_near(self, sandbox: int, start: str, end: str) -> Message | None:
        """A message whose id stands between two texts: ids of one acceptance share their first part."""
        return self._one(
            _message,
            "SELECT doc FROM messages WHERE id >= ? AND id < ? AND key BETWEEN ? AND ?",
            (start, end, first(sandbox), last(sandbox)),
        )

    def message_by_key(self, key: int) -> Message | None:
        return self._one(_message, "SELECT doc FROM messages WHERE key = ?", (key,))

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
        sql = f"SELECT doc FROM messages WHERE {where} ORDER BY key{order} LIMIT ?"  # noqa: S608
        for (doc,) in self._rows(sql, [*values, limit]):
            yield _message(doc)

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
        return self._rows(sql, [*values, top, first(sandbox) + after, limit]).fetchall()

    def count_messages(self, sandbox: int) -> int:
        return self._count("messages", sandbox)

    def changing(self, sandbox: int, since: int, provider: str = "") -> Iterator[Message]:
        """Messages whose plan went on after a time, oldest first."""
        self._index_ends()
        sql = "SELECT doc FROM messages WHERE ends > ? AND key BETWEEN ? AND ?"
        values: list[Json] = [since, first(sandbox), last(sandbox)]
        if provider:
            sql, values = f"{sql} AND provider = ?", [*values, provider]
        for (doc,) in self._rows(f"{sql} ORDER BY key", values).fetchall():
            yield _message(doc)

    def last_end(self, sandbox: int) -> int | None:
        """When the last plan of a sandbox is over."""
        self._index_ends()
        sql = "SELECT MAX(ends) FROM messages WHERE key BETWEEN ? AND ?"
        (end,) = self._rows(sql, (first(sandbox), last(sandbox))).fetchone()
        return end if end is None else int(end)

    def _index_ends(self) -> None:
        """Made when it is first asked for: whoever only sends need not pay for it with every message."""
        self._write("CREATE INDEX IF NOT EXISTS messages_ends ON messages (ends)")

    # Inbound

    def add_inbound(self, inbound: Inbound) -> None:
        self._later(
            "inbound",
            "INSERT INTO inbound (key, provider, at, doc) VALUES (?, ?, ?, ?)",
            [(inbound.key, inbound.provider, inbound.at, _encode(inbound))],
        )

    def inbound(self, sandbox: int, provider: str = "", since: int = -1, until: int | None = None) -> list[Inbound]:
        """Oldest first; ``since`` and ``until`` are times, the first exclusive."""
        sql = "SELECT doc FROM inbound WHERE key BETWEEN ? AND ? AND at > ?"
        values: list[Json] = [first(sandbox), last(sandbox), since]
        if provider:
            sql, values = f"{sql} AND provider = ?", [*values, provider]
        if until is not None:
            sql, values = f"{sql} AND at <= ?", [*values, until]
        return [_inbound(doc) for (doc,) in self._rows(f"{sql} ORDER BY at, key", values)]

    def inbound_by_key(self, key: int) -> Inbound | None:
        return self._one(_inbound, "SELECT doc FROM inbound WHERE key = ?", (key,))

    # Callbacks

    def add_callbacks(self, callbacks: Sequence[Callback]) -> None:
        self._later(
            "callbacks",
            "INSERT INTO callbacks (key, sandbox, subject, due, host, state, doc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (one.key, one.key >> SHIFT, one.subject, one.due, host(one.url), one.state, _encode(one))
                for one in callbacks
            ],
        )

    def rewrite_callback(self, callback: Callback) -> None:
        self._later(
            "callbacks",
            "UPDATE callbacks SET due = ?, state = ?, doc = ? WHERE key = ?",
            [(callback.due, callback.state, _encode(callback), callback.key)],
        )

    def callback(self, key: int) -> Callback | None:
        return self._one(_callback, "SELECT doc FROM callbacks WHERE key = ?", (key,))

    def callbacks_of(self, subject: int) -> list[Callback]:
        rows = self._rows("SELECT doc FROM callbacks WHERE subject = ? ORDER BY due, key", (subject,))
        return [_callback(doc) for (doc,) in rows]

    def callbacks(self, sandbox: int, state: str = "", after: int = 0, limit: int = 1_000_000) -> list[Callback]:
        where, values = _in_state(sandbox, state)
        keys = f"SELECT key FROM callbacks WHERE {where} AND key > ? ORDER BY key LIMIT ?"  # noqa: S608
        sql = f"SELECT doc FROM callbacks WHERE key IN ({keys}) ORDER BY key"  # noqa: S608
        return [_callback(doc) for (doc,) in self._rows(sql, [*values, first(sandbox) + after, limit])]

    def count_callbacks(self, sandbox: int, state: str = "") -> int:
        where, values = _in_state(sandbox, state)
        sql = f"SELECT COUNT(*) FROM callbacks WHERE {where}"  # noqa: S608
        return int(self._rows(sql, values).fetchone()[0])

    def due(self, sandbox: int, until: int, limit: int, full: Collection[str] = ()) -> list[Callback]:
        """Pending callbacks due by a time, earliest first, but none for hosts that are busy enough.

        Host by host: to pass over the callbacks of a busy one takes no longer when it has a million.
        """
        sql = (
            "SELECT due, key, doc FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due <= ?"
            " ORDER BY due, key LIMIT ?"
        )
        hosts = [host for host in self._hosts(sandbox) if host not in full]
        rows = merge(*(self._rows(sql, (sandbox, host, until, limit)).fetchall() for host in hosts))
        return [_callback(doc) for _, _, doc in islice(rows, limit)]

    def next_due(self, sandbox: int, after: int = -1) -> int | None:
        """When the earliest pending callback is due that is due after a time."""
        sql = "SELECT MIN(due) FROM callbacks WHERE state = 'pending' AND sandbox = ? AND host = ? AND due > ?"
        found = [self._rows(sql, (sandbox, host, after)).fetchone()[0] for host in self._hosts(sandbox)]
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
        return [host for (host,) in self._rows(sql, {"sandbox": sandbox})]

    # Journal

    def add_entry(self, entry: Entry, subject: int = 0) -> None:
        self._later(
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
        sql = f"SELECT doc FROM journal WHERE {where} ORDER BY key{order} LIMIT ?"  # noqa: S608
        for (doc,) in self._rows(sql, [*values, limit]):
            yield _entry(doc)

    def count_journal(self, sandbox: int, kind: str) -> int:
        sql = "SELECT COUNT(*) FROM journal WHERE key BETWEEN ? AND ? AND kind = ?"
        return int(self._rows(sql, (first(sandbox), last(sandbox), kind)).fetchone()[0])

    def entry(self, key: int) -> Entry | None:
        return self._one(_entry, "SELECT doc FROM journal WHERE key = ?", (key,))

    def attempts(self, callback: int) -> list[Entry]:
        rows = self._rows("SELECT doc FROM journal WHERE kind = 'attempt' AND subject = ? ORDER BY key", (callback,))
        return [_entry(doc) for (doc,) in rows]

    def trim_journal(self, sandbox: int, newest: int, limit: int) -> None:
        """Keep the newest ``limit`` entries."""
        self._write("DELETE FROM journal WHERE key BETWEEN ? AND ?", (first(sandbox), first(sandbox) + newest - limit))

    # Records

    def record(self, sandbox: int, provider: str, kind: str, key: str) -> Json:
        row = self._rows(
            "SELECT doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0])

    def records(self, sandbox: int, provider: str, kind: str) -> list[tuple[str, Json]]:
        rows = self._rows(
            "SELECT key, doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? ORDER BY key",
            (sandbox, provider, kind),
        )
        return [(key, msgspec.json.decode(doc)) for key, doc in rows]

    def keep_record(self, sandbox: int, provider: str, kind: str, key: str, value: Json) -> None:
        self._write(
            "INSERT INTO records (sandbox, provider, kind, key, doc) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sandbox, provider, kind, key) DO UPDATE SET doc = excluded.doc",
            (sandbox, provider, kind, key, _encode(value)),
        )

    def drop_record(self, sandbox: int, provider: str, kind: str, key: str) -> None:
        self._write(
            "DELETE FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        )

    def _one(self, decode: Callable[[bytes], _T], sql: str, values: Sequence[Json]) -> _T | None:
        row = self._rows(sql, values).fetchone()
        return None if row is None else decode(row[0])

    def _count(self, table: str, sandbox: int) -> int:
        sql = f"SELECT COUNT(*) FROM {table} WHERE key BETWEEN ? AND ?"  # noqa: S608
        return int(self._rows(sql, (first(sandbox), last(sandbox))).fetchone()[0])


@lru_cache(maxsize=4 * ABREAST)
def _abreast(sql: str, rows: int) -> str:
    """An insertion of several rows, from that of one."""
    head, _, marks = sql.partition(" VALUES ")
    return f"{head} VALUES {', '.join([marks] * rows)}"


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    return urlsplit(url).netloc


def _in_state(sandbox: int, state: str) -> tuple[str, list[Json]]:
    """A condition on callbacks; those that are pending have an index of their own, which asks for the word itself."""
    if state == "pending":
        return "state = 'pending' AND sandbox = ?", [sandbox]
    between: list[Json] = [first(sandbox), last(sandbox)]
    return ("key BETWEEN ? AND ? AND state = ?", [*between, state]) if state else ("key BETWEEN ? AND ?", between)


def _prepare(database: sqlite3.Connection, path: Path | None) -> None:
    """Set it up, and make the tables, all or none. Raises StoreError where it is not ours to write."""
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION):
        age = "a newer" if version > VERSION else "an older"
        raise StoreError(f"{path}: written by {age} version of msgsim; use that, or choose another with --store PATH")
    (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables and not version:
        raise StoreError(f"{path}: a database of something else; choose another with --store PATH")
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "cache_size = -32000",
        "temp_store = MEMORY",
    ):
        database.execute(f"PRAGMA {pragma}")
    script = files("simulator").joinpath("schema.sql").read_text()
    database.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {VERSION}; COMMIT")


def _inode(path: Path) -> int:
    """Which file stands at a path now; 0: none."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - asked at every commit, and a third of the time
    except FileNotFoundError:
        return 0
