"""SQLite as one writer uses it: rows that wait for the commit, the commit, and the log behind it."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import chain
from pathlib import Path

from msgsim.model import Json

LOG = 6000
"""Pages of the log at which it is taken back on the loop's own connection, and begins anew: little is left by then."""
BEHIND = 2000
"""Rows changed since the log was taken back last."""
ABREAST = 32
"""Rows that one statement inserts at most."""
STATEMENTS = 8 * ABREAST
"""Kept ready: four tables take rows this way, each from one row to many."""
FAILED = (sqlite3.Error, OverflowError, UnicodeEncodeError)
"""What a statement may fail with: the last two are values that SQLite cannot hold."""


class StoreError(Exception):
    """The store cannot be used; the text says why and what to do."""


class Database:
    """A file that nobody else writes, or memory.

    Writes join the transaction that is open; whoever answers a client first waits for `commit`.
    """

    def __init__(self, path: Path | None, script: str, version: int) -> None:
        """``script`` makes the tables of a ``version``, where they are not there yet.

        Raises StoreError when the file cannot be opened, is in use, is no store, or is of another version.
        """
        self.path = path
        self.dirty = False
        self.told: list[Callable[[StoreError | None], None]] = []
        """Called when what was written since the last commit is durable, or with the reason why it is lost."""
        self._script = script
        self._version = version
        self._waiting: dict[str, list[tuple[str, list[Sequence[Json]]]]] = {}
        """Per table what is not written yet: statements in their order, each with its rows."""
        self._lock: Lock | None = None
        self._log: Log | None = None
        self._database = self._open(path)
        self._inode = _inode(path) if path else 0

    def _open(self, path: Path | None) -> sqlite3.Connection:
        try:
            with contextlib.ExitStack() as opened:
                if path is not None:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _touch(path)
                    if self._lock is None or not self._lock.holds():
                        self._lock = Lock(path)
                        opened.callback(self._lock.release)
                database = _connected(path, cached_statements=STATEMENTS)
                opened.callback(database.close)
                self._prepare(database, path)
                if path is not None:
                    self._log = Log(path)
                opened.pop_all()
        except sqlite3.OperationalError as wrong:
            reason = "another msgsim uses it" if "locked" in str(wrong) else str(wrong)
            raise StoreError(f"{path}: {reason}; choose another with --store PATH, or --store memory") from None
        except sqlite3.DatabaseError as wrong:
            raise StoreError(f"{path}: not a store of msgsim ({wrong}); choose another with --store PATH") from None
        except OSError as wrong:
            raise StoreError(f"{path}: {wrong.strerror}; choose another with --store PATH, or --store memory") from None
        return database

    def _prepare(self, database: sqlite3.Connection, path: Path | None) -> None:
        """Set it up, and make the tables, all or none. Raises StoreError where it is not ours to write."""
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, self._version):
            age = "a newer" if version > self._version else "an older"
            raise StoreError(
                f"{path}: written by {age} version of msgsim; use that, or choose another with --store PATH"
            )
        (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and not version:
            raise StoreError(f"{path}: a database of something else; choose another with --store PATH")
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 0",
            "cache_size = -32000",
            "temp_store = MEMORY",
        ):
            database.execute(f"PRAGMA {pragma}").fetchall()
        database.executescript(f"BEGIN IMMEDIATE; {self._script}; PRAGMA user_version = {self._version}; COMMIT")

    def close(self) -> None:
        """Raises StoreError when the last writes could not be kept."""
        try:
            self.dirty = True
            self.commit()
        finally:
            if self._log is not None:
                self._log.close()
            self._database.close()
            if self._lock is not None:
                self._lock.release()

    def commit(self) -> None:
        """Make everything written so far durable. Raises StoreError, and then nothing of it was kept."""
        if self.dirty:
            try:
                if self._waiting:
                    self._write_waiting()
                if self._database.in_transaction:
                    self._database.execute("COMMIT")
                self.dirty = False
                if self.path is not None and _inode(self.path) != self._inode:
                    self._restore(self.path)
            except (*FAILED, OSError, StoreError) as wrong:
                raise self._nothing_kept(wrong) from None
            self._tell(None)
            if self._log is not None:
                self._log.grew(self._database)

    def _restore(self, path: Path) -> None:
        """The file was deleted while it was in use: what it held is still open here, and goes back."""
        if path.exists():
            raise StoreError(f"{path}: another file stands where the store was; restart msgsim to use it")
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = path.with_name(f"{path.name}.restored")
        copy.unlink(missing_ok=True)
        _touch(copy)
        self._database.execute("VACUUM INTO ?", (str(copy),))
        if self._log is not None:
            self._log.close()
        for left in ("-wal", "-shm"):
            path.with_name(f"{path.name}{left}").unlink(missing_ok=True)
        copy.rename(path)
        restored = self._open(path)
        self._database.close()
        self._database, self._inode = restored, _inode(path)

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


class Log:
    """What SQLite has written goes from its log into the file beside the loop, from a connection of its own.

    Up to version 3.51.2 SQLite may lose writes where a connection begins to take back a log of which nothing is left
    while another begins it anew. So nobody begins unless the commit just made is in it, and one at a time.
    """

    def __init__(self, path: Path) -> None:
        """The store has to be there: what was deleted must not be made anew by whoever looks first."""
        self._database = _connected(path)
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._changes = self._taken = self._pages = 0
        self._taking: Future[int] | None = None
        self._thread: ThreadPoolExecutor | None = None

    def grew(self, writer: sqlite3.Connection) -> None:
        """A commit was made."""
        before, self._changes = self._changes, writer.total_changes
        if self._taking is not None:
            self._look(self._taking)  # It may have taken this commit too: the next one is surely in the log.
        elif self._changes == before:
            return
        elif self._pages > LOG:
            self._pages, self._taken = 0, self._changes
            with contextlib.suppress(sqlite3.Error):
                _take_back(writer)
        elif self._changes - self._taken > BEHIND:
            self._begin()

    def _look(self, taking: "Future[int]") -> None:
        if taking.done():
            self._taking = None
            if taking.exception() is None:
                self._pages = taking.result()

    def _begin(self) -> None:
        """What fails is tried again after as many rows, and told by a commit where it matters."""
        self._taken = self._changes
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "log")
        with contextlib.suppress(RuntimeError):  # There may be no more threads.
            self._taking = self._thread.submit(_take_back, self._database)

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()
        self._database.close()


def _take_back(database: sqlite3.Connection) -> int:
    """How many pages the log has."""
    _busy, pages, _taken = database.execute("PRAGMA wal_checkpoint").fetchone()
    return int(pages)


class Lock:
    """Keeps other servers out, by a file beside the store: on the store itself it would keep our second connection out.

    It goes with the process, however that ends; the file stays, because whoever removes it may let two others in.
    """

    def __init__(self, path: Path) -> None:
        """Raises sqlite3.OperationalError where somebody else has it."""
        path = path.resolve()
        self._path = path.with_name(f"{path.name}-lock")
        _touch(self._path)
        self._inode = _inode(self._path)
        self._database = _connected(self._path)
        with contextlib.ExitStack() as opened:
            opened.callback(self._database.close)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("BEGIN EXCLUSIVE")
            opened.pop_all()

    def holds(self) -> bool:
        """False when the file was deleted: somebody else would lock another."""
        return _inode(self._path) == self._inode

    def release(self) -> None:
        self._database.close()


def _connected(path: Path | None, cached_statements: int = 1) -> sqlite3.Connection:
    return sqlite3.connect(
        path or ":memory:",
        isolation_level=None,
        check_same_thread=False,
        cached_statements=cached_statements,
        timeout=0,
    )


def _touch(path: Path) -> None:
    """A file that is there, and for its owner only. Raises OSError."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not path.exists():
        path.touch(mode=0o600)


@lru_cache(maxsize=4 * ABREAST)
def _abreast(sql: str, rows: int) -> str:
    """An insertion of several rows, from that of one."""
    head, _, marks = sql.partition(" VALUES ")
    return f"{head} VALUES {', '.join([marks] * rows)}"


def _inode(path: Path) -> int:
    """Which file stands at a path now; 0: none."""
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - asked at every commit, and a third of the time
    except FileNotFoundError:
        return 0
