"""Brings the members of a body into the form that its schema describes.

Names in another case and numbers as texts are accepted, as ASP.NET does with its web defaults: the documents' schemas
look like that framework's [inferred]. Each such tolerance is noted.
"""

import re
from collections.abc import Callable, Iterator

from msgsim.model import Json
from msgsim.provider.desk import Desk

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)


def documented(schema: str) -> Callable[[Json, Desk], Json]:
    """A `Shape` for bodies or items of a schema; anything but an object is left to the schema."""

    def shape(body: Json, desk: Desk) -> Json:
        if not isinstance(body, dict):
            return body
        return dict(_read(body, desk.contract.schema(schema).document["properties"], desk))

    return shape


def _read(body: dict[str, Json], properties: dict[str, Json], desk: Desk) -> Iterator[tuple[str, Json]]:
    """The members with documented names, and unknown ones as they are. Null members are dropped: serialisers write
    unset members as null.

    Raises Refused for a tolerance in strict mode.
    """
    for written, value in body.items():
        name = _name(written, properties)
        if name is None:
            yield written, value
            continue
        if name != written:
            desk.note(f"{written} is written {name} in the document")
        if value is None:
            continue
        if properties[name].get("type") == "integer" and isinstance(value, str) and _INTEGER.fullmatch(value):
            desk.note(f"{name} is a number in the document, and is taken from a text")
            value = int(value)
        yield name, value


def _name(written: str, properties: dict[str, Json]) -> str | None:
    """The name as the document writes it; None: an unknown member."""
    if written in properties:
        return written
    folded = written.lower()
    return next((name for name in properties if name.lower() == folded), None)


def as_it_came(item: Json, name: str) -> str | int | float | None:
    """A member of an unchecked item, its name in any case; None unless it is a text or a number."""
    value = _found(item, name)
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def listed(body: Json, name: str) -> list[Json]:
    """The items of an unchecked body; empty where it has no such list."""
    items = _found(body, name)
    return items if isinstance(items, list) else []


def _found(body: Json, name: str) -> Json:
    if not isinstance(body, dict):
        return None
    return body.get(name, next((body[written] for written in body if written.lower() == name.lower()), None))
