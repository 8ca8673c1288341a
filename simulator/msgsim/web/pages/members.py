"""The members of a JSON Schema as rows of a table: path, type in words, limits and description."""

import json
from collections.abc import Callable, Iterator

from msgspec import Struct

from msgsim.model import Json

DEEPEST = 5
"""Levels of members that get rows; of deeper ones only the type of the member that holds them is given."""
MOST = 150
"""Limit of rows per schema."""
Follow = Callable[[Json], Json]
"""Resolves a ``$ref``; returns a schema without one unchanged."""


class Member(Struct, frozen=True):
    """A row."""

    path: str
    """Such as ``messages[].channel``; empty for a body that is no object."""
    type: str
    """As `type_of` gives it."""
    required: bool
    said: str
    """Its description; empty: none."""
    limits: str = ""
    """As `limits_of` gives them."""
    when: str = ""
    """The condition under which objects have it, such as ``channel is viber``; empty: always."""


def members(schema: Json, follow: Follow) -> list[Member]:
    """The members of a body, each below the one that holds it, at most MOST.

    A single row without a path describes a body that is neither an object nor a list of objects; an empty schema has
    no rows.
    """
    root = follow(schema)
    found: dict[tuple[str, str], Member] = {}
    for member in _within(root, follow, "", DEEPEST):
        place = member.path, member.when
        found[place] = _both(found[place], member) if place in found else member
    if not found and root:
        return [Member("", type_of(root, follow), True, _said(root), limits_of(root))]
    return sorted(found.values(), key=_place_among(list(found)))[:MOST]


def _place_among(rows: list[tuple[str, str]]) -> Callable[[Member], list[int]]:
    """A sorting key that places members below the ones that hold them, whatever their order in the schema.

    ``rows``: (path, when) of each member, in the order of the schema.
    """
    places = {row: place for place, row in enumerate(rows)}

    def place(member: Member) -> list[int]:
        names = member.path.split(".")
        holders = [".".join(names[:count]).rstrip("[]") for count in range(1, len(names) + 1)]
        return [places.get((holder, member.when), places.get((holder, ""), 0)) for holder in holders]

    return place


def _both(one: Member, other: Member) -> Member:
    """One row of two that describe the same member: the longer type, and of the rest whatever is not empty."""
    return Member(
        one.path,
        max(one.type, other.type, key=len),
        one.required or other.required,
        one.said or other.said,
        one.limits or other.limits,
        one.when,
    )


def _within(schema: Json, follow: Follow, path: str, deep: int, when: str = "") -> Iterator[Member]:
    """The members of the schema at ``path``, down to ``deep`` levels; the same member may come several times."""
    schema = follow(schema)
    if not isinstance(schema, dict) or deep == 0:
        return
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        inner = {"type": "object", **inner} if _is_bare(inner) else follow(inner)
        if isinstance(inner, dict) and inner.get("type") != "null":
            place = f"{path}.{name}" if path else name
            yield Member(place, type_of(inner, follow), name in required, _said(inner), limits_of(inner), when)
            yield from _within(inner, follow, place, deep - 1, when)
    if "items" in schema:
        yield from _within(schema["items"], follow, f"{path}[]", deep, when)
    if isinstance(more := schema.get("additionalProperties"), dict):
        yield from _within(more, follow, f"{path}.*" if path else "*", deep - 1, when)
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        part = follow(part)
        if "if" not in part:
            yield from _within(part, follow, path, deep, when)
        elif "then" in part:
            yield from _within(part["then"], follow, path, deep, _condition(part["if"]) or when)


def _is_bare(schema: Json) -> bool:
    """Whether a schema only adds members to an object that another part of the schema describes."""
    return isinstance(schema, dict) and "properties" in schema and "type" not in schema and "$ref" not in schema


def _condition(schema: Json) -> str:
    """A condition in words, ``channel is viber``; empty where the schema compares no members with constants."""
    named = schema.get("properties", {}) if isinstance(schema, dict) else {}
    chosen = [(name, inner) for name, inner in named.items() if isinstance(inner, dict)]
    return " and ".join(
        f"{name} is {' or '.join(map(str, inner.get('enum', [inner.get('const')])))}"
        for name, inner in chosen
        if "const" in inner or "enum" in inner
    )


def type_of(schema: Json, follow: Follow) -> str:
    """The type of a schema in words: ``string or null``, ``array of object``, ``low, regular or high``."""
    schema = follow(schema)
    if not isinstance(schema, dict):
        return "anything"
    if "const" in schema:
        return _word(schema["const"])
    if "enum" in schema:
        return _either(list(map(_word, schema["enum"])))
    if other := schema.get("anyOf") or schema.get("oneOf"):
        found = dict.fromkeys(type_of(part, follow) for part in other)
        if "type" not in schema and "anything" not in found:
            return " or ".join(found)
    if "type" not in schema and "allOf" in schema:
        return type_of(schema["allOf"][0], follow)
    kinds = schema.get("type") or ("object" if "properties" in schema else "anything")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return " or ".join(_kind(kind, schema, follow) for kind in sorted(kinds, key="null".__eq__))


def _kind(kind: str, schema: Json, follow: Follow) -> str:
    if kind == "array" and "items" in schema:
        inner = type_of(schema["items"], follow)
        return "array" if inner == "anything" else f"array of {inner}"
    return kind


def limits_of(schema: Json) -> str:
    """Limits and default in words: ``1 to 100``, ``at most 160 characters, default abc``; empty: none."""
    if not isinstance(schema, dict):
        return ""
    found = [str(schema["format"])] if "format" in schema else []
    found.append(_between(schema.get("minimum"), schema.get("maximum"), ""))
    found.append(_between(schema.get("minLength"), schema.get("maxLength"), " characters"))
    found.append(_between(schema.get("minItems"), schema.get("maxItems"), " items"))
    if "default" in schema:
        found.append(f"default {_word(schema['default'])}")
    if schema.get("type") == "string" and schema.get("examples"):
        found.append(f"such as {schema['examples'][0]}")
    return ", ".join(filter(None, found))


WIDEST = (1 << 31) - 1
"""Limits of this size and above are those of a number type and not given."""


def _between(least: Json, most: Json, unit: str) -> str:
    """A range in words; empty: none. With a unit, lower limits of 0, and of 1 without an upper limit, are omitted."""
    if most is not None and most < WIDEST:
        return f"at most {most}{unit}" if least in (None, 0) and unit else f"{least or 0} to {most}{unit}"
    return f"at least {least}{unit}" if least and least > -WIDEST and (least > 1 or not unit) else ""


def _said(schema: Json) -> str:
    return str(schema.get("description") or schema.get("$comment") or "") if isinstance(schema, dict) else ""


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _either(words: list[str]) -> str:
    """The words as ``a, b or c``."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""
