"""SQLite as `msgsim.storage.database.Database`: one connection, exclusive lock, deferred rows."""

import contextlib
import errno
import os
import sqlite3
import weakref
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from msgsim.storage.database import Columns, Deferring, Row, StoreError
from msgsim.storage.replicas import Replicas

FAILED = (sqlite3.Error, OverflowError, UnicodeEncodeError)
"""Errors of a statement. The last two are for values that SQLite cannot hold."""
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "cache_size = -32000",
    "temp_store = MEMORY",
)


class Sqlite(Deferring):
    """A database in a file, locked for this process, or in memory."""

    written = "CAST(doc AS TEXT) LIKE ?"

    def __init__(self, path: Path | None, script: str, version: int) -> None:
        """``path``: None: in memory. ``script`` creates the tables of ``version`` where they are missing.

        Raises StoreError when the file cannot be opened, is in use, is not a store, or is of another version.
        """
        self.path = path
        self.replicas = Replicas()
        super().__init__()
        self._error: StoreError | None = None
        self._connection = _open(path, script, version)
        if path is None:  # Nobody closes a store in memory explicitly; a store in a file is closed by its owner.
            weakref.finalize(self, self._connection.close)
        self._names = (path, Path(f"{path.resolve()}-wal")) if path is not None else ()
        self._files = [_identity(name) for name in self._names]

    def close(self) -> None:
        try:
            self.commit()
        finally:
            self._connection.close()

    def commit(self) -> None:
        if not self.dirty:
            return
        self.dirty = False
        try:
            if self._error is None:
                for table in list(self._deferred):
                    self._write_deferred(table)
                self._check_files()
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")
        except (*FAILED, StoreError) as error:
            self._fail(error)
        if self._error is not None:
            failed, self._error = self._error, None
            self._deferred.clear()
            raise failed

    def begin_commit(self, done: Callable[[], None]) -> bool:
        return False

    def end_commit(self) -> None:
        raise AssertionError("no commit was begun")

    def write(self, table: str, sql: str, values: Row = ()) -> int:
        self.dirty = True
        try:
            self._write_deferred(table)
            if self._error is None:
                self._begin()
                return self._connection.execute(sql, values).rowcount
        except FAILED as error:
            self._fail(error)
        return 0

    def rows(self, table: str, sql: str, values: Row = ()) -> sqlite3.Cursor:
        try:
            self._write_deferred(table)
        except FAILED as error:
            self._fail(error)
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def _write_deferred(self, table: str) -> None:
        """Write the deferred rows of a table; nothing after an error. Raises the errors in FAILED."""
        statements = self._deferred.pop(table, ())
        if self._error is not None:
            return
        for sql, rows in statements:
            self._begin()
            self._connection.executemany(sql, rows)

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")

    def _fail(self, error: Exception) -> None:
        """Roll back, and remember the error for `commit`."""
        self._deferred.clear()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._error = error if isinstance(error, StoreError) else self._explained(error)

    def _explained(self, error: Exception) -> StoreError:
        return StoreError(f"{self.path or 'memory'}: {error}")

    def _check_files(self) -> None:
        """Raises StoreError when the file was deleted or replaced: writes to the old file would be lost at the exit."""
        if [_identity(name) for name in self._names] != self._files:
            raise StoreError(f"{self.path}: was deleted or replaced while msgsim used it; restart msgsim")

    @staticmethod
    @lru_cache
    def _insertion(table: str, columns: int) -> str:
        return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608

    @staticmethod
    @lru_cache
    def _addition(table: str, columns: Columns) -> str:
        key, numbers = columns
        values = ", ".join("?" * len(key + numbers))
        sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in numbers)
        return f"INSERT INTO {table} VALUES ({values}) ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"  # noqa: S608


def _open(path: Path | None, script: str, version: int) -> sqlite3.Connection:
    """A connection to a file or to memory, locked and with tables. Raises StoreError."""
    try:
        with contextlib.ExitStack() as opened:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                _touch(path)
            connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=256, timeout=0
            )
            opened.callback(connection.close)
            _prepare(connection, path, script, version)
            opened.pop_all()
    except sqlite3.OperationalError as error:
        reason = "another msgsim uses it" if "locked" in str(error) else str(error)
        raise StoreError(f"{path}: {reason}; choose another with --store PATH, or --store memory") from None
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: not a store of msgsim ({error}); choose another with --store PATH") from None
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; choose another with --store PATH, or --store memory") from None
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None, script: str, version: int) -> None:
    """Lock the file until the process ends, and create the tables in one transaction.

    The lock is on the inode, whatever name the file was opened by. Exclusive mode has to be set before the WAL is first
    used; SQLite then needs no shared memory for it.
    Raises StoreError for a file of another program or another version, and sqlite3.Error.
    """
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found not in (0, version):
        age = "a newer" if found > version else "an older"
        raise StoreError(f"{path}: written by {age} version of msgsim; use that, or choose another with --store PATH")
    (tables,) = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if tables and not found:
        raise StoreError(f"{path}: a database of something else; choose another with --store PATH")
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {version}; COMMIT")


def _touch(path: Path) -> None:
    """Create a file that only its owner can read, unless it exists. Raises OSError."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not path.exists():
        path.touch(mode=0o600)


def _identity(path: Path) -> tuple[int, int]:
    """Device and inode of the file at a path now; (0, 0): there is none. Called at every commit."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a third of the time that pathlib takes
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
