"""Accepted messages: listed, waited for, shown, forced and cancelled."""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from msgspec import Struct
from starlette.requests import Request

from msgsim.clock import iso
from msgsim.contract import KINDS
from msgsim.engine import actions
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Int64, Json, Message
from msgsim.plan import state, word
from msgsim.provider import AnySend
from msgsim.scenarios.pattern import is_exact, pattern
from msgsim.storage.keys import NUMBERS
from msgsim.web.control import resources
from msgsim.web.control.context import Context, body, chosen, moment
from msgsim.web.control.list_routes import listed
from msgsim.web.control.lists import SLICE, Listing, Test
from msgsim.web.control.problem import ApiProblem

INDEXED = 4096
"""Numbers among which a recipient is looked up at once."""
LITERAL = frozenset("0123456789bcdegmopqruvxz ")
"""Folding the case of any other character never gives one of these."""
REFUSED_SHOWN, REFUSED_AMONG = 3, 100


class Force(Struct, forbid_unknown_fields=True):
    status: str
    err: Int64 | None = None


async def page(context: Context, request: Request) -> Json:
    return await listed(context, request, listing)


def listing(context: Context, request: Request, sandbox: Sandbox) -> Listing[Message]:
    """Raises ValueError for a filter that cannot be read."""
    store, base, now, query = context.engine.store, sandbox.base, sandbox.now(), request.query_params
    number, provider, to = sandbox.number, query.get("provider", ""), query.get("to", "").strip()
    if provider:
        context.provider(provider)
    indexed, text = to if is_exact(to) else "", query.get("text", "")
    written = as_written(text) if is_exact(text) else ""
    tests = _tests(context, request, sandbox, now)
    return Listing(
        name="messages",
        sandbox=number,
        now=now,
        between=lambda low, high: store.messages.between(
            number, low, high, provider, indexed, written, others=True, newest_first=True
        ),
        newest=lambda low, high: store.messages.between(number, low, high, newest_first=True),
        row=lambda number: store.messages.by_key(base + number),
        count=lambda low, high: store.messages.count(sandbox.number, low, high, provider),
        bounds=lambda: store.messages.bounds(number),
        number=lambda message: message.key & NUMBERS,
        show=lambda message: resources.message(message, context.engine.providers[message.provider].contract, now),
        tests=tests,
        label=lambda message: f"message {message.id} to {message.to} ({message.provider})",
        exact=len(tests) == bool(provider),
        turn=(lambda message: _next_change(message, now)) if "status" in query else lambda message: None,
        rewritten=store.messages.rewritten,
        width=INDEXED if indexed else SLICE,
        elsewhere=lambda: _refused(context, request, sandbox),
    )


def _next_change(message: Message, now: int) -> int | None:
    """When its status is another."""
    return min((at for at in (message.start, *(step.at for step in message.steps)) if at > now), default=None)


def _tests(context: Context, request: Request, sandbox: Sandbox, now: int) -> list[Test[Message]]:
    query = request.query_params
    tests: list[Test[Message]] = []
    providers = context.engine.providers
    if (provider := chosen(request, "provider", providers)) is not None:
        tests.append(
            Test(lambda message: message.provider == provider, lambda message: f"its provider is {message.provider}")
        )
    if (to := query.get("to")) is not None:
        number = _number(to)
        tests.append(
            Test(
                lambda message: (
                    number(message.to) or any(channel.to and number(channel.to) for channel in message.channels)
                ),
                lambda message: f"it goes to {message.to}",
            )
        )
    if (sender := query.get("from")) is not None:
        tests.append(_on_a_channel("sender", _number(sender), "it comes from", str))
    channels = (channel for provider in providers.values() for channel in provider.channels)
    if (name := chosen(request, "channel", channels)) is not None:
        tests.append(_on_a_channel("name", name.__eq__, "it goes by", str))
    if (text := query.get("text")) is not None:
        tests.append(_on_a_channel("text", _text(text), "it says", repr))
    if (since := moment(request, "since")) is not None:
        tests.append(
            Test(
                lambda message: message.accepted >= since,
                lambda message: f"it was accepted before, at {iso(message.accepted)}",
            )
        )
    if (status := chosen(request, "status", _statuses(context))) is not None:
        tests.append(_status(context, sandbox, status, now))
    return tests


def _statuses(context: Context) -> Iterator[str]:
    """Every word for a message's status: ours, then those of the providers."""
    yield from ("scheduled", *KINDS)
    for provider in context.engine.providers.values():
        yield from provider.contract.statuses


def _on_a_channel(member: str, fits: Callable[[str], bool], verb: str, written: Callable[[str], str]) -> Test[Message]:
    """A filter that one of a message's channels has to pass."""
    value = attrgetter(member)

    def one_fits(message: Message) -> bool:
        for channel in message.channels:  # noqa: SIM110 - of every message there is: a generator takes twice as long
            if fits(value(channel)):
                return True
        return False

    return Test(one_fits, lambda message: f"{verb} {_either(written(value(channel)) for channel in message.channels)}")


def _status(context: Context, sandbox: Sandbox, wanted: str, now: int) -> Test[Message]:
    providers = context.engine.providers

    def words(message: Message) -> set[str]:
        reached = {step.status for step in state(message, now) if step is not None}
        return {word(message, providers[message.provider].contract, now), *reached}

    def why(message: Message) -> str:
        contract = providers[message.provider].contract
        known = {step.status for step in message.steps} | {
            contract.statuses[step.status].kind for step in message.steps
        }
        text = f"its status is {_either(sorted(words(message)))}"
        for step in message.steps:
            if step.at > now and wanted in (step.status, contract.statuses[step.status].kind):
                return f"{text}, and {step.status} follows at {iso(step.at)}{resources.ahead(sandbox, step.at)}"
        return text + (", it was that before" if wanted in known else ", and that is not in its plan")

    return Test(lambda message: wanted in words(message), why)


def _number(wanted: str) -> Callable[[str], bool]:
    """Recipients match with and without plus; wildcards and ``/regular expressions/`` as in scenarios."""
    if is_exact(wanted):
        bare = wanted.strip().removeprefix("+")
        return lambda value: value.removeprefix("+") == bare
    fits = pattern(wanted)
    return lambda value: fits(value) or fits(f"+{value}")


def _text(wanted: str) -> Callable[[str], bool]:
    """A pattern as in scenarios; words without any wildcard may stand anywhere."""
    if is_exact(wanted):
        folded = wanted.casefold()
        return lambda value: folded in value.casefold()
    return pattern(wanted)


def as_written(text: str) -> str:
    """The longest part of a text that stands in every row in which the text does, but for the case of its letters.

    Only of LITERAL characters: a row has others in escapes, and letters that are no ASCII may be folded to them.
    """
    parts = "".join(letter if letter in LITERAL else "\n" for letter in text.casefold()).split("\n")
    return max(parts, key=len)


def _either(values: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(values))


def _refused(context: Context, request: Request, sandbox: Sandbox) -> Iterator[Json]:
    """Sends that were refused may be what was waited for; None for every other request."""
    engine, count = context.engine, 0
    sends = {
        (name, endpoint.name)
        for name, provider in engine.providers.items()
        for endpoint in provider.endpoints
        if isinstance(endpoint, AnySend)
    }
    provider, highest = request.query_params.get("provider", ""), sandbox.journal
    lowest = max(1, highest + 1 - REFUSED_AMONG)
    for entry in engine.store.journal.between(sandbox.number, lowest, highest, "exchange", provider, newest_first=True):
        exchange = entry.exchange
        if exchange is None or not exchange.refusals or (exchange.provider, exchange.endpoint) not in sends:
            yield None
            continue
        why = [refusal.key + (f" ({refusal.source})" if refusal.source else "") for refusal in exchange.refusals[:5]]
        number = entry.key & NUMBERS
        text = f"request {number}, {exchange.method} {exchange.path}, was refused: {', '.join(why)}"
        yield {"text": text, "request": number, "why": why}
        count += 1
        if count == REFUSED_SHOWN:
            return


async def one(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    message = context.engine.find(sandbox, request.path_params["id"])
    return _whole(context, sandbox, message)


def _whole(context: Context, sandbox: Sandbox, message: Message) -> Json:
    contract = context.engine.providers[message.provider].contract
    owed = context.engine.store.callbacks.of(message.key)
    return resources.whole_message(message, contract, sandbox.now(), owed, context.engine.store.journal.attempts)


async def force(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    asked = await body(request, Force)
    message = context.engine.find(sandbox, request.path_params["id"])
    forced = actions.force(context.engine, sandbox, message, asked.status, asked.err)
    await context.post_due(forced.key)
    return _whole(context, sandbox, forced)


async def cancel(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    message = context.engine.find(sandbox, request.path_params["id"])
    try:
        cancelled = actions.cancel(context.engine, sandbox, message)
    except ValueError as error:
        raise ApiProblem(409, "Nothing to cancel", str(error)) from None
    await context.post_due(cancelled.key)
    return _whole(context, sandbox, cancelled)
