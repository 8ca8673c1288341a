"""Messages, callbacks, sandboxes and the like as JSON of the control API: times in ISO 8601, without secrets."""

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
"""A JSON object."""


def span(milliseconds: int) -> str:
    """A duration in the largest unit that fits: ``1.5 s``, ``3 min``, ``2 h``."""
    for size, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if milliseconds >= size:
            return f"{round(milliseconds / size, 1):g} {unit}"
    return f"{milliseconds} ms"


def ahead(sandbox: Sandbox, moment: int) -> str:
    """How long it is until a time, as a clause: ``, in 3 min``; with a frozen clock also by how much to advance it."""
    away = moment - sandbox.now()
    return f", in {span(away)}" + (f" (the clock is frozen: advance it by {away}ms)" if sandbox.clock.rate == 0 else "")


def message(message: Message, contract: Contract, now: int) -> Shown:
    """A message, and the state of its channels at the time ``now``."""
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
    """``step``: the last step that the channel has reached; None: it has reached none."""
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
    """A message with its plan and its callbacks.

    ``owed``: the callbacks. ``attempts``: gives the journal entries with the attempts at a callback, by its key.
    """
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
    """A callback with its attempts; ``message``: id of the message or inbound message that it reports on, if known."""
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
    """Events with their time ``at`` in ISO 8601 instead of milliseconds."""
    return [{**thing, "at": iso(thing["at"])} for thing in things]


def scenario(sandbox: Sandbox) -> Shown:
    """The loaded scenarios, with how often each rule decided; ``chosen``: the rule is not an always loaded one."""
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
    """``messages``: how many it has."""
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
