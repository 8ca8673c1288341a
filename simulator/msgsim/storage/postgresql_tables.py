"""Creates our tables in PostgreSQL, or checks the version of existing ones."""

import re

import psycopg
from psycopg.rows import TupleRow

from msgsim.storage.database import StoreError
from msgsim.storage.postgresql_replicas import TABLES

SCHEMA_LOCK = 0x6D736773696D01
"""Advisory lock of the replica that creates or checks the tables."""
PATIENCE = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0"
"""For the wait for SCHEMA_LOCK: its holder may be creating an index of a large table."""
IMPATIENCE = "SET LOCAL lock_timeout = '2s'"
"""For locks of tables: a statement that waits for one blocks all later writers."""
TYPES = (("INTEGER", "BIGINT"), ("BLOB", "BYTEA"), ("TEXT", 'TEXT COLLATE "C"'), (" WITHOUT ROWID", ""))
"""(word of SQLite in the script, its replacement in PostgreSQL)."""
FUNCTIONS = r"""
CREATE FUNCTION instr(whole text, part text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
AS 'SELECT strpos(whole, part)';
CREATE FUNCTION readable(doc bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT
AS $$ BEGIN RETURN convert_from(doc, 'UTF8'); EXCEPTION WHEN OTHERS THEN RETURN encode(doc, 'escape'); END $$;
"""
INDEX = re.compile(r"CREATE INDEX IF NOT EXISTS (\w+)[^;]*;")
"""A statement of the script that creates an index; the group is the name of the index."""


def prepare(connection: psycopg.Connection[TupleRow], script: str, version: int) -> None:
    """Create missing tables and indexes, in one transaction and one replica at a time.

    Raises StoreError if the tables are of another version or another program, and psycopg.Error.
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
    """Create indexes that an earlier msgsim with the same version of tables did not create.

    ``CREATE INDEX IF NOT EXISTS`` would wait for writers of the table even if the index exists, so it is not sent then.
    """
    there = {name for (name,) in connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'msgsim'")}
    for found in INDEX.finditer(script):
        if found[1] not in there:
            connection.execute(found[0].encode())
