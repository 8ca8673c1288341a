"""Keys of rows: a sandbox's number in the high bits, the row's own number in the low bits; and blocks of keys."""

from functools import lru_cache
from urllib.parse import urlsplit

from msgsim.model import Json

SHIFT = 40
"""Bits of a row's number within its sandbox."""
NUMBERS = (1 << SHIFT) - 1
"""Mask of a row's number in its key; the highest number."""
SERVER = 0
"""The sandbox number of records that belong to the whole server; no sandbox has it."""
FROM_PHONES = 1 << (SHIFT - 1)
"""A bit set in the numbers of inbound messages, because a callback's subject may be a message or an inbound one."""
BLOCK = 9
"""Bits of a number within its block of 512. Indexes on messages begin with the block.

So rows written at about the same time are neighbours in every index, whatever their recipients, and inserts stay fast.
Queries go block by block.
"""
SPAN = 64 << BLOCK
"""Numbers that a single query about recipients or counts covers."""
EVER, NEVER = -(1 << 62), 1 << 62
"""Times before and after every time that a clock can show. Times before 1970 are negative."""
PIECE = 256
"""Rows per query where a list is fetched lazily."""


def first(sandbox: int) -> int:
    """A key below those of all rows of a sandbox."""
    return sandbox << SHIFT


def last(sandbox: int) -> int:
    """The highest possible key of a sandbox."""
    return (sandbox << SHIFT) | NUMBERS


def between(sandbox: int, low: int, high: int, **columns: str) -> tuple[str, list[Json]]:
    """An SQL condition on numbers from ``low`` to ``high`` and on the columns whose value is not empty; its values."""
    asked = {name: value for name, value in columns.items() if value}
    where = " AND ".join(["key BETWEEN ? AND ?", *(f"{name} = ?" for name in asked)])
    return where, [first(sandbox) + low, first(sandbox) + high, *asked.values()]


def order(newest_first: bool) -> str:
    return " DESC" if newest_first else ""


def bare(recipient: str) -> str:
    """A phone number without a leading plus: it is found with and without."""
    return recipient.removeprefix("+")


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    """The authority of a callback's URL: credentials, host and port; empty where the URL cannot be parsed."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
