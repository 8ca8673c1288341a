"""Valid requests: the schemas' examples with credentials, the messages they bring, and sample traffic."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from itertools import zip_longest
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from msgsim.examples.leaves import leaves, member, put
from msgsim.examples.memory import InMemory
from msgsim.examples.request import Example
from msgsim.examples.variations import variations
from msgsim.model import Json, Message, Unknown
from msgsim.provider import AnySend, Endpoint, Provider


class Sample(Struct, frozen=True):
    """A request that its provider accepts."""

    provider: str
    endpoint: str
    example: Example
    varied: bool
    """Whether recipients and texts are made up; False: it is an unchanged example of the schema."""


class Trial(Struct, frozen=True):
    """An example of a schema, and the one message that it brought when it was sent on trial."""

    endpoint: AnySend
    body: Json
    channels: tuple[str, ...]
    to: str
    """The recipient of the channel that is tried first, as the body writes it."""


def signed(
    provider: Provider, sandbox: str = "default", endpoint: Endpoint | None = None
) -> tuple[str, dict[str, str]]:
    """How the credentials of a sandbox are sent: ``basic``, ``bearer`` or ``headers``, and the headers.

    The first of these that the provider recognizes. For an ``endpoint`` of an API with credentials in the query string:
    ``query``, and the parameters.
    """
    issued = provider.credentials(sandbox)
    if endpoint is not None and provider.api(endpoint).in_query:
        return "query", dict(issued)
    values = list(issued.values())
    basic = {"Authorization": f"Basic {b64encode(':'.join(values[:2]).encode()).decode()}"}
    if _identifies(provider, basic):
        return "basic", basic
    for value in reversed(values):
        bearer = {"Authorization": f"Bearer {value}"}
        if _identifies(provider, bearer):
            return "bearer", bearer
    return "headers", dict(issued)


def _identifies(provider: Provider, headers: dict[str, str]) -> bool:
    return provider.identify(Example("POST", "/", headers).call()) is not None


def headers_of(provider: Provider, sandbox: str = "default") -> dict[str, str]:
    """The headers of a JSON request with the credentials of a sandbox."""
    return {"Content-Type": "application/json", **signed(provider, sandbox)[1]}


def request_to(
    provider: Provider,
    endpoint: Endpoint,
    body: Json = None,
    sandbox: str = "default",
    headers: Mapping[str, str] | None = None,
    path: str = "",
    query: Mapping[str, Json] | None = None,
) -> Example:
    """A request to an endpoint with a sandbox's credentials; ``path``: with values for ``{names}``, each else ``1``."""
    scheme, given = signed(provider, sandbox, endpoint)
    more, path, asked = dict(headers or {}), path or anywhere(endpoint.path), dict(query or {})
    if scheme == "query":
        return Example(endpoint.method, path, more, query=urlencode({**given, **asked, **(body or {})}))
    text = "" if body is None else text_of(body)
    headers = {"Content-Type": "application/json", **given, **more}
    return Example(endpoint.method, path, headers, text, urlencode(asked))


def anywhere(path: str) -> str:
    """A path with ``1`` for each of its ``{names}``."""
    return re.sub(r"{\w+}", "1", path)


def text_of(body: Json) -> str:
    """A body as JSON."""
    return msgspec.json.encode(body).decode()


def sends(provider: Provider) -> list[AnySend]:
    """The sending endpoints (POST) whose schema has examples."""
    listed = (
        endpoint for endpoint in provider.endpoints if isinstance(endpoint, AnySend) and endpoint.method == "POST"
    )
    return [endpoint for endpoint in listed if provider.contract.schema(endpoint.schema).document.get("examples")]


@cache
def trials(provider: Provider) -> tuple[Trial, ...]:
    """Every example that sends exactly one message, in the order of the endpoints."""
    memory = InMemory(providers={provider.name: provider})
    found: list[Trial] = []
    for endpoint in sends(provider):
        for body in provider.contract.schema(endpoint.schema).document["examples"]:
            try:
                messages = memory.receive(request_to(provider, endpoint, body).call()).messages
            except Unknown:
                continue
            if len(messages) == 1:
                found.append(_trial(endpoint, body, messages[0]))
    memory.close()
    return tuple(found)


def _trial(endpoint: AnySend, body: Json, message: Message) -> Trial:
    """The trial of a body that brought one message."""
    to = message.channels[0].to or message.to
    written = {value for _, value in leaves(body)}
    to = next((other for other in (to, to.lstrip("+"), f"+{to}") if other in written), to)
    return Trial(endpoint, body, tuple(channel.name for channel in message.channels), to)


def trial_for(provider: Provider, channels: tuple[str, ...], api: str | None = "") -> Trial:
    """The trial with the fewest channels whose first channel is one of ``channels`` (empty: any).

    ``api``: name of the API; None: any.
    """
    mine = [trial for trial in trials(provider) if api in (None, provider.api(trial.endpoint).name)]
    fitting = [trial for trial in mine if not channels or trial.channels[0] in channels]
    return min(fitting, key=lambda trial: len(trial.channels))


def readdressed(trial: Trial, to: str) -> Json:
    """A trial's body with its recipient replaced wherever it occurs."""
    body = deepcopy(trial.body)
    for path, value in list(leaves(trial.body)):
        if value == trial.to:
            put(body, path, to)
    return body


def reworded(provider: Provider, body: Json, text: str) -> Json:
    """A body with the text for the recipient replaced in all members that contain one."""
    changed = deepcopy(body)
    for path, _ in list(leaves(body)):
        if member(path) in provider.texts and isinstance(path[-1], str):
            put(changed, path, text)
    return changed


def samples(providers: Mapping[str, Provider], sandbox: str, count: int, seed: int) -> Iterator[Sample]:
    """``count`` requests, in turn for each provider; the same for the same seed."""
    source = variations(seed)
    turns = zip_longest(*([(provider, endpoint) for endpoint in sends(provider)] for provider in providers.values()))
    choices = [choice for turn in turns for choice in turn if choice is not None]
    for number in range(count if choices else 0):
        provider, endpoint = choices[number % len(choices)]
        headers = {"X-Sim-Sandbox": sandbox, "User-Agent": "msgsim sample"}
        request = request_to(provider, endpoint, source.body(provider, endpoint), sandbox, headers)
        yield Sample(provider.name, endpoint.name, request, source.varied)
