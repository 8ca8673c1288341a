"""Scenarios tried out without a network: what a file expects of itself, and the future of one request."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from msgsim import clock
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config, milliseconds
from msgsim.contract import Contract
from msgsim.engine.receive import Engine
from msgsim.examples.catalogue import Trial, readdressed, trials
from msgsim.examples.samples import TEXTS, headers_of
from msgsim.model import Attempt, Call, Callback, Exchange, Json, Message, Post, Reply, Unknown, whole
from msgsim.plan import state
from msgsim.provider import AnySend, Endpoint, Provider, discover
from msgsim.scenarios.yaml import Mistake, Wrong, read
from msgsim.storage.store import Store

START = "2026-01-01T00:00:00Z"
NOWHERE = "http://127.0.0.1:9"
"""Where callbacks would go; nothing is posted."""


class Sent(Struct, frozen=True):
    """One request and what came of it."""

    call: Call
    reply: Reply
    exchange: Exchange
    messages: tuple[Message, ...]


class Stage:
    """A simulator in memory whose clock stands until it is moved; receivers take whatever they get."""

    def __init__(self, names: Iterable[str], seed: int = 1) -> None:
        """Raises Wrong."""
        providers = discover()
        settings = {name: receivers(provider) for name, provider in providers.items()}
        config = Config(
            store="memory", clock=f"frozen@{START}", seed=seed, scenario=tuple(names), providers=settings, retries=()
        )
        self.engine = Engine(config, Store(None), providers)
        self._dispatcher = Dispatcher(self.engine, _Taken(config), config)

    @property
    def now(self) -> int:
        return self.engine.default.now()

    def contract(self, provider: str) -> Contract:
        return self.engine.providers[provider].contract

    def close(self) -> None:
        self.engine.store.close()

    async def send(self, call: Call) -> Sent:
        """Raises Unknown."""
        sandbox, store = self.engine.default, self.engine.store
        number, first = sandbox.journal + 1, sandbox.messages
        reply = self.engine.receive(call)
        await self._dispatcher.post_now(reply.early)
        found = [store.message_by_key(sandbox.base + one) for one in range(first + 1, sandbox.messages + 1)]
        entry = store.entry(sandbox.base + number)
        assert entry is not None
        assert entry.exchange is not None
        return Sent(call, reply, entry.exchange, tuple(one for one in found if one is not None))

    async def advance(self, by: int) -> None:
        await self._dispatcher.driver.advance(self.engine.default, self.now + by)

    def owed(self, sent: Sent) -> list[Callback]:
        """The callbacks of a request's messages, and of the answers to them, in the order in which they leave."""
        store, sandbox = self.engine.store, self.engine.default
        ids = {message.id for message in sent.messages}
        answers = [one.key for one in store.inbound(sandbox.number) if one.message in ids]
        found = [one for message in sent.messages for one in store.callbacks_of(message.key) if one.step is not None]
        found += [one for key in answers for one in store.callbacks_of(key) if one.step is None]
        return sorted(found, key=lambda one: (one.due, one.key))


class _Taken(Poster):
    """Makes no request: every receiver answers 200."""

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        number, body = callback.tries + 1, post.body.decode(errors="replace")
        return Attempt(callback.key, callback.subject, number, callback.url, callback.kind, body, {}, status=200), False


def receivers(provider: Provider) -> dict[str, Json]:
    """A URL for each setting that says where callbacks go."""
    if not provider.contract.settings:
        return {}
    properties = provider.contract.schema("settings").document["properties"]
    return {
        name: f"{NOWHERE}/{provider.name}/{name}"
        for name, entry in properties.items()
        if any(option.get("format") == "http-url" for option in entry.get("anyOf", ()))
    }


def call_of(send: Mapping[str, Json], providers: Mapping[str, Provider]) -> Call:
    """The request that ``{provider, endpoint, to, channels, text, json, headers}`` means. Raises ValueError."""
    if (provider := providers.get(send["provider"])) is None:
        raise ValueError(f"there is no provider {send['provider']!r} (there are {', '.join(sorted(providers))})")
    if "json" in send:
        endpoint = _endpoint(provider, send.get("endpoint", ""))
        method, path, body = endpoint.method, endpoint.path, send["json"]
    else:
        trial = _trial(provider, send)
        method, path, body = trial.method, trial.path, readdressed(trial, str(send.get("to", trial.to)))
        body = _reworded(body, send["text"]) if "text" in send else body
    headers = {"Content-Type": "application/json", **headers_of(provider.credentials("default"))}
    headers |= send.get("headers", {})
    lower = {name.lower(): value for name, value in headers.items()}
    return Call(method, path, "", lower, msgspec.json.encode(body))


def _endpoint(provider: Provider, name: str) -> Endpoint:
    for endpoint in provider.endpoints:
        if endpoint.name == name or (not name and isinstance(endpoint, AnySend)):
            return endpoint
    raise ValueError(f"{provider.name} has no endpoint {name!r}")


def _trial(provider: Provider, send: Mapping[str, Json]) -> Trial:
    """The simplest sample with these channels, put together from several where need be."""
    wanted = tuple(send.get("channels", ()))
    found = [one for one in trials(provider) if send.get("endpoint", one.endpoint) == one.endpoint]
    fitting = [one for one in found if not wanted or one.channels == wanted]
    if fitting:
        return min(fitting, key=lambda one: len(one.channels))
    pool = {item["channel"]: item for one in found for item in _parts(one.body)}
    for one in found:
        if wanted and all(channel in pool for channel in wanted) and list(_parts(one.body)):
            body = _with_parts(one.body, [pool[channel] for channel in wanted])
            return msgspec.structs.replace(one, body=body, channels=wanted)
    raise ValueError(f"{provider.name} has no sample with {', '.join(wanted) or 'one message'}; write json: instead")


def _parts(body: Json) -> Iterator[dict[str, Json]]:
    """The members of a body's list of channels."""
    for value in body.values() if isinstance(body, dict) else ():
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict) and "channel" in item)


def _with_parts(body: Json, parts: list[Json]) -> Json:
    listed = [key for key, value in body.items() if isinstance(value, list) and list(_parts({key: value}))]
    return {key: parts if key in listed else value for key, value in body.items()}


def _reworded(body: Json, text: str) -> Json:
    if isinstance(body, list):
        return [_reworded(value, text) for value in body]
    if not isinstance(body, dict):
        return body
    return {
        key: text if isinstance(value, str) and key.lower() in TEXTS else _reworded(value, text)
        for key, value in body.items()
    }


def rehearse(name: str) -> tuple[int, list[Mistake]]:
    """Run a file's ``expect`` block: how many expectations there are, and which failed. Raises Wrong."""
    stage = Stage((name,))
    try:
        (document,) = stage.engine.default.scenario.documents
        expected = document.value.get("expect", [])
        failed: list[Mistake] = []

        async def run() -> None:
            for index, expectation in enumerate(expected):
                for key, reason in await _differences(stage, expectation):
                    failed.append(document.at(("expect", index, key), reason))

        asyncio.run(run())
        return len(expected), failed
    finally:
        stage.close()


async def _differences(stage: Stage, expected: Mapping[str, Json]) -> list[tuple[str, str]]:
    """What is not as an expectation says, by the key that says it."""
    try:
        call = call_of(expected["send"], stage.engine.providers)
        for _ in range(whole(expected.get("times", 1))):
            sent = await stage.send(call)
    except (ValueError, Unknown) as wrong:
        return [("send", str(wrong))]
    if "advance" in expected:
        await stage.advance(milliseconds(expected["advance"]))
    seen = observed(stage, sent)
    return [
        (key, f"{key}: expected {_shown(expected[key])}, but it was {_shown(came)}{_answered(key, sent)}")
        for key, came in seen.items()
        if key in expected and _meant(expected[key], key, sent, stage) != came
    ]


def observed(stage: Stage, sent: Sent) -> dict[str, Json]:
    """A request's outcome in the words of an expectation."""
    refusals = sent.exchange.refusals
    left = [one for one in stage.owed(sent) if one.due <= stage.now and one.state != "dropped"]
    return {
        "status": sent.reply.status,
        "error": refusals[0].key if refusals else None,
        "fault": sent.reply.fault.kind if sent.reply.fault else None,
        "statuses": [
            [channel.name, step.status if step else None]
            for message in sent.messages
            for channel, step in zip(message.channels, state(message, stage.now), strict=True)
        ],
        "callbacks": [one.step.status if one.step else None for one in left],
    }


def _meant(value: Json, key: str, sent: Sent, stage: Stage) -> Json:
    """Neutral words of an expectation as the provider says them."""
    contract = stage.contract(sent.exchange.provider)
    if key == "statuses":
        return [[channel, _word(word, contract, channel)] for channel, word in value]
    if key == "callbacks":
        channels = [channel.name for message in sent.messages for channel in message.channels]
        return [_word(word, contract, channels[0] if channels else "") for word in value]
    return value


def _word(word: str | None, contract: Contract, channel: str) -> str | None:
    if word is None or word in contract.statuses:
        return word
    return contract.words.get(f"{channel}.{word}") or contract.words.get(word, word)


def _shown(value: Json) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return f"[{', '.join(_shown(one) for one in value)}]"
    return str(value)


def _answered(key: str, sent: Sent) -> str:
    """The answer itself, where it is the surprise."""
    if key not in ("status", "error") or sent.reply.status < 300:
        return ""
    return f"; the answer was {sent.reply.body.decode(errors='replace')[:500]}"


def foresee(names: Sequence[str], send: Mapping[str, Json], seed: int = 1) -> dict[str, Json]:
    """The answer to one request, the plan of its messages, and their callbacks. Raises Wrong, ValueError, Unknown."""
    stage = Stage(names, seed)
    try:
        return _outlook(stage, asyncio.run(stage.send(call_of(send, stage.engine.providers))))
    finally:
        stage.close()


def _outlook(stage: Stage, sent: Sent) -> dict[str, Json]:
    reply, exchange = sent.reply, sent.exchange
    contract = stage.contract(exchange.provider)
    return {
        "provider": exchange.provider,
        "endpoint": exchange.endpoint,
        "request": f"{sent.call.method} {sent.call.path}",
        "answer": {
            "status": reply.status,
            "body": reply.body.decode(errors="replace"),
            "errors": [refusal.key for refusal in exchange.refusals],
            "fault": msgspec.to_builtins(reply.fault) if reply.fault else None,
            "rule": exchange.rule or None,
        },
        "messages": [_future(message, contract) for message in sent.messages],
        "callbacks": [
            {
                **_moment(one.due, stage.now),
                "kind": one.kind,
                "status": one.step.status if one.step else None,
                "twists": list(one.twists),
                "leaves": one.state != "dropped",
                "before_answer": one.key in reply.early,
            }
            for one in stage.owed(sent)
        ],
    }


def _future(message: Message, contract: Contract) -> dict[str, Json]:
    return {
        "id": message.id,
        "to": message.to,
        "start": _moment(message.start, message.accepted),
        "channels": [
            {"channel": channel.name, "rule": rule}
            for channel, rule in zip(message.channels, message.rules, strict=True)
        ],
        "plan": [
            {
                **_moment(step.at, message.accepted),
                "channel": message.channels[step.channel].name,
                "status": step.status,
                "code": step.code,
                "kind": contract.statuses[step.status].kind,
            }
            for step in message.steps
        ],
    }


def _moment(at: int, now: int) -> dict[str, Json]:
    return {"after": at - now, "at": clock.iso(at)}


def request_in(name: str, provider: str = "", endpoint: str = "") -> dict[str, Json]:
    """A file with a request: a body, or ``{provider, to, ...}`` as in an expectation. Raises Wrong, ValueError."""
    value = read(Path(name)).value
    if isinstance(value, dict) and value.get("provider") in discover() and not provider:
        return value
    if not provider:
        raise Wrong([Mistake(name, 1, 1, "whose request is it? name the provider with --provider")])
    return {"provider": provider, "json": value} | ({"endpoint": endpoint} if endpoint else {})
