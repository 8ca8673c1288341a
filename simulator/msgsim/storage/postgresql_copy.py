"""New rows by binary COPY, past psycopg's cursors, which take twice the processor time for the few rows of a commit."""

import hashlib
import select
import struct
from collections.abc import Iterable

import psycopg
from psycopg import pq

from msgsim.model import Json
from msgsim.storage.database import Row

LONGEST = 1000
"""Bytes of a text in a column: an index takes no more than 2,700. What is longer is told apart by a digest."""
BEGIN, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_columns = struct.Struct(">h").pack
_size = struct.Struct(">i").pack
_whole = struct.Struct(">iq").pack


def copy(connection: pq.abc.PGconn, table: str, rows: Iterable[Row]) -> None:
    """Raises psycopg.Error, and for values that no column can hold UnicodeError and struct.error.

    Other threads go on while PostgreSQL is waited for.
    """
    data = encoded(rows)
    _check(connection.exec_(f"COPY {table} FROM STDIN (FORMAT BINARY)".encode()), pq.ExecStatus.COPY_IN)
    connection.put_copy_data(data)
    connection.put_copy_end()
    while connection.flush():
        _wait(connection, select.POLLIN | select.POLLOUT)
    result: pq.abc.PGresult | None = None
    while (following := _next_result(connection)) is not None:
        result = following
    _check(result, pq.ExecStatus.COMMAND_OK)


def command(connection: pq.abc.PGconn, name: bytes) -> None:
    """BEGIN or COMMIT. Raises psycopg.Error; also where COMMIT has rolled a failed transaction back."""
    result = connection.exec_(name)
    _check(result, pq.ExecStatus.COMMAND_OK)
    if result.command_status != name:
        raise psycopg.OperationalError(f"the transaction was lost: {result.command_status!r}")


def encoded(rows: Iterable[Row]) -> bytes:
    """All rows with whole numbers (64 bits), texts, bytes and None in them."""
    parts = [BEGIN]
    for row in rows:
        parts.append(_columns(len(row)))
        for value in row:
            if type(value) is int:
                parts.append(_whole(8, value))
            elif value is None:
                parts.append(_size(-1))
            else:
                doc = value if type(value) is bytes else kept(value).encode()
                parts += (_size(len(doc)), doc)
    parts.append(END)
    return b"".join(parts)


def kept(value: Json) -> Json:
    """A value as a column can hold it: no NUL, and no more than an index takes."""
    if type(value) is not str or (len(value) <= LONGEST // 4 and "\0" not in value):
        return value
    value = value.replace("\0", "\N{SYMBOL FOR NULL}")
    whole = value.encode()
    return value if len(whole) <= LONGEST else f"{value[: LONGEST // 8]}...{hashlib.sha256(whole).hexdigest()}"


def _next_result(connection: pq.abc.PGconn) -> pq.abc.PGresult | None:
    while connection.is_busy():
        _wait(connection, select.POLLIN)
    return connection.get_result()


def _wait(connection: pq.abc.PGconn, events: int) -> None:
    polling = select.poll()
    polling.register(connection.socket, events)
    polling.poll()
    connection.consume_input()


def _check(result: pq.abc.PGresult | None, status: pq.ExecStatus) -> None:
    if result is None:
        raise psycopg.OperationalError("the connection is lost")
    if result.status != status:
        raise psycopg.errors.error_from_result(result, encoding="utf-8")
