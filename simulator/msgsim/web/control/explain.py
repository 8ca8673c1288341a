"""Routes ``…/explain``: what decided about a message, a request or a callback, what happened, and what comes next.

Each answers JSON, or prose for ``Accept: text/plain``.
"""

from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from msgsim import model
from msgsim.clock import iso
from msgsim.contract import Contract
from msgsim.engine.redaction import without_credentials
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Exchange, Json, Message, Step
from msgsim.storage.keys import NUMBERS
from msgsim.web.control import causes
from msgsim.web.control.context import Context, answer
from msgsim.web.control.traffic import callback_of, exchange_of, subject_of

MOST_NEXT = 20
"""Limit of future events and of refusals in prose, and of messages of a request whose plans are read."""


async def message(context: Context, request: Request) -> Response:
    """Explain a message. Raises Unknown."""
    sandbox = context.sandbox(request)
    accepted = context.engine.find(sandbox, request.path_params["id"])
    provider, brought = context.engine.providers[accepted.provider], _brought(context, accepted.exchange)
    decided = causes.decided(sandbox, accepted, provider, brought)
    owed = context.engine.store.callbacks.of(accepted.key)
    past, ahead = _steps(accepted, provider.contract, sandbox)
    ahead += [_owed(callback, sandbox) for callback in owed if callback.state == "pending"]
    ahead.sort(key=lambda what: what["at"])
    where = f" by request {accepted.exchange & NUMBERS}" if accepted.exchange else ""
    paragraphs = [
        f"Message {accepted.id} to {accepted.to} was accepted by {provider.title} at {iso(accepted.accepted)}{where}.",
        *(f"{each['channel']}: {causes.by(each)}" for each in decided),
        _listed("So far", past) or "Nothing has happened to it yet.",
        _callbacks_told(owed),
        _next(ahead, sandbox),
        *_noted(brought),
    ]
    return _told(request, paragraphs, decided_by=decided, refused_by=[], past=past, next=ahead, exchange=brought)


async def exchange(context: Context, request: Request) -> Response:
    """Explain a request and its answer. Raises Unknown."""
    sandbox, entry = context.sandbox(request), exchange_of(context, request)
    exchange = entry.exchange
    assert exchange is not None
    provider = context.engine.providers[exchange.provider]
    refused = [causes.refused(refusal, provider) for refusal in exchange.refusals]
    rule = causes.rule_at(sandbox, exchange.rule) if exchange.rule else None
    asked = f"{exchange.method} {exchange.path}"
    ruled = exchange.rule and (exchange.refusals or exchange.fault)
    decided = [causes.deciding("", exchange.rule, rule)] if ruled else []
    ahead: list[dict[str, Json]] = []
    for id in exchange.messages[:MOST_NEXT]:
        accepted = context.engine.find(sandbox, id)
        ahead += _steps(accepted, provider.contract, sandbox)[1]
    ahead.sort(key=lambda what: what["at"])
    paragraphs = [
        f"Request {entry.key & NUMBERS}, {asked}, came to {provider.title} at {iso(entry.at)}.",
        f"It came {_from(exchange)} and was answered {exchange.status}.",
        *_not_simulated(context, exchange),
        *(f"It was decided by {causes.by(each)}" for each in decided),
        *(causes.why(each) for each in refused[:MOST_NEXT]),
        *_accepted(exchange),
        *_noted(exchange),
        _next(ahead, sandbox) if exchange.messages else "",
    ]
    return _told(request, paragraphs, decided_by=decided, refused_by=refused, past=[], next=ahead, exchange=exchange)


async def callback(context: Context, request: Request) -> Response:
    """Explain a callback. Raises Unknown."""
    sandbox, callback = context.sandbox(request), callback_of(context, request)
    store = context.engine.store
    about = subject_of(store, callback)
    attempts = [entry.attempt for entry in store.journal.attempts(callback.key) if entry.attempt is not None]
    decided: list[dict[str, Json]] = []
    brought = None
    if isinstance(about, Message):
        brought = _brought(context, about.exchange)
        decided = causes.decided(sandbox, about, context.engine.providers[about.provider], brought)
    subject = f"{'message' if callback.step else 'inbound message'} {about.id}" if about else "nothing that is kept"
    status = f", and tells that {_channel(about, callback.step)} became {callback.step.status}" if callback.step else ""
    past = [
        {"at": iso(entry.at), "what": _attempted(entry.attempt)}
        for entry in store.journal.attempts(callback.key)
        if entry.attempt
    ]
    ahead = [_owed(callback, sandbox)] if callback.state == "pending" else []
    url = without_credentials(callback.url)
    paragraphs = [
        f"Callback {callback.key & NUMBERS} goes to {url}. It reports on {subject}{status}.",
        *(f"{each['channel']}: {causes.by(each)}" for each in decided),
        f"It was made to misbehave: {', '.join(callback.twists)}." if callback.twists else "",
        _listed("So far", past) or "It has not been posted yet.",
        _fate(callback, attempts),
        _next(ahead, sandbox) if ahead else "",
    ]
    return _told(request, paragraphs, decided_by=decided, refused_by=[], past=past, next=ahead, exchange=brought)


def _told(
    request: Request, paragraphs: Sequence[str], exchange: Exchange | None, **parts: list[dict[str, Json]]
) -> Response:
    """The answer: JSON with the prose and all ``parts``; the prose alone if ``Accept`` asks for text and not for JSON.

    Empty paragraphs are left out. ``exchange``: the request whose notes and fault are answered; None: there is none.
    """
    prose = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    wanted = request.headers.get("accept", "")
    if "text/plain" in wanted and "json" not in wanted:
        return PlainTextResponse(f"{prose}\n")
    notes, fault = (exchange.notes, exchange.fault or None) if exchange else ((), None)
    return answer({"prose": prose, **parts, "notes": notes, "fault": fault})


def _brought(context: Context, key: int) -> Exchange | None:
    """The exchange with this key (0: none), which sent a message; None: the journal no longer has it."""
    entry = context.engine.store.journal.by_key(key) if key else None
    return entry.exchange if entry else None


def _from(exchange: Exchange) -> str:
    """The account that a request names, whether its credentials were accepted or not."""
    return f"from {exchange.credential}" if exchange.credential else "without credentials"


def _not_simulated(context: Context, exchange: Exchange) -> list[str]:
    """A sentence on a path that the provider has and the simulator lacks; empty: no such path, or a refusal says it."""
    provider = context.engine.providers[exchange.provider]
    missing = "" if exchange.endpoint else context.engine.routes.missing(provider, exchange.path)
    return [f"{missing}."] if missing and all(refusal.reason != missing for refusal in exchange.refusals) else []


# Past and future events


def _steps(
    message: Message, contract: Contract, sandbox: Sandbox
) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """The events of a plan until now, and those after now; an event is ``{"at": ISO time, "what": text}``."""
    now = sandbox.now()
    past: list[dict[str, Json]] = []
    ahead: list[dict[str, Json]] = []
    for step in message.steps:
        code = "" if step.code is None else f" ({step.code})"
        what = f"{_channel(message, step)} {'became' if step.at <= now else 'becomes'} {step.status}{code}"
        (past if step.at <= now else ahead).append({"at": iso(step.at), "what": what})
    if not message.steps and message.start > now:
        ahead.append({"at": iso(message.start), "what": "it is sent"})
    return past, ahead


def _channel(about: Message | model.Inbound | None, step: Step | None) -> str:
    """The name of a step's channel; ``it`` where there is no message or no step."""
    return about.channels[step.channel].name if isinstance(about, Message) and step is not None else "it"


def _owed(callback: model.Callback, sandbox: Sandbox) -> dict[str, Json]:
    """The next attempt at a pending callback, as an event."""
    status = f" {callback.step.status}" if callback.step else ""
    again = "posted" if not callback.tries else f"tried again (attempt {callback.tries + 1}; {callback.reason})"
    due = max(callback.due, sandbox.now())
    return {
        "at": iso(due),
        "what": f"callback {callback.key & NUMBERS}{status} is {again} to {without_credentials(callback.url)}",
    }


def _attempted(attempt: model.Attempt | None) -> str:
    assert attempt is not None
    late = f" after {attempt.took // 1000} s" if attempt.took else ""
    result = attempt.error or f"{attempt.status} was answered{late}"
    return f"attempt {attempt.number}: {result}"


def _fate(callback: model.Callback, attempts: Sequence[model.Attempt]) -> str:
    """How a callback ended; empty: it is pending."""
    if callback.state == "pending":
        return ""
    words = {
        "done": "It is done: the receiver took it.",
        "failed": f"It is given up after {len(attempts)} attempts: {callback.reason}.",
        "refused": f"It was not posted at all: {callback.reason}.",
        "replayed": f"It was given up ({callback.reason}), and then replayed as another callback.",
        "dropped": "A scenario dropped it on purpose.",
        "cancelled": f"It will not be posted: {callback.reason}.",
    }
    return words[callback.state]


def _callbacks_told(owed: Sequence[model.Callback]) -> str:
    if not owed:
        return "No callback is owed for it: neither the request nor the settings name a URL for one."
    states: dict[str, int] = {}
    for callback in owed:
        states[callback.state] = states.get(callback.state, 0) + 1
    return f"Its callbacks: {', '.join(f'{count} {state}' for state, count in states.items())}."


def _listed(head: str, what: Iterable[dict[str, Json]]) -> str:
    """A heading with one line per event; empty: there are no events."""
    lines = [f"  {event['at']}  {event['what']}" for event in what]
    return "\n".join([f"{head}:", *lines]) if lines else ""


def _next(ahead: Sequence[dict[str, Json]], sandbox: Sandbox) -> str:
    if not ahead:
        return "Nothing more will happen to it by itself."
    if sandbox.clock.rate == 0:
        head = f"Next, once the clock is moved (it stands still at {iso(sandbox.now())})"
    else:
        head = "Next"
    return _listed(head, ahead[:MOST_NEXT])


def _accepted(exchange: Exchange) -> list[str]:
    if not exchange.messages:
        return []
    count = len(exchange.messages)
    named = ", ".join(exchange.messages[:5]) + (", ..." if count > 5 else "")
    return [f"It was accepted as {'message' if count == 1 else f'{count} messages'} {named}."]


def _noted(exchange: Exchange | None) -> list[str]:
    """Sentences on what strict mode would have refused, and on a fault of the connection; None: no exchange."""
    if exchange is None:
        return []
    notes = [f"A strict reading would have refused it: {note}." for note in exchange.notes]
    return [*notes, *([f"The answer suffered from a fault: {exchange.fault}."] if exchange.fault else [])]
