"""Everything that can be read of a sandbox: by the control API, by the pages, and at the providers themselves.

What is here comes from the tables of routes, so that a new route is read by being there.
"""

from collections.abc import Iterator

from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.examples.samples import headers_of
from msgsim.model import Json
from msgsim.provider import Ask, Provider, discover
from msgsim.storage.store import store_in
from msgsim.storage.unreadable import WORD
from msgsim.testing import Answer, call
from msgsim.web.control.description import described, operations
from msgsim.web.control.routes import ROOT, TABLE
from msgsim.web.pages.docs import CONTROL
from msgsim.web.pages.ui import Ui
from msgspec import Struct
from starlette.routing import Route, Router

STREAMS = ("events",)
"""What never ends is not read here."""
QUESTIONS = ("GET", "POST")
"""Methods of a provider's Ask that change no message."""
MOST_ASKED = 20
"""Ids that one question of a provider is asked about."""
PROVIDERS = discover()


def _of_pages() -> list[str]:
    """The paths of all pages."""
    store = store_in(None)
    ui = Ui(Engine(Config(), store, PROVIDERS), Router([]))
    store.close()
    return [route.path for route in ui.routes if isinstance(route, Route)]


PAGES = _of_pages()
OPERATIONS = [operation["operationId"] for operation in operations(described()).values()]
"""Of the control API."""


class Things(Struct):
    """What there is to read, by the name that routes call it."""

    id: list[str]
    providers: list[str]
    """Per message, in the order of ``id``."""
    requests: list[str]
    callbacks: list[str]
    sinks: list[str]
    unreadable: list[str]
    """Ids of messages whose rows cannot be read."""


def things(url: str) -> Things:
    listed = {name: _listed(url, name) for name in ("messages", "requests", "callbacks", "sinks")}
    messages = listed["messages"]
    return Things(
        id=[message["id"] for message in messages],
        providers=[message["provider"] for message in messages],
        requests=[str(one["number"]) for one in listed["requests"]],
        callbacks=[str(one["number"]) for one in listed["callbacks"]],
        sinks=[one["name"] for one in listed["sinks"]],
        unreadable=[message["id"] for message in messages if message["channels"][0]["channel"] == WORD],
    )


def _listed(url: str, name: str) -> Json:
    answer = call(f"{url}{ROOT}{name}", "GET", query=None if name == "sinks" else {"limit": "10000"})
    assert answer.status == 200, f"{name}: {answer.body!r}"
    return answer.json[name]


def read(url: str, known: Things) -> Iterator[tuple[str, Answer]]:
    """Every route with everything there is, and what it answered."""
    for path in (*_control(known), *_pages(known)):
        yield f"GET {path}", call(f"{url}{path}", "GET")
    for provider in PROVIDERS.values():
        headers = headers_of(provider)
        for method, path, body in _questions(provider, known):
            yield f"{method} {path}", call(f"{url}{path}", method, body, headers=headers)


def failures(url: str, known: Things | None = None) -> list[str]:
    """Routes that did not answer as they should: ours 200, a provider's anything but a failure of ours."""
    return [
        f"{route}: {answer.status} {answer.body[:300]!r}"
        for route, answer in read(url, things(url) if known is None else known)
        if answer.status >= 500 or (answer.status != 200 and "/__sim" in route)
    ]


def _control(known: Things) -> Iterator[str]:
    for method, path, _ in TABLE:
        if method == "GET" and path not in STREAMS:
            yield from _filled(f"{ROOT}{path}", known)


def _pages(known: Things) -> Iterator[str]:
    for path in PAGES:
        yield from _filled(path, known)
    parts = [f"bubble:{number}" for number in range(1, 4)]
    yield "/__sim/parts?" + "&".join(f"part={part}" for part in ("clock", "newest:0", "requests:0", "rules", *parts))


def _filled(path: str, known: Things) -> Iterator[str]:
    """A path once for each thing that its parameters may name."""
    start, brace, rest = path.partition("{")
    if not brace:
        yield path
        return
    parameter, _, end = rest.partition("}")
    name = parameter.partition(":")[0]
    kind = start.rstrip("/").rpartition("/")[2]
    values = {"number": getattr(known, kind, []), "id": known.id, "place": ["0"], "rest": [""]}
    values |= {"api": [CONTROL] if "{" in end else [CONTROL, *PROVIDERS], "operation": OPERATIONS}
    if name == "name":
        values["name"] = {"sinks": known.sinks, "static": ["style.css"]}.get(kind, ["default"])
    for value in values[name]:
        yield from _filled(f"{start}{value}{end}", known)


def _questions(provider: Provider, known: Things) -> Iterator[tuple[str, str, Json]]:
    """Requests that ask a provider for what it knows, by every id of its own."""
    ids = [id for id, name in zip(known.id, known.providers, strict=True) if name == provider.name][:MOST_ASKED]
    for endpoint in provider.endpoints:
        if not isinstance(endpoint, Ask) or endpoint.method not in QUESTIONS:
            continue
        start, brace, rest = endpoint.path.partition("{")
        if brace:
            yield from ((endpoint.method, f"{start}{id}{rest.partition('}')[2]}", None) for id in ids)
            continue
        yield endpoint.method, endpoint.path, _asking(provider, endpoint.schema, ids) if endpoint.schema else None
        if endpoint.method == "GET" and ids:
            yield endpoint.method, f"{endpoint.path}?id={ids[0]}", None


def _asking(provider: Provider, schema: str, ids: list[str]) -> Json:
    """The schema's own example, its lists of ids filled with those there are."""
    example = provider.contract.schema(schema).document["examples"][0]
    if not isinstance(example, dict) or not ids:
        return example
    return {name: ids if name == "ids" else value for name, value in example.items()}
