"""A simulator without a network: real engine, store and dispatcher; receivers take posts down where they are made."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import msgspec
from msgsim import server
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.model import Attempt, Call, Callback, Json, Message, Post
from msgsim.provider import discover

from tests.samples import headers

PROVIDERS = discover()
AUTH = {name.lower(): value for name, value in headers(PROVIDERS["messente"]).items()}
URL = "http://127.0.0.1:9/"


class Receivers(Poster):
    """Each answers 200, after whatever `busy` waits for."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.posted: list[Callback] = []
        self.failing: set[str] = set()
        """URLs that answer 500."""
        self.busy: Callable[[Callback], Awaitable[None]] | None = None

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        self.posted.append(callback)
        if self.busy is not None:
            await self.busy(callback)
        status = 500 if callback.url in self.failing else 200
        tries = callback.tries + 1
        return Attempt(callback.key, callback.subject, tries, callback.url, callback.kind, "", {}, status), False


class Room:
    """Everything that has to do with callbacks, put together; ``async with`` makes its dispatcher run."""

    def __init__(self, path: Path | None = None, **settings: Json) -> None:
        config = Config(store=str(path or "memory"), **{"seed": 1, **settings})
        self.store = server.store_of(config)
        self.engine = Engine(config, self.store, PROVIDERS)
        self.receivers = Receivers(config)
        self.dispatcher = Dispatcher(self.engine, self.receivers, config)

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.dispatcher.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await self.dispatcher.close()

    def send(self, url: str = URL, sandbox: str = "default") -> Message:
        """Received, and not committed."""
        body = {"to": "+37255000001", "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}]}
        asked = {**AUTH, "x-sim-sandbox": sandbox}
        reply = self.engine.receive(Call("POST", "/v1/omnimessage", "", asked, msgspec.json.encode(body)))
        assert reply.status == 201, reply.body
        return next(self.store.messages.newest(self.engine.sandboxes[sandbox].number, limit=1))

    def pending(self, sandbox: int) -> list[Callback]:
        return list(self.store.callbacks.between(sandbox, state="pending"))


async def turns(count: int = 50) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Raises TimeoutError after 20 seconds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody tells when a dispatcher is done
            await asyncio.sleep(0.001)
