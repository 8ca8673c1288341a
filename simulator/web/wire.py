"""The edge: bytes to Call, Reply to bytes. An answer leaves only after its writes are committed."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

import msgspec

from simulator.config import Config
from simulator.dispatcher import Dispatcher
from simulator.engine import Engine, TooMany
from simulator.model import Call, Reply, Unknown
from simulator.store import Store, StoreError
from simulator.watch import Watch

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLarge(Exception):
    """A body above the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes are taken; see body_limit")


class Gone(Exception):
    """The client left before its request was whole."""


HEAVY = 32 * 1024
"""Bytes of a body that may take so long that answers under way go first."""
TURNS = 2
"""Of the loop, before a batch is committed: nothing for one client, and many share a commit under load."""


class Batch:
    """All requests of a few turns of the loop share a commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._committed: asyncio.Future[None] | None = None
        store.lost.append(self._fail)

    def committed(self) -> "asyncio.Future[None]":
        """Resolves when everything written until now is durable; raises StoreError when it is not."""
        if self._committed is None:
            loop = asyncio.get_running_loop()
            self._committed = loop.create_future()
            loop.call_soon(self._commit, self._committed, TURNS)
        return self._committed

    async def settled(self) -> None:
        """Waits for the commit that is under way, whatever comes of it."""
        if self._committed is not None:
            await asyncio.wait([self._committed])

    def _commit(self, waiting: "asyncio.Future[None]", turns: int) -> None:
        if waiting is not self._committed:
            return
        if turns > 1:
            asyncio.get_running_loop().call_soon(self._commit, waiting, turns - 1)
            return
        with contextlib.suppress(StoreError):
            self._store.commit()
            self._committed = None
            if not waiting.done():
                waiting.set_result(None)

    def _fail(self, wrong: StoreError) -> None:
        """Whoever's write it was, what the others wrote went with it."""
        waiting, self._committed = self._committed, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(wrong)


class Wire:
    """The ASGI application: providers at their own paths, everything of ours below ``/__sim``."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher, config: Config, ours: Callable[[], Asgi]) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._limit = config.body_limit
        self._batch = Batch(engine.store)
        self._make_ours = ours
        self._ours: Asgi | None = None
        self._following: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Streams and long polls end, so that the server can."""
        self._engine.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/__sim") or (path == "/" and _is_browser(scope)):
                await self._control(scope, receive, send)
            else:
                await self._provider(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._ours is None:
            self._ours = self._make_ours()
        await self._ours(scope, receive, send)

    async def _provider(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = await self._call(scope, receive)
            if len(call.body) > HEAVY:
                await self._batch.settled()
            reply = self._engine.receive(call)
            if reply.early:
                self._dispatcher.hold(reply.early)
            await self._batch.committed()
        except Gone:
            return
        except (TooLarge, TooMany) as wrong:
            reply = ours(413, "The body is too large", str(wrong))
        except Unknown as wrong:
            reply = ours(404, "Not found by the simulator", str(wrong))
        except StoreError as wrong:
            reply = ours(503, "The store cannot be written", str(wrong))
        except Exception as wrong:
            logging.getLogger("msgsim").exception("unexpected")
            reply = ours(500, "Unexpected", f"{type(wrong).__name__}: the server's log has the rest")
        if reply.early:
            await self._dispatcher.post_now(reply.early)
        if reply.fault is not None:
            from simulator.web.faults import answer_badly

            await answer_badly(reply, reply.fault, receive, send)
        else:
            await answer(reply, send)

    async def _call(self, scope: Scope, receive: Receive) -> Call:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await self._rest(body, receive)
        if len(body) > self._limit:
            raise TooLarge(self._limit)
        get = headers.get
        base = _base(get("x-forwarded-proto"), get("x-forwarded-host"), get("host"), scope.get("scheme", "http"))
        query = scope["query_string"].decode("latin-1")
        client = scope["client"][0] if scope.get("client") else ""
        return Call(scope["method"], scope["path"], query, headers, body, base, client)

    async def _rest(self, body: bytes, receive: Receive) -> bytes:
        """A body that comes in parts. Raises TooLarge as soon as it is."""
        parts, size, more = [body], len(body), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > self._limit:
                raise TooLarge(self._limit)
        return b"".join(parts)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._following = asyncio.create_task(self._dispatcher.run())
                self._watching = asyncio.create_task(Watch(self._engine).run())
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._following is not None:
                    self._following.cancel()
                if self._watching is not None:
                    self._watching.cancel()
                await self._dispatcher.close()
                try:
                    self._engine.store.close()
                except StoreError as wrong:
                    logging.getLogger("msgsim").error("%s", wrong)
                await send({"type": "lifespan.shutdown.complete"})
                return


@lru_cache(maxsize=256)
def _base(proto: str | None, forwarded: str | None, host: str | None, scheme: str) -> str:
    """The root URL as the client wrote it, whatever stands in between."""
    first = (proto or scheme).partition(",")[0].strip()
    return f"{first}://{(forwarded or host or '127.0.0.1').partition(',')[0].strip()}/"


async def answer(reply: Reply, send: Send) -> None:
    body = reply.body
    headers = [(b"content-type", reply.media.encode()), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def ours(status: int, title: str, detail: str) -> Reply:
    """Our own voice: an RFC 9457 problem that says it is ours."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Reply(status, msgspec.json.encode(problem), (("X-Sim-Error", title),), "application/problem+json")


def _is_browser(scope: Scope) -> bool:
    wanted = (value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and any(b"text/html" in value for value in wanted)
