"""The control API from Python, sync and async from one code.

    with Client() as sim:
        sim.clock.advance("5m")
        message = sim.messages.wait(to="+37255500001", status="delivered")

    async with AsyncClient() as sim:
        await sim.clock.advance("5m")

What can be asked is in `msgsim.client.api`. `Client` sends it with the standard library and returns what was answered,
`AsyncClient` sends it with aiohttp and returns it when awaited.

    SimulatorError
    ├── Unreachable     no simulator answers there
    └── Problem         it says what is wrong (RFC 9457)
        └── TimedOut    what was waited for did not come; says what came nearest
"""

import json
import os
from collections.abc import AsyncGenerator, Awaitable, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from msgsim.client.api import Api, Json, Request

if TYPE_CHECKING:
    import http.client

    import aiohttp

DEFAULT_URL = "http://127.0.0.1:8080"


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
        return "\n".join([super().__str__(), *(f"  near: {_miss(near)}" for near in self.near)])


class Event(NamedTuple):
    """Something that has just happened."""

    name: str
    """message, exchange, callback, clock, scenario or reset."""
    data: Json


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

    @contextmanager
    def intercept(self) -> Iterator[None]:
        """This process and the programs it starts reach this sandbox by the providers' own host names, over TLS.

        Requests whose credentials lead to another sandbox go there. Raises Problem where the ports cannot be opened.
        """
        from msgsim.client.interception import redirected, server_at

        with redirected(server_at(self.url, self.interception()), self.name if self.name != "default" else ""):
            yield

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
        if status == 204:
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


def _miss(near: Json) -> str:
    """What came near, in words; a server of another version may tell it in another shape."""
    return str(near.get("text", near) if isinstance(near, dict) else near)


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
