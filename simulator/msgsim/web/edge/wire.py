"""The edge: bytes to Call, Reply to bytes. An answer leaves only after its writes are committed."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial

from msgsim import __version__
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.config import Config
from msgsim.engine.receive import Engine, TooMany
from msgsim.engine.watch import Watch
from msgsim.model import Call, Reply, Unknown
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store
from msgsim.web.edge.access import Access
from msgsim.web.edge.calls import call_of, decoded
from msgsim.web.edge.replies import Asgi, Gone, Receive, Scope, Send, TooLarge, Undecoded, answer, ours, too_large

Told = Callable[[StoreError | None], None]


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


WELCOME = Reply(
    200, b"messaging-simulator %s; the pages are at /__sim/\n" % __version__.encode(), media="text/plain; charset=utf-8"
)
"""What a health check finds at the root."""


class Wire:
    """The ASGI application: providers at their own paths, everything of ours below ``/__sim``."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher, config: Config, ours: Callable[[], Asgi]) -> None:
        self.seed = engine.seed
        self._engine = engine
        self._dispatcher = dispatcher
        self._limit = config.body_limit
        self._access = Access(config)
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
            reply = too_large(wrong)
        except StoreError as wrong:
            reply = _unwritable(wrong)
        await self.finish(reply, receive, send)

    def _received(self, call: Call) -> Reply:
        """What the engine says, or what we say where it cannot."""
        if (refusal := self._access.to_provider(call)) is not None:
            return refusal
        if call.path == "/" and call.method in ("GET", "HEAD"):
            return WELCOME
        try:
            if "content-encoding" in call.headers:
                call = decoded(call, self._limit)
            reply = self._engine.receive(call)
            if reply.early:
                self._dispatcher.hold(reply.early)
        except (TooMany, TooLarge) as wrong:
            return too_large(wrong)
        except Undecoded as wrong:
            return ours(415, "The body is not decoded", str(wrong))
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
        if message["type"] == "http.disconnect":
            raise Gone
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


def _unwritable(wrong: StoreError) -> Reply:
    return ours(503, "The store cannot be written", str(wrong))


def is_ours(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/__sim") or (path == "/" and _is_browser(scope))


def _is_browser(scope: Scope) -> bool:
    wanted = (value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and any(b"text/html" in value for value in wanted)
