"""A provider's OpenAPI 3.1 document, from its endpoints, schemas and error catalogue.

Every example of an answer in it is one that the simulator has just given.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from typing import cast

from msgsim import __version__
from msgsim.contract import Error
from msgsim.examples.answers import Answered, Answers
from msgsim.examples.catalogue import endpoint_at
from msgsim.examples.samples import signed
from msgsim.examples.shapes import Echoes, echoes_of, members, shape
from msgsim.model import Json
from msgsim.provider import AnySend, Ask, Endpoint, Provider, SendMany

Document = dict[str, Json]


def document(provider: Provider) -> Document:
    """The OpenAPI document of a provider. Takes tenths of a second, because requests are answered for its examples."""
    with closing(Answers(provider)) as answers:
        return _document(answers)


def _document(answers: Answers) -> Document:
    provider = answers.provider
    echoes = _echoes(answers)
    refusals = {key: answers.refused(error) for key, error in provider.contract.errors.items()}
    answers.fresh()
    # Endpoints with GET come last, when the sandbox has something that they can answer.
    plain = sorted(
        (endpoint for endpoint in provider.endpoints if "{" not in endpoint.path),
        key=lambda endpoint: endpoint.method == "GET",
    )
    good = {endpoint: answers.good(endpoint) for endpoint in plain}
    for endpoint in provider.endpoints:
        if "{" in endpoint.path:
            good[endpoint] = answers.found(endpoint, good.values())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": provider.title,
            "version": __version__,
            "description": "As simulated by messaging-simulator. Errors carry their source and its provenance: "
            "`seed` and `public` are documented, `inferred` is not.",
        },
        "servers": [{"url": "http://127.0.0.1:8080"}],
        "paths": _paths(answers, good, refusals, echoes),
        "components": {
            "schemas": {_component(name): _schema(provider, name) for name in _used(provider)},
            "securitySchemes": {
                name: scheme
                for endpoint in provider.endpoints
                for name, scheme in _security(provider, endpoint).items()
            },
            "examples": {key: _example(provider.contract.errors[key], answered) for key, answered in refusals.items()},
        },
    }


def _echoes(answers: Answers) -> Echoes:
    """The members of all sample requests, which answers may repeat."""
    provider = answers.provider
    echoes: dict[tuple[str, bytes], Document] = {}
    for endpoint in provider.endpoints:
        samples = answers.samples(endpoint)
        items = [endpoint.items(sample) for sample in samples] if isinstance(endpoint, SendMany) else []
        for name, said in ((endpoint.schema, samples), (getattr(endpoint, "item_schema", ""), chain(*items))):
            if name:
                echoes |= echoes_of(said, provider.contract.schema(name).document, _reference(name))
    return echoes


def _security(provider: Provider, endpoint: Endpoint) -> Document:
    """Name → security scheme of an endpoint; of several schemes, all are required."""
    scheme, given = signed(provider, endpoint=endpoint)
    if scheme in ("basic", "bearer"):
        return {scheme: {"type": "http", "scheme": scheme}}
    where = "query" if scheme == "query" else "header"
    return {name: {"type": "apiKey", "in": where, "name": name} for name in given}


def _paths(
    answers: Answers, good: dict[Endpoint, list[Answered]], refusals: dict[str, Answered], echoes: Echoes
) -> Document:
    paths: Document = {}
    names: Counter[str] = Counter()
    for endpoint in answers.provider.endpoints:
        operation = _operation(answers, endpoint)
        operation["responses"] = _responses(answers, endpoint, good[endpoint], refusals, echoes)
        names[endpoint.name] += 1
        if names[endpoint.name] > 1:
            operation["operationId"] += f"-{names[endpoint.name]}"
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return paths


def _operation(answers: Answers, endpoint: Endpoint) -> Document:
    provider = answers.provider
    operation: Document = {"operationId": endpoint.name, "summary": endpoint.name.replace("-", " ").capitalize()}
    operation["parameters"] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    if endpoint.schema and (provider.api(endpoint).in_query or endpoint.method == "GET"):
        operation["parameters"] += _query(_schema(provider, endpoint.schema))
    elif endpoint.schema:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _body(answers, endpoint)}},
        }
    if not (isinstance(endpoint, Ask) and endpoint.open):
        operation["security"] = [{name: [] for name in _security(provider, endpoint)}]
    if api := provider.api(endpoint).name:
        operation["tags"] = [api]
    return operation


def _query(schema: Document) -> list[Document]:
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": inner}
        for name, inner in schema["properties"].items()
    ]


def _body(answers: Answers, endpoint: Endpoint) -> Document:
    """The schema of a body; if items have a schema of their own, it is added at the place of the items."""
    whole: Document = {"$ref": _reference(endpoint.schema)}
    if not (isinstance(endpoint, SendMany) and endpoint.item_schema):
        return whole
    item = {"$ref": _reference(endpoint.item_schema)}
    if alone := answers.place_of_item(endpoint):
        return {"allOf": [whole, {"properties": {alone: item}}]}
    items = {"type": "array", "items": item}
    if isinstance(answers.samples(endpoint)[0], list):
        return {"allOf": [whole, items]}
    place = answers.place_of_items(endpoint)
    return {"allOf": [whole, {"properties": {place: items}}]} if place else whole


def _responses(
    answers: Answers, endpoint: Endpoint, good: list[Answered], refusals: dict[str, Answered], echoes: Echoes
) -> Document:
    """HTTP status → response, with a schema for all of its examples. Without a good answer, 200 has no content."""
    found: Document = {}
    provider = answers.provider
    if not good:
        found["200"] = {"description": "Done"}
    for place, answered in enumerate(good, 1):
        _add(found, answered, "Done", f"example-{place}", {"value": answered.json})
    for key in _possible(provider, endpoint):
        error = provider.contract.errors[key]
        description = f"`{key}`: {error.when or error.title or error.text}"
        answered, example = refusals[key], {"$ref": f"#/components/examples/{key}"}
        here = answers.refused_at(endpoint, error)
        if set(members(here.json)) - set(members(answered.json)):
            answered, example = here, {"value": here.json}
        _add(found, answered, description, key, example)
    for response in found.values():
        for content in response.get("content", {}).values():
            content["schema"] = shape(content["schema"], echoes, bool(provider.api(endpoint).name))
    return dict(sorted(found.items()))


def _add(found: Document, answered: Answered, description: str, name: str, example: Document) -> None:
    """Add an answer as the example ``name`` to the response with its status; ``schema`` collects answers at first."""
    reply = answered.reply
    response = found.setdefault(str(reply.status), {"description": description})
    if description not in response["description"]:
        response["description"] += f"\n\n{description}"
    for header, value in reply.headers:
        if not header.startswith("X-Sim-"):
            response.setdefault("headers", {})[header] = {"schema": {"type": "string"}, "example": value}
    if reply.body:
        content = response.setdefault("content", {}).setdefault(reply.media, {"schema": [], "examples": {}})
        content["schema"].append(answered.json)
        content["examples"][name] = example


EVERYWHERE = ("unauthorized", "forbidden", "too_many_requests", "server_error", "unavailable")
"""Keys of errors that every endpoint may answer."""


def _possible(provider: Provider, endpoint: Endpoint) -> list[str]:
    """Keys of errors that an endpoint may answer, in the order of the catalogue.

    They are those that its schemas name, those whose example is a request to it or to no endpoint, and EVERYWHERE. The
    first endpoint that sends has those without an example too. An endpoint of an API with a catalogue of its own has
    all of that catalogue, which is short.
    """
    errors = provider.api(endpoint).contract.errors
    if provider.api(endpoint).name:
        return list(dict.fromkeys(error.key for error in errors.values()))
    named: set[str] = set(EVERYWHERE) | ({"malformed"} if endpoint.schema else set())
    for schema in (endpoint.schema, getattr(endpoint, "item_schema", "")):
        if schema:
            named |= set(_named(provider.contract.schema(schema).document))
    first = next(endpoint for endpoint in provider.endpoints if isinstance(endpoint, AnySend))
    return [
        key
        for key, error in errors.items()
        if key in named or _place(provider, error) in (None, endpoint) or (error.example is None and endpoint is first)
    ]


def _place(provider: Provider, error: Error) -> Endpoint | str | None:
    """The endpoint of an error's example; None: it goes to no endpoint; an empty text: the error has no example."""
    if error.example is None:
        return ""
    return endpoint_at(provider, error.example["method"], error.example["path"])


def _named(schema: Json) -> Iterator[str]:
    """Keys of the errors in ``x-error`` anywhere in a wire schema."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _named(inner)
    elif isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "x-error":
                yield from _keys(inner)
            else:
                yield from _named(inner)


def _keys(named: Json) -> Iterator[str]:
    """The keys in a value of ``x-error``: a key, an object with ``key``, or an object whose values are such."""
    if isinstance(named, str):
        yield named
    elif "key" in named:
        yield named["key"]
    else:
        for inner in named.values():
            yield from _keys(inner)


def _example(error: Error, answered: Answered) -> Document:
    return {
        "summary": error.title or error.text,
        "description": f"{error.when}\n\nSource: {error.source} ({error.provenance})".strip(),
        "value": answered.json,
    }


def _component(schema: str) -> str:
    """The name of a wire schema in the document: a dot replaces the slash, as in ``phonebook.contact``."""
    return schema.replace("/", ".")


def _reference(schema: str) -> str:
    return f"#/components/schemas/{_component(schema)}"


def _used(provider: Provider) -> list[str]:
    """The names of all wire schemas that endpoints have, each once."""
    names = (
        name
        for endpoint in provider.endpoints
        for name in (endpoint.schema, getattr(endpoint, "item_schema", ""))
        if name
    )
    return list(dict.fromkeys(names))


def _schema(provider: Provider, name: str) -> Document:
    """A wire schema at its place in the document: references inside it start from the document's root."""
    wire = provider.contract.schema(name).document
    kept = {key: value for key, value in wire.items() if key != "$schema"}
    return cast("Document", _moved(kept, _reference(name)))


def _moved(value: Json, place: str) -> Json:
    """A schema with ``place`` instead of ``#`` in its references."""
    if isinstance(value, list):
        return [_moved(inner, place) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{place}{inner[1:]}" if key == "$ref" and isinstance(inner, str) else _moved(inner, place)
        for key, inner in value.items()
    }
