"""Keys of rows: sandbox and number in one ordered integer, and blocks of them."""

from functools import lru_cache
from urllib.parse import urlsplit

from msgsim.model import Json

SHIFT = 40
NUMBERS = (1 << SHIFT) - 1
SERVER = 0
"""The number, of no sandbox, under which records are kept that belong to none."""
FROM_PHONES = 1 << (SHIFT - 1)
"""Set in the numbers of inbound messages: a callback's subject is either kind."""
BLOCK = 9
"""Bits of a number within its block: indexes over messages are cut into blocks of 512 keys, in the order of the blocks.

What is written at about the same time stands together then, whatever its recipient is; who asks goes block by block.
"""
SPAN = 64 << BLOCK
"""Numbers that one question about recipients or counts goes through."""
EVER, NEVER = -(1 << 62), 1 << 62
"""Before every time a clock can show, those before 1970 are negative; and after every one."""
PIECE = 256
"""Rows that are read at once of a list that is read as it is asked for."""


def first(sandbox: int) -> int:
    return sandbox << SHIFT


def last(sandbox: int) -> int:
    return (sandbox << SHIFT) | NUMBERS


def between(sandbox: int, low: int, high: int, **columns: str) -> tuple[str, list[Json]]:
    """A condition on keys and on the columns that are not empty."""
    asked = {name: value for name, value in columns.items() if value}
    where = " AND ".join(["key BETWEEN ? AND ?", *(f"{name} = ?" for name in asked)])
    return where, [first(sandbox) + low, first(sandbox) + high, *asked.values()]


def order(newest_first: bool) -> str:
    return " DESC" if newest_first else ""


def bare(recipient: str) -> str:
    """As it stands in an index: numbers are found with and without plus."""
    return recipient.removeprefix("+")


@lru_cache(maxsize=1024)
def host(url: str) -> str:
    """Host and port that a callback goes to, with any credentials; empty where the URL cannot be read."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
