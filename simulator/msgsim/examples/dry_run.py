"""The answer, statuses and callbacks that a request would get under scenarios; nothing is sent over a network."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from msgsim import clock
from msgsim.contract import Contract
from msgsim.examples.memory import InMemory, Sent
from msgsim.examples.samples import Trial, readdressed, request_to, reworded, trials
from msgsim.model import Call, Json, Message
from msgsim.provider import AnySend, Endpoint, Provider, discover
from msgsim.scenarios.yaml import BadFile, Mistake, read


def call_of(send: Mapping[str, Json], providers: Mapping[str, Provider]) -> Call:
    """The request that ``{provider, endpoint, to, channels, text, json, path, query, headers}`` describes.

    If it has ``json``, or the endpoint sends no messages, ``json`` is the body; else the body is that of a sample, with
    the given recipient and text. Raises ValueError if there is no such provider, endpoint or sample.
    """
    if (provider := providers.get(send["provider"])) is None:
        raise ValueError(f"there is no provider {send['provider']!r} (there are {', '.join(sorted(providers))})")
    endpoint, path = _endpoint(provider, send.get("endpoint", "")), ""
    if "json" in send or not isinstance(endpoint, AnySend):
        body, path = send.get("json"), filled_path(endpoint, send.get("path", {}))
    else:
        trial = _trial(provider, send)
        endpoint, body = trial.endpoint, readdressed(trial, str(send.get("to", trial.to)))
        body = reworded(provider, body, send["text"]) if "text" in send else body
    return request_to(provider, endpoint, body, "default", send.get("headers"), path, send.get("query")).call()


def filled_path(endpoint: Endpoint, values: Mapping[str, Json]) -> str:
    """An endpoint's path with values for its ``{names}``. Raises ValueError if values are missing or left over."""
    names = re.findall(r"\{(\w+)\}", endpoint.path)
    if set(names) != values.keys():
        needed = f"{', '.join(names)} and nothing else" if names else "no values"
        raise ValueError(f"the path of {endpoint.name}, {endpoint.path}, takes {needed}")
    return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), endpoint.path)


def _endpoint(provider: Provider, name: str) -> Endpoint:
    """The endpoint of this name; empty: the first one that sends messages. Raises ValueError if there is none."""
    for endpoint in provider.endpoints:
        if endpoint.name == name or (not name and isinstance(endpoint, AnySend)):
            return endpoint
    raise ValueError(f"{provider.name} has no endpoint {name!r}")


def _trial(provider: Provider, send: Mapping[str, Json]) -> Trial:
    """The sample with exactly the channels of ``send``, or, if it has no channels, with the fewest.

    If there is no such sample, one is combined from several. Raises ValueError if that is not possible either.
    """
    wanted = tuple(send.get("channels", ()))
    found = [trial for trial in trials(provider) if send.get("endpoint", trial.endpoint.name) == trial.endpoint.name]
    fitting = [trial for trial in found if not wanted or trial.channels == wanted]
    if fitting:
        return min(fitting, key=lambda trial: len(trial.channels))
    parts = {name: part for trial in found for name, part in zip(trial.channels, _parts(trial), strict=False)}
    for trial in found:
        if wanted and parts.keys() >= set(wanted) and (listed := _parts(trial)):
            body = {
                key: [parts[name] for name in wanted] if value is listed else value for key, value in trial.body.items()
            }
            return msgspec.structs.replace(trial, body=body, channels=wanted)
    raise ValueError(f"{provider.name} has no sample with {', '.join(wanted) or 'one message'}; write json: instead")


def _parts(trial: Trial) -> list[Json]:
    """The list in a trial's body that has an object for each channel with the channel's name; empty: there is none."""
    for value in trial.body.values() if isinstance(trial.body, dict) else ():
        if isinstance(value, list) and len(value) == len(trial.channels):
            named = zip(value, trial.channels, strict=True)
            if all(isinstance(item, dict) and channel in item.values() for item, channel in named):
                return value
    return []


def foresee(names: Sequence[str], send: Mapping[str, Json], seed: int = 1) -> dict[str, Json]:
    """The answer to one request, the plans of its messages, and their callbacks, as JSON.

    ``names``: scenarios; ``send``: as in `call_of`. Raises BadFile, ValueError and Unknown.
    """
    memory = InMemory(names, seed)
    try:
        return _outlook(memory, asyncio.run(memory.send(call_of(send, memory.engine.providers))))
    finally:
        memory.close()


def _outlook(memory: InMemory, sent: Sent) -> dict[str, Json]:
    reply, exchange = sent.reply, sent.exchange
    contract = memory.contract(exchange.provider)
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
                **_moment(callback.due, memory.now),
                "kind": callback.kind,
                "status": callback.step.status if callback.step else None,
                "twists": list(callback.twists),
                "leaves": callback.state != "dropped",
                "before_answer": callback.key in reply.early,
            }
            for callback in memory.owed(sent)
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
    """A time in milliseconds after ``now``, and as ISO 8601."""
    return {"after": at - now, "at": clock.iso(at)}


def request_in(name: str, provider: str = "", endpoint: str = "") -> dict[str, Json]:
    """The request in a file, for `call_of`. The file has a body, or ``{provider, to, ...}`` as in an expectation.

    ``provider``, ``endpoint``: of a file that has a body. Raises BadFile and ValueError.
    """
    value = read(Path(name)).value
    if isinstance(value, dict) and value.get("provider") in discover() and not provider:
        return value
    if not provider:
        raise BadFile([Mistake(name, 1, 1, "whose request is it? name the provider with --provider")])
    return {"provider": provider, "json": value} | ({"endpoint": endpoint} if endpoint else {})
