"""How long exports are sent."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator
from typing import Any

from msgsim.web.control.exports import CHUNK, Export

MANY = 1000


class Held:
    """Something that an export has at hand."""


def test_an_export_lets_go_of_everything_when_its_client_leaves() -> None:
    """At once: the garbage collector of a server comes by seldom."""
    gc.disable()
    try:
        held, sent = asyncio.run(_cut())
    finally:
        gc.enable()
    assert held == [False] * len(held)
    assert 1 < len(held) < MANY
    assert sent[-1]["more_body"]


async def _cut() -> tuple[list[bool], list[dict[str, Any]]]:
    """Whether each thing is held still, and what was sent to a client that leaves after two parts."""
    held: list[weakref.ref[Held]] = []
    left = asyncio.Event()
    sent: list[dict[str, Any]] = []

    async def parts() -> AsyncGenerator[bytes, None]:
        for _ in range(MANY):
            one = Held()
            held.append(weakref.ref(one))
            yield b"x" * (CHUNK + 1)

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            left.set()
        await asyncio.sleep(0)

    await Export(parts(), "text/plain")({"type": "http"}, receive, send)
    return [one() is not None for one in held], sent


def test_an_export_is_whole_where_nobody_leaves() -> None:
    sent: list[Any] = []

    async def parts() -> AsyncGenerator[bytes, None]:
        for number in range(MANY):
            yield b"%d," % number

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return await asyncio.Future()

    asyncio.run(Export(parts(), "text/plain")({"type": "http"}, receive, send))
    assert b"".join(message.get("body", b"") for message in sent) == b"".join(b"%d," % number for number in range(MANY))
    assert [message.get("more_body", False) for message in sent][-1] is False
