"""Characters and segments (``parts``) of a text, according to the document's table of characters."""

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import combining, normalize

from msgsim.model import Json

_OUTSIDE = re.compile(r"[^\n\r\x20-\x5a\x5c\x5e-\x7b\x7d\x7e]")
"""Characters outside the table, which is printable ASCII without ``[``, ``]`` and ``|``; the document's sample adds
line breaks.
"""


@lru_cache(maxsize=4096)
def parts(text: str) -> Json:
    """``{"alphabet": …, "characters": n, "parts": n}``. A single segment has 160 characters, each of several 153;
    with a character outside the table 70 and 63.
    """
    if _OUTSIDE.search(text):
        return _parts("UCS-2", units(text), 70, 63)
    return _parts("GSM-7", len(text), 160, 153)


@lru_cache(maxsize=4096)
def _parts(alphabet: str, characters: int, single: int, joined: int) -> Json:
    count = 1 if characters <= single else -(-characters // joined)
    return {"alphabet": alphabet, "characters": characters, "parts": count}


def without_accents(text: str) -> str:
    """A text without accents (á becomes a), as carriers without accents deliver it."""
    return "".join(letter for letter in normalize("NFD", text) if not combining(letter))


def units(text: str) -> int:
    """The length in UTF-16 units, as Java counts: an emoji has two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _within(longest: int) -> Callable[[str], bool]:
    return lambda text: len(text) * 2 <= longest or units(text) <= longest


LENGTHS = {f"utf-16-{longest}": _within(longest) for longest in (64, 255, 1280)}
"""Formats ``utf-16-<n>``: texts of at most n UTF-16 units."""
