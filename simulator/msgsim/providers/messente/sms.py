"""SMS texts: conversion by ``autoconvert``, and segments (Messente calls them parts).

With GSM 03.38 and its extension table a single segment has 160 characters, each of several 153; with UCS-2 these are
70 and 67. A user data header (UDH) reduces the bytes of each segment.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from msgsim.model import Json

if TYPE_CHECKING:
    from gsm0338 import Codec

_PLAIN = re.compile(r"[ -Z_a-z\n\r]*", re.ASCII)
"""Characters of the basic table, one septet each."""
BYTES = 140
"""Bytes of a segment."""


def parts(text: str, udh: str = "") -> dict[str, Json]:
    """``{"parts": 2, "alphabet": "GSM-7"}``; ``udh`` is in hexadecimal digits."""
    septets = _septets(text)
    header = len(udh) // 2
    if septets is not None:
        length, bits, alphabet = septets, 7, "GSM-7"
    else:
        length, bits, alphabet = len(text.encode("utf-16-be", "surrogatepass")) // 2, 16, "UCS-2"
    if length <= (BYTES - header) * 8 // bits:
        return {"parts": 1, "alphabet": alphabet}
    several = (BYTES - max(header, 6)) * 8 // bits
    return {"parts": -(-length // max(several, 1)), "alphabet": alphabet}


def _septets(text: str) -> int | None:
    """The number of septets; None when a character is not in GSM 03.38."""
    if _PLAIN.fullmatch(text):
        return len(text)
    try:
        return len(_codec().encode(text)[0])
    except UnicodeEncodeError:
        return None


@lru_cache(maxsize=1)
def _codec() -> "Codec":
    import gsm0338  # For start-up time.

    return gsm0338.Codec()


def convert(text: str, how: str) -> str:
    """A text converted as ``autoconvert`` asks: ``full`` replaces every character outside GSM 03.38.

    ``on`` applies the replacements of the account, which has none here.
    """
    if how != "full" or _septets(text) is not None:
        return text
    from anyascii import anyascii  # For start-up time.

    return "".join(letter if _septets(letter) is not None else _alternative(anyascii(letter)) for letter in text)


def _alternative(text: str) -> str:
    return "".join(letter if _septets(letter) is not None else "?" for letter in text)
