"""Accepted messages: routes that list them, wait for them, show one, force a status and cancel."""

from collections.abc import Iterator

from msgspec import Struct
from starlette.requests import Request

from msgsim.engine import actions
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Int64, Json, Message
from msgsim.provider import AnySend
from msgsim.scenarios.pattern import is_exact
from msgsim.storage.keys import NUMBERS
from msgsim.web.control import resources
from msgsim.web.control.context import Context, body
from msgsim.web.control.filters import Moment, as_written, filters
from msgsim.web.control.list_routes import listed
from msgsim.web.control.lists import SLICE, Listing
from msgsim.web.control.problem import ApiProblem
from msgsim.web.control.search import Searched

INDEXED = 4096
"""Width of a slice (see `Listing`) where the recipient is exact: an index finds its rows."""
REFUSED_SHOWN, REFUSED_AMONG = 3, 100
"""Limit of refused sends among the near misses, and number of journal entries, the newest, where they are searched."""


class Force(Struct, forbid_unknown_fields=True):
    """The body of `force`."""

    status: str
    """A status of the provider, or a neutral word."""
    err: Int64 | None = None
    """The number that goes with the status; None: that of the catalogue."""


async def page(context: Context, request: Request) -> Json:
    return await listed(context, request, listing)


def listing(context: Context, request: Request, sandbox: Sandbox) -> Listing[Message]:
    """The messages that pass the filters and the search of a query. Raises ValueError where they are not understood."""
    store, base, now, query = context.engine.store, sandbox.base, sandbox.now(), request.query_params
    number, provider, to = sandbox.number, query.get("provider", ""), query.get("to", "").strip()
    if provider:
        context.provider(provider)
    indexed, text = to if is_exact(to) else "", query.get("text", "")
    moment = Moment(context.engine.providers, sandbox, now)
    searched = Searched(query.get("search", ""), moment)
    written = max(as_written(text) if is_exact(text) else "", searched.written, key=len)
    tests = [*filters(request, moment), *searched.tests]
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
        turn=(lambda message: _next_change(message, now))
        if {"status", "search"} & query.keys()
        else lambda message: None,
        rewritten=store.messages.rewritten,
        width=INDEXED if indexed else SLICE,
        elsewhere=lambda: _refused(context, request, sandbox),
    )


def _next_change(message: Message, now: int) -> int | None:
    """The next time at which the status of a message changes by its plan; None: never."""
    return min((at for at in (message.start, *(step.at for step in message.steps)) if at > now), default=None)


def _refused(context: Context, request: Request, sandbox: Sandbox) -> Iterator[Json]:
    """Near misses among refused sends, newest first; None for each other request (see `Listing.elsewhere`)."""
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
    """A message with its plan and its callbacks."""
    contract = context.engine.providers[message.provider].contract
    owed = context.engine.store.callbacks.of(message.key)
    return resources.whole_message(message, contract, sandbox.now(), owed, context.engine.store.journal.attempts)


async def force(context: Context, request: Request) -> Json:
    """Give a message a status now, and post its due callbacks. Raises Unknown and ValueError."""
    sandbox = context.sandbox(request)
    asked = await body(request, Force)
    message = context.engine.find(sandbox, request.path_params["id"])
    forced = actions.force(context.engine, sandbox, message, asked.status, asked.err)
    await context.post_due(forced.key)
    return _whole(context, sandbox, forced)


async def cancel(context: Context, request: Request) -> Json:
    """Cancel a message, and post its due callbacks. Raises Unknown, and ApiProblem (409) when its plan is over."""
    sandbox = context.sandbox(request)
    message = context.engine.find(sandbox, request.path_params["id"])
    try:
        cancelled = actions.cancel(context.engine, sandbox, message)
    except ValueError as error:
        raise ApiProblem(409, "Nothing to cancel", str(error)) from None
    await context.post_due(cancelled.key)
    return _whole(context, sandbox, cancelled)
