"""Who wants to know that something was written in a sandbox, or that a moment on its clock has come."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Unknown
from msgsim.storage.keys import SHIFT
from msgsim.web.control.lists import TURN

SHARE = 6
"""After work that took t, those who wait rest for SHARE x t: together they use at most a seventh of the process."""


STOPPING = 0.05
"""Seconds after which who rests looks whether the server stops."""


class Subscription:
    """To a sandbox by its name, whatever becomes of the sandbox."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        self.number = self.sandbox.number
        self.news = asyncio.Event()

    @property
    def sandbox(self) -> Sandbox:
        """As it is now: a reset makes it another one. Raises Unknown when it is gone."""
        if self.name not in self._engine.sandboxes:
            raise Unknown(f"there is no sandbox {self.name!r} any more")
        return self._engine.sandboxes[self.name]

    async def wait(self, moment: int | None, most: float | None) -> None:
        """Until there is news, the moment has come, or so many seconds are over; None: never."""
        ahead = None if moment is None else self.sandbox.clock.wait(moment)
        pauses = [seconds for seconds in (ahead, most) if seconds is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(pauses) if pauses else None):
                await self.news.wait()
        self.news.clear()
        self.number = self.sandbox.number


class Subscriptions:
    """Those there are, each told of what is new in its sandbox."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._subscriptions: set[Subscription] = set()
        self._free = 0.0
        engine.signals.recorded.follow(self.tell)

    @property
    def closing(self) -> bool:
        """The server stops; nobody waits any longer."""
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
        """Something of the sandbox that this key belongs to has changed."""
        for subscription in self._subscriptions:
            if subscription.number == key >> SHIFT:
                subscription.news.set()

    async def resting(self, steps: Iterable[None]) -> None:
        """Work step by step, and leave the process to others in between; not to the end where the server stops."""
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
        """After so many seconds of work, and after the work of all who came before."""
        loop = asyncio.get_running_loop()
        until = self._free = max(self._free, loop.time()) + SHARE * worked
        while (left := until - loop.time()) > 0 and not self.closing:  # noqa: ASYNC110 - nobody is told that a server stops
            await asyncio.sleep(min(left, STOPPING))
