"""Schemas of answers, from examples of them: what they have in common, and what they repeat of a request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from msgsim.model import Json

Schema = dict[str, Json]
Echoes = Mapping[tuple[str, bytes], Schema]
"""Name and value (JSON) of a member of a sample request, to its schema: a reference, of a text or number the type."""


def echoes_of(samples: Iterable[Json], schema: Schema, reference: str) -> dict[tuple[str, bytes], Schema]:
    """Of requests, whose schema stands at ``reference``."""
    return {
        (name, msgspec.json.encode(value)): found
        for sample in samples
        for name, value, found in _described(sample, schema, reference)
    }


def _described(value: Json, schema: Schema, reference: str) -> Iterator[tuple[str, Json, Schema]]:
    """Every member, with its name and its schema, however deep."""
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
    """A schema that says what all of some values have in common.

    ``nullable``: any member may be null too, and one that always was may be anything. So it is in the further APIs of a
    provider, which tell a state that a few examples do not go through (a contact that will be deleted, or will not).
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
    """What is repeated of a request is what it may be there: examples do not go through all that is taken."""
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
    """The types that a schema names."""
    named: str | list[str] = schema.get("type", [])
    return [named] if isinstance(named, str) else named


def members(value: Json) -> Iterator[str]:
    """The names of all members, however deep."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from members(inner)


def _kind(value: Json) -> str:
    kinds = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return kinds.get(type(value), "null")
