"""What the dispatcher starts, and when."""

import asyncio

from msgsim.model import Callback

from tests.callbacks.conftest import Play
from tests.callbacks.room import Room, turns, until


def test_nothing_leaves_before_the_send_that_owes_it_is_committed(play: Play) -> None:
    async def story(room: Room) -> None:
        await turns()
        room.send()
        await turns()
        assert room.receivers.posted == []
        room.engine.commits.now()
        await until(lambda: len(room.receivers.posted) == 2)

    play(story)


def test_nor_where_the_dispatcher_looks_for_another_reason(play: Play) -> None:
    """An attempt ends between a send and its commit: what is due then is in the store, and not durable."""

    async def story(room: Room) -> None:
        ended = asyncio.Event()

        async def busy(callback: Callback) -> None:
            await ended.wait()

        room.receivers.busy = busy
        first = room.send()
        room.engine.commits.now()
        await until(lambda: len(room.receivers.posted) == 1)
        second = room.send()
        ended.set()
        await turns(6)
        assert {callback.subject for callback in room.receivers.posted} == {first.key}
        room.engine.commits.now()
        await until(lambda: len(room.receivers.posted) == 4)
        assert {callback.subject for callback in room.receivers.posted} == {first.key, second.key}

    play(story)


def test_what_a_lost_commit_owed_is_never_posted(play: Play) -> None:
    async def story(room: Room) -> None:
        await turns()
        room.send()
        room.store.records.keep(1, "messente", "name", "\ud800", 1)
        room.engine.commits.then(lambda error: None)
        await turns()
        assert room.receivers.posted == []
        assert room.store.callbacks.first_due(room.engine.sandboxes.default.number) is None

    play(story)
