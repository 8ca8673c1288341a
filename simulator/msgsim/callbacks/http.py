"""The only module that makes HTTP requests; each is one attempt at a callback."""

import asyncio
import socket
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from msgsim.callbacks.address import Address, Forbidden, address, check
from msgsim.clock import machine
from msgsim.config import Config, milliseconds
from msgsim.engine.redaction import HIDDEN, NEVER_SHOWN, without_credentials
from msgsim.model import Attempt, Callback, Post

if TYPE_CHECKING:
    import ssl

    import aiohttp
    from aiohttp.abc import AbstractResolver, ResolveResult

SMALL_TURN = 0.0001
"""The interpreter's switch interval in seconds while a thread imports: the event loop waits no longer than that."""
ANSWER_KEPT = 2048
"""Bytes of a receiver's answer that are recorded in the journal."""


class ReceiverAnswer(Struct):
    """What a receiver answered, or why it did not."""

    status: int | None = None
    text: str = ""
    error: str = ""
    refused: bool = False
    """Callbacks may not go to the host."""


class Progress(Struct):
    """How a request was sent, as the connection pool reports it."""

    reused: bool = False
    """It went out on a connection that was open already."""


class Poster:
    """Posts callbacks over pooled connections."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._timeout = milliseconds(config.callback_timeout) / 1000
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """True: the session in which every request has a connection of its own; False: the session with a pool."""
        self._loading: asyncio.Task[None] | None = None

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        """Make one attempt. The second value is true when callbacks may not go to the host."""
        if not self._sessions:
            self._loading = self._loading or asyncio.create_task(_load("aiohttp"))
            await self._loading
        begun = machine()
        headers: list[tuple[str, str]] = []
        try:
            to = address(callback.url, self._config.callback_hosts)
            headers = [*to.headers, *post.headers]
            answer = await self._posted(to, post, headers)
        except Forbidden as error:
            answer = ReceiverAnswer(error=str(error), refused=True)
        took = (machine() - begun) // 1000 * 1000
        return attempt_of(callback, post, headers, answer, took), answer.refused

    async def _posted(self, to: Address, post: Post, headers: list[tuple[str, str]]) -> ReceiverAnswer:
        """Send a request; an error becomes part of the answer. Raises Forbidden.

        A receiver may close an idle connection just when a request is sent over it. The receiver has not seen that
        request then, so that it is sent again over a new connection; both together are one attempt.
        """
        import aiohttp  # For start-up time.

        from msgsim.callbacks.failures import failure

        sent = Progress()
        try:
            try:
                return await self._request(to, post, headers, sent)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if not sent.reused:
                    raise
                return await self._request(to, post, headers, None)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error.__cause__, Forbidden):
                raise error.__cause__ from None
            return ReceiverAnswer(error=failure(error, to.url, self._config.callback_timeout))

    async def _request(
        self, to: Address, post: Post, headers: list[tuple[str, str]], sent: Progress | None
    ) -> ReceiverAnswer:
        """Send a request over a pooled connection; over a new connection where ``sent`` is None."""
        session = self._session(fresh=sent is None)
        async with session.request(
            post.method,
            to.url,
            data=post.body or None,
            headers=headers,
            allow_redirects=False,
            trace_request_ctx=sent,
        ) as response:
            text = (await response.content.read(ANSWER_KEPT)).decode(errors="replace")
            return ReceiverAnswer(response.status, text)

    def _session(self, fresh: bool) -> "aiohttp.ClientSession":
        session = self._sessions.get(fresh)
        if session is None:
            session = self._sessions[fresh] = self._opened(fresh)
        return session

    def _opened(self, fresh: bool) -> "aiohttp.ClientSession":
        import aiohttp  # For start-up time.

        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_reused)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=_guarded(self._config.callback_hosts),
                use_dns_cache=False,
                force_close=fresh,
                ssl=_trusting(self._config.callback_ca),
            ),
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            trace_configs=[] if fresh else [tracing],
        )


def attempt_of(
    callback: Callback, post: Post, headers: Iterable[tuple[str, str]], answer: ReceiverAnswer, took: int
) -> Attempt:
    """An attempt as the journal stores it, redacted."""
    return Attempt(
        callback=callback.key,
        subject=callback.subject,
        number=callback.tries + 1,
        url=without_credentials(callback.url),
        kind=callback.kind,
        body=post.body.decode(errors="replace"),
        headers={name: HIDDEN if name.lower() in NEVER_SHOWN else value for name, value in headers},
        status=answer.status,
        answer=answer.text,
        error=answer.error,
        took=took,
        method=post.method,
    )


async def _reused(_session: object, context: Any, _parameters: object) -> None:
    context.trace_request_ctx.reused = True


def _trusting(authority: str) -> "ssl.SSLContext | bool":
    """Trust the system's certificate authorities, and those in the file ``authority`` (checked with the settings)."""
    if not authority:
        return True
    import ssl  # Late, because importing it slows the start, and few need it.

    context = ssl.create_default_context()
    context.load_verify_locations(authority)
    return context


def _guarded(allowed: tuple[str, ...]) -> "AbstractResolver":
    """A resolver that raises Forbidden for a host to which callbacks may not go."""
    from aiohttp.abc import AbstractResolver  # For start-up time.

    class Guarded(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> "list[ResolveResult]":
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            check(host, port, [str(place[0]) for *_, place in found], allowed)
            return [
                {
                    "hostname": host,
                    "host": str(place[0]),
                    "port": port,
                    "family": kind,
                    "proto": protocol,
                    "flags": socket.AI_NUMERICHOST,
                }
                for kind, _, protocol, _, place in found
            ]

        async def close(self) -> None:
            pass

    return Guarded()


async def _load(module: str) -> None:
    """Import a module in a thread without blocking the event loop: aiohttp takes 0.2 seconds."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SMALL_TURN)
    try:
        await asyncio.to_thread(import_module, module)
    finally:
        sys.setswitchinterval(usual)
