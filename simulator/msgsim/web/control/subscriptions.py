"""Subscriptions of long polls and event streams to what is written in a sandbox, and to times of its clock."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Unknown
from msgsim.storage.keys import SHIFT
from msgsim.web.control.lists import TURN

SHARE = 6
"""After work that took t, all subscribers rest for SHARE x t: together they use at most a seventh of the process."""


STOPPING = 0.05
"""Seconds between two checks, during a rest, of whether the server stops."""


class Subscription:
    """A subscription to the sandbox of a name, also after a reset has replaced it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        self.number = self.sandbox.number
        self.news = asyncio.Event()

    @property
    def sandbox(self) -> Sandbox:
        """The present sandbox of the name: a reset replaces it. Raises Unknown after it was deleted."""
        if self.name not in self._engine.sandboxes:
            raise Unknown(f"there is no sandbox {self.name!r} any more")
        return self._engine.sandboxes[self.name]

    async def wait(self, moment: int | None, most: float | None) -> None:
        """Wait for news, or for a time on the sandbox's clock, or for ``most`` seconds; None: no such end."""
        ahead = None if moment is None else self.sandbox.clock.wait(moment)
        pauses = [seconds for seconds in (ahead, most) if seconds is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(pauses) if pauses else None):
                await self.news.wait()
        self.news.clear()
        self.number = self.sandbox.number


class Subscriptions:
    """All subscriptions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._subscriptions: set[Subscription] = set()
        self._free = 0.0
        engine.signals.recorded.follow(self.tell)

    @property
    def closing(self) -> bool:
        """Whether the server is stopping, which ends all waiting."""
        return self._engine.signals.closing

    def open(self, name: str) -> Subscription:
        """Raises Unknown."""
        subscription = Subscription(self._engine, name)
        self._subscriptions.add(subscription)
        return subscription

    def close(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    @contextlib.contextmanager
    def to(self, name: str) -> Iterator[Subscription]:
        """Raises Unknown."""
        subscription = self.open(name)
        try:
            yield subscription
        finally:
            self.close(subscription)

    def tell(self, key: int) -> None:
        """Wake the subscriptions to the sandbox of a changed row; ``key``: of the row."""
        for subscription in self._subscriptions:
            if subscription.number == key >> SHIFT:
                subscription.news.set()

    async def resting(self, steps: Iterable[None]) -> None:
        """Work step by step, with rests in between; ends early when the server stops."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for _ in steps:
            if (worked := loop.time() - begun) > TURN:
                await self.rest(worked)
                if self.closing:
                    return
                begun = loop.time()
        await self.rest(loop.time() - begun)

    async def rest(self, worked: float) -> None:
        """Rest after ``worked`` seconds of work; the rests of all subscribers follow each other."""
        loop = asyncio.get_running_loop()
        until = self._free = max(self._free, loop.time()) + SHARE * worked
        while (left := until - loop.time()) > 0 and not self.closing:  # noqa: ASYNC110 - nobody is told that a server stops
            await asyncio.sleep(min(left, STOPPING))
