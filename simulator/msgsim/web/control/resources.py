"""What the control API shows of the nouns: plain JSON, times in ISO 8601, no secrets."""

from collections.abc import Callable, Sequence

import msgspec

from msgsim.clock import iso
from msgsim.contract import Contract
from msgsim.engine.redaction import without_credentials
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Callback, Channel, Entry, Inbound, Json, Message, Step
from msgsim.plan import state, word
from msgsim.storage.keys import FROM_PHONES, NUMBERS

Shown = dict[str, Json]


def span(milliseconds: int) -> str:
    """``1.5 s``, ``3 min``, ``2 h``"""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if milliseconds >= size:
            return f"{round(milliseconds / size, 1):g} {unit}"
    return f"{milliseconds} ms"


def ahead(sandbox: Sandbox, moment: int) -> str:
    """How long until a moment, and what a frozen clock needs to get there."""
    away = moment - sandbox.now()
    return f", in {span(away)}" + (f" (the clock is frozen: advance it by {away}ms)" if sandbox.clock.rate == 0 else "")


def message(message: Message, contract: Contract, now: int) -> Shown:
    """A message and the state of its channels at a time."""
    current = state(message, now)
    return {
        "id": message.id,
        "number": message.key & NUMBERS,
        "provider": message.provider,
        "endpoint": message.endpoint,
        "to": message.to,
        "state": word(message, contract, now),
        "accepted": iso(message.accepted),
        "start": iso(message.start),
        "channels": [_channel(channel, step) for channel, step in zip(message.channels, current, strict=True)],
        "credential": message.credential,
        "batch": message.batch or None,
        "item": message.item + 1,
        "exchange": message.exchange & NUMBERS,
    }


def _channel(channel: Channel, step: Step | None) -> Shown:
    return {
        "channel": channel.name,
        "id": channel.id,
        "from": channel.sender or None,
        "to": channel.to or None,
        "text": channel.text or None,
        "content": channel.content,
        "ttl": channel.ttl,
        "status": step.status if step else None,
        "code": step.code if step else None,
        "since": iso(step.at) if step else None,
    }


def whole_message(
    accepted: Message, contract: Contract, now: int, owed: Sequence[Callback], attempts: Callable[[int], list[Entry]]
) -> Shown:
    """A message with its plan and its callbacks."""
    return {
        **message(accepted, contract, now),
        "plan": [
            {
                "at": iso(step.at),
                "channel": accepted.channels[step.channel].name,
                "status": step.status,
                "code": step.code,
                "kind": contract.statuses[step.status].kind,
                "past": step.at <= now,
            }
            for step in accepted.steps
        ],
        "rules": accepted.rules,
        "extra": msgspec.json.decode(without_credentials(msgspec.json.encode(accepted.extra or {}).decode())),
        "callbacks": [callback(due, attempts(due.key), accepted.id) for due in owed],
    }


def callback(callback: Callback, attempts: Sequence[Entry], message: str | None = None) -> Shown:
    """``message``: the id of what it reports on, where it is known."""
    return {
        "number": callback.key & NUMBERS,
        "message": message,
        "due": iso(callback.due),
        "url": without_credentials(callback.url),
        "kind": callback.kind,
        "status": callback.step.status if callback.step else None,
        "state": callback.state,
        "reason": callback.reason or None,
        "twists": callback.twists,
        "attempts": [_attempt(entry) for entry in attempts],
    }


def _attempt(entry: Entry) -> Shown:
    assert entry.attempt is not None
    attempt = entry.attempt
    return {
        "number": attempt.number,
        "at": iso(entry.at),
        "headers": attempt.headers,
        "body": attempt.body,
        "answered": attempt.status,
        "answer": attempt.answer or None,
        "error": attempt.error or None,
        "took": attempt.took,
    }


def inbound(inbound: Inbound) -> Shown:
    return {
        "id": inbound.id,
        "number": inbound.key & NUMBERS & ~FROM_PHONES,
        "provider": inbound.provider,
        "from": inbound.sender,
        "to": inbound.to,
        "text": inbound.text,
        "at": iso(inbound.at),
        "message": inbound.message or None,
    }


def happened(things: Sequence[Shown]) -> list[Shown]:
    return [{**thing, "at": iso(thing["at"])} for thing in things]


def scenario(sandbox: Sandbox) -> Shown:
    """What is loaded, each rule with how often it decided."""
    chosen = {document.file for document in sandbox.scenario.documents}
    return {
        "names": sandbox.scenario.names,
        "mistakes": sandbox.mistakes,
        "rules": [
            {
                "place": rule.place,
                "when": rule.when,
                "decided": sandbox.counts.decided.get(rule.place, 0),
                "times": rule.times or None,
                "chosen": rule.place.rpartition(":")[0] in chosen,
            }
            for rule in sandbox.scenario.rules
        ],
    }


def sandbox(sandbox: Sandbox, messages: int) -> Shown:
    return {
        "name": sandbox.name,
        "seed": sandbox.saved.seed,
        "now": iso(sandbox.now()),
        "rate": sandbox.clock.rate,
        "frozen": sandbox.clock.rate == 0,
        "messages": messages,
        "scenario": sandbox.scenario.names,
    }


def clock(sandbox: Sandbox) -> Shown:
    return {"now": iso(sandbox.now()), "rate": sandbox.clock.rate, "frozen": sandbox.clock.rate == 0}
