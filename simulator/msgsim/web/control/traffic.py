"""Requests, callbacks and inbound messages: routes that list and show them, replay callbacks, and send from a phone."""

import asyncio
from collections.abc import Iterable

from msgspec import Struct, field
from starlette.requests import Request

from msgsim.clock import iso
from msgsim.engine import actions
from msgsim.engine.recording import line_of
from msgsim.engine.redaction import without_credentials
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Callback, Entry, Exchange, Inbound, Json, Message, Unknown
from msgsim.storage import unreadable
from msgsim.storage.keys import FROM_PHONES, NUMBERS
from msgsim.storage.keys import host as host_of
from msgsim.storage.store import Store
from msgsim.web.control import resources
from msgsim.web.control.context import Context, body, chosen, limit, moment, number, yes
from msgsim.web.control.list_routes import listed
from msgsim.web.control.lists import SLICE, Listing, Test, page

EXCHANGES = 16
"""Width of a slice of requests (see `Listing`): a journal entry may hold a request with a thousand messages."""


STATES = ("pending", "done", "failed", "refused", "replayed", "dropped", "cancelled")
"""The states of a callback."""
FAILING = "failing"
"""A filter, but no state: callbacks whose last attempt failed, even if a retry follows."""
MOST_REPLAYED, AT_ONCE = 100, 8
"""Limit of callbacks that one request replays, and of those that are posted at the same time."""


class FromPhone(Struct, forbid_unknown_fields=True):
    """The body of `inbound`: a message from a phone to the application."""

    provider: str
    to: str
    text: str
    sender: str = field(name="from")


# Requests


async def requests(context: Context, request: Request) -> Json:
    return await listed(context, request, _exchanges)


def _exchanges(context: Context, request: Request, sandbox: Sandbox) -> Listing[Entry]:
    journal, sandbox_number, provider = (
        context.engine.store.journal,
        sandbox.number,
        request.query_params.get("provider", ""),
    )
    tests = _exchange_tests(context, request, sandbox.now())
    return Listing(
        name="requests",
        sandbox=sandbox_number,
        now=sandbox.now(),
        between=lambda low, high: journal.between(sandbox_number, low, high, "exchange", provider, newest_first=True),
        newest=lambda low, high: journal.between(sandbox_number, low, high, "exchange", newest_first=True),
        row=lambda number: journal.by_key(sandbox.base + number),
        count=lambda low, high: journal.count(sandbox_number, low, high, "exchange", provider),
        bounds=lambda: journal.bounds(sandbox_number),
        number=lambda entry: entry.key & NUMBERS,
        show=line_of,
        tests=tests,
        label=lambda entry: f"request {entry.key & NUMBERS}, {_of(entry).method} {_of(entry).path}",
        exact=len(tests) == bool(provider),
        width=EXCHANGES,
    )


def _of(entry: Entry) -> Exchange:
    """The exchange of an entry that has one."""
    assert entry.exchange is not None
    return entry.exchange


def _exchange_tests(context: Context, request: Request, now: int) -> list[Test[Entry]]:
    """The filters in a query for requests. Raises ValueError for one that is not understood."""
    query = request.query_params
    tests: list[Test[Entry]] = []
    if (provider := chosen(request, "provider", context.engine.providers)) is not None:
        tests.append(Test(lambda entry: entry.provider == provider, lambda entry: f"it went to {entry.provider}"))
    endpoints = (endpoint.name for provider in context.engine.providers.values() for endpoint in provider.endpoints)
    if (endpoint := chosen(request, "endpoint", endpoints)) is not None:
        tests.append(
            Test(
                lambda entry: _of(entry).endpoint == endpoint,
                lambda entry: f"its endpoint is {_of(entry).endpoint or 'none'}",
            )
        )
    if query.get("status"):
        status = number(request, "status")
        tests.append(
            Test(lambda entry: _of(entry).status == status, lambda entry: f"it was answered {_of(entry).status}")
        )
    if "refused" in query:
        wanted = yes(request, "refused", otherwise=False)
        tests.append(
            Test(
                lambda entry: bool(_of(entry).refusals) == wanted,
                lambda entry: "it was not refused" if wanted else f"it was refused: {_keys(_of(entry))}",
            )
        )
    if (error := query.get("error")) is not None:
        tests.append(
            Test(
                lambda entry: any(refusal.key == error for refusal in _of(entry).refusals),
                lambda entry: f"it was refused: {_keys(_of(entry))}" if _of(entry).refusals else "it was not refused",
            )
        )
    if (credential := query.get("credential")) is not None:
        tests.append(
            Test(
                lambda entry: _of(entry).credential == credential,
                lambda entry: f"it came from {_of(entry).credential or 'nobody'}",
            )
        )
    if (since := moment(request, "since", now)) is not None:
        tests.append(Test(lambda entry: entry.at >= since, lambda entry: f"it came before, at {iso(entry.at)}"))
    return tests


def _keys(exchange: Exchange) -> str:
    return ", ".join(refusal.key for refusal in exchange.refusals[:5])


async def exchange(context: Context, request: Request) -> Json:
    return line_of(exchange_of(context, request))


def exchange_of(context: Context, request: Request) -> Entry:
    """The journal entry of the request whose number is in the path. Raises Unknown."""
    sandbox, wanted = context.sandbox(request), request.path_params["number"]
    entry = context.engine.store.journal.by_key(sandbox.base + (wanted & NUMBERS))
    if entry is None or entry.exchange is None:
        raise Unknown(f"there is no request {wanted}")
    return entry


# Callbacks


async def callbacks(context: Context, request: Request) -> Json:
    return await listed(context, request, _callbacks)


def _callbacks(context: Context, request: Request, sandbox: Sandbox) -> Listing[Callback]:
    store, state, id = context.engine.store, request.query_params.get("state", ""), request.query_params.get("message")
    subject = None if id is None else context.engine.find(sandbox, id).key
    tests = _callback_tests(request, sandbox, subject)
    state, newest_first = "" if state == FAILING else state, _order(request) == "newest"

    def between(low: int, high: int) -> Iterable[Callback]:
        if subject is None:
            return store.callbacks.between(sandbox.number, low, high, state, newest_first)
        reports = sorted(store.callbacks.of(subject), key=lambda callback: callback.key, reverse=newest_first)
        return (callback for callback in reports if low <= callback.key - sandbox.base <= high)

    return Listing(
        name="callbacks",
        sandbox=sandbox.number,
        now=sandbox.now(),
        between=between,
        newest=lambda low, high: store.callbacks.between(sandbox.number, low, high, newest_first=True),
        row=lambda number: store.callbacks.by_key(sandbox.base + number),
        count=lambda low, high: store.callbacks.count(sandbox.number, low, high, state),
        bounds=lambda: store.callbacks.bounds(sandbox.number),
        number=lambda callback: callback.key & NUMBERS,
        show=lambda callback: shown(context, callback),
        tests=tests,
        label=lambda callback: f"callback {callback.key & NUMBERS} to {without_credentials(callback.url)}",
        exact=len(tests) == bool(state),
        rewritten=store.callbacks.rewritten,
        newest_first=newest_first,
        width=SLICE if subject is None else NUMBERS,
    )


def _order(request: Request) -> str:
    """The query parameter ``order``: ``oldest``, which is the default, or ``newest``. Raises ValueError."""
    return chosen(request, "order", ("oldest", "newest")) or "oldest"


def _callback_tests(request: Request, sandbox: Sandbox, subject: int | None) -> list[Test[Callback]]:
    """The filters in a query for callbacks; ``subject``: key of their message; None: any. Raises ValueError."""
    query = request.query_params
    tests: list[Test[Callback]] = []
    state = chosen(request, "state", (*STATES, FAILING))
    if state == FAILING:
        tests.append(Test(lambda callback: callback.failing, lambda callback: _state(sandbox, callback)))
    elif state is not None:
        tests.append(Test(lambda callback: callback.state == state, lambda callback: _state(sandbox, callback)))
    if (kind := query.get("kind")) is not None:
        tests.append(Test(lambda callback: callback.kind == kind, lambda callback: f"its kind is {callback.kind}"))
    if (host := query.get("host")) is not None:
        tests.append(
            Test(lambda callback: host_of(callback.url) == host, lambda callback: f"it goes to {host_of(callback.url)}")
        )
    if (status := query.get("status")) is not None:
        tests.append(
            Test(lambda callback: _reported(callback) == status, lambda callback: f"it reports {_reported(callback)}")
        )
    if (since := moment(request, "since", sandbox.now())) is not None:
        tests.append(
            Test(
                lambda callback: callback.due >= since,
                lambda callback: f"it was due before, at {iso(callback.due)}",
            )
        )
    if subject is not None:
        tests.append(
            Test(
                lambda callback: callback.subject == subject and callback.step is not None,
                lambda callback: "it reports on another message",
            )
        )
    return tests


def _reported(callback: Callback) -> str:
    """The status that a callback reports; empty: it reports an inbound message."""
    return callback.step.status if callback.step else ""


def _state(sandbox: Sandbox, callback: Callback) -> str:
    """The state of a callback with its reason and, if it is pending, the time until it is due."""
    text = f"it is {callback.state}"
    if callback.reason:
        text += f" ({callback.reason})"
    if callback.state == "pending" and callback.due > sandbox.now():
        text += f", due{resources.ahead(sandbox, callback.due)[1:]}"
    return text


def shown(context: Context, callback: Callback) -> Json:
    """A callback with its attempts, and the id of the message or inbound message that it reports on."""
    store = context.engine.store
    about = subject_of(store, callback)
    return resources.callback(callback, store.journal.attempts(callback.key), about.id if about else None)


def subject_of(store: Store, callback: Callback) -> Message | Inbound | None:
    """The message or inbound message that a callback reports on; None: it does not exist any more."""
    if callback.step is None:
        return store.inbound.by_key(callback.subject)
    return store.messages.by_key(callback.subject)


def callback_of(context: Context, request: Request) -> Callback:
    """The callback whose number is in the path. Raises Unknown."""
    sandbox, wanted = context.sandbox(request), request.path_params["number"]
    found = context.engine.store.callbacks.by_key(sandbox.base + (wanted & NUMBERS))
    if found is None:
        raise Unknown(f"there is no callback {wanted}")
    return found


async def callback(context: Context, request: Request) -> Json:
    return shown(context, callback_of(context, request))


async def replay(context: Context, request: Request) -> Json:
    """Post a copy of a callback now. Raises Unknown, and ValueError for a callback whose row cannot be decoded."""
    again = actions.replay(context.engine, callback_of(context, request))
    await context.engine.commits.durable()
    await context.dispatcher.post_now([again.key])
    return shown(context, context.engine.store.callbacks.by_key(again.key) or again)


async def replay_all(context: Context, request: Request) -> Json:
    """Replay the callbacks that fit the filters, oldest first, of the next MOST_REPLAYED or fewer (``limit``).

    Pending ones are left out, because they will be posted anyway. ``next``: the number to send as ``after`` in the
    following request; None: there are no more.
    """
    sandbox = context.sandbox(request)
    listing, before = _callbacks(context, request, sandbox), number(request, "before", NUMBERS)
    found = await page(listing, number(request, "after"), limit(request, MOST_REPLAYED), counting=False)
    fitting = [callback for callback in found.rows if listing.number(callback) < before]
    again = [actions.replay(context.engine, callback).key for callback in fitting if _can_be_replayed(callback)]
    await context.engine.commits.durable()
    for start in range(0, len(again), AT_ONCE):
        await asyncio.gather(*(context.dispatcher.post_now([key]) for key in again[start : start + AT_ONCE]))
    posted = (context.engine.store.callbacks.by_key(key) for key in again)
    rows = [shown(context, callback) for callback in posted if callback is not None]
    following = found.following if found.following is not None and found.following < before else None
    return {"callbacks": rows, "total": len(rows), "next": following}


def _can_be_replayed(callback: Callback) -> bool:
    """Whether a callback is not pending and its row can be decoded."""
    return callback.state != "pending" and callback.kind != unreadable.WORD


# Messages from phones


async def inbox(context: Context, request: Request) -> Json:
    return await listed(context, request, _inbound)


def _inbound(context: Context, request: Request, sandbox: Sandbox) -> Listing[Inbound]:
    store, provider = context.engine.store, request.query_params.get("provider", "")
    return Listing(
        name="inbound",
        sandbox=sandbox.number,
        now=sandbox.now(),
        between=lambda low, high: store.inbound.between(sandbox.number, low, high, provider),
        newest=lambda low, high: reversed(list(store.inbound.between(sandbox.number, low, high))),
        row=lambda number: store.inbound.by_key(sandbox.base + FROM_PHONES + number),
        count=lambda low, high: store.inbound.count(sandbox.number, low, high, provider),
        bounds=lambda: _numbers_of_phones(*store.inbound.bounds(sandbox.number)),
        number=lambda inbound: inbound.key & NUMBERS & ~FROM_PHONES,
        show=resources.inbound,
        tests=(),
        label=lambda inbound: f"inbound message {inbound.id}",
        exact=True,
        newest_first=False,
    )


def _numbers_of_phones(lowest: int, highest: int) -> tuple[int, int]:
    """The numbers of inbound messages as clients see them: without the bit FROM_PHONES."""
    return lowest & ~FROM_PHONES, highest & ~FROM_PHONES


async def inbound(context: Context, request: Request) -> Json:
    """Send a message from a phone, and post its due callbacks. Raises ValueError."""
    sandbox = context.sandbox(request)
    asked = await body(request, FromPhone)
    provider = context.provider(asked.provider)
    written = actions.inbound(context.engine, sandbox, provider, asked.sender, asked.to, asked.text)
    await context.post_due(written.key)
    pushed = [shown(context, callback) for callback in context.engine.store.callbacks.of(written.key)]
    return {**resources.inbound(written), "callbacks": pushed}
