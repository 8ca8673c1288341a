"""Tells those who wait that something was written in a sandbox, or that a moment on its clock has come."""

import asyncio
import contextlib
from collections.abc import Iterator

from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Unknown
from msgsim.storage.store import SHIFT


class Listener:
    """One who waits: for a sandbox by its name, whatever becomes of the sandbox."""

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
            await asyncio.wait_for(self.news.wait(), min(pauses) if pauses else None)
        self.news.clear()
        self.number = self.sandbox.number


class Feed:
    """Follows the engine while somebody listens, and only then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: set[Listener] = set()

    @property
    def closing(self) -> bool:
        """The server stops; nobody waits any longer."""
        return self._engine.closing

    @contextlib.contextmanager
    def listening(self, name: str) -> Iterator[Listener]:
        """Raises Unknown."""
        listener = Listener(self._engine, name)
        if not self._listeners:
            self._engine.watchers.append(self.tell)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._engine.watchers.remove(self.tell)

    def tell(self, key: int) -> None:
        """Something of the sandbox that this key belongs to has changed."""
        for listener in self._listeners:
            if listener.number == key >> SHIFT:
                listener.news.set()
