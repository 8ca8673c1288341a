"""Runs the ``expect`` block of a scenario file on a simulator in memory, with a frozen clock and no network."""

import asyncio
import re
from collections.abc import Mapping
from itertools import zip_longest

import msgspec

from msgsim.config import milliseconds
from msgsim.contract import Contract
from msgsim.examples.dry_run import call_of
from msgsim.examples.memory import InMemory, Sent
from msgsim.model import Json, Unknown, whole
from msgsim.plan import state
from msgsim.scenarios.yaml import Mistake, suggestion

_REMEMBERED = re.compile(r"\$\w+")


def rehearse(name: str) -> tuple[int, list[Mistake]]:
    """Run a file's ``expect`` block; returns the number of expectations, and those that failed. Raises BadFile."""
    memory = InMemory((name,))
    try:
        (document,) = memory.engine.sandboxes.default.scenario.documents
        expected = document.value.get("expect", [])
        failed: list[Mistake] = []

        async def run() -> None:
            remembered: dict[str, Json] = {}
            for index, expectation in enumerate(expected):
                for key, reason in await _differences(memory, expectation, remembered):
                    failed.append(document.at(("expect", index, key), reason))

        asyncio.run(run())
        return len(expected), failed
    finally:
        memory.close()


async def _differences(
    memory: InMemory, written: Mapping[str, Json], remembered: dict[str, Json]
) -> list[tuple[str, str]]:
    """The keys of an expectation that are not met, each with the reason.

    ``remembered``: name → part of an earlier answer; this expectation's own are added.
    """
    try:
        expected = _recalled(written, remembered)
        call = call_of(expected["send"], memory.engine.providers)
        for _ in range(whole(expected.get("times", 1))):
            sent = await memory.send(call)
        remembered |= {name: _part(_json_of(sent), path) for name, path in expected.get("remember", {}).items()}
    except (ValueError, Unknown) as error:
        return [("send", str(error))]
    if "advance" in expected:
        await memory.advance(milliseconds(expected["advance"]))
    seen = observed(memory, sent)
    if "answer" in expected:
        seen["answer"] = _overlap(expected["answer"], _json_of(sent))
    return [
        (key, f"{key}: expected {_shown(expected[key])}, but it was {_shown(came)}{_answered(key, sent)}")
        for key, came in seen.items()
        if key in expected and _meant(expected[key], key, sent, memory) != came
    ]


def _recalled(value: Json, remembered: Mapping[str, Json]) -> Json:
    """A value in which each text ``$name`` is replaced by what was remembered. Raises ValueError if there is none."""
    if isinstance(value, dict):
        return {key: _recalled(inner, remembered) for key, inner in value.items()}
    if isinstance(value, list):
        return [_recalled(inner, remembered) for inner in value]
    if not (isinstance(value, str) and _REMEMBERED.fullmatch(value)):
        return value
    if value[1:] not in remembered:
        raise ValueError(f"nothing was remembered as {value}{suggestion(value[1:], remembered)}")
    return remembered[value[1:]]


def _json_of(sent: Sent) -> Json:
    """The answer's JSON; its text if it is not JSON."""
    try:
        return msgspec.json.decode(sent.reply.body)
    except msgspec.DecodeError:
        return sent.reply.body.decode(errors="replace")


def _part(answer: Json, path: str) -> Json:
    """The value at a path such as ``messages.0.id`` of an answer. Raises ValueError if there is none."""
    found = answer
    for name in path.split("."):
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (LookupError, TypeError, ValueError):
            raise ValueError(f"the answer has no {path}: {_shown(answer)[:500]}") from None
    return found


def _overlap(expected: Json, answer: Json) -> Json:
    """An answer without the members that are not expected, at any depth."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        return {name: _overlap(inner, answer[name]) for name, inner in expected.items() if name in answer}
    if isinstance(expected, list) and isinstance(answer, list):
        return [_overlap(wanted, came) for wanted, came in zip_longest(expected, answer)][: len(answer)]
    return answer


def observed(memory: InMemory, sent: Sent) -> dict[str, Json]:
    """The outcome of a request under the keys of an expectation, with the provider's words for statuses."""
    refusals = sent.exchange.refusals
    left = [callback for callback in memory.owed(sent) if callback.due <= memory.now and callback.state != "dropped"]
    return {
        "status": sent.reply.status,
        "error": refusals[0].key if refusals else None,
        "fault": sent.reply.fault.kind if sent.reply.fault else None,
        "statuses": [
            [channel.name, step.status if step else None]
            for message in sent.messages
            for channel, step in zip(message.channels, state(message, memory.now), strict=True)
        ],
        "callbacks": [callback.step.status if callback.step else None for callback in left],
    }


def _meant(value: Json, key: str, sent: Sent, memory: InMemory) -> Json:
    """The value of an expectation, with neutral words replaced by the provider's."""
    contract = memory.contract(sent.exchange.provider)
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
        return f"[{', '.join(_shown(item) for item in value)}]"
    return str(value)


def _answered(key: str, sent: Sent) -> str:
    """The body of the answer as text to append, if the difference is about it; else empty."""
    if key == "answer":
        return f" in {sent.reply.body.decode(errors='replace')[:500]}"
    if key not in ("status", "error") or sent.reply.status < 300:
        return ""
    return f"; the answer was {sent.reply.body.decode(errors='replace')[:500]}"
