"""Every documented error and outcome with the one request that brings it about: what `msgsim errors`, the control API,
the gallery and the OpenAPI documents show.
"""

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlencode

from msgspec import Struct

from msgsim.config import data_folder
from msgsim.contract import Error, Status, load_yaml
from msgsim.examples.request import Example
from msgsim.examples.samples import Trial, readdressed, request_to, signed, text_of, trial_for, trials
from msgsim.model import Json
from msgsim.provider import Endpoint, Provider
from msgsim.scenarios.reserved import magic_id, magic_number, magic_recipients, terms_of


class Neutral(Struct, frozen=True):
    """An outcome that every provider has, and its reserved recipients."""

    word: str
    number: str
    id: str
    steps: tuple[str, ...]


class CatalogueEntry(Struct, frozen=True):
    """One documented thing, and how it is brought about in a sandbox."""

    provider: str
    what: Error | Status | Neutral
    recipient: str | None
    """The reserved recipient, if it has one."""
    example: Example


def errors(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """In the order of the catalogue."""
    for error in provider.contract.errors.values():
        yield CatalogueEntry(
            provider.name, error, _recipient(provider, error.key, error.magic), of_error(provider, error, sandbox)
        )


def statuses(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """In the order of the catalogue."""
    for status in provider.contract.statuses.values():
        example = of_status(provider, status, sandbox)
        yield CatalogueEntry(provider.name, status, _recipient(provider, status.word, status.magic), example)


def outcomes(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """Those that every provider has."""
    for neutral in neutrals():
        recipient = neutral.number if provider.phones else neutral.id
        yield CatalogueEntry(provider.name, neutral, recipient, of_neutral(provider, neutral, sandbox))


def of_error(provider: Provider, error: Error, sandbox: str = "default") -> Example:
    """What the catalogue gives as example; else a sample to the magic recipient; else a sample with a header."""
    if error.example is not None:
        return _given(provider, error.example, sandbox)
    api = next((api for api in provider.apis if api.name == error.key.partition(".")[0]), None)
    if error.magic is not None:
        return by_recipient(provider, error.key, error.magic, sandbox=sandbox)
    if api is None:
        return _sample(provider, trials(provider)[0], sandbox, {"X-Sim-Outcome": error.key})
    return request_to(provider, api.endpoints[0], None, sandbox, {**_in(sandbox), "X-Sim-Outcome": error.key})


def of_status(provider: Provider, status: Status, sandbox: str = "default") -> Example:
    """A sample that goes through this status, by its magic recipient or by a header."""
    if status.magic is not None:
        return by_recipient(provider, status.word, status.magic, status.channels, sandbox)
    return _sample(provider, trial_for(provider, status.channels, None), sandbox, {"X-Sim-Outcome": status.word})


def of_neutral(provider: Provider, neutral: Neutral, sandbox: str = "default") -> Example:
    return _addressed(provider, trial_for(provider, ()), sandbox, neutral.number, neutral.id)


def by_recipient(
    provider: Provider,
    key: str,
    number: int,
    channels: tuple[str, ...] = (),
    sandbox: str = "default",
) -> Example:
    """A sample to the reserved recipient of an outcome: an error's by the API whose it is, a status's by any."""
    api = key.rpartition(".")[0] if key in provider.contract.errors else None
    return _addressed(provider, trial_for(provider, channels, api), sandbox, magic_number(number), magic_id(key))


@cache
def neutrals() -> tuple[Neutral, ...]:
    """The outcomes of ``magic.yaml``."""
    numbers: dict[str, str] = {}
    found = []
    for rule in load_yaml(data_folder("scenarios") / "magic.yaml")["rules"]:
        to, deliver = rule["when"]["to"], rule["deliver"]
        if to.startswith("SIM-"):
            steps = tuple(step["status"] for step in deliver)
            found.append(Neutral(to[4:].lower(), numbers[repr(deliver)], to, steps))
        else:
            numbers[repr(deliver)] = to
    return tuple(found)


def _recipient(provider: Provider, key: str, magic: int | None) -> str | None:
    return None if magic is None else magic_recipients(key, magic, terms_of(provider))[0]


def _given(provider: Provider, given: dict[str, Json], sandbox: str) -> Example:
    """A catalogue's own example; the credentials of the sandbox, where it has no headers."""
    body = text_of(given["json"]) if "json" in given else given.get("body", "")
    media = {"Content-Type": "application/json"} if body else {}
    scheme, issued = signed(provider, sandbox, endpoint_at(provider, given["method"], given["path"]))
    headers = given.get("headers", {} if scheme == "query" else issued)
    query = given.get("query", {})
    if scheme == "query" and "headers" not in given:
        query = {**issued, **query}
    asked = query if isinstance(query, str) else urlencode(query)
    return Example(given["method"], given["path"], {**media, **_in(sandbox), **headers}, body, asked)


def endpoint_at(provider: Provider, method: str, path: str) -> Endpoint | None:
    """Which endpoint a request goes to; None where there is none."""
    for endpoint in provider.endpoints:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(endpoint.path))
        if endpoint.method == method and re.fullmatch(pattern, path, re.IGNORECASE):
            return endpoint
    return None


def _addressed(provider: Provider, trial: Trial, sandbox: str, number: str, id: str) -> Example:
    """A trial to another recipient: a number, an id, or an address, as the trial has it."""
    if "@" in trial.to:
        to = f"{id.lower()}@example.com"
    elif provider.phones or trial.to.isdecimal():
        to = number if trial.to[:1] == "+" else number.lstrip("+")
    else:
        to = id
    return _sample(provider, trial, sandbox, {}, readdressed(trial, to))


def _sample(provider: Provider, trial: Trial, sandbox: str, headers: dict[str, str], body: Json = None) -> Example:
    said = trial.body if body is None else body
    return request_to(provider, trial.endpoint, said, sandbox, {**_in(sandbox), **headers})


def _in(sandbox: str) -> dict[str, str]:
    """What leads into a sandbox, whatever the credentials."""
    return {} if sandbox == "default" else {"X-Sim-Sandbox": sandbox}
