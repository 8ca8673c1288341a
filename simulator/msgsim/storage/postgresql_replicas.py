"""Replicas on one database of PostgreSQL: advisory locks of their sessions say who is alive and who has a sandbox."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from msgsim.storage.database import Row, Rows
from msgsim.storage.replicas import Placed, Replica, Replicas

ALIVE, SANDBOX = 0x6D736701, 0x6D736702
"""First keys of advisory locks. The second key is the session's backend process id, or the number of a sandbox."""
START_LOCK, NAMES_LOCK = 0x6D736773696D03, 0x6D736773696D04
"""Advisory locks: one replica starts at a time, and one creates a sandbox at a time."""
TABLES = """
CREATE TABLE IF NOT EXISTS replicas (name TEXT PRIMARY KEY, pid BIGINT NOT NULL, address TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS owners (sandbox BIGINT PRIMARY KEY, replica TEXT NOT NULL);
CREATE SEQUENCE IF NOT EXISTS sandbox_numbers
"""
"""``owners`` outlives the locks: a replica that lost its session sees whether another one has had its sandbox since."""
LOCKS = (
    "(SELECT pid, CAST(objid AS BIGINT) AS number FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND objsubid = 2 AND CAST(classid AS BIGINT) = {}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
LIVING = (
    "(SELECT name, replicas.pid, address FROM replicas"  # noqa: S608 - constants
    f" JOIN {LOCKS.format(ALIVE)} AS alive ON number = replicas.pid)"
)
OWNING = f"{LOCKS.format(SANDBOX)} AS taken LEFT JOIN {LIVING} AS living ON living.pid = taken.pid"


class PostgresqlReplicas(Replicas):
    """The replicas on a database, and the sandboxes that this one has; implements `Replicas`."""

    shared = True

    def __init__(self, rows: Callable[[str, str, Row], Rows], write: Callable[[str, str, Row], int]) -> None:
        """``rows``, ``write``: the methods of `Postgresql`."""
        super().__init__()
        self.name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
        self._rows = rows
        self._write = write
        self._address = ""
        self._taken: set[int] = set()

    def join(self, connection: psycopg.Connection[TupleRow]) -> None:
        """Register in a new session, and take the sandboxes again that no other replica has had meanwhile.

        ``lost`` has the numbers of the others afterwards. Raises psycopg.Error.
        """
        connection.execute("SELECT pg_advisory_lock(%s::int, pg_backend_pid())", (ALIVE,))
        with connection.transaction():
            connection.execute("LOCK TABLE replicas IN SHARE ROW EXCLUSIVE MODE")
            gone = f"DELETE FROM replicas WHERE name = %s OR name NOT IN (SELECT name FROM {LIVING} AS living)"  # noqa: S608
            connection.execute(gone.encode(), (self.name,))
            connection.execute("INSERT INTO replicas VALUES (%s, pg_backend_pid(), %s)", (self.name, self._address))
        self.lost = {number for number in self._taken if not self._taken_again(connection, number)}
        self._taken -= self.lost

    def _taken_again(self, connection: psycopg.Connection[TupleRow], number: int) -> bool:
        lock = (SANDBOX, number)
        if connection.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", lock).fetchone() != (True,):
            return False
        owner = connection.execute("SELECT replica FROM owners WHERE sandbox = %s", (number,)).fetchone()
        if owner == (self.name,):
            return True
        connection.execute("SELECT pg_advisory_unlock(%s::int, %s::int)", lock)
        return False

    @contextmanager
    def starting(self) -> Iterator[None]:
        self._ask("SET lock_timeout = '25s'")
        self._ask("SELECT pg_advisory_lock(?)", START_LOCK)
        self._ask("SET lock_timeout = '2s'")
        yield
        self._ask("SELECT pg_advisory_unlock(?)", START_LOCK)

    def register(self, address: str) -> None:
        self._address = address
        self._ask("UPDATE replicas SET address = ? WHERE name = ?", address, self.name)

    def alive(self) -> list[Replica]:
        found = self._ask(f"SELECT name, address FROM {LIVING} AS living ORDER BY name")  # noqa: S608
        return [Replica(name, address) for name, address in found.fetchall()]

    def placed(self) -> list[Placed]:
        sql = (
            "SELECT sandboxes.number, sandboxes.name, living.name, living.address FROM sandboxes"  # noqa: S608
            f" LEFT JOIN ({OWNING}) ON taken.number = sandboxes.number ORDER BY sandboxes.number"
        )
        return [
            Placed(number, name, None if replica is None else Replica(replica, address))
            for number, name, replica, address in self._ask(sql).fetchall()
        ]

    def take(self, number: int) -> bool:
        if number not in self._taken:
            sql = "SELECT pg_try_advisory_lock(CAST(? AS INTEGER), CAST(? AS INTEGER))"
            if not self._ask(sql, SANDBOX, number).fetchone()[0]:
                return False
            self._taken.add(number)
            sql = "INSERT INTO owners VALUES (?, ?) ON CONFLICT (sandbox) DO UPDATE SET replica = excluded.replica"
            self._write("owners", sql, (number, self.name))
        return True

    def release(self, number: int) -> None:
        if number in self._taken:
            self._taken.discard(number)
            sql = "SELECT pg_advisory_unlock(CAST(? AS INTEGER), CAST(? AS INTEGER))"
            self._write("owners", "DELETE FROM owners WHERE sandbox = ?", (number,))
            self._ask(sql, SANDBOX, number)

    def owner(self, number: int) -> Replica | None:
        row = self._ask(f"SELECT living.name, address FROM {OWNING} WHERE taken.number = ?", number).fetchone()  # noqa: S608
        return None if row is None or row[0] is None else Replica(*row)

    def lock_names(self) -> None:
        self._write("sandboxes", "SELECT pg_advisory_xact_lock(?)", (NAMES_LOCK,))

    def next_number(self, highest: int) -> int:
        (number,) = self._ask("SELECT nextval('sandbox_numbers')").fetchone()
        if number <= highest:
            (number,) = self._ask("SELECT setval('sandbox_numbers', ?)", highest + 1).fetchone()
        return int(number)

    def _ask(self, sql: str, *values: str | int) -> Rows:
        return self._rows("owners", sql, values)
