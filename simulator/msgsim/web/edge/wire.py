"""The edge: bytes to Call, Reply to bytes. An answer leaves only after its writes are committed."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache, partial
from typing import Any

import msgspec

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.config import Config
from msgsim.engine.receive import Engine, TooMany
from msgsim.engine.watch import Watch
from msgsim.model import Call, Reply, Unknown
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Told = Callable[[StoreError | None], None]


class TooLarge(Exception):
    """A body above the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes are taken; see body_limit")


class Gone(Exception):
    """The client left before its request was whole."""


HEAVY = 32 * 1024
"""Bytes of a body that may take so long that answers under way go first."""
LONG = 0.001
"""Seconds. A commit comes in the second turn of the loop, for many to share it; after a turn so long, at once."""


class Batch:
    """All requests of two turns of the loop are received one after the other, and share a commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._coming: list[Callable[[], Told]] = []
        self._waiting: list[Told] = []
        self._called = False
        store.told.append(self._tell)

    def add(self, receive: Callable[[], Told]) -> None:
        """Called before the next commit, what it returns after that: what is done in a row is done faster."""
        self._coming.append(receive)
        self._soon()

    def then(self, told: Told) -> None:
        """Called when everything written until now is durable, or with the reason why it is not."""
        self._waiting.append(told)
        self._soon()

    def _soon(self) -> None:
        if not self._called:
            self._called = True
            loop = asyncio.get_running_loop()
            loop.call_soon(self._look, loop.time() + LONG)

    async def committed(self) -> None:
        """Raises StoreError when what was written until now could not be kept."""
        done = asyncio.get_running_loop().create_future()
        self.then(partial(_settle, done))
        await done

    async def settled(self) -> None:
        """Waits for the commit that is under way, whatever comes of it."""
        if self._coming or self._waiting:
            with contextlib.suppress(StoreError):
                await self.committed()

    def _look(self, latest: float) -> None:
        """After a turn; one more is waited for, unless this one took long or somebody else's commit served all."""
        loop = asyncio.get_running_loop()
        if loop.time() < latest and (self._coming or self._waiting):
            loop.call_soon(self._commit)
        else:
            self._commit()

    def _commit(self) -> None:
        self._called = False
        coming, self._coming = self._coming, []
        for receive in coming:
            told = receive()  # What fails in it may tell all who wait, and whoever came before it is among them.
            self._waiting.append(told)
        if not self._waiting:
            return
        waiting = self._waiting
        with contextlib.suppress(StoreError):  # The store tells it itself.
            self._store.commit()
            if waiting is self._waiting:  # There was nothing to write, and so nothing was told.
                self._tell(None)

    def _tell(self, wrong: StoreError | None) -> None:
        """Whoever's write failed, what the others wrote went with it; whoever cannot be told, the others can."""
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            try:
                told(wrong)
            except Exception:
                logging.getLogger("msgsim").exception("unexpected")


def _settle(done: "asyncio.Future[None]", wrong: StoreError | None) -> None:
    if done.done():
        return
    if wrong is None:
        done.set_result(None)
    else:
        done.set_exception(wrong)


class Wire:
    """The ASGI application: providers at their own paths, everything of ours below ``/__sim``."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher, config: Config, ours: Callable[[], Asgi]) -> None:
        self.seed = engine.seed
        self._engine = engine
        self._dispatcher = dispatcher
        self._limit = config.body_limit
        self._light = min(HEAVY, self._limit)
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
            if is_ours(scope):
                await self._control(scope, receive, send)
            else:
                await self._provider(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def take(self, call: Call, answer: Callable[[Reply], None]) -> bool:
        """Answer a provider's request without a task; false when it needs one, because it may take long."""
        if len(call.body) > self._light:
            return False
        self._batch.add(partial(self._taken, call, answer))
        return True

    def _taken(self, call: Call, answer: Callable[[Reply], None]) -> Told:
        reply = self._received(call)
        return lambda wrong: answer(reply if wrong is None else _unwritable(wrong))

    async def finish(self, reply: Reply, receive: Receive, send: Send) -> None:
        """Everything that comes after the commit."""
        if reply.early:
            await self._dispatcher.post_now(reply.early)
        if reply.fault is not None:
            from msgsim.web.edge.faults import answer_badly

            await answer_badly(reply, reply.fault, receive, send)
        else:
            await answer(reply, send)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._ours is None:
            self._ours = self._make_ours()
        await self._ours(scope, receive, send)

    async def _provider(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._body(receive)
            if len(body) > HEAVY:
                await self._batch.settled()
            reply = self._received(call_of(scope, body))
            await self._batch.committed()
        except Gone:
            return
        except TooLarge as wrong:
            reply = _too_large(wrong)
        except StoreError as wrong:
            reply = _unwritable(wrong)
        await self.finish(reply, receive, send)

    def _received(self, call: Call) -> Reply:
        """What the engine says, or what we say where it cannot."""
        try:
            reply = self._engine.receive(call)
            if reply.early:
                self._dispatcher.hold(reply.early)
        except TooMany as wrong:
            return _too_large(wrong)
        except Unknown as wrong:
            return ours(404, "Not found by the simulator", str(wrong))
        except StoreError as wrong:
            return _unwritable(wrong)
        except Exception as wrong:
            logging.getLogger("msgsim").exception("unexpected")
            return ours(500, "Unexpected", f"{type(wrong).__name__}: the server's log has the rest")
        return reply

    async def _body(self, receive: Receive) -> bytes:
        """Raises TooLarge and Gone."""
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await self._rest(body, receive)
        if len(body) > self._limit:
            raise TooLarge(self._limit)
        return body

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
                    self._engine.save()
                    self._engine.store.close()
                except StoreError as wrong:
                    logging.getLogger("msgsim").error("%s", wrong)
                await send({"type": "lifespan.shutdown.complete"})
                return


def call_of(scope: Scope, body: bytes) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    get = headers.get
    base = _base(get("x-forwarded-proto"), get("x-forwarded-host"), get("host"), scope.get("scheme", "http"))
    query = scope["query_string"].decode("latin-1")
    client = scope["client"][0] if scope.get("client") else ""
    return Call(scope["method"], scope["path"], query, headers, body, base, client)


@lru_cache(maxsize=256)
def _base(proto: str | None, forwarded: str | None, host: str | None, scheme: str) -> str:
    """The root URL as the client wrote it, whatever stands in between."""
    first = (proto or scheme).partition(",")[0].strip()
    return f"{first}://{(forwarded or host or '127.0.0.1').partition(',')[0].strip()}/"


async def answer(reply: Reply, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": headers_of(reply)})
    await send({"type": "http.response.body", "body": reply.body})


def headers_of(reply: Reply) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", reply.media.encode()), (b"content-length", b"%d" % len(reply.body))]
    return headers + [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]


def ours(status: int, title: str, detail: str) -> Reply:
    """Our own voice: an RFC 9457 problem that says it is ours."""
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Reply(status, msgspec.json.encode(problem), (("X-Sim-Error", title),), "application/problem+json")


def _too_large(wrong: Exception) -> Reply:
    return ours(413, "The body is too large", str(wrong))


def _unwritable(wrong: StoreError) -> Reply:
    return ours(503, "The store cannot be written", str(wrong))


def is_ours(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/__sim") or (path == "/" and _is_browser(scope))


def _is_browser(scope: Scope) -> bool:
    wanted = (value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and any(b"text/html" in value for value in wanted)
