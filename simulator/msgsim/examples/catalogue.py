"""Every documented error and outcome, with an example request that causes it.

`msgsim errors`, the control API, the gallery and the OpenAPI documents show them.
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
    """A neutral outcome, which every provider has, with its reserved recipients and its steps."""

    word: str
    number: str
    id: str
    steps: tuple[str, ...]


class CatalogueEntry(Struct, frozen=True):
    """An error or outcome, and a request that causes it in a sandbox."""

    provider: str
    what: Error | Status | Neutral
    recipient: str | None
    """Its reserved recipient; None: it has none."""
    example: Example


def errors(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """The errors of a provider, in the order of the catalogue."""
    for error in provider.contract.errors.values():
        yield CatalogueEntry(
            provider.name, error, _recipient(provider, error.key, error.magic), of_error(provider, error, sandbox)
        )


def statuses(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """The statuses of a provider, in the order of the catalogue."""
    for status in provider.contract.statuses.values():
        example = of_status(provider, status, sandbox)
        yield CatalogueEntry(provider.name, status, _recipient(provider, status.word, status.magic), example)


def outcomes(provider: Provider, sandbox: str = "default") -> Iterator[CatalogueEntry]:
    """The neutral outcomes, in the order of ``magic.yaml``."""
    for neutral in neutrals():
        recipient = neutral.number if provider.phones else neutral.id
        yield CatalogueEntry(provider.name, neutral, recipient, of_neutral(provider, neutral, sandbox))


def of_error(provider: Provider, error: Error, sandbox: str = "default") -> Example:
    """A request that is refused with an error: the catalogue's example, else a sample to its reserved recipient,
    else a sample with the header ``X-Sim-Outcome``.
    """
    if error.example is not None:
        return _given(provider, error.example, sandbox)
    api = next((api for api in provider.apis if api.name == error.key.partition(".")[0]), None)
    if error.magic is not None:
        return by_recipient(provider, error.key, error.magic, sandbox=sandbox)
    if api is None:
        return _sample(provider, trials(provider)[0], sandbox, {"X-Sim-Outcome": error.key})
    return request_to(provider, api.endpoints[0], None, sandbox, {**_in(sandbox), "X-Sim-Outcome": error.key})


def of_status(provider: Provider, status: Status, sandbox: str = "default") -> Example:
    """A send whose message gets a status: to its reserved recipient, else with the header ``X-Sim-Outcome``."""
    if status.magic is not None:
        return by_recipient(provider, status.word, status.magic, status.channels, sandbox)
    return _sample(provider, trial_for(provider, status.channels, None), sandbox, {"X-Sim-Outcome": status.word})


def of_neutral(provider: Provider, neutral: Neutral, sandbox: str = "default") -> Example:
    """A send to the reserved recipient of a neutral outcome."""
    return _addressed(provider, trial_for(provider, ()), sandbox, neutral.number, neutral.id)


def by_recipient(
    provider: Provider,
    key: str,
    number: int,
    channels: tuple[str, ...] = (),
    sandbox: str = "default",
) -> Example:
    """A sample to the reserved recipient of an outcome, in the API of the error; for a status in any API."""
    api = key.rpartition(".")[0] if key in provider.contract.errors else None
    return _addressed(provider, trial_for(provider, channels, api), sandbox, magic_number(number), magic_id(key))


@cache
def neutrals() -> tuple[Neutral, ...]:
    """The neutral outcomes in ``scenarios/magic.yaml``."""
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
    """The reserved recipient of an error or status with this ``magic``; None: it has none."""
    return None if magic is None else magic_recipients(key, magic, terms_of(provider))[0]


def _given(provider: Provider, given: dict[str, Json], sandbox: str) -> Example:
    """The example of an entry in ``errors.yaml``, with the sandbox's credentials unless it has headers of its own."""
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
    """The endpoint with this method and path; None: there is none."""
    for endpoint in provider.endpoints:
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(endpoint.path))
        if endpoint.method == method and re.fullmatch(pattern, path, re.IGNORECASE):
            return endpoint
    return None


def _addressed(provider: Provider, trial: Trial, sandbox: str, number: str, id: str) -> Example:
    """A trial's request to another recipient, in the form of its own: a number, an id, or an e-mail address."""
    if "@" in trial.to:
        to = f"{id.lower()}@example.com"
    elif provider.phones or trial.to.isdecimal():
        to = number if trial.to[:1] == "+" else number.lstrip("+")
    else:
        to = id
    return _sample(provider, trial, sandbox, {}, readdressed(trial, to))


def _sample(provider: Provider, trial: Trial, sandbox: str, headers: dict[str, str], body: Json = None) -> Example:
    """A trial's request in a sandbox, with further headers; ``body``: None: the trial's."""
    said = trial.body if body is None else body
    return request_to(provider, trial.endpoint, said, sandbox, {**_in(sandbox), **headers})


def _in(sandbox: str) -> dict[str, str]:
    """The header that chooses a sandbox, whatever the credentials; empty for the default one."""
    return {} if sandbox == "default" else {"X-Sim-Sandbox": sandbox}
