"""A simulator without a network: real engine, store and dispatcher, and receivers that are functions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.model import Attempt, Call, Callback, Json, Message, Post
from msgsim.provider import discover
from msgsim.storage.store import Store

from tests.samples import headers

AT_ONCE = """
name: at-once
rules:
  - when: {provider: messente}
    deliver: [{after: 0ms, status: ACK}, {after: 0ms, status: DELIVRD}]
"""


class Desk(Poster):
    """Takes posts down instead of making requests; each is answered 200, after whatever `busy` waits for."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.posted: list[Callback] = []
        self.busy: Callable[[Callback], Awaitable[None]] | None = None

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        self.posted.append(callback)
        if self.busy is not None:
            await self.busy(callback)
        body = post.body.decode()
        return Attempt(
            callback.key, callback.subject, callback.tries + 1, callback.url, callback.kind, body, {}, 200
        ), False


class Room:
    """Everything that has to do with callbacks, put together."""

    def __init__(self, path: Path | None, scenario: Path, **settings: Json) -> None:
        config = Config(store=str(path or "memory"), seed=1, scenario=(str(scenario),), **settings)
        self.store = Store(path)
        self.engine = Engine(config, self.store, discover())
        self.desk = Desk(config)
        self.dispatcher = Dispatcher(self.engine, self.desk, config)

    def send(self, url: str = "http://127.0.0.1:9/", to: str = "+37255000001") -> Message:
        """Received, and not committed."""
        body = {"to": to, "dlr_url": url, "messages": [{"channel": "sms", "text": "x"}]}
        lower = {name.lower(): value for name, value in headers(discover()["messente"]).items()}
        reply = self.engine.receive(Call("POST", "/v1/omnimessage", "", lower, msgspec.json.encode(body)))
        assert reply.status == 201, reply.body
        return next(self.store.messages(self.engine.default.number, limit=1))


Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """``play(story, **settings)``: a coroutine function that is given a `Room` whose dispatcher runs."""
    scenario = tmp_path / "at-once.yaml"
    scenario.write_text(AT_ONCE)

    def run(story: Callable[[Room], Awaitable[None]], **settings: Json) -> None:
        async def whole() -> None:
            room = Room(None, scenario, **settings)
            following = asyncio.create_task(room.dispatcher.run())
            try:
                async with asyncio.timeout(20):
                    await story(room)
            finally:
                following.cancel()
                await room.dispatcher.close()
                room.store.close()

        asyncio.run(whole())

    return run


async def turns(count: int = 50) -> None:
    """Let everything that is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Within the 20 seconds of a story."""
    while not condition():  # noqa: ASYNC110 - nobody tells when a dispatcher is done
        await asyncio.sleep(0.001)
