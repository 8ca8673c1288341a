"""PostgreSQL as a replica uses it: rows that wait for the commit go by COPY, and commits go on beside the loop."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

from msgsim.storage.database import Columns, Row, Rows, StoreError, Waiting, put_off
from msgsim.storage.postgresql_replicas import PostgresqlReplicas
from msgsim.storage.postgresql_session import FAILED, REFUSED, Session

COPY = ""
"""In place of a statement: rows that are new."""
ADD = "WITH added"
"""How a statement begins whose values are whole columns of rows."""


class Postgresql:
    """As `msgsim.storage.database.Database` has it. Only one thread uses the connection at a time.

    While a commit goes on beside the loop, rows may be added to the next; whoever reads, or writes at once, waits for
    its end. When it fails, what was written meanwhile is lost too.
    """

    written = "readable(doc) ILIKE ? ESCAPE ''"

    def __init__(self, url: str, script: str, version: int) -> None:
        """Raises StoreError when the database cannot be used."""
        self.dirty = False
        self._error: StoreError | None = None
        self._deferred: Waiting = {}
        self._began = False
        """A transaction is open."""
        self._commit: Future[None] | None = None
        """Goes on, or has ended and `end_commit` was not called yet."""
        self._lost: StoreError | None = None
        """Why that one failed."""
        self._ended = True
        self._thread = ThreadPoolExecutor(1, "msgsim-commits")
        self.replicas = PostgresqlReplicas(self.rows, self.write)
        self._session = Session(url, script, version, self.replicas)

    def close(self) -> None:
        try:
            self.commit()
        finally:
            self._session.close()
            self._thread.shutdown()

    def insert(self, table: str, rows: Iterable[Row]) -> None:
        self.defer(table, COPY, rows)

    def defer(self, table: str, sql: str, rows: Iterable[Row]) -> None:
        self.dirty = True
        put_off(self._deferred, table, sql, rows)

    def add_up(self, table: str, columns: Columns, rows: Iterable[Row]) -> None:
        self.defer(table, _addition(table, columns), rows)

    def write(self, table: str, sql: str, values: Row = ()) -> int:
        self.dirty = True
        self._wait()
        try:
            if self._error is None:
                self._write_deferred(table, self._deferred)
                self._begin()
                return self._session.execute(sql, values).rowcount
        except (*FAILED, StoreError) as error:
            self._fail(error)
        return 0

    def rows(self, table: str, sql: str, values: Row = ()) -> Rows:
        self._wait()
        try:
            if self._error is None:
                self._write_deferred(table, self._deferred)
        except (*FAILED, StoreError) as error:
            self._fail(error)
        try:
            return self._session.execute(sql, values)
        except REFUSED as error:
            reason = self._fail(error)
            raise reason from None

    def commit(self) -> None:
        self._wait()
        if not self.dirty:
            return
        self.dirty = False
        deferred, self._deferred = self._deferred, {}
        try:
            if self._error is None:
                self._carry_out(deferred)
        except (*FAILED, StoreError) as error:
            self._error = self._fail(error)
        if self._error is not None:
            failed, self._error = self._error, None
            raise failed

    def begin_commit(self, done: Callable[[], None]) -> bool:
        if not self.dirty or self._error is not None:
            return False
        self.dirty = self._ended = False
        deferred, self._deferred = self._deferred, {}
        self._commit = self._thread.submit(self._carry_out, deferred)
        self._commit.add_done_callback(lambda _: done())
        return True

    def end_commit(self) -> None:
        self._wait()
        lost, self._commit, self._lost = self._lost, None, None
        if lost is not None:
            raise lost

    def _wait(self) -> None:
        """Until the commit that goes on has ended."""
        if self._commit is not None and not self._ended:
            error = self._commit.exception()
            self._ended = True
            if error is not None:
                self._lost = self._fail(error)

    def _carry_out(self, deferred: Waiting) -> None:
        """Write all, and commit. Raises what is in FAILED, and StoreError."""
        for table in list(deferred):
            self._write_deferred(table, deferred)
        if self._began:
            self._session.commit()
            self._began = False

    def _write_deferred(self, table: str, deferred: Waiting) -> None:
        for sql, rows in deferred.pop(table, ()):
            self._begin()
            if sql == COPY:
                self._session.copy(table, rows)
            elif sql.startswith(ADD):
                self._session.execute_columns(sql, rows)
            else:
                self._session.execute_many(sql, rows)

    def _begin(self) -> None:
        if not self._began:
            self._session.begin()
            self._began = True

    def _fail(self, error: BaseException) -> StoreError:
        """Leave the transaction, and keep the reason for the commit of what was written to it."""
        reason = error if isinstance(error, StoreError) else self._session.explained(error)
        self._session.roll_back()
        self._began = False
        if self.dirty:
            self._deferred.clear()
            self._error = reason
        return reason


@lru_cache
def _addition(table: str, columns: Columns) -> str:
    """Rows with the same key are one row here: a statement may not write a row twice."""
    key, numbers = columns
    names, keys = ", ".join(key + numbers), ", ".join(key)
    arrays = ", ".join("CAST(? AS BIGINT[])" for _ in key + numbers)
    totals = ", ".join(f"SUM({name})" for name in numbers)
    sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in numbers)
    return (
        f"{ADD} ({names}) AS (SELECT * FROM unnest({arrays}))"  # noqa: S608
        f" INSERT INTO {table} ({names}) SELECT {keys}, {totals} FROM added GROUP BY {keys} ORDER BY {keys}"
        f" ON CONFLICT ({keys}) DO UPDATE SET {sums}"
    )
