"""`Database` in PostgreSQL: a commit is one round trip, during which the event loop goes on."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from msgsim.storage.database import Columns, Deferring, Row, Rows, StoreError
from msgsim.storage.postgresql_pipeline import Pipeline
from msgsim.storage.postgresql_replicas import PostgresqlReplicas
from msgsim.storage.postgresql_session import FAILED, REFUSED, Session, numbered
from msgsim.storage.postgresql_values import Statement, by_columns, by_row

BEGIN, COMMIT = (Statement(sql, (), ()) for sql in (b"BEGIN", b"COMMIT"))
ADDED = "WITH added"
"""Prefix of statements that take each column of many rows as one array."""


class Postgresql(Deferring):
    """Implements `msgsim.storage.database.Database`.

    While a commit is running, `insert`, `defer` and `add_up` collect rows for the next one; `rows` and `write` block
    until it has ended. If it fails, the rows collected meanwhile are lost too.
    """

    written = "readable(doc) ILIKE ? ESCAPE ''"

    def __init__(self, url: str, script: str, version: int) -> None:
        """See `Session` for the parameters. Raises StoreError if the database cannot be used."""
        super().__init__()
        self._error: StoreError | None = None
        self._began = False
        """A transaction is open."""
        self._commit: Pipeline | None = None
        """The running commit, or one that has ended before `end_commit` was called; None: there is none."""
        self._lost: StoreError | None = None
        """Why the commit in ``_commit`` failed; None: it has not."""
        self.replicas = PostgresqlReplicas(self.rows, self.write)
        self._session = Session(url, script, version, self.replicas)

    def close(self) -> None:
        try:
            self.commit()
        finally:
            self._session.close()

    def write(self, table: str, sql: str, values: Row = ()) -> int:
        self.dirty = True
        self._wait()
        try:
            if self._error is None:
                self._flush(table)
                if not self._began:
                    self._carry_out([BEGIN])
                    self._began = True
                return self._session.execute(sql, values).rowcount
        except (*FAILED, StoreError) as error:
            self._fail(error)
        return 0

    def rows(self, table: str, sql: str, values: Row = ()) -> Rows:
        self._wait()
        try:
            if self._error is None:
                self._flush(table)
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
        try:
            if self._error is None:
                self._carry_out(self._everything())
                self._began = False
        except (*FAILED, StoreError) as error:
            self._error = self._fail(error)
        if self._error is not None:
            failed, self._error = self._error, None
            raise failed

    def begin_commit(self, done: Callable[[], None]) -> bool:
        if not self.dirty or self._error is not None:
            return False
        try:
            self._commit = self._session.send(self._everything())
        except (*FAILED, StoreError) as error:
            self._fail(error)
            return False
        self.dirty = self._began = False
        self._commit.watch(done)
        return True

    def end_commit(self) -> None:
        self._wait()
        lost, self._commit, self._lost = self._lost, None, None
        if lost is not None:
            raise lost

    def _wait(self) -> None:
        """Block until the running commit has ended, and keep its error for `end_commit`."""
        if self._commit is not None and self._lost is None:
            error = self._commit.wait()
            if error is not None:
                self._lost = self._fail(error)

    def _flush(self, table: str) -> None:
        """Write the rows collected for a table. Raises the exceptions of FAILED, and StoreError."""
        statements = list(_statements(self._deferred.pop(table, ())))
        if statements:
            self._carry_out(statements if self._began else [BEGIN, *statements])
            self._began = True

    def _everything(self) -> list[Statement]:
        """All collected rows as statements, with a COMMIT if a transaction is open. Raises the exceptions of FAILED."""
        deferred, self._deferred = self._deferred, {}
        statements = [statement for waiting in deferred.values() for statement in _statements(waiting)]
        return [*statements, COMMIT] if self._began else statements

    def _carry_out(self, statements: Iterable[Statement]) -> None:
        """Send statements and block until they have ended. Raises the exceptions of FAILED, and StoreError."""
        error = self._session.send(statements).wait()
        if error is not None:
            raise error

    def _fail(self, error: BaseException) -> StoreError:
        """Roll back and return the error; if rows are lost, the next commit raises it."""
        reason = error if isinstance(error, StoreError) else self._session.explained(error)
        self._session.roll_back()
        self._began = False
        if self.dirty:
            self._deferred.clear()
            self._error = reason
        return reason

    @staticmethod
    @lru_cache
    def _insertion(table: str, columns: int) -> str:
        arrays = ", ".join("?" * columns)
        return f"{ADDED} AS (SELECT * FROM unnest({arrays})) INSERT INTO {table} SELECT * FROM added"  # noqa: S608

    @staticmethod
    @lru_cache
    def _addition(table: str, columns: Columns) -> str:
        """An upsert that adds to numbers. Sums rows with the same key first: a statement may not update a row twice."""
        key, numbers = columns
        names, keys = ", ".join(key + numbers), ", ".join(key)
        arrays = ", ".join("?" for _ in key + numbers)
        totals = ", ".join(f"SUM({name})" for name in numbers)
        sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in numbers)
        return (
            f"{ADDED} ({names}) AS (SELECT * FROM unnest({arrays}))"  # noqa: S608
            f" INSERT INTO {table} ({names}) SELECT {keys}, {totals} FROM added GROUP BY {keys} ORDER BY {keys}"
            f" ON CONFLICT ({keys}) DO UPDATE SET {sums}"
        )


def _statements(waiting: Iterable[tuple[str, list[Row]]]) -> Iterator[Statement]:
    for sql, rows in waiting:
        if sql.startswith(ADDED):
            yield by_columns(numbered(sql), rows)
        else:
            yield from (by_row(numbered(sql), row) for row in rows)
