"""Templates of the settings and their gaps: ``{{1}}`` by position, ``{{name}}`` by name. The notation is inferred."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape

from msgsim.model import Json

ANY = "*"
_GAP = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_UNSHOWN = re.compile(r"<(/?)(?:style|script|title)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/tr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def of(id: str, settings: Mapping[str, Json]) -> dict[str, Json] | None:
    """The template of an id, or the one that stands for every id; None: there is no such template."""
    templates: dict[str, dict[str, Json]] = settings["templates"]
    return templates.get(id, templates.get(ANY))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A gap without a value stays, so that one sees it."""
    if "{{" not in text:
        return text
    return _GAP.sub(lambda gap: values.get(gap[1], gap[0]), text)


@lru_cache(maxsize=256)
def plain(html: str) -> str:
    """What is left to read of a page: its text, a line for each block."""
    first, *rest = _UNSHOWN.split(html)
    shown = first + "".join(text for end, text in zip(rest[::2], rest[1::2], strict=True) if end)
    lines = (" ".join(unescape(_TAG.sub("", line)).split()) for line in _BREAK.sub("\n", shown).split("\n"))
    return "\n".join(line for line in lines if line)
