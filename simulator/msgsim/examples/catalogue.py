"""For every documented error and outcome the request that brings it about, ready to paste."""

import shlex
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from msgsim.config import Config, data_folder
from msgsim.contract import Error, Status, load_yaml
from msgsim.engine.receive import Engine
from msgsim.engine.sandboxes import terms_of
from msgsim.examples.samples import headers_of, sends
from msgsim.model import Call, Json, Message, Unknown
from msgsim.provider import Provider
from msgsim.scenarios.reserved import magic_recipients
from msgsim.storage.store import Store


class Example(Struct, frozen=True):
    """One HTTP request to a provider."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""
    query: str = ""


class Trial(Struct, frozen=True):
    """A sample of a schema, and the message that came of it when it was sent on trial."""

    endpoint: str
    method: str
    path: str
    body: Json
    channels: tuple[str, ...]
    to: str
    """The recipient of the channel that is tried first."""


class Neutral(Struct, frozen=True):
    """An outcome that every provider has, and its reserved recipients."""

    word: str
    number: str
    id: str
    steps: tuple[str, ...]


def of_error(provider: Provider, error: Error, sandbox: str = "default") -> Example:
    """What the catalogue gives as example; else a sample to the magic recipient; else a sample with a header."""
    if (given := error.example) is not None:
        body = given.get("body", "") if "json" not in given else _text(given["json"])
        headers = given["headers"] if "headers" in given else headers_of(provider.credentials(sandbox))
        more = {"Content-Type": "application/json"} if body else {}
        more |= {"X-Sim-Sandbox": sandbox} if sandbox != "default" else {}
        query = given.get("query", "")
        asked = query if isinstance(query, str) else urlencode(query)
        return Example(given["method"], given["path"], {**more, **headers}, body, asked)
    if error.magic is not None:
        return by_recipient(provider, error.key, error.magic, sandbox=sandbox)
    return _sample(provider, trials(provider)[0], sandbox, {"X-Sim-Outcome": error.key})


def of_status(provider: Provider, status: Status, sandbox: str = "default") -> Example:
    """A sample that goes through this status, by its magic recipient or by a header."""
    if status.magic is not None:
        return by_recipient(provider, status.word, status.magic, status.channels, sandbox)
    trial = _for_channels(provider, status.channels)
    return _sample(provider, trial, sandbox, {"X-Sim-Outcome": status.word})


def by_recipient(
    provider: Provider, key: str, number: int, channels: tuple[str, ...] = (), sandbox: str = "default"
) -> Example:
    """A sample to the reserved recipient of an outcome."""
    recipients = magic_recipients(key, number, terms_of(provider))
    return _sample(provider, _for_channels(provider, channels), sandbox, {}, recipients[0], recipients[-1])


def of_neutral(provider: Provider, neutral: Neutral, sandbox: str = "default") -> Example:
    number = neutral.number if provider.phones else neutral.id
    return _sample(provider, _for_channels(provider, ()), sandbox, {}, number, neutral.id)


@lru_cache(maxsize=1)
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


def curl(example: Example, root: str) -> str:
    """A request for a shell; ``root`` is the simulator's URL."""
    url = f"{root.rstrip('/')}{example.path}"
    words = ["curl", "-i", "-X", example.method, f"{url}?{example.query}" if example.query else url]
    for name, value in example.headers.items():
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if example.body:
        words += ["--data-binary", example.body]
    return " ".join(map(shlex.quote, words))


def _text(json: Json) -> str:
    return msgspec.json.encode(json).decode()


def _sample(
    provider: Provider, trial: Trial, sandbox: str, headers: dict[str, str], number: str = "", id: str = ""
) -> Example:
    """A trial with another recipient: a number, an id, or an address, as the trial has it."""
    body = trial.body
    if number:
        to = f"{id.lower()}@example.com" if "@" in trial.to else number if trial.to[:1] == "+" else number.lstrip("+")
        body = readdressed(trial, to)
    given = {"Content-Type": "application/json", **headers_of(provider.credentials(sandbox)), **headers}
    return Example(trial.method, trial.path, given, _text(body))


def readdressed(trial: Trial, to: str) -> Json:
    """A trial's body with another recipient wherever the first one stood."""
    return _replaced(trial.body, trial.to, to)


def _replaced(body: Json, old: str, new: str) -> Json:
    if isinstance(body, dict):
        return {key: _replaced(value, old, new) for key, value in body.items()}
    if isinstance(body, list):
        return [_replaced(value, old, new) for value in body]
    return new if body == old else body


def _for_channels(provider: Provider, channels: tuple[str, ...]) -> Trial:
    """The simplest trial whose first channel is one of these; any without them."""
    fitting = [one for one in trials(provider) if not channels or one.channels[0] in channels]
    return min(fitting, key=lambda one: len(one.channels))


_tried: dict[str, tuple[Trial, ...]] = {}


def trials(provider: Provider) -> tuple[Trial, ...]:
    """Every sample of every send that brings one message, in the order of the schemas."""
    if provider.name not in _tried:
        engine = Engine(Config(store="memory", clock="frozen", seed=1), Store(None), {provider.name: provider})
        _tried[provider.name] = tuple(_try(engine, provider))
        engine.store.close()
    return _tried[provider.name]


def _try(engine: Engine, provider: Provider) -> Iterator[Trial]:
    headers = {name.lower(): value for name, value in headers_of(provider.credentials("default")).items()}
    headers["content-type"] = "application/json"
    for endpoint in sends(provider):
        for body in provider.contract.schema(endpoint.schema).document["examples"]:
            before = engine.default.messages
            try:
                engine.receive(Call(endpoint.method, endpoint.path, "", headers, msgspec.json.encode(body)))
            except Unknown:
                continue
            base = engine.default.base
            brought = [engine.store.message_by_key(base + n + 1) for n in range(before, engine.default.messages)]
            messages = [message for message in brought if message is not None]
            if len(messages) == 1:
                yield _trial(endpoint.name, endpoint.method, endpoint.path, body, messages[0])


def _trial(endpoint: str, method: str, path: str, body: Json, message: Message) -> Trial:
    to = message.channels[0].to or message.to
    if not _contains(body, to):
        to = next((other for other in (to.lstrip("+"), f"+{to}") if _contains(body, other)), to)
    return Trial(endpoint, method, path, body, tuple(channel.name for channel in message.channels), to)


def _contains(body: Json, text: str) -> bool:
    if isinstance(body, dict):
        return any(_contains(value, text) for value in body.values())
    if isinstance(body, list):
        return any(_contains(value, text) for value in body)
    return bool(body == text)
