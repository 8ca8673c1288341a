"""Our tables in PostgreSQL: made by whoever comes first, and looked at by whoever comes later."""

import re

import psycopg
from psycopg.rows import TupleRow

from msgsim.storage.database import StoreError
from msgsim.storage.postgresql_replicas import TABLES

SCHEMA_LOCK = 0x6D736773696D01
"""An advisory lock: of who makes the tables."""
PATIENCE = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0"
"""Whoever was first may have an index of a large table to make."""
IMPATIENCE = "SET LOCAL lock_timeout = '2s'"
"""Whoever waits for a table keeps all others from writing to it."""
TYPES = (("INTEGER", "BIGINT"), ("BLOB", "BYTEA"), ("TEXT", 'TEXT COLLATE "C"'), (" WITHOUT ROWID", ""))
"""What the script of our tables has for SQLite, and what that is here."""
FUNCTIONS = r"""
CREATE FUNCTION instr(whole text, part text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
AS 'SELECT strpos(whole, part)';
CREATE FUNCTION readable(doc bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
AS $$ BEGIN RETURN convert_from(doc, 'UTF8'); EXCEPTION WHEN OTHERS THEN RETURN encode(doc, 'escape'); END $$;
"""
INDEX = re.compile(r"CREATE INDEX IF NOT EXISTS (\w+)[^;]*;")
"""Of the script; the group is its name."""


def prepare(connection: psycopg.Connection[TupleRow], script: str, version: int) -> None:
    """Make what is missing of our tables, all or nothing, while nobody else does.

    Raises StoreError where they are of another version or something else's, and psycopg.Error.
    """
    with connection.transaction():
        connection.execute(PATIENCE)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        connection.execute(IMPATIENCE)
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'msgsim'").fetchone() is None:
            _make(connection, script, version)
        _check(connection, version)
        _add_indexes(connection, script)
        connection.execute(TABLES)


def _make(connection: psycopg.Connection[TupleRow], script: str, version: int) -> None:
    for old, new in TYPES:
        script = re.sub(rf"{old}\b", new, script)
    connection.execute("CREATE SCHEMA msgsim")
    connection.execute(f"{script}; {FUNCTIONS}; CREATE TABLE version (version BIGINT)".encode())
    connection.execute("INSERT INTO version VALUES (%s)", (version,))


def _check(connection: psycopg.Connection[TupleRow], version: int) -> None:
    """Raises StoreError."""
    if connection.execute("SELECT to_regclass('msgsim.version')").fetchone() == (None,):
        raise StoreError("its schema msgsim is something else's; choose another with --store")
    row = connection.execute("SELECT version FROM version").fetchone()
    if row is None:
        raise StoreError("its table version is empty; choose another with --store")
    if row[0] != version:
        age = "a newer" if row[0] > version else "an older"
        raise StoreError(f"written by {age} version of msgsim; use that, or choose another with --store")


def _add_indexes(connection: psycopg.Connection[TupleRow], script: str) -> None:
    """Make those that an earlier msgsim of the same version did not make.

    Only these are named to PostgreSQL: it would wait for whoever writes to a table before it sees that an index is
    there.
    """
    there = {name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'msgsim'")}
    for found in INDEX.finditer(script):
        if found[1] not in there:
            connection.execute(found[0].encode())
