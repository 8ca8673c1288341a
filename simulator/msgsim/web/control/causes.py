"""For `explain`: which scenario rule decided the life of a message, and which schema rule refused a request."""

from collections.abc import Iterable, Mapping

import msgspec

from msgsim.contract import Contract
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Beat, Exchange, Json, Message, Refusal
from msgsim.provider import Provider
from msgsim.scenarios.rule import Outcome, Rule
from msgsim.web.control import resources

# Which rule decided


def decided(sandbox: Sandbox, message: Message, provider: Provider, brought: Exchange | None) -> list[dict[str, Json]]:
    """For each channel of a message what decided its steps: a rule, the header ``X-Sim-Outcome``, or the provider.

    ``brought``: the exchange that sent the message; None: the journal no longer has it. Each item has ``channel``,
    ``rule`` (``file:line``), ``when`` and ``outcome`` in words.
    """
    asked = brought.headers.get("x-sim-outcome") if brought else None
    found = []
    for place, channel in zip(message.rules, message.channels, strict=False):
        rule = rule_at(sandbox, place)
        decision = deciding(channel.name, place, rule)
        if asked:
            decision |= {
                "rule": "X-Sim-Outcome",
                "when": {"header": {"X-Sim-Outcome": asked}},
                "outcome": f"the life of {asked}",
            }
        elif rule is not None and rule.base and not _lives(rule, message, channel.name, provider.contract):
            decision["outcome"] = f"what {provider.title} itself makes of such a request"
        elif rule is not None and rule.base and provider.contract.life:
            decision["outcome"] = _beats(provider.contract.life)
        found.append(decision)
    return found


def rule_at(sandbox: Sandbox, place: str) -> Rule | None:
    """The loaded rule at ``file:line``; None: it is not loaded any more."""
    return next((rule for rule in sandbox.scenario.rules if rule.place == place), None)


def deciding(channel: str, place: str, rule: Rule | None) -> dict[str, Json]:
    """An item of `decided`; ``rule`` None: it is not loaded any more."""
    if rule is None:
        return {"channel": channel or None, "rule": place, "when": None, "outcome": "it is not loaded any more"}
    return {"channel": channel or None, "rule": place, "when": rule.when, "outcome": in_words(rule.outcome)}


def _lives(rule: Rule, message: Message, channel: str, contract: Contract) -> bool:
    """Whether a channel's planned steps can come from an always loaded rule or the provider's ``life``."""
    if rule.outcome.deliver is None:
        return True
    beats = contract.life or rule.outcome.deliver
    given = {status.word for beat in beats if (status := contract.known(beat, channel))}
    had = {step.status for step in message.steps if message.channels[step.channel].name == channel}
    kinds = {contract.statuses[word].kind for word in had - given}
    return not had or bool(had & given) or not kinds & {"failed", "rejected"}


def in_words(outcome: Outcome) -> str:
    """What a rule does, as text."""
    parts = []
    if outcome.deliver is not None:
        parts.append(_beats(outcome.deliver) or "nothing ever happens")
    if outcome.respond is not None:
        parts.append(f"the answer is {outcome.respond.error or outcome.respond.status}")
    if outcome.fault is not None:
        parts.append(f"the connection suffers: {outcome.fault.kind}")
    if outcome.callbacks:
        parts.append(f"callbacks: {', '.join(twist.kind for twist in outcome.callbacks)}")
    if outcome.reply is not None:
        parts.append(f"the recipient writes back: {outcome.reply[1]!r}")
    return "; ".join(parts) or "what the rules below it leave open"


def _beats(beats: Iterable[Beat]) -> str:
    return ", ".join(f"{beat.status} after {resources.span(beat.after)}" for beat in beats)


def by(decision: dict[str, Json]) -> str:
    """An item of `decided` as a sentence."""
    when = decision["when"]
    condition = f" (when {condition_in_words(when)})" if when else ""
    return f"{decision['rule']}{condition}: {decision['outcome']}."


def condition_in_words(when: Mapping[str, Json]) -> str:
    """``provider is messente, channel is viber or sms``; ``always`` where a rule has no condition."""
    return ", ".join(f"{key} is {value_in_words(value)}" for key, value in when.items()) or "always"


def value_in_words(value: Json) -> str:
    """A text as it is, a list as ``this or that``, anything else as JSON."""
    if isinstance(value, list):
        return " or ".join(map(value_in_words, value))
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# What refused


def refused(refusal: Refusal, provider: Provider) -> dict[str, Json]:
    """A refusal with its entry in the error catalogue, the schema rule that was violated, and the schema's source."""
    error = provider.contract.errors.get(refusal.key)
    schema, about = _schema(refusal.rule or "", provider.contract)
    return {
        "key": refusal.key,
        "field": refusal.source,
        "text": refusal.detail or (error.text if error else ""),
        "when": error.when if error else None,
        "source": error.source if error else None,
        "provenance": error.provenance if error else None,
        "rule": refusal.rule,
        "reason": refusal.reason,
        "schema": schema,
        "document": about,
    }


def _schema(rule: str, contract: Contract) -> tuple[Json, str | None]:
    """``messente/omnimessage.json#/properties/to/format`` → the value there, and the schema's comment on its source.

    Both None: ``rule`` names no schema of this provider.
    """
    file, mark, pointer = rule.partition("#/")
    name = file.partition("/")[2].removesuffix(".json")
    if not mark or name not in contract.names():
        return None, None
    node: Json = contract.schema(name).document
    comments = [node.get("$comment") or node.get("title")]
    for part in pointer.split("/"):
        if isinstance(node, dict) and part == "$ref":
            node = _followed(contract.schema(name).document, node["$ref"])
        elif isinstance(node, list) and part.isdigit():
            node = node[int(part)]
        else:
            node = node.get(part) if isinstance(node, dict) else None
        if isinstance(node, dict):
            comments.append(node.get("$comment") or node.get("description"))
    says = [comment for comment in comments if isinstance(comment, str)]
    return node, ": ".join(dict.fromkeys([*says[:1], *says[-1:]])) or None


def _followed(document: Json, reference: str) -> Json:
    for part in reference.removeprefix("#/").split("/"):
        document = document[part]
    return document


def why(refusal: dict[str, Json]) -> str:
    """A value of `refused` as text."""
    field = f" at {refusal['field']}" if refusal["field"] else ""
    detail = f": {refusal['text']}" if refusal["text"] else ""
    prose = f"Refused with {refusal['key']}{field}{detail.rstrip('.')}."
    if refusal["reason"]:
        prose += f" The reason: {refusal['reason']}."
    if refusal["rule"]:
        prose += f" The rule is {refusal['rule']}."
    if refusal["document"]:
        prose += f" The schema follows: {refusal['document'].rstrip('.')}."
    if refusal["source"]:
        prose += f" The error is from: {refusal['source']} ({refusal['provenance']})."
    return prose
