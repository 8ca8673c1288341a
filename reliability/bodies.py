"""Requests that a provider may accept and that may do harm afterwards: its own examples with hostile values in the
places its schemas know.

All chance comes from a `random.Random`, which a test may hand in from hypothesis.
"""

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from urllib.parse import urlencode

import msgspec
from msgsim.examples.samples import anywhere
from msgsim.model import Json
from msgsim.provider import AnySend, Endpoint, Provider
from msgspec import Struct

DEEP = 150
"""Levels of the deepest value: taken where anything is."""
NUMBERS: tuple[Json, ...] = (
    *(0, 1, 1.0, 2.0, 30, 60.0, 1800.0, 1e3, 0.5, -1, -0.0, 3, 3.0, 23.0, 52560000.0, 2147483647.0, 2147483648),
    *(1e12, 10**12, 1.9e12, 1e17, 10**18, 2**63 - 1, 2**63, 2**64, 10**30, 1e300, -(10**30)),
)
TEXTS: tuple[str, ...] = (
    *("", " ", "x", "\x00", "a\x00b", "\u2028", "\u202e", "\U0001f600" * 80, "x" * 1500, "{{1}}", "${name}", "%s", "<b>&</b>"),
    *("+37255000001", "5519997712322", "573001234567", "1800.0", "1e3", "9" * 25, "http://127.0.0.1:1/?a=%2F#b", "SIM-FAILED"),
    *("2030-01-01T09:05:00Z", "2030-01-01T09:05:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z"),
)  # fmt: skip


Chance = Random
"""Where all chance comes from."""


class Attack(Struct, frozen=True):
    """One request to an endpoint that takes messages on."""

    method: str
    path: str
    query: str
    body: bytes


def attack(provider: Provider, chance: Random, endpoint: Endpoint | None = None) -> Attack:
    """A good request with up to four of its places changed; without an endpoint to one that takes messages on."""
    endpoint = endpoint or chance.choice([one for one in provider.endpoints if isinstance(one, AnySend)])
    path = anywhere(endpoint.path)
    schema = provider.contract.schema(endpoint.schema).document
    body = deepcopy(chance.choice(schema["examples"]))
    known = list(_known(provider, endpoint))
    for _ in range(chance.randint(0, 3)):
        inside = chance.choice(_objects(body))
        if chance.random() < 0.15:
            inside[chance.choice([*sorted(inside), "unknown"])] = _hostile(chance)
        else:
            _change(inside, known, chance)
    if provider.api(endpoint).in_query:
        query = {**provider.credentials("default"), **body}
        return Attack(endpoint.method, path, urlencode(query, errors="replace"), b"")
    if endpoint.method == "GET":
        return Attack("GET", path, urlencode(body, errors="replace"), b"")
    return Attack(endpoint.method, path, "", msgspec.json.encode(body))


def _change(inside: dict[str, Json], known: list["Known"], chance: Random) -> None:
    """Put a member into an object that it may have; what holds others stays, so that these have a meaning."""
    nearest = max(len(one.members.keys() & inside.keys()) for one in known)
    chosen = chance.choice([one for one in known if len(one.members.keys() & inside.keys()) == nearest])
    free = [name for name in sorted(chosen.members) if not isinstance(inside.get(name), dict | list)]
    numbers = [name for name in free if _is_number(chosen.members[name], chosen.root)]
    if free:
        name = chance.choice(numbers if numbers and chance.random() < 0.6 else free)
        inside[name] = _fitting(chosen.members[name], chosen.root, chance)


class Known(Struct, frozen=True):
    """The members that one object of a schema has, and the document they stand in."""

    members: dict[str, Json]
    root: Json


def _known(provider: Provider, endpoint: Endpoint) -> Iterator[Known]:
    """Every object that the schemas of an endpoint describe, at any place."""
    for name in (endpoint.schema, getattr(endpoint, "item_schema", "")):
        if name:
            document = provider.contract.schema(name).document
            yield from (Known(members, document) for members in _described(document) if members)


def _described(node: Json) -> Iterator[dict[str, Json]]:
    if isinstance(node, dict):
        if isinstance(properties := node.get("properties"), dict):
            yield properties
        for inner in node.values():
            yield from _described(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _described(inner)


def _is_number(node: Json, root: Json) -> bool:
    kinds = _followed(node, root).get("type", ()) if isinstance(node, dict) else ()
    return "integer" in kinds or "number" in kinds or kinds == "array"


def _followed(node: dict[str, Json], root: Json) -> dict[str, Json]:
    while "$ref" in node:
        target = root
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _objects(body: Json) -> list[dict[str, Json]]:
    """Every object of a body, itself among them."""
    found = [body] if isinstance(body, dict) else []
    inside = body.values() if isinstance(body, dict) else body if isinstance(body, list) else ()
    return [*found, *(one for inner in inside for one in _objects(inner))]


def _hostile(chance: Random) -> Json:
    deep: Json = chance.choice([1.0, "x"])
    for _ in range(DEEP):
        deep = {"a": deep} if chance.random() < 0.5 else [deep]
    return chance.choice([chance.choice(NUMBERS), chance.choice(TEXTS), deep, None, True, [], {}, [None], [[1.0]]])


def _fitting(node: Json, root: Json, chance: Random, depth: int = 0) -> Json:
    """A value that a schema may take, as far as one look at it tells."""
    if not isinstance(node, dict) or depth > 6:
        return _hostile(chance)
    node = _followed(node, root)
    for choice in ("enum", "examples"):
        if node.get(choice):
            return deepcopy(chance.choice(node[choice]))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in node:
            return _fitting(chance.choice(node[several]), root, chance, depth + 1)
    kinds = node.get("type", "anything")
    kind = chance.choice(kinds) if isinstance(kinds, list) else kinds
    if kind == "array":
        return [_fitting(node.get("items"), root, chance, depth + 1) for _ in range(chance.randint(0, 2))]
    if kind == "object":
        members = sorted(node.get("properties", {}).items())
        chosen = [one for one in members if one[0] in node.get("required", ()) or chance.random() < 0.3]
        return {name: _fitting(inner, root, chance, depth + 1) for name, inner in chosen}
    if kind == "integer" and chance.random() < 0.6:
        low, high = node.get("minimum", 0), node.get("maximum", 1 << 31)
        return float(chance.choice([low, high, min(low + 1800, high)]))
    values: dict[str, Json] = {"integer": NUMBERS, "number": NUMBERS, "string": TEXTS, "boolean": (True, False)}
    return chance.choice(values[kind]) if kind in values else None if kind == "null" else _hostile(chance)
