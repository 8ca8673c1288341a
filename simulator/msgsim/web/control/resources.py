"""What the control API shows of the nouns: plain JSON, times in ISO 8601, no secrets."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from msgsim.clock import iso
from msgsim.contract import Contract
from msgsim.engine.redaction import without_credentials
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Callback, Channel, Entry, Inbound, Json, Message, Step
from msgsim.plan import state, word
from msgsim.storage.store import FROM_PHONES, NUMBERS

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


def message(one: Message, contract: Contract, now: int) -> Shown:
    """A message and the state of its channels at a time."""
    current = state(one, now)
    return {
        "id": one.id,
        "number": one.key & NUMBERS,
        "provider": one.provider,
        "endpoint": one.endpoint,
        "to": one.to,
        "state": word(one, contract, now),
        "accepted": iso(one.accepted),
        "start": iso(one.start),
        "channels": [_channel(channel, step) for channel, step in zip(one.channels, current, strict=True)],
        "credential": one.credential,
        "batch": one.batch or None,
        "item": one.item + 1,
        "exchange": one.exchange & NUMBERS,
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
    one: Message, contract: Contract, now: int, owed: Sequence[Callback], attempts: Callable[[int], list[Entry]]
) -> Shown:
    """A message with its plan and its callbacks."""
    return {
        **message(one, contract, now),
        "plan": [
            {
                "at": iso(step.at),
                "channel": one.channels[step.channel].name,
                "status": step.status,
                "code": step.code,
                "kind": contract.statuses[step.status].kind,
                "past": step.at <= now,
            }
            for step in one.steps
        ],
        "rules": one.rules,
        "extra": msgspec.json.decode(without_credentials(msgspec.json.encode(one.extra).decode())),
        "callbacks": [callback(due, attempts(due.key), one.id) for due in owed],
    }


def callback(one: Callback, attempts: Sequence[Entry], message: str | None = None) -> Shown:
    """``message``: the id of what it reports on, where it is known."""
    return {
        "number": one.key & NUMBERS,
        "message": message,
        "due": iso(one.due),
        "url": without_credentials(one.url),
        "kind": one.kind,
        "status": one.step.status if one.step else None,
        "state": one.state,
        "reason": one.reason or None,
        "twists": one.twists,
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


def entry(one: Entry) -> Shown:
    """A line of the journal."""
    shown: Shown = {"number": one.key & NUMBERS, "at": iso(one.at), "kind": one.kind}
    if one.exchange is not None:
        shown |= _members(one.exchange)
    elif one.attempt is not None:
        attempt = _members(one.attempt)
        about = {"callback": one.attempt.callback & NUMBERS, "subject": one.attempt.subject & NUMBERS}
        shown = {**attempt, **about, **shown, "attempt": one.attempt.number, "reports": one.attempt.kind}
    else:
        shown |= one.control
    return shown


def _members(one: Struct) -> Shown:
    """By name, without those that say nothing."""
    told = ((member, getattr(one, member.name)) for member in fields(one))
    return {member.name: msgspec.to_builtins(value) for member, value in told if value != member.default}


def inbound(one: Inbound) -> Shown:
    return {
        "id": one.id,
        "number": one.key & NUMBERS & ~FROM_PHONES,
        "provider": one.provider,
        "from": one.sender,
        "to": one.to,
        "text": one.text,
        "at": iso(one.at),
        "message": one.message or None,
    }


def happened(things: Sequence[Shown]) -> list[Shown]:
    return [{**thing, "at": iso(thing["at"])} for thing in things]


def scenario(sandbox: Sandbox) -> Shown:
    """What is loaded, each rule with how often it decided."""
    return {
        "names": sandbox.scenario.names,
        "mistakes": sandbox.mistakes,
        "rules": [
            {
                "place": rule.place,
                "when": rule.when,
                "decided": sandbox.counts.decided.get(rule.place, 0),
                "times": rule.times or None,
            }
            for rule in sandbox.scenario.rules
        ],
    }


def sandbox(one: Sandbox, messages: int) -> Shown:
    return {
        "name": one.name,
        "seed": one.kept.seed,
        "now": iso(one.now()),
        "rate": one.clock.rate,
        "frozen": one.clock.rate == 0,
        "messages": messages,
        "scenario": one.scenario.names,
    }


def clock(one: Sandbox) -> Shown:
    return {"now": iso(one.now()), "rate": one.clock.rate, "frozen": one.clock.rate == 0}
