"""The agenda never says later than the store does, whatever happens to clocks, plans, sandboxes and receivers."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from msgsim.callbacks.agenda import Moments
from msgsim.engine import actions
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Message
from msgsim.storage.database import StoreError
from msgsim.storage.keys import EVER, host

from tests.callbacks.room import Room, until

URLS = [f"http://127.0.0.1:{port}/" for port in (1, 2, 3)]
NAMES = ["default", "a", "b"]
SECOND = 1000
urls, names = st.sampled_from(URLS), st.sampled_from(NAMES)


class Life(RuleBasedStateMachine):
    """Clocks stand still but in `runs`, so that nothing depends on how fast this machine is."""

    messages = Bundle("messages")

    @initialize()
    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.room = self.made()
        for name in NAMES[1:]:
            self.room.engine.sandboxes.open(name)

    def made(self) -> Room:
        return Room(
            Path(self.folder.name) / "store.db",
            clock="frozen@2026-01-01T00:00:00Z",
            providers={"messente": {"retries": ["1s", "5s"]}},
            callback_connections=5,
            callback_connections_per_host=2,
        )

    def play(self, story: Any) -> Any:
        return self.loop.run_until_complete(story)

    def sandbox(self, name: str) -> Sandbox:
        return self.room.engine.sandboxes[name]

    def commit(self) -> None:
        async def durable() -> None:
            await self.room.engine.commits.durable()

        self.play(durable())

    @rule(target=messages, url=urls, name=names)
    def send(self, url: str, name: str) -> tuple[str, str]:
        message = self.room.send(url, name)
        self.commit()
        return name, message.id

    @rule(url=urls, name=names)
    def lose(self, url: str, name: str) -> None:
        """A send whose commit fails."""
        self.room.send(url, name)
        self.room.store.records.keep(1, "messente", "name", "\ud800", 1)
        with pytest.raises(StoreError, match="surrogates"):
            self.commit()

    @rule(name=names, seconds=st.sampled_from([0, 0.3, 1, 2, 7, 60]))
    def advance(self, name: str, seconds: float) -> None:
        sandbox = self.sandbox(name)
        to = sandbox.now() + round(seconds * SECOND)
        self.play(self.room.dispatcher.driver.advance(sandbox, to))
        assert [callback for callback in self.room.pending(sandbox.number) if callback.due <= to] == []

    @rule(name=names)
    def idle(self, name: str) -> None:
        self.play(self.room.dispatcher.driver.idle(self.sandbox(name)))
        assert self.room.pending(self.sandbox(name).number) == []

    @rule(name=names, seconds=st.integers(1, 100))
    def set_back(self, name: str, seconds: int) -> None:
        sandbox = self.sandbox(name)
        sandbox.clock = sandbox.clock.moved(sandbox.now() - seconds * SECOND)
        sandbox.save(self.room.store)
        self.commit()

    @rule(name=names, seconds=st.sampled_from([0, 1, 6]))
    def runs(self, name: str, seconds: int) -> None:
        """The dispatcher posts by itself what is due until some time, while all clocks run a million times too fast."""
        sandbox = self.sandbox(name)
        to = sandbox.now() + seconds * SECOND

        async def story() -> None:
            async with self.room:
                for each in self.room.engine.sandboxes.values():
                    each.clock = each.clock.running(1_000_000)
                    each.save(self.room.store)
                await self.room.engine.commits.durable()
                await until(
                    lambda: (
                        sandbox.now() >= to and all(callback.due > to for callback in self.room.pending(sandbox.number))
                    )
                )

        self.play(story())
        self.restart()
        for each in self.room.engine.sandboxes.values():
            each.clock = each.clock.running(0)
            each.save(self.room.store)
        self.commit()

    @rule(message=messages, word=st.sampled_from(["delivered", "failed"]))
    def force(self, message: tuple[str, str], word: str) -> None:
        if (found := self.found(message)) is not None:
            actions.force(self.room.engine, self.sandbox(message[0]), found, word)
            self.commit()

    @rule(message=messages)
    def cancel(self, message: tuple[str, str]) -> None:
        found = self.found(message)
        if found is not None and found.steps[-1].at > self.sandbox(message[0]).now():
            actions.cancel(self.room.engine, self.sandbox(message[0]), found)
            self.commit()

    @rule(message=messages)
    def replay(self, message: tuple[str, str]) -> None:
        if (found := self.found(message)) is not None:
            for callback in self.room.store.callbacks.of(found.key)[:1]:
                actions.replay(self.room.engine, callback)
                self.commit()

    def found(self, message: tuple[str, str]) -> Message | None:
        return self.room.store.messages.by_id(self.sandbox(message[0]).number, message[1])

    @rule(name=names)
    def reset(self, name: str) -> None:
        self.room.engine.sandboxes.reset(self.sandbox(name))
        self.commit()

    @rule(name=st.sampled_from(NAMES[1:]))
    def made_again(self, name: str) -> None:
        self.room.engine.sandboxes.close(self.sandbox(name))
        self.room.engine.sandboxes.open(name)
        self.commit()

    @rule(url=urls, fails=st.booleans())
    def receiver(self, url: str, fails: bool) -> None:
        (self.room.receivers.failing.add if fails else self.room.receivers.failing.discard)(url)

    @rule()
    def restart(self) -> None:
        failing = self.room.receivers.failing
        self.play(self.room.dispatcher.close())
        self.room.store.close()
        self.room = self.made()
        self.room.receivers.failing = failing

    @invariant()
    def never_late(self) -> None:
        for name in NAMES:
            number = self.sandbox(name).number
            noted = self.room.dispatcher._agenda._sandboxes.get(number, Moments())
            for callback in self.room.pending(number):
                bound = noted.get(host(callback.url))
                assert bound is not None, f"nothing is noted for {callback.url} in {name}"
                assert EVER <= bound <= callback.due
        noted_for = self.room.dispatcher._agenda._sandboxes.keys()
        assert noted_for <= self.room.engine.sandboxes.numbered.keys(), "what is gone is forgotten"

    def teardown(self) -> None:
        if hasattr(self, "room"):
            self.play(self.room.dispatcher.close())
            self.room.store.close()
            self.loop.close()
            self.folder.cleanup()


Life.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLife = Life.TestCase
