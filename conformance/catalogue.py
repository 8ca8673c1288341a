"""Every endpoint and every documented error of the providers; each error is brought about by its own example."""

import re
from collections.abc import Iterator

from msgsim.model import Json
from msgsim.provider import Endpoint, Provider, discover
from msgsim.testing import call
from msgspec import Struct

from conformance.client import Answered
from conformance.run import started
from reliability.server import Server


class Documented(Struct, frozen=True):
    """One documented error, and whether its example brings it about."""

    key: str
    status: int
    code: str
    text: str
    provenance: str
    how: str
    """What the example is: a request, or one that a header makes fail."""
    failure: str
    """Why the example did not bring it about; empty: it did."""


def providers() -> dict[str, Provider]:
    return discover()


def tried() -> dict[str, list[Documented]]:
    """Per provider every error of its catalogue, after its example was sent to an empty sandbox."""
    found: dict[str, list[Documented]] = {}
    for name in providers():
        with started() as server:
            errors = server.control("GET", f"errors?provider={name}").json["errors"]
            found[name] = [_tried(server, error) for error in errors]
    return found


def _tried(server: Server, error: Json) -> Documented:
    example, provider, key = error["example"], error["provider"], error["key"]
    server.control("POST", "reset")
    before = _times(server, provider, key)
    sent = {name: example[name] for name in ("json", "body", "query") if name in example}
    answer = call(server.url + example["path"], example["method"], headers=example["headers"], **sent)
    failure = "" if answer.status == error["status"] else f"was answered {answer.status}"
    if not failure and _times(server, provider, key) == before:
        failure = f"another error was answered: {answer.body.decode(errors='replace')}"
    how = "scenario" if "X-Sim-Outcome" in example["headers"] else "request"
    code = "" if error["code"] is None else str(error["code"])
    text = error["text"] or error["title"]
    return Documented(key, error["status"], code, text, error["provenance"], how, failure)


def _times(server: Server, provider: str, key: str) -> int:
    seen = server.control("GET", f"coverage?provider={provider}").json["providers"][provider]
    return int(seen["errors"]["times"][key])


def statuses(provider: Provider, endpoint: Endpoint, answered: Answered) -> Iterator[int]:
    """The statuses that requests to an endpoint were answered with, one each."""
    ways = [(endpoint.method, endpoint.path), *getattr(endpoint, "also", ())]
    patterns = [
        (method, re.compile(f"(/{provider.name})?{path}", re.IGNORECASE if provider.any_case else 0))
        for method, written in ways
        for path in [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(written))]
    ]
    return (
        status
        for method, asked, status in answered
        if any(method == known and pattern.fullmatch(asked) for known, pattern in patterns)
    )
