"""Encodes rows in PostgreSQL's binary formats; faster than psycopg's dumpers."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgsim.model import Json
from msgsim.storage.database import Row

LONGEST = 1000
"""Longest text in a column, in bytes: an index entry has at most 2,700. Longer texts end in a digest (`kept`)."""
TYPES = {int: 20, str: 25, bytes: 17, type(None): 0}
"""Python's type → OID of a value: BIGINT, TEXT, BYTEA; 0 for NULL, whose type PostgreSQL infers."""
ARRAYS = {int: 1016, str: 1009, bytes: 1001}
"""Python's type → OID of an array of such values."""
_array_head = struct.Struct(">iiIii").pack
"""Head of a binary array: dimensions, whether it has NULLs, type of the elements, their count, lower bound."""
_size = struct.Struct(">i").pack
_whole = struct.Struct(">q").pack
_sized_whole = struct.Struct(">iq").pack
NULL = _size(-1)


class Statement(NamedTuple):
    """SQL with the parameters ``$1`` and so on, and their types (OIDs) and values (binary; None: NULL)."""

    sql: bytes
    types: tuple[int, ...]
    values: Sequence[bytes | None]


def by_row(sql: bytes, row: Row) -> Statement:
    """A statement about one row. Raises UnicodeError and struct.error for values that no column can hold."""
    return Statement(sql, tuple(TYPES[type(value)] for value in row), [_binary(value) for value in row])


def by_columns(sql: bytes, rows: Iterable[Row]) -> Statement:
    """A statement about many rows, whose values are their columns, as arrays. Raises as `by_row` does."""
    columns = list(zip(*rows, strict=True))
    kinds = [next((type(value) for value in column if value is not None), str) for column in columns]
    arrays = [_array(kind, column) for kind, column in zip(kinds, columns, strict=True)]
    return Statement(sql, tuple(ARRAYS[kind] for kind in kinds), arrays)


def kept(value: Json) -> Json:
    """A value that a column can hold: a text has no NUL, and a long one is cut and ends in its SHA-256."""
    if type(value) is not str or (len(value) <= LONGEST // 4 and "\0" not in value):
        return value
    value = value.replace("\0", "\N{SYMBOL FOR NULL}")
    whole = value.encode()
    return value if len(whole) <= LONGEST else f"{value[: LONGEST // 8]}...{hashlib.sha256(whole).hexdigest()}"


def _array(kind: type, column: Sequence[Json]) -> bytes:
    parts = [_array_head(1, 1, TYPES[kind], len(column), 1)]
    if kind is int and None not in column:
        parts += [_sized_whole(8, value) for value in column]
    else:
        for value in map(_binary, column):
            parts += (NULL,) if value is None else (_size(len(value)), value)
    return b"".join(parts)


def _binary(value: Json) -> bytes | None:
    if value is None or type(value) is bytes:
        return value
    return _whole(value) if type(value) is int else kept(value).encode()
