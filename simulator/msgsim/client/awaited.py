"""The client whose methods are coroutines. It sends with aiohttp."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from msgsim.client import wire
from msgsim.client.api import Api
from msgsim.client.errors import SimulatorError
from msgsim.client.request import R, Request, SendAsync

if TYPE_CHECKING:
    import aiohttp

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""


class AsyncClient(Api[SendAsync]):
    """Sends with aiohttp, in any event loop of asyncio.

    Within ``async with``, connections are reused, and the client belongs to one event loop. Without it, each request
    has a connection of its own, and nothing needs to be closed.
    """

    def __init__(self, url: str = "", sandbox: str = "default", token: str = "") -> None:
        """``url`` and ``token`` default to MSGSIM_URL and MSGSIM_TOKEN."""
        super().__init__(self._request, wire.root(url), sandbox)
        self._headers = wire.headers(sandbox, token)
        self._session: aiohttp.ClientSession | None = None
        self._owner: AsyncClient = self

    async def __aenter__(self) -> Self:
        self._session = _session()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections that are kept for further requests."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def sandbox(self, name: str) -> "AsyncClient":
        """A client for another sandbox of the server, over the same connections. The sandbox is not created."""
        other = AsyncClient(self.url, name)
        other._headers = {**self._headers, "X-Sim-Sandbox": name}
        other._owner = self._owner
        return other

    async def events(self) -> AsyncGenerator[wire.Event]:
        """The events of the sandbox from now on, until the server stops. Raises Unreachable."""
        reader = wire.EventReader()
        async with self._begin(wire.LISTENING) as response:
            if response.status != 200:
                wire.answered(wire.LISTENING, response.status, response.content_type, await response.read())
            async for line in response.content:
                if event := reader.read(line):
                    yield event

    async def _request(self, request: Request[R]) -> R:
        async with self._begin(request) as response:
            body = await response.read()
        return wire.answered(request, response.status, response.content_type, body)

    @asynccontextmanager
    async def _begin(self, request: Request[Any]) -> "AsyncGenerator[aiohttp.ClientResponse]":
        """Send a request; the response, with its body unread. Raises Unreachable, also for errors while it is read."""
        import aiohttp  # For start-up time.

        path, body, headers = wire.written(request)
        session, timeout = self._owner._session, aiohttp.ClientTimeout(total=request.seconds)
        own = session or _session()
        try:
            async with own.request(
                request.method, self.url + path, data=body, headers=self._headers | headers, timeout=timeout
            ) as response:
                yield response
        except (OSError, aiohttp.ClientError) as error:
            raise wire.unreachable(self.url, error) from None
        finally:
            if own is not session:
                await own.close()


def _session() -> "aiohttp.ClientSession":
    """A session without cookies. Raises SimulatorError if no event loop of asyncio is running, as under Trio."""
    import asyncio  # For start-up time.

    import aiohttp

    if asyncio._get_running_loop() is None:
        raise SimulatorError(f"AsyncClient needs an event loop of asyncio; under Trio {wire.IN_TRIO}")

    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
