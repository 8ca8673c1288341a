"""`Session`: a connection to PostgreSQL that is opened again, in a thread, after it was lost."""

import contextlib
import logging
import re
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import BytesBinaryDumper, StrBinaryDumper

from msgsim.clock import machine
from msgsim.storage.database import Row, StoreError
from msgsim.storage.postgresql_pipeline import Pipeline, Prepared
from msgsim.storage.postgresql_replicas import PostgresqlReplicas
from msgsim.storage.postgresql_tables import prepare
from msgsim.storage.postgresql_values import Statement, kept

logging.getLogger("psycopg").addHandler(logging.NullHandler())  # Else it warns on standard error.
REFUSED = (psycopg.Error, StoreError)
"""Exceptions of a query; after one of them its transaction has failed too."""
FAILED = (psycopg.Error, OverflowError, UnicodeError, struct.error)
"""Exceptions of a statement; the last three are for values that PostgreSQL cannot hold."""
DEFAULTS = {
    "application_name": "msgsim",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""Parameters of libpq that the URL can override; a dead connection is noticed within ten seconds of its use."""
SETTINGS = (
    "SET search_path = msgsim; SET statement_timeout = '30s'; SET lock_timeout = '2s'; SET client_encoding = 'UTF8';"
    " SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)
PAUSE = 1000
"""Milliseconds between two attempts to connect again."""


class Session:
    """The session of a replica. Its methods raise the exceptions of `FAILED`, and StoreError."""

    def __init__(self, url: str, script: str, version: int, replicas: PostgresqlReplicas) -> None:
        """``script``: SQL that creates the tables of ``version`` if they do not exist.

        Raises StoreError when there is no connection, or the tables are of another version.
        """
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise StoreError("--store: not a URL of PostgreSQL; write postgresql://USER@HOST:PORT/DATABASE") from None
        self._info = make_conninfo(**{**DEFAULTS, **{name: str(value) for name, value in given.items()}})
        self._secret = str(given.get("password") or "")
        self.name = _shown(given)
        """The URL without its password."""
        self._replicas = replicas
        self._next_try = 0
        self._thread = ThreadPoolExecutor(1, "msgsim-connects")
        self._connecting: Future[None] | None = None
        self._failed = StoreError(f"{self.name}: there is no connection")
        """Why the last attempt to connect again failed."""
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._next: psycopg.Connection[TupleRow] | None = None
        """A new connection; not used until the engine has forgotten the sandboxes that were lost with the old one."""
        self._prepared: Prepared = {}
        """Statements that the connection has prepared."""
        try:
            connection = self._connect()
            with self._closed_unless_done(connection):
                prepare(connection, script, version)
                replicas.join(connection)
        except (*FAILED, StoreError) as error:
            raise self.explained(error) from None
        self._connection = connection

    def execute(self, statement: str, values: Row = ()) -> psycopg.RawCursor[TupleRow]:
        cursor = psycopg.RawCursor(self._connected())
        return cursor.execute(numbered(statement), [kept(value) for value in values], binary=True)

    def send(self, statements: Iterable[Statement]) -> Pipeline:
        return Pipeline(self._connected().pgconn, self._prepared, statements)

    def roll_back(self) -> None:
        """Roll back; close the connection if it is lost or read-only (as of a server that became a standby)."""
        self._prepared = {}  # A statement that was sent after the one that failed was not prepared.
        connection = self._connection
        if connection is None:
            return
        with contextlib.suppress(psycopg.Error):
            if connection.info.transaction_status != pq.TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
            if connection.execute("SHOW transaction_read_only").fetchone() == ("off",):
                return
        self._leave()

    def close(self) -> None:
        """Close the session for good."""
        self._thread.shutdown()
        self._leave()

    def _leave(self) -> None:
        for connection in (self._connection, self._next):
            if connection is not None:
                connection.close()
        self._connection = self._next = None

    def explained(self, error: BaseException) -> StoreError:
        """An error as a StoreError of one line, without the password."""
        reason = " ".join(str(error).split()) or type(error).__name__
        if self._secret:
            reason = reason.replace(self._secret, "***")
        return StoreError(f"{self.name}: {reason}")

    def _connected(self) -> psycopg.Connection[TupleRow]:
        """The connection. If it is lost, a thread opens another, and until then this raises StoreError at once."""
        if self._connection is None and self._next is not None:
            if self._replicas.lost:
                raise StoreError(f"{self.name}: other replicas had sandboxes of this one, which forgets them")
            self._connection, self._next = self._next, None
        if self._connection is None:
            if self._connecting is None or (self._connecting.done() and machine() >= self._next_try):
                self._next_try = machine() + PAUSE
                self._connecting = self._thread.submit(self._connect_again)
            raise self._failed
        return self._connection

    def _connect_again(self) -> None:
        try:
            connection = self._connect()
            with self._closed_unless_done(connection):
                self._replicas.join(connection)
        except REFUSED as error:
            self._failed = error if isinstance(error, StoreError) else self.explained(error)
        else:
            self._next = connection

    def _connect(self) -> psycopg.Connection[TupleRow]:
        connection = psycopg.connect(self._info, autocommit=True)
        with self._closed_unless_done(connection):
            connection.execute(SETTINGS)
            for kind, dumper in ((int, Int8BinaryDumper), (str, StrBinaryDumper), (bytes, BytesBinaryDumper)):
                connection.adapters.register_dumper(kind, dumper)
        return connection

    @contextlib.contextmanager
    def _closed_unless_done(self, connection: psycopg.Connection[TupleRow]) -> Iterator[None]:
        try:
            yield
        except BaseException:
            connection.close()
            raise


@lru_cache(maxsize=512)
def numbered(statement: str) -> bytes:
    """A statement with PostgreSQL's ``$1`` in place of SQLite's ``?`` or ``?1``, and so on."""
    count = iter(range(1, 1 << 16))
    return re.sub(r"\?(\d*)", lambda found: f"${found[1] or next(count)}", statement).encode()


def _shown(given: dict[str, Any]) -> str:
    """The URL of connection parameters: with all hosts, without password and options."""
    user = f"{given['user']}@" if given.get("user") else ""
    hosts = str(given.get("host") or "localhost").split(",")
    ports = str(given.get("port") or "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports  # As libpq reads them.
    places = (f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False))
    return f"postgresql://{user}{','.join(places)}/{given.get('dbname') or ''}"
