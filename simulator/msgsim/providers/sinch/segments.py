"""Characters and parts of a text, by the document's own table of characters."""

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import combining, normalize

from msgsim.model import Json

_OUTSIDE = re.compile(r"[^\n\r\x20-\x5a\x5c\x5e-\x7b\x7d\x7e]")
"""The table is printable ASCII without ``[``, ``]`` and ``|``; line breaks come from the document's own sample."""


@lru_cache(maxsize=4096)
def parts(text: str) -> Json:
    """``{"alphabet": …, "characters": n, "parts": n}``: 160 or 153 a part, with one outsider 70 or 63."""
    if _OUTSIDE.search(text):
        return _parts("UCS-2", units(text), 70, 63)
    return _parts("GSM-7", len(text), 160, 153)


@lru_cache(maxsize=4096)
def _parts(alphabet: str, characters: int, single: int, joined: int) -> Json:
    count = 1 if characters <= single else -(-characters // joined)
    return {"alphabet": alphabet, "characters": characters, "parts": count}


def without_accents(text: str) -> str:
    """What a carrier without accents makes of a text: á becomes a; what has no base letter stays."""
    return "".join(letter for letter in normalize("NFD", text) if not combining(letter))


def units(text: str) -> int:
    """Characters as Java counts them, in UTF-16: one beyond the basic plane (an emoji) is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _within(longest: int) -> Callable[[str], bool]:
    return lambda text: len(text) * 2 <= longest or units(text) <= longest


LENGTHS = {f"utf-16-{longest}": _within(longest) for longest in (64, 255, 1280)}
"""Formats of texts that have at most so many UTF-16 units."""
