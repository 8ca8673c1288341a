"""Stories that play in a `tests.callbacks.room.Room`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgsim.model import Json

from tests.callbacks.room import Room

AT_ONCE = """
name: at-once
rules:
  - when: {provider: messente}
    deliver: [{after: 0ms, status: ACK}, {after: 0ms, status: DELIVRD}]
"""
Play = Callable[..., None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """``play(story, **settings)``: a coroutine function that is given a room where every status is due at once."""
    scenario = tmp_path / "at-once.yaml"
    scenario.write_text(AT_ONCE)

    def run(story: Callable[[Room], Awaitable[None]], **settings: Json) -> None:
        async def whole() -> None:
            room = Room(scenario=(str(scenario),), **settings)
            async with room:
                await story(room)
            room.store.close()

        asyncio.run(whole())

    return run
