"""Connections to the other replicas, by which this one sends them requests."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

from msgsim.model import Call, Reply
from msgsim.storage.database import StoreError
from msgsim.web.edge.frames import CALL, CHANGED, ELSEWHERE, END, GONE, HELLO, HTTP, Frames, decode, encode
from msgsim.web.edge.replies import Message

CONNECTING = 2.0
"""Seconds to connect in, and the longest wait until others know of new or deleted sandboxes."""
Hear = Callable[[bytes, bytes], None]
"""Called with kind and body of each frame of an answer; with `GONE` when the connection is lost."""


class Moved(Exception):
    """The replica did nothing: it has not the sandbox, or it cannot be reached."""


class Lost(StoreError):
    """The connection was lost before the answer came; the replica may have done what was asked."""


class PeerLink(Frames):
    """One connection to another replica."""

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self._secret = secret
        self._hearing: dict[int, Hear] = {}
        self._number = 0
        self.over = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.say(0, HELLO, self._secret)

    def ask(self, kind: bytes, body: bytes, hear: Hear) -> int:
        """Send a request, and return its number; ``hear`` is called with its answer."""
        self._number += 1
        if self.over:
            hear(GONE, b"")
        else:
            self._hearing[self._number] = hear
            self.say(self._number, kind, body)
        return self._number

    def forget(self, number: int) -> None:
        """Tell the other replica that the answer to a request is not wanted any more."""
        if self._hearing.pop(number, None) is not None:
            self.say(number, GONE)

    def came(self, number: int, kind: bytes, body: bytes) -> None:
        hear = self._hearing.get(number)
        if hear is not None:
            if kind not in CONTINUED:
                del self._hearing[number]
            hear(kind, body)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.over = True
        hearing, self._hearing = self._hearing, {}
        for hear in hearing.values():
            hear(GONE, b"")


CONTINUED = frozenset({b"p"})
"""Kinds of answers after which further frames follow."""


class Peers:
    """Connections to the other replicas, made when they are first needed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._links: dict[str, PeerLink] = {}
        self._connecting: dict[str, asyncio.Lock] = {}

    async def call(self, address: str, call: Call) -> Reply:
        """A provider's reply from another replica. Raises Moved and Lost."""
        return decode(await self._asked(address, CALL, encode(call)), type=Reply)

    async def http(self, address: str, request: dict[str, Any]) -> AsyncGenerator[Message, None]:
        """An ASGI answer from another replica, piece by piece. Raises Moved and Lost."""
        link = await self._link(address)
        frames: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()
        number = link.ask(HTTP, encode(request), lambda kind, body: frames.put_nowait((kind, body)))
        try:
            while (frame := await frames.get())[0] != END:
                yield decode(_done(*frame))
        finally:
            link.forget(number)

    async def changed(self, others: Iterable[str]) -> None:
        """Tell replicas at these addresses that sandboxes were created or deleted.

        Returns when all have confirmed it, at the latest after `CONNECTING` seconds.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECTING):
                await asyncio.gather(*(self._tell(address) for address in others))

    async def _tell(self, address: str) -> None:
        with contextlib.suppress(Moved, Lost):  # A replica that is not reached reads the store when it starts.
            await self._asked(address, CHANGED, b"")

    async def _asked(self, address: str, kind: bytes, body: bytes) -> bytes:
        """Send a request whose answer is one frame, and return its body. Raises Moved and Lost."""
        link = await self._link(address)
        answered: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        link.ask(kind, body, lambda kind, body: _settle(answered, kind, body))
        return _done(*await answered)

    async def _link(self, address: str) -> PeerLink:
        """The open connection to an address, made if there is none. Raises Moved."""
        if not address:
            raise Moved
        link = self._links.get(address)
        if link is None or link.over:
            async with self._connecting.setdefault(address, asyncio.Lock()):
                link = self._links.get(address)
                if link is None or link.over:
                    link = self._links[address] = await self._connected(address)
        return link

    async def _connected(self, address: str) -> PeerLink:
        host, _, port = address.rpartition(":")
        try:
            async with asyncio.timeout(CONNECTING):
                loop = asyncio.get_running_loop()
                _, link = await loop.create_connection(lambda: PeerLink(self._secret), host.strip("[]"), int(port))
        except (OSError, TimeoutError):
            self._links.pop(address, None)
            raise Moved from None
        return link

    def close(self) -> None:
        for link in self._links.values():
            link.close()


def _settle(answered: "asyncio.Future[tuple[bytes, bytes]]", kind: bytes, body: bytes) -> None:
    if not answered.done():
        answered.set_result((kind, body))


def _done(kind: bytes, body: bytes) -> bytes:
    """The body of an answer. Raises Moved and Lost."""
    if kind == ELSEWHERE:
        raise Moved
    if kind == GONE:
        raise Lost("the replica that has the sandbox is gone, and may have done what was asked")
    return body
