"""The control API from Python, sync and async from one code.

    with Client() as sim:
        sim.clock.advance("5m")
        message = sim.messages.wait(to="+37255500001", status="delivered")

    async with AsyncClient() as sim:
        await sim.clock.advance("5m")

Each method builds one `Request` and hands it to its client: `Client` sends it with the standard library and
returns what was answered, `AsyncClient` sends it with aiohttp and returns it when awaited. Answers are the JSON
of the API as dictionaries and lists; times in them are ISO 8601 texts.

    SimulatorError
    ├── Unreachable     no simulator answers there
    └── Problem         it says what is wrong (RFC 9457)
        └── TimedOut    what was waited for did not come; says what came nearest
"""

import json
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

if TYPE_CHECKING:
    import http.client

    import aiohttp

Json = Any
T = TypeVar("T")
Pick = Callable[[Json], Json]

DEFAULT_URL = "http://127.0.0.1:8080"
PATIENCE = 30.0
"""Seconds an answer may take beyond what was asked to be waited for."""


class SimulatorError(Exception):
    """The simulator could not do what was asked."""


class Unreachable(SimulatorError):
    """No simulator answers there; the text says where, and how to start one."""


class Problem(SimulatorError):
    """What the control API says is wrong."""

    def __init__(self, body: dict[str, Json]) -> None:
        super().__init__("\n".join(body.get("mistakes", ())) or body.get("detail") or body["title"])
        self.status: int = body["status"]
        self.body = body


class TimedOut(Problem):
    """Nothing fitted in time; ``near`` are the nearest misses and why they are none."""

    def __init__(self, body: dict[str, Json]) -> None:
        super().__init__(body)
        self.near: list[Json] = body.get("near", [])

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  near: {_miss(one)}" for one in self.near)])


class Request(NamedTuple):
    """One call of the control API."""

    method: str
    path: str
    """Below ``/__sim/v1/``."""
    query: dict[str, str] = {}  # noqa: RUF012 - never written to
    body: Json = None
    """A text is sent as it is (YAML), anything else as JSON."""
    seconds: float = PATIENCE
    pick: Pick = lambda answer: answer
    """The part of the answer that is wanted."""


class Event(NamedTuple):
    """Something that has just happened."""

    name: str
    """message, exchange, callback, clock, scenario or reset."""
    data: Json


Ask = Callable[[Request], T]


class Messages(Generic[T]):
    """Accepted messages; ``status`` is the provider's word or a neutral one, ``since`` a time."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self,
        *,
        provider: str = "",
        to: str = "",
        from_: str = "",
        channel: str = "",
        status: str = "",
        text: str = "",
        since: str = "",
        before: int | None = None,
        limit: int | None = None,
    ) -> T:
        """Newest first."""
        query = _query(
            provider=provider, to=to, from_=from_, channel=channel, status=status, text=text, since=since,
            before=before, limit=limit,
        )  # fmt: skip
        return self._ask(Request("GET", "messages", query, pick=_member("messages")))

    def wait(
        self,
        *,
        provider: str = "",
        to: str = "",
        from_: str = "",
        channel: str = "",
        status: str = "",
        text: str = "",
        since: str = "",
        count: int | None = None,
        timeout: str = "5s",
    ) -> T:
        """The newest message that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        query = _query(provider=provider, to=to, from_=from_, channel=channel, status=status, text=text, since=since)
        return self._ask(_waiting("messages", query, count, timeout))

    def get(self, id: str) -> T:
        """One message with its plan and its callbacks, by any id its provider gave it."""
        return self._ask(Request("GET", f"messages/{quote(id, '')}"))

    def explain(self, id: str) -> T:
        """Which rule decided, and what will happen next and when."""
        return self._ask(Request("GET", f"messages/{quote(id, '')}/explain"))

    def force(self, id: str, status: str, err: int | None = None) -> T:
        """Give it a status now; the rest of its plan is dropped."""
        asked: dict[str, Json] = {"status": status} if err is None else {"status": status, "err": err}
        return self._ask(Request("POST", f"messages/{quote(id, '')}/status", body=asked))

    def cancel(self, id: str) -> T:
        return self._ask(Request("POST", f"messages/{quote(id, '')}/cancel"))


class Requests(Generic[T]):
    """What the application asked of the providers, and what it was answered."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self,
        *,
        provider: str = "",
        endpoint: str = "",
        status: int | None = None,
        refused: bool | None = None,
        credential: str = "",
        before: int | None = None,
        limit: int | None = None,
    ) -> T:
        """Newest first."""
        query = _query(
            provider=provider, endpoint=endpoint, status=status, refused=refused, credential=credential,
            before=before, limit=limit,
        )  # fmt: skip
        return self._ask(Request("GET", "requests", query, pick=_member("requests")))

    def wait(
        self,
        *,
        provider: str = "",
        endpoint: str = "",
        status: int | None = None,
        refused: bool | None = None,
        credential: str = "",
        count: int | None = None,
        timeout: str = "5s",
    ) -> T:
        """The newest request that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        query = _query(provider=provider, endpoint=endpoint, status=status, refused=refused, credential=credential)
        return self._ask(_waiting("requests", query, count, timeout))

    def get(self, number: int) -> T:
        return self._ask(Request("GET", f"requests/{number}"))

    def explain(self, number: int) -> T:
        """Which rule of which schema or scenario refused it, with its source document."""
        return self._ask(Request("GET", f"requests/{number}/explain"))


class Callbacks(Generic[T]):
    """What is owed to the application, each with its attempts."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self, *, state: str = "", kind: str = "", message: str = "", after: int | None = None, limit: int | None = None
    ) -> T:
        """Oldest first; ``state`` is pending, done, failed, refused, dropped or cancelled."""
        query = _query(state=state, kind=kind, message=message, after=after, limit=limit)
        return self._ask(Request("GET", "callbacks", query, pick=_member("callbacks")))

    def wait(
        self, *, state: str = "", kind: str = "", message: str = "", count: int | None = None, timeout: str = "5s"
    ) -> T:
        """The oldest callback that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        return self._ask(_waiting("callbacks", _query(state=state, kind=kind, message=message), count, timeout))

    def get(self, number: int) -> T:
        return self._ask(Request("GET", f"callbacks/{number}"))

    def explain(self, number: int) -> T:
        return self._ask(Request("GET", f"callbacks/{number}/explain"))

    def replay(self, number: int) -> T:
        """Owe it once more, now."""
        return self._ask(Request("POST", f"callbacks/{number}/replay"))


class Clock(Generic[T]):
    """The sandbox's time. Durations are ``250ms``, ``5s``, ``10m``, ``2h`` or ``1d``."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def get(self) -> T:
        """``{"now": ..., "rate": ..., "frozen": ...}``"""
        return self._ask(Request("GET", "clock"))

    def advance(self, by: str) -> T:
        """Everything that falls due happens in order before this returns; the list of it."""
        return self._ask(Request("POST", "clock/advance", body={"by": by}, seconds=600, pick=_member("happened")))

    def set(self, to: str) -> T:
        """Go to a time; what happened on the way."""
        return self._ask(Request("POST", "clock/set", body={"to": to}, seconds=600, pick=_member("happened")))

    def run_until_idle(self) -> T:
        """Go to where nothing is owed and nothing changes any more; what happened on the way."""
        return self._ask(Request("POST", "clock/run-until-idle", seconds=600, pick=_member("happened")))

    def freeze(self) -> T:
        return self._ask(Request("POST", "clock/freeze"))

    def resume(self) -> T:
        """Real time, from now on."""
        return self._ask(Request("POST", "clock/resume"))

    def speed(self, rate: float) -> T:
        """``60`` is a minute a second."""
        return self._ask(Request("POST", "clock/speed", body={"rate": rate}))


class Sandboxes(Generic[T]):
    """Isolated worlds on one server."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(self) -> T:
        return self._ask(Request("GET", "sandboxes", pick=_member("sandboxes")))

    def create(
        self,
        name: str = "",
        *,
        seed: int | None = None,
        clock: str = "",
        scenario: tuple[str, ...] = (),
        settings: dict[str, dict[str, Json]] | None = None,
    ) -> T:
        """A new, empty one; ``name``, ``credentials`` and ``base_urls`` are in what comes back.

        ``clock`` is ``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z`` or a rate such as ``60x``.
        """
        asked = {"name": name, "seed": seed, "clock": clock, "scenario": list(scenario), "settings": settings}
        body = {key: value for key, value in asked.items() if value not in ("", None, [])}
        return self._ask(Request("POST", "sandboxes", body=body))

    def get(self, name: str) -> T:
        return self._ask(Request("GET", f"sandboxes/{quote(name, '')}"))

    def delete(self, name: str) -> T:
        return self._ask(Request("DELETE", f"sandboxes/{quote(name, '')}"))


class Sink(Generic[T]):
    """A receiver of callbacks inside the simulator: give ``url`` to the provider, and look at what came."""

    def __init__(self, ask: Ask[T], name: str, url: str) -> None:
        self._ask = ask
        self._path = f"sinks/{quote(name, '')}"
        self.url = url

    def posts(self) -> T:
        """Oldest first; each with ``json`` where its body is JSON."""
        return self._ask(Request("GET", self._path, pick=_member("posts")))

    def wait(self, count: int = 1, timeout: str = "5s") -> T:
        """The posts, once there are as many. Raises TimedOut."""
        query = {"wait": timeout, "count": str(count)}
        return self._ask(Request("GET", self._path, query, seconds=_seconds(timeout), pick=_member("posts")))

    def answer(self, *answers: int | dict[str, Json]) -> T:
        """What the next posts get, in turn: statuses, or ``{"status": 503, "body": ..., "delay": "2s"}``."""
        listed = [{"status": one} if isinstance(one, int) else one for one in answers]
        return self._ask(Request("PUT", self._path, body={"answers": listed}))

    def clear(self) -> T:
        return self._ask(Request("DELETE", self._path))


class Api(Generic[T]):
    """One sandbox of one server."""

    def __init__(self, ask: Ask[T], url: str, name: str) -> None:
        self._ask = ask
        self.url = url
        self.name = name
        """The sandbox; an application without its credentials gets there by the header ``X-Sim-Sandbox``."""
        self.messages = Messages(ask)
        self.requests = Requests(ask)
        self.callbacks = Callbacks(ask)
        self.clock = Clock(ask)
        self.sandboxes = Sandboxes(ask)

    def base_url(self, provider: str) -> T:
        """What the application gets as the provider's address."""
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_of("base_urls", provider)))

    def credentials(self, provider: str) -> T:
        """What the application gets as its account: names as the provider calls them."""
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_of("credentials", provider)))

    def environment(self) -> T:
        """What an application is told in variables: ``MESSENTE_BASE_URL``, ``MESSENTE_USERNAME``, ...

        Each is the provider's name and the name the provider has for it; MSGSIM_URL and MSGSIM_SANDBOX come along.
        """
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_variables(self.url)))

    def sink(self, name: str = "callbacks") -> Sink[T]:
        return Sink(self._ask, name, f"{self.url}/__sim/sink/{quote(name, '')}?{urlencode({'sandbox': self.name})}")

    def sinks(self) -> T:
        """Their names, and how many posts each has."""
        return self._ask(Request("GET", "sinks", pick=_member("sinks")))

    def health(self) -> T:
        return self._ask(Request("GET", "health"))

    def scenario(self) -> T:
        """What is loaded, each rule with how often it decided."""
        return self._ask(Request("GET", "scenario"))

    def scenarios(self) -> T:
        """What is shipped."""
        return self._ask(Request("GET", "scenarios", pick=_member("scenarios")))

    def choose(self, *names: str) -> T:
        """Files or shipped scenarios, tried in order; none for the happy path alone."""
        return self._ask(Request("PUT", "scenario", body={"names": list(names)}))

    def tell(self, text: str) -> T:
        """A scenario of one's own, as YAML."""
        return self._ask(Request("PUT", "scenario", body=text))

    def settings(self) -> T:
        return self._ask(Request("GET", "settings"))

    def configure(self, settings: dict[str, dict[str, Json]]) -> T:
        """``{"messente": {"callback_url": ...}}``"""
        return self._ask(Request("PUT", "settings", body=settings))

    def inbound(self, provider: str, sender: str, to: str, text: str) -> T:
        """A phone writes to the application."""
        asked = {"provider": provider, "from": sender, "to": to, "text": text}
        return self._ask(Request("POST", "inbound", body=asked))

    def inbox(self) -> T:
        """What phones wrote to the application."""
        return self._ask(Request("GET", "inbound", pick=_member("inbound")))

    def sample(self, provider: str = "", count: int = 1, seed: int | None = None) -> T:
        """Send realistic sample traffic; what was sent."""
        asked = {"provider": provider, "count": count, "seed": seed}
        body = {name: value for name, value in asked.items() if value not in ("", None)}
        return self._ask(Request("POST", "sample", body=body, pick=_member("sent")))

    def reset(self) -> T:
        """Empty the sandbox: the same seed, settings and scenario, and the clock where it stands."""
        return self._ask(Request("POST", "reset"))

    def reseed(self, seed: int) -> T:
        return self._ask(Request("POST", "seed", body={"seed": seed}))

    def errors(self, provider: str = "") -> T:
        """Every documented error and outcome, and the recipient that brings it about."""
        return self._ask(Request("GET", "errors", _query(provider=provider)))

    def coverage(self, provider: str = "", alone: bool = False) -> T:
        """Which documented errors and outcomes were seen since the server started: in all sandboxes, or in this one."""
        return self._ask(Request("GET", "coverage", _query(provider=provider, sandbox=self.name if alone else "")))

    def lint(self) -> T:
        """What the application does that a provider would frown at."""
        return self._ask(Request("GET", "lint", pick=_member("findings")))

    def journal(self) -> T:
        """Everything that happened, oldest first."""
        return self._ask(Request("GET", "journal.jsonl", pick=_lines))

    def har(self) -> T:
        """The exchanges as an HTTP archive, for a browser's network panel."""
        return self._ask(Request("GET", "journal.har"))


class Client(Api[Json]):
    """Sends with the standard library; may be shared by threads."""

    def __init__(self, url: str = "", sandbox: str = "default", token: str = "") -> None:
        """``url`` and ``token`` default to MSGSIM_URL and MSGSIM_TOKEN."""
        super().__init__(self._send, _root(url), sandbox)
        self._headers = _headers(sandbox, token)
        self._idle: list[http.client.HTTPConnection] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def sandbox(self, name: str) -> "Client":
        """The same server's other sandbox, over the same connections."""
        other = Client(self.url, name)
        other._headers = {**self._headers, "X-Sim-Sandbox": name}
        other._idle = self._idle
        return other

    def _send(self, request: Request) -> Json:
        connection = self._connection()
        try:
            response = self._begin(connection, request)
            answer = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answered(request, response.status, response.headers.get_content_type(), answer)

    def _begin(self, connection: "http.client.HTTPConnection", request: Request) -> "http.client.HTTPResponse":
        """Raises Unreachable."""
        from http.client import HTTPException

        path, body, headers = _wire(request)
        connection.timeout = request.seconds
        if connection.sock is not None:
            connection.sock.settimeout(request.seconds)
        try:
            connection.request(request.method, urlsplit(self.url).path + path, body, self._headers | headers)
            return connection.getresponse()
        except (OSError, HTTPException) as wrong:
            raise Unreachable(_nobody(self.url, wrong)) from None

    def _connection(self) -> "http.client.HTTPConnection":
        """One that is open, unless the server has hung up meanwhile; else a new one."""
        from http.client import HTTPConnection, HTTPSConnection
        from select import select

        while self._idle:
            kept = self._idle.pop()
            if kept.sock is not None and not select([kept.sock], [], [], 0)[0]:
                return kept
            kept.close()
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(parts.hostname or "", parts.port)

    def events(self) -> Generator[Event]:
        """What happens from now on, until the server stops. Raises Unreachable."""
        connection = self._connection()
        try:
            request = Request("GET", "events", seconds=86_400)
            response = self._begin(connection, request)
            if response.status != 200:
                answered(request, response.status, response.headers.get_content_type(), response.read())
            yield from _events(response)
        finally:
            connection.close()


class AsyncClient(Api[Awaitable[Json]]):
    """Sends with aiohttp; belongs to one event loop."""

    def __init__(self, url: str = "", sandbox: str = "default", token: str = "") -> None:
        """``url`` and ``token`` default to MSGSIM_URL and MSGSIM_TOKEN."""
        super().__init__(self._send, _root(url), sandbox)
        self._headers = _headers(sandbox, token)
        self._session: aiohttp.ClientSession | None = None
        self._owner: AsyncClient = self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def sandbox(self, name: str) -> "AsyncClient":
        """The same server's other sandbox, over the same connections."""
        other = AsyncClient(self.url, name)
        other._headers = {**self._headers, "X-Sim-Sandbox": name}
        other._owner = self._owner
        return other

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        owner = self._owner
        if owner._session is None:
            owner._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return owner._session

    def _begin(self, request: Request) -> "aiohttp.client._RequestContextManager":
        import aiohttp

        path, body, headers = _wire(request)
        timeout = aiohttp.ClientTimeout(total=request.seconds)
        return self._open().request(
            request.method, self.url + path, data=body, headers=self._headers | headers, timeout=timeout
        )

    async def _send(self, request: Request) -> Json:
        import aiohttp

        try:
            async with self._begin(request) as response:
                answer = await response.read()
        except (OSError, aiohttp.ClientError) as wrong:
            raise Unreachable(_nobody(self.url, wrong)) from None
        return answered(request, response.status, response.content_type, answer)

    async def events(self) -> AsyncGenerator[Event]:
        """What happens from now on, until the server stops. Raises Unreachable."""
        import aiohttp

        request = Request("GET", "events", seconds=86_400)
        try:
            async with self._begin(request) as response:
                if response.status != 200:
                    answered(request, response.status, response.content_type, await response.read())
                block: list[bytes] = []
                async for line in response.content:
                    if line.strip():
                        block.append(line)
                    elif event := _event(block):
                        yield event
                        block = []
        except (OSError, aiohttp.ClientError) as wrong:
            raise Unreachable(_nobody(self.url, wrong)) from None


def answered(request: Request, status: int, media: str, body: bytes) -> Json:
    """What was asked for. Raises Problem and TimedOut."""
    if status < 400:
        if not body:
            return None
        return request.pick(json.loads(body) if media == "application/json" else body.decode())
    told: dict[str, Json] = {}
    if media.endswith("json"):
        told = json.loads(body)
    told = {"status": status, "title": f"{request.method} {request.path} was answered {status}", **told}
    raise (TimedOut if status == 408 else Problem)(told)


def _wire(request: Request) -> tuple[str, bytes | None, dict[str, str]]:
    path = f"/__sim/v1/{request.path}"
    if request.query:
        path += f"?{urlencode(request.query)}"
    if request.body is None:
        return path, None, {}
    if isinstance(request.body, str):
        return path, request.body.encode(), {"Content-Type": "application/yaml"}
    return path, json.dumps(request.body).encode(), {"Content-Type": "application/json"}


def _root(url: str) -> str:
    return (url or os.environ.get("MSGSIM_URL") or DEFAULT_URL).rstrip("/")


def _headers(sandbox: str, token: str) -> dict[str, str]:
    token = token or os.environ.get("MSGSIM_TOKEN", "")
    return {"X-Sim-Sandbox": sandbox, **({"Authorization": f"Bearer {token}"} if token else {})}


def _nobody(url: str, wrong: Exception) -> str:
    reason = getattr(wrong, "strerror", None) or str(wrong) or type(wrong).__name__
    return f"no simulator answers at {url} ({reason}); start one with: msgsim serve"


def _query(**filters: str | int | bool | None) -> dict[str, str]:
    said = {name.rstrip("_"): value for name, value in filters.items() if value not in ("", None)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}


def _waiting(what: str, query: dict[str, str], count: int | None, timeout: str) -> Request:
    asked = {**query, "wait": timeout, "count": str(count or 1)}
    pick = _member(what)
    return Request(
        "GET",
        what,
        asked,
        seconds=_seconds(timeout),
        pick=pick if count is not None else lambda answer: pick(answer)[0],
    )


def _seconds(timeout: str) -> float:
    """How long to listen for the answer to a long poll. Raises ValueError."""
    from simulator.config import milliseconds

    return milliseconds(timeout) / 1000 + PATIENCE


def _member(name: str) -> Pick:
    return lambda answer: answer[name]


def _of(member: str, provider: str) -> Pick:
    def pick(answer: Json) -> Json:
        if provider not in answer[member]:
            raise LookupError(f"there is no provider {provider!r} (there are {', '.join(answer[member])})")
        return answer[member][provider]

    return pick


def _variables(url: str) -> Pick:
    def pick(sandbox: Json) -> Json:
        told = {"MSGSIM_URL": url, "MSGSIM_SANDBOX": sandbox["name"]}
        for provider, base_url in sandbox["base_urls"].items():
            told[f"{provider.upper()}_BASE_URL"] = base_url
            for name, value in sandbox["credentials"][provider].items():
                told[f"{provider.upper()}_{_snake(name)}"] = value
        return told

    return pick


def _snake(name: str) -> str:
    """``AuthenticationToken`` and ``X-Api-Key`` to ``AUTHENTICATION_TOKEN`` and ``X_API_KEY``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).upper()


def _lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]


def _miss(one: Json) -> str:
    """What came near, in words."""
    return str(one["text"])


def _events(lines: "http.client.HTTPResponse") -> Iterator[Event]:
    block: list[bytes] = []
    for line in lines:
        if line.strip():
            block.append(line)
        elif event := _event(block):
            yield event
            block = []


def _event(block: list[bytes]) -> Event | None:
    """One block of a stream of Server-Sent Events; None for a comment."""
    fields = [line.decode().rstrip("\r\n").partition(":") for line in block]
    name = next((value.strip() for key, _, value in fields if key == "event"), "message")
    data = "\n".join(value.removeprefix(" ") for key, _, value in fields if key == "data")
    return Event(name, json.loads(data)) if data else None
