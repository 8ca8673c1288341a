"""The content of messages: that of a definition, filled with the recipient's attributes.

The text of an SMS is in its definition. E-mails and push messages are in Content Builder, which is not simulated: the
setting ``contents`` has them by ``customerKey``; a message whose content is missing there lists the attributes.
"""

import re
from collections.abc import Mapping
from html import escape

from msgsim.engine.device import mapping, text_of_html, words
from msgsim.model import Json

OVERRIDES = {"sms": ("content",), "email": (), "push": ()}
"""Channel → members of a send that override the definition's content."""
FROM = "orders@example.com"
"""Sender of e-mails whose content has no sender."""
_NAME = re.compile(r"%%\s*([\w. -]+?)\s*%%")
_Members = dict[str, Json]


def of(
    channel: str, definition: Json, body: Json, attributes: Mapping[str, Json], settings: Mapping[str, Json]
) -> tuple[str, _Members]:
    """The text, and what the recipient sees besides it."""
    if channel == "sms":
        message = mapping(body.get("content")).get("message") or definition["content"]["message"]
        return filled(message, attributes), {}
    known = settings["contents"].get(definition["content"]["customerKey"]) or {}
    members = {name: filled(value, attributes) for name, value in known.items()}
    if channel == "email":
        members = {"subject": definition["name"], "from": FROM, "html": _table(definition, attributes), **members}
        return text_of_html(members["html"]), members
    members = {"title": definition["name"], "text": _line(attributes), **members}
    return members["text"], members | mapping(definition.get("options"))


def sender(channel: str, definition: Json) -> str:
    """The sender: the short code of an SMS, the app of a push message; empty for an e-mail."""
    if channel == "push":
        return words(definition.get("applicationId"))
    return words(mapping(definition.get("subscriptions")).get("shortCode"))


def filled(text: str, attributes: Mapping[str, Json]) -> str:
    """A text with each ``%%name%%`` (in any case) replaced by the attribute, or by nothing if there is none."""
    if "%%" not in text:
        return text
    known = {name.lower(): words(value) for name, value in attributes.items()}
    return _NAME.sub(lambda found: known.get(found[1].lower(), ""), text)


def _table(definition: Json, attributes: Mapping[str, Json]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(words(value))}</td></tr>" for name, value in attributes.items()
    )
    return f"<p>{escape(definition['content']['customerKey'])}</p><table>{rows}</table>"


def _line(attributes: Mapping[str, Json]) -> str:
    return ", ".join(f"{name}: {words(value)}" for name, value in attributes.items())
