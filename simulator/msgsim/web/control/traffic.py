"""What went over the wire: requests, callbacks and messages from phones."""

from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace
from starlette.requests import Request

from msgsim.engine import actions
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Callback, Entry, Exchange, Json, Unknown
from msgsim.storage.store import NUMBERS
from msgsim.web.control import view
from msgsim.web.control.context import Context, body, limit, number
from msgsim.web.control.lists import Listing, Test, listed


class FromPhone(Struct, forbid_unknown_fields=True):
    provider: str
    to: str
    text: str
    sender: str = field(name="from")


# Requests


async def requests(context: Context, request: Request) -> Json:
    return await listed(context, request, _exchanges)


def _exchanges(context: Context, request: Request, sandbox: Sandbox) -> Listing[Entry]:
    store = context.engine.store

    def chunk(before: int, most: int) -> list[Entry]:
        return list(store.journal(sandbox.number, "exchange", before=before or sandbox.journal + 1, limit=most))

    return Listing(
        name="requests",
        chunk=chunk,
        number=lambda entry: entry.key & NUMBERS,
        show=view.entry,
        tests=_exchange_tests(context, request),
        total=lambda: store.count_journal(sandbox.number, "exchange"),
        label=lambda entry: f"request {entry.key & NUMBERS}, {_of(entry).method} {_of(entry).path}",
    )


def _of(entry: Entry) -> Exchange:
    assert entry.exchange is not None
    return entry.exchange


def _exchange_tests(context: Context, request: Request) -> list[Test[Entry]]:
    query = request.query_params
    tests: list[Test[Entry]] = []
    if (provider := query.get("provider")) is not None:
        context.provider(provider)
        tests.append(Test(lambda one: one.provider == provider, lambda one: f"it went to {one.provider}"))
    if (endpoint := query.get("endpoint")) is not None:
        tests.append(
            Test(
                lambda one: _of(one).endpoint == endpoint,
                lambda one: f"its endpoint is {_of(one).endpoint or 'none'}",
            )
        )
    if query.get("status"):
        status = number(request, "status")
        tests.append(Test(lambda one: _of(one).status == status, lambda one: f"it was answered {_of(one).status}"))
    if (refused := query.get("refused")) is not None:
        if refused not in ("true", "false"):
            raise ValueError(f"refused: true or false, not {refused!r}")
        wanted = refused == "true"
        tests.append(
            Test(
                lambda one: bool(_of(one).refusals) == wanted,
                lambda one: "it was not refused" if wanted else f"it was refused: {_keys(_of(one))}",
            )
        )
    if (credential := query.get("credential")) is not None:
        tests.append(
            Test(
                lambda one: _of(one).credential == credential,
                lambda one: f"it came from {_of(one).credential or 'nobody'}",
            )
        )
    return tests


def _keys(exchange: Exchange) -> str:
    return ", ".join(refusal.key for refusal in exchange.refusals[:5])


async def exchange(context: Context, request: Request) -> Json:
    return view.entry(exchange_of(context, request))


def exchange_of(context: Context, request: Request) -> Entry:
    """Raises Unknown."""
    sandbox, wanted = context.sandbox(request), request.path_params["number"]
    entry = context.engine.store.entry(sandbox.base + (wanted & NUMBERS))
    if entry is None or entry.exchange is None:
        raise Unknown(f"there is no request {wanted}")
    return entry


# Callbacks


async def callbacks(context: Context, request: Request) -> Json:
    return await listed(context, request, _callbacks)


def _callbacks(context: Context, request: Request, sandbox: Sandbox) -> Listing[Callback]:
    tests = _callback_tests(context, request, sandbox)
    state = request.query_params.get("state", "")
    direct = _callbacks_in(context, sandbox, state, []) if state and len(tests) == 1 else None
    return replace(_callbacks_in(context, sandbox, "", tests), direct=direct)


def _callbacks_in(context: Context, sandbox: Sandbox, state: str, tests: Sequence[Test[Callback]]) -> Listing[Callback]:
    """All of a state; empty: of any."""
    store = context.engine.store
    return Listing(
        name="callbacks",
        chunk=lambda after, most: store.callbacks(sandbox.number, state, after, most),
        number=lambda one: one.key & NUMBERS,
        show=lambda one: shown(context, one),
        tests=tests,
        total=lambda: store.count_callbacks(sandbox.number, state),
        label=lambda one: f"callback {one.key & NUMBERS} to {one.url}",
        cursor="after",
    )


def _callback_tests(context: Context, request: Request, sandbox: Sandbox) -> list[Test[Callback]]:
    query = request.query_params
    tests: list[Test[Callback]] = []
    if (state := query.get("state")) is not None:
        tests.append(Test(lambda one: one.state == state, lambda one: _state(sandbox, one)))
    if (kind := query.get("kind")) is not None:
        tests.append(Test(lambda one: one.kind == kind, lambda one: f"its kind is {one.kind}"))
    if (id := query.get("message")) is not None:
        subject = context.engine.find(sandbox, id).key
        tests.append(
            Test(
                lambda one: one.subject == subject and one.step is not None,
                lambda one: "it reports on another message",
            )
        )
    return tests


def _state(sandbox: Sandbox, one: Callback) -> str:
    told = f"it is {one.state}"
    if one.reason:
        told += f" ({one.reason})"
    if one.state == "pending" and one.due > sandbox.now():
        told += f", due{view.ahead(sandbox, one.due)[1:]}"
    return told


def shown(context: Context, one: Callback) -> Json:
    """A callback with its attempts and the id of what it reports on."""
    store = context.engine.store
    about = store.message_by_key(one.subject) if one.step is not None else store.inbound_by_key(one.subject)
    return view.callback(one, store.attempts(one.key), about.id if about else None)


def callback_of(context: Context, request: Request) -> Callback:
    """Raises Unknown."""
    sandbox, wanted = context.sandbox(request), request.path_params["number"]
    found = context.engine.store.callback(sandbox.base + (wanted & NUMBERS))
    if found is None:
        raise Unknown(f"there is no callback {wanted}")
    return found


async def callback(context: Context, request: Request) -> Json:
    return shown(context, callback_of(context, request))


async def replay(context: Context, request: Request) -> Json:
    return shown(context, actions.replay(context.engine, callback_of(context, request)))


# Messages from phones


async def inbox(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    provider = request.query_params.get("provider", "")
    found = context.engine.store.inbound(sandbox.number, provider)
    after, most = number(request, "after"), limit(request)
    later = [one for one in found if (one.key & NUMBERS) > after]
    page = [view.inbound(one) for one in later[:most]]
    return {"inbound": page, "total": len(found), "next": page[-1]["number"] if len(later) > most else None}


async def inbound(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    asked = await body(request, FromPhone)
    provider = context.provider(asked.provider)
    return view.inbound(actions.inbound(context.engine, sandbox, provider, asked.sender, asked.to, asked.text))
