"""What recipients get: the content of a definition with their attributes in it."""

import re
from collections.abc import Mapping

from msgsim.engine.device import mapping, words
from msgsim.model import Json

OVERRIDES = {"sms": ("content",), "email": (), "push": ()}
"""Members of a send that stand for what the definition has."""
_NAME = re.compile(r"%%\s*([\w. -]+?)\s*%%")


def of(
    channel: str, definition: Json, body: Json, attributes: Mapping[str, Json], settings: Mapping[str, Json]
) -> tuple[str, dict[str, Json]]:
    """The text, and what there is besides."""
    message = mapping(body.get("content")).get("message") or definition["content"]["message"]
    return filled(message, attributes), {}


def sender(channel: str, definition: Json) -> str:
    return words(mapping(definition.get("subscriptions")).get("shortCode"))


def filled(text: str, attributes: Mapping[str, Json]) -> str:
    """``%%name%%`` in any case of letters; nothing where there is no such attribute."""
    if "%%" not in text:
        return text
    known = {name.lower(): words(value) for name, value in attributes.items()}
    return _NAME.sub(lambda found: known.get(found[1].lower(), ""), text)
