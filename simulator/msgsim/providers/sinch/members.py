"""Normalises the members of a send: scalars as documented, defaults merged, unknown members dropped and noted."""

from collections.abc import Iterator
from typing import cast
from urllib.parse import parse_qsl

from msgsim.contract.decoding import json_of
from msgsim.model import Json, Refused
from msgsim.provider.desk import Desk
from msgsim.scenarios.yaml import suggestion

TEXT_SOURCES = frozenset({"flowId", "templateId", "templateName"})
"""Sources of a text besides ``messageText``; a bulk may have them at its root, for all messages."""
COMMON = TEXT_SOURCES | {"subAccount"}
"""Members of a message that a bulk may have at its root, for all messages."""
OF_A_MESSAGE = COMMON | {"destination", "messageText", "correlationId", "extraInfo", "flashSMS", "params"}
OF_A_REQUEST = frozenset(
    {"timeZone", "scheduledDate", "scheduledAt", "delayedInMinutes", "expiresAt", "expiresInMinutes", "expiresDate"}
    | {"timeWindow", "campaignAlias"}
)
"""Members of the root; ignored inside the messages of a bulk."""
OF_A_SINGLE_SEND = OF_A_MESSAGE | OF_A_REQUEST
OF_A_BULK = OF_A_REQUEST | COMMON | {"messages", "defaultValues"}
INTEGERS = frozenset({"expiresAt", "expiresInMinutes", "scheduledAt", "delayedInMinutes", "templateId"})
COMPOUND = frozenset({"messages", "defaultValues", "params", "timeWindow"})
PLAIN = OF_A_MESSAGE - {"templateId", "flashSMS", "params"}
"""Members of a message that are texts; most messages have only these."""
ALIASES = {"templateID": "templateId"}
"""Other spelling → documented spelling: the document has both."""
BOOLEANS = {"true": True, "false": False}
"""Text → truth value: the document's bulk sample has ``"flashSMS": "true"``."""
CREDENTIALS = frozenset({"username", "authenticationtoken"})
MOST_TOLERANCES = 20
"""Number of tolerances of a request after which ignored members are no longer noted."""


def of_a_single_send(body: Json, desk: Desk) -> Json:
    """A single message; anything but an object is left to the schema. Raises Refused in strict mode."""
    if type(body) is not dict:
        return body
    members = Members(OF_A_SINGLE_SEND)
    documented = members.documented(body)
    members.note(desk)
    return documented


def of_a_query(desk: Desk) -> Json:
    """A single message from a query string, where every value is a text. Raises Refused in strict mode."""
    query: dict[str, Json] = {}
    for name, value in parse_qsl(desk.call.query, keep_blank_values=True):
        if name.lower() in CREDENTIALS:
            continue
        if name == "timeWindow":
            query.setdefault(name, []).extend(value.strip("[] ").split(","))
        else:
            query[name] = _map(value) if name == "params" else value
    members = Members(OF_A_SINGLE_SEND, texts_only=True)
    documented = members.documented(query)
    members.note(desk)
    return documented


def _map(text: str) -> Json:
    try:
        return json_of(text.encode(errors="replace"))
    except Refused:
        return text


def of_a_bulk(body: Json, desk: Desk) -> Json:
    """A bulk whose messages are complete: their own members take precedence over ``defaultValues``, and these over the
    root's.

    Raises Refused in strict mode.
    """
    if type(body) is not dict:
        return body
    root_members = Members(OF_A_BULK)
    members = Members(OF_A_MESSAGE, root_members.tolerances)
    root = root_members.documented(body)
    common = {name: root[name] for name in COMMON if name in root}
    if isinstance(defaults := root.get("defaultValues"), dict):
        root["defaultValues"] = members.documented(defaults)
        common |= root["defaultValues"]
    if isinstance(messages := root.get("messages"), list):
        root["messages"] = [_merged(members.documented(item), common) for item in messages]
    members.note(desk)
    return root


def _merged(item: Json, common: dict[str, Json]) -> Json:
    if not common or type(item) is not dict:
        return item
    merged = {**common, **item}
    if "params" in item and isinstance(both := common.get("params"), dict) and isinstance(item["params"], dict):
        merged["params"] = {**both, **item["params"]}
    return merged


class Members:
    """Reads objects with the same known members, and collects the tolerances used for them."""

    def __init__(
        self, known: frozenset[str], tolerances: dict[str, None] | None = None, texts_only: bool = False
    ) -> None:
        """``texts_only``: the source has only texts, so that a number written as a text is not a tolerance."""
        self.tolerances = {} if tolerances is None else tolerances
        self._known = known
        self._knows_plain = known >= PLAIN
        self._texts_only = texts_only

    def note(self, desk: Desk) -> None:
        """Note the collected tolerances. Raises Refused in strict mode."""
        for tolerance in self.tolerances:
            desk.note(tolerance)

    def documented(self, item: Json) -> Json:
        """An item with documented members; the item itself where nothing changes, as a bulk has a thousand items."""
        if type(item) is not dict:
            return item
        for name, value in item.items():
            if type(value) is not str or name not in PLAIN:
                return dict(self._read(item))
        return item if self._knows_plain else dict(self._read(item))

    def _read(self, item: dict[str, Json]) -> Iterator[tuple[str, Json]]:
        for spelled, value in item.items():
            name = ALIASES.get(spelled, spelled)
            if name not in self._known:
                if len(self.tolerances) < MOST_TOLERANCES:
                    self.tolerances[_ignored(name, self._known)] = None
            elif value is not None:
                taken = _taken(name, value)
                if taken is not value and not self._texts_only and not (name == "flashSMS" and value in BOOLEANS):
                    self.tolerances[f"{name} is taken from a JSON {_kind(value)}"] = None
                yield name, taken


def _ignored(name: str, known: frozenset[str]) -> str:
    """The note about an ignored member."""
    if name in OF_A_REQUEST:
        return f"{name} belongs at the root and is ignored inside a message"
    if name in OF_A_MESSAGE:
        return f"{name} belongs into messages or defaultValues and is ignored at the root"
    return f"{name} is no member of the document and is ignored{suggestion(name, sorted(known))}"


def _taken(name: str, value: Json) -> Json:
    """A value in its documented type; deployed clients send numbers as texts and the other way round."""
    kind = type(value)
    if name in INTEGERS:
        if kind is str and value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 20:
            return int(value)
        return int(value) if kind is float and value.is_integer() else value
    if name == "flashSMS":
        return BOOLEANS.get(value.lower(), value) if kind is str else value
    if name == "timeWindow" and kind is list:
        hours = [int(hour) if isinstance(hour, str) and _is_hour(hour) else hour for hour in value]
        return hours if hours != value else value
    if name == "params" and kind is dict:
        params = {key: _text(param) for key, param in cast("dict[str, Json]", value).items()}
        return params if params != value else value
    return value if name in COMPOUND else _text(value)


def _is_hour(text: str) -> bool:
    return text.isascii() and text.strip().isdecimal() and len(text) < 5


def _text(value: Json) -> Json:
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value) if type(value) in (int, float) else value


def _kind(value: Json) -> str:
    named: dict[type, str] = {str: "string", list: "list of strings", dict: "map of numbers"}
    return named.get(type(value), "number")
