"""The control API, ``/__sim/v1/...``: everything about a sandbox that no provider would tell."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator import __version__
from simulator.clock import instant, iso
from simulator.config import milliseconds
from simulator.dispatcher import Dispatcher
from simulator.engine import Engine, Unknown
from simulator.model import Json
from simulator.sandbox import Choice, Sandbox
from simulator.store import StoreError
from simulator.web import view
from simulator.yamlfile import Wrong

Answer = Callable[[Request], Awaitable[Response]]
PAGE = 100
_T = TypeVar("_T")


class Problem(Exception):  # noqa: N818
    """An RFC 9457 problem."""

    def __init__(self, status: int, title: str, detail: str, **more: Json) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}


class _Advance(Struct, forbid_unknown_fields=True):
    by: str


class _Set(Struct, forbid_unknown_fields=True):
    to: str


class _Speed(Struct, forbid_unknown_fields=True):
    rate: float


class _Force(Struct, forbid_unknown_fields=True):
    status: str
    err: int | None = None


class _Names(Struct, forbid_unknown_fields=True):
    names: tuple[str, ...]


class _Inbound(Struct, forbid_unknown_fields=True):
    provider: str
    to: str
    text: str
    sender: str = field(name="from")


class Control:
    """The routes, and what they share."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher) -> None:
        self.engine = engine
        self.dispatcher = dispatcher
        self.routes = [
            self._route("GET", "health", self.health),
            self._route("GET", "messages", self.messages),
            self._route("GET", "messages/{id}", self.message),
            self._route("POST", "messages/{id}/status", self.force),
            self._route("GET", "requests", self.requests),
            self._route("GET", "callbacks", self.callbacks),
            self._route("POST", "callbacks/{number:int}/replay", self.replay),
            self._route("POST", "inbound", self.inbound),
            self._route("GET", "scenario", self.scenario),
            self._route("PUT", "scenario", self.choose),
            self._route("GET", "clock", self.clock),
            self._route("POST", "clock/advance", self.advance),
            self._route("POST", "clock/set", self.set),
            self._route("POST", "clock/freeze", self.freeze),
            self._route("POST", "clock/resume", self.resume),
            self._route("POST", "clock/speed", self.speed),
            self._route("POST", "clock/run-until-idle", self.run_until_idle),
            self._route("POST", "reset", self.reset),
        ]

    def _route(self, method: str, path: str, answer: Callable[[Request], Awaitable[Json]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                body = await answer(request)
                self.engine.store.commit()
                return Response(msgspec.json.encode(body), media_type="application/json")
            except Problem as told:
                return problem(told)
            except Unknown as wrong:
                return problem(Problem(404, "Not found", str(wrong)))
            except (ValueError, msgspec.ValidationError) as wrong:
                return problem(Problem(400, "Bad request", str(wrong)))
            except Wrong as wrong:
                mistakes = [str(mistake) for mistake in wrong.mistakes]
                return problem(Problem(400, "The scenario has mistakes", mistakes[0], mistakes=mistakes))
            except StoreError as wrong:
                return problem(Problem(503, "The store cannot be written", str(wrong)))

        return Route(f"/__sim/v1/{path}", endpoint, methods=[method])

    def sandbox(self, request: Request) -> Sandbox:
        """By header or query; else the default one. Raises Unknown."""
        name = request.headers.get("x-sim-sandbox") or request.query_params.get("sandbox") or "default"
        if name not in self.engine.sandboxes:
            raise Unknown(f"there is no sandbox {name!r}")
        return self.engine.sandboxes[name]

    async def health(self, request: Request) -> Json:
        sandbox = self.engine.default
        return {
            "status": "ok",
            "version": __version__,
            "now": iso(sandbox.now()),
            "providers": list(self.engine.providers),
            "sandboxes": len(self.engine.sandboxes),
            "scenario": sandbox.scenario.names,
            "mistakes": sandbox.mistakes,
        }

    async def messages(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        query = request.query_params
        now = sandbox.now()
        found = self.engine.store.messages(
            sandbox.number, query.get("provider", ""), query.get("to", ""), before=_number(query.get("before"))
        )
        limit = _number(query.get("limit")) or PAGE
        page: list[Json] = []
        following = None
        for message in found:
            shown = view.message(message, self.engine.providers[message.provider].contract, now)
            if (wanted := query.get("status")) and wanted not in view.words(shown):
                continue
            if len(page) == limit:
                following = page[-1]["number"]
                break
            page.append(shown)
        return {"messages": page, "total": self.engine.store.count_messages(sandbox.number), "next": following}

    async def message(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        message = self.engine.find(sandbox, request.path_params["id"])
        contract = self.engine.providers[message.provider].contract
        owed = self.engine.store.callbacks_of(message.key)
        return view.whole_message(message, contract, sandbox.now(), owed, self.engine.store.attempts)

    async def force(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        asked = await _body(request, _Force)
        message = self.engine.find(sandbox, request.path_params["id"])
        forced = self.engine.force(sandbox, message, asked.status, asked.err)
        return view.message(forced, self.engine.providers[message.provider].contract, sandbox.now())

    async def requests(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        query = request.query_params
        limit = _number(query.get("limit")) or PAGE
        found = self.engine.store.journal(
            sandbox.number,
            "exchange",
            query.get("provider", ""),
            before=_number(query.get("before")) or sandbox.journal + 1,
            limit=limit,
        )
        page = [view.entry(entry) for entry in found]
        return {"requests": page, "total": sandbox.journal, "next": page[-1]["number"] if len(page) == limit else None}

    async def callbacks(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        query = request.query_params
        limit = _number(query.get("limit")) or PAGE
        found = self.engine.store.callbacks(
            sandbox.number, query.get("state", ""), after=_number(query.get("after")), limit=limit
        )
        page = [view.callback(one, self.engine.store.attempts(one.key)) for one in found]
        total = self.engine.store.count_callbacks(sandbox.number)
        return {"callbacks": page, "total": total, "next": page[-1]["number"] if len(page) == limit else None}

    async def replay(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        number = request.path_params["number"]
        callback = self.engine.store.callback(sandbox.base + number)
        if callback is None:
            raise Unknown(f"there is no callback {number}")
        return view.callback(self.engine.replay(callback), [])

    async def inbound(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        asked = await _body(request, _Inbound)
        if asked.provider not in self.engine.providers:
            raise Unknown(f"there is no provider {asked.provider!r}")
        provider = self.engine.providers[asked.provider]
        return view.inbound(self.engine.inbound(sandbox, provider, asked.sender, asked.to, asked.text))

    async def scenario(self, request: Request) -> Json:
        return view.scenario(self.sandbox(request))

    async def choose(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        body = await request.body()
        if body.lstrip()[:1] == b"{":
            choice = Choice(names=(await _body(request, _Names)).names)
        else:
            choice = Choice(text=body.decode())
        self.engine.choose(sandbox, choice)
        return view.scenario(sandbox)

    async def clock(self, request: Request) -> Json:
        return _clock(self.sandbox(request))

    async def advance(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        by = milliseconds((await _body(request, _Advance)).by)
        return await self._moved(sandbox, sandbox.now() + by)

    async def set(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        to = instant((await _body(request, _Set)).to)
        if to < sandbox.now():
            sandbox.clock = sandbox.clock.moved(to)
            self._clock_changed(sandbox)
            return {**_clock(sandbox), "happened": [], "total": 0}
        return await self._moved(sandbox, to)

    async def _moved(self, sandbox: Sandbox, to: int) -> Json:
        happened, total = await self.dispatcher.advance(sandbox, to)
        return {**_clock(sandbox), "happened": view.happened(happened), "total": total}

    async def run_until_idle(self, request: Request) -> Json:
        sandbox = self.sandbox(request)
        happened, total = await self.dispatcher.idle(sandbox)
        return {**_clock(sandbox), "happened": view.happened(happened), "total": total}

    async def freeze(self, request: Request) -> Json:
        return self._rated(self.sandbox(request), 0)

    async def resume(self, request: Request) -> Json:
        return self._rated(self.sandbox(request), 1)

    async def speed(self, request: Request) -> Json:
        rate = (await _body(request, _Speed)).rate
        if not 0 <= rate <= 1_000_000:
            raise ValueError("rate: between 0 and 1000000")
        return self._rated(self.sandbox(request), rate)

    def _rated(self, sandbox: Sandbox, rate: float) -> Json:
        sandbox.clock = sandbox.clock.running(rate)
        self._clock_changed(sandbox)
        return _clock(sandbox)

    def _clock_changed(self, sandbox: Sandbox) -> None:
        self.engine.control(sandbox, {"action": "clock", "rate": sandbox.clock.rate, "now": iso(sandbox.now())})
        sandbox.save(self.engine.store)
        self.engine.changed()

    async def reset(self, request: Request) -> Json:
        sandbox = self.engine.reset(self.sandbox(request))
        self.engine.changed()
        return _clock(sandbox)


def _clock(sandbox: Sandbox) -> dict[str, Json]:
    return {"now": iso(sandbox.now()), "rate": sandbox.clock.rate, "frozen": sandbox.clock.rate == 0}


def problem(told: Problem) -> Response:
    return Response(msgspec.json.encode(told.body), told.status, media_type="application/problem+json")


def _number(text: str | None) -> int:
    """Raises ValueError."""
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


async def _body(request: Request, kind: type[_T]) -> _T:
    """Raises ValueError with what is wrong with the body."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise ValueError(f"body: {wrong}") from None
