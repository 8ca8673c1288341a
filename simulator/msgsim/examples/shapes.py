"""JSON Schemas of answers, derived from examples: from what these have in common, and what they repeat of a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from msgsim.model import Json

Schema = dict[str, Json]
Echoes = Mapping[tuple[str, bytes], Schema]
"""(name, value as JSON) of a member of a sample request → its schema: of an object or list a reference, else the type.
"""


def echoes_of(samples: Iterable[Json], schema: Schema, reference: str) -> dict[tuple[str, bytes], Schema]:
    """The members of sample requests. ``schema`` is that of the requests, ``reference`` its place in the document."""
    return {
        (name, msgspec.json.encode(value)): found
        for sample in samples
        for name, value, found in _described(sample, schema, reference)
    }


def _described(value: Json, schema: Schema, reference: str) -> Iterator[tuple[str, Json, Schema]]:
    """(name, value, schema as in `Echoes`) of every member that the schema has, at any depth."""
    if isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _described(item, schema["items"], f"{reference}/items")
    known = schema.get("properties", {})
    for name, inner in value.items() if isinstance(value, dict) else ():
        if name in known:
            place = f"{reference}/properties/{name}"
            if not isinstance(inner, dict | list):
                yield name, inner, {"type": known[name].get("type", [])}
            elif inner:
                yield name, inner, {"$ref": place}
            yield from _described(inner, known[name], place)


def shape(values: Sequence[Json], echoes: Echoes, nullable: bool = False) -> Schema:
    """A schema of what all values have in common.

    ``nullable``: any member may be null too, and a member that is null in all values may be anything. This is for the
    further APIs of a provider, whose answers depend on a state of which the examples show only a part: for instance,
    whether the deletion of a contact is scheduled.
    """
    kinds = sorted({_kind(value) for value in values})
    if nullable and kinds == ["null"]:
        return {}
    found: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        names = dict.fromkeys(name for value in objects for name in value)
        seen = {name: [value[name] for value in objects if name in value] for name in names}
        further = [None] if nullable else []
        found["properties"] = {
            name: _member(name, [*of_one, *further], echoes, nullable) for name, of_one in seen.items()
        }
        if required := [name for name in names if all(name in value for value in objects)]:
            found["required"] = required
    inner = [item for value in values if isinstance(value, list) for item in value]
    if inner:
        found["items"] = shape(inner, echoes, nullable)
    return found


def _member(name: str, values: Sequence[Json], echoes: Echoes, nullable: bool) -> Schema:
    """The schema of a member. If it repeats a member of a request, it may be all that the request's schema allows.

    The examples alone do not show all values that the request's member may have.
    """
    present = [value for value in values if value is not None]
    repeated = [echoes.get((name, msgspec.json.encode(value)), {}) for value in present]
    if repeated and all("$ref" in schema for schema in repeated):
        kinds: list[Schema] = [{"$ref": place} for place in dict.fromkeys(schema["$ref"] for schema in repeated)]
        if None in values:
            kinds.append({"type": "null"})
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    found = shape(values, echoes, nullable)
    wider = {kind for schema in repeated for kind in _kinds(schema)} - set(_kinds(found))
    return {**found, "type": sorted({*_kinds(found), *wider})} if wider else found


def _kinds(schema: Schema) -> list[str]:
    """The types of a schema, as a list; empty: it names none."""
    named: str | list[str] = schema.get("type", [])
    return [named] if isinstance(named, str) else named


def members(value: Json) -> Iterator[str]:
    """The names of all members, at any depth."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(inner)


def _kind(value: Json) -> str:
    """The JSON type of a value."""
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "null")
