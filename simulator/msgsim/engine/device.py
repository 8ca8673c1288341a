"""How a message appears on the recipient's device: pieces that the inbox page draws.

A piece is ``{"kind": …}`` with plain values. Content comes from clients, so that every function accepts any JSON and
none raises.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

from msgsim.model import Json

Piece = dict[str, Json]
FLASH: Piece = {"kind": "flash"}
"""A flash SMS (class 0): the message covers the screen at once. Not drawn itself."""

_UNSHOWN = re.compile(r"<(/?)(?:style|script|title)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/tr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def plain(text: Json) -> Iterator[Piece]:
    if written := words(text):
        yield {"kind": "text", "text": written}


def picture(url: Json) -> Piece:
    return {"kind": "picture", "url": words(url)}


def video(url: Json, preview: Json = "", seconds: Json = None) -> Piece:
    return {"kind": "video", "url": words(url), "preview": words(preview), "seconds": words(seconds)}


def file(what: str, url: Json, name: Json = "") -> Piece:
    return {"kind": "file", "what": what, "url": words(url), "name": words(name)}


def template(name: Json, language: Json = "") -> Piece:
    return {"kind": "template", "name": words(name), "lang": words(language)}


def values(texts: list[str]) -> Iterator[Piece]:
    """The values that fill a template's placeholders; no piece where there are none."""
    if texts:
        yield {"kind": "values", "values": texts}


def card(title: Json, text: Json, picture: Json, buttons: list[Piece]) -> Piece:
    return {"title": words(title), "text": words(text), "picture": words(picture), "buttons": buttons}


def cards(drawn: list[Piece]) -> Iterator[Piece]:
    if drawn:
        yield {"kind": "cards", "cards": drawn}


def button(label: Json, leads: Json = "") -> Piece:
    return {"label": words(label), "leads": words(leads)}


def buttons(drawn: list[Piece]) -> Iterator[Piece]:
    if drawn:
        yield {"kind": "buttons", "buttons": drawn}


def words(value: Json) -> str:
    """A text or a number as text; empty for anything else."""
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float) else ""


def mapping(value: Json) -> Piece:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Json) -> list[Piece]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def first(members: Piece, *names: str) -> Json:
    """The value of the first of these members that is not empty; None: all are."""
    return next((members[name] for name in names if members.get(name)), None)


@lru_cache(maxsize=256)
def text_of_html(html: str) -> str:
    """The visible text of an HTML page, one line per block element."""
    first, *rest = _UNSHOWN.split(html)
    shown = first + "".join(text for end, text in zip(rest[::2], rest[1::2], strict=True) if end)
    lines = (" ".join(unescape(_TAG.sub("", line)).split()) for line in _BREAK.sub("\n", shown).split("\n"))
    return "\n".join(line for line in lines if line)
