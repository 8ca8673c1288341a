"""Passes a request on to the replica that has its sandbox, and returns that replica's answer unchanged.

If that replica is gone, this one takes the sandbox over and answers the request itself.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from hashlib import blake2b

from msgspec.structs import replace

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.clock import elapsed
from msgsim.config import Config, authority, is_local
from msgsim.engine.elsewhere import Elsewhere
from msgsim.engine.receive import Engine
from msgsim.model import Call, Reply, Unknown
from msgsim.storage.database import StoreError
from msgsim.web.edge.peer_port import NOT_HERE, PeerPort, is_passed_on, request_of, scope_of
from msgsim.web.edge.peers import Lost, Moved, Peers
from msgsim.web.edge.replies import Asgi, CannotStart, Message, Name, Receive, Scope, Send, answer, failed

PATIENCE = 15.0
"""Seconds after which a request fails if no replica can be found that has its sandbox and answers."""
PAUSE = 0.02
"""Seconds between two attempts to find it."""
TENDING = 1.0
"""Seconds between two searches for sandboxes that no replica has."""
SAFE = frozenset({"GET", "HEAD"})
"""Methods of requests to the control API that are repeated if the answer was lost."""


class Passing:
    """The connection between this replica and the others, in both directions."""

    def __init__(
        self, engine: Engine, dispatcher: Dispatcher, received: Callable[[Call], Reply], control: Asgi
    ) -> None:
        """``received``: answers a request to a provider, or raises Elsewhere; ``control``: what is below ``/__sim``."""
        self._engine = engine
        self._dispatcher = dispatcher
        self._received = received
        self.to_control = control
        self._replicas = engine.store.replicas
        secret = blake2b(engine.key, digest_size=32, person=b"replicas").digest()
        self.peers = Peers(secret)
        self._port = PeerPort(self, secret)
        self._tasks: set[asyncio.Task[None]] = set()

    # Being one of several

    async def open(self, config: Config) -> None:
        """Open the port for other replicas and register its address, if the store is shared.

        Raises CannotStart and StoreError.
        """
        if not self._replicas.shared:
            return
        local = is_local(config.host)
        try:
            reached = "127.0.0.1" if local else config.replica_host or socket.gethostbyname(socket.gethostname())
            port = await self._port.open("127.0.0.1" if local else config.host)
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotStart(f"other replicas cannot reach this one: {reason}; see --replica-host") from None
        self._replicas.register(authority(reached, port))
        self._start(self._tend())

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TENDING)
            with contextlib.suppress(StoreError):
                self._engine.sandboxes.look_after()
                await self._engine.commits.durable()

    def stop(self) -> None:
        self._port.stop()

    async def close(self) -> None:
        """Close all connections; to be called before the store is closed, which releases this replica's sandboxes."""
        await self._port.close()
        self.peers.close()
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Asked by others: `msgsim.web.edge.peer_port.Answering`

    def reply(self, call: Call, answer: Callable[[Reply], None]) -> None:
        reply = self._received(call)
        self._engine.commits.then(lambda error: self._say(reply, answer) if error is None else answer(failed(error)))

    def _say(self, reply: Reply, answer: Callable[[Reply], None]) -> None:
        if reply.early:
            self._start(self._say_late(reply, answer))
        else:
            answer(reply)

    async def _say_late(self, reply: Reply, answer: Callable[[Reply], None]) -> None:
        await self._dispatcher.post_now(reply.early)
        answer(replace(reply, early=()))

    def learn(self) -> None:
        self._engine.sandboxes.learn()

    # Asking others

    def pass_on(self, call: Call, elsewhere: Elsewhere, answer: Callable[[Reply], None]) -> None:
        """Pass on a request to a provider in a task; ``answer`` is called with the reply."""
        self._start(self._answer(call, elsewhere, answer))

    async def _answer(self, call: Call, elsewhere: Elsewhere, answer: Callable[[Reply], None]) -> None:
        answer(await self.passed_on(call, elsewhere))

    async def passed_on(self, call: Call, elsewhere: Elsewhere) -> Reply:
        """The reply of the replica that has the sandbox, which may be this one by now."""
        until = elapsed() + PATIENCE
        try:
            while True:
                try:
                    return await self.peers.call(elsewhere.address, call)
                except Moved:
                    await self._find(elsewhere, until)
                try:
                    reply = self._received(call)
                except Elsewhere as again:
                    elsewhere = again
                else:
                    await self._engine.commits.durable()
                    return reply
        except StoreError as error:
            return failed(error)

    async def _find(self, elsewhere: Elsewhere, until: float) -> None:
        """Forget which replica has a sandbox, and pause. Raises StoreError after the time ``until``."""
        self._engine.sandboxes.moved(elsewhere.name)
        if elapsed() > until:
            raise StoreError(f"{elsewhere}, and does not come back") from None
        await asyncio.sleep(PAUSE)

    async def copy(self, elsewhere: Elsewhere, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        """Send the answer of the replica that has the sandbox, until the client disconnects."""
        if is_passed_on(scope):
            await send({"type": NOT_HERE})
            return
        copying = asyncio.ensure_future(self._copy(elsewhere, scope, body, send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((copying, leaving), return_when=asyncio.FIRST_COMPLETED)
            if copying.done():
                copying.result()
        finally:
            copying.cancel()
            leaving.cancel()

    async def _copy(self, elsewhere: Elsewhere, scope: Scope, body: bytes, send: Send) -> None:
        until = elapsed() + PATIENCE
        try:
            while not await self._copied(elsewhere.address, scope, body, send):
                await self._find(elsewhere, until)
                try:
                    self._engine.sandboxes.named(elsewhere.name)
                except Elsewhere as again:
                    elsewhere = again
                    continue
                except Unknown:
                    pass  # It was deleted: the 404 is answered here.
                return await self._here(scope, body, send)
        except StoreError as error:
            await answer(failed(error), send)

    async def _copied(self, address: str, scope: Scope, body: bytes, send: Send) -> bool:
        """Send another replica's answer; False: another replica has to be asked. Raises Lost.

        If the answer breaks off, so does the answer to the client.
        """
        begun = False
        try:
            async with contextlib.aclosing(self.peers.http(address, request_of(scope, body))) as parts:
                async for message in parts:
                    begun = True
                    await send(_named(message))
        except Moved:
            return False
        except Lost:
            if not begun and scope["method"] not in SAFE:
                raise
            return begun
        return True

    async def _here(self, scope: Scope, body: bytes, send: Send) -> None:
        """Answer a request here that was to be passed on."""
        bodies = [body]

        async def receive() -> Message:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await asyncio.Event().wait()
            raise AssertionError("whoever waits is cancelled when the client leaves")

        await self.to_control({**scope_of(request_of(scope, b"")), "state": scope.get("state", {})}, receive, send)

    async def changed(self) -> None:
        """Tell the other replicas that sandboxes were created or deleted; returns when they know it."""
        if self._replicas.shared:
            await self.peers.changed(self.others())

    def others(self) -> list[str]:
        """Addresses of the other replicas. Raises StoreError."""
        alive = self._replicas.alive()
        return [replica.address for replica in alive if replica.address and replica.name != self._replicas.name]


def _named(message: Message) -> Message:
    """A message of an answer whose headers' names keep their case."""
    if "headers" in message:
        message["headers"] = [(Name(name), value) for name, value in message["headers"]]
    return message


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
