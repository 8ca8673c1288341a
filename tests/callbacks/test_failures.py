"""A callback that cannot be read, built or posted is failed with its reason, and nobody else notices."""

import asyncio
from collections.abc import Callable

import pytest
from msgsim.model import Callback, Message

from tests.callbacks.conftest import Play
from tests.callbacks.room import Room, until

Spoil = Callable[[Room, Message, Callback], None]


def _row(room: Room, message: Message, callback: Callback) -> None:
    room.store._database.write("callbacks", "UPDATE callbacks SET doc = ? WHERE key = ?", (b"[1,", callback.key))


def _message(room: Room, message: Message, callback: Callback) -> None:
    room.store._database.write("messages", "UPDATE messages SET doc = ? WHERE key = ?", (b"{}", message.key))


def _message_gone(room: Room, message: Message, callback: Callback) -> None:
    room.store._database.write("messages", "DELETE FROM messages WHERE key = ?", (message.key,))


def _step(room: Room, message: Message, callback: Callback) -> None:
    """The step is on a channel that the message has not."""
    doc = b'[%d,"messente",%d,%d,"%s","dlr",[0,7,"ACK"]]' % (
        callback.key, callback.subject, callback.due, callback.url.encode()
    )  # fmt: skip
    room.store._database.write("callbacks", "UPDATE callbacks SET doc = ? WHERE key = ?", (doc, callback.key))


def _provider(room: Room, message: Message, callback: Callback) -> None:
    """A provider that was there when it was planned."""
    doc = b'[%d,"gone",%d,%d,"%s","dlr",[0,0,"ACK"]]' % (
        callback.key, callback.subject, callback.due, callback.url.encode()
    )  # fmt: skip
    room.store._database.write("callbacks", "UPDATE callbacks SET doc = ? WHERE key = ?", (doc, callback.key))


def _transport(room: Room, message: Message, callback: Callback) -> None:
    async def busy(posted: Callback) -> None:
        if posted.subject == message.key:
            raise RuntimeError("no such thing was foreseen")

    room.receivers.busy = busy


SPOILED: dict[str, tuple[Spoil, str]] = {
    "row": (_row, "the row cannot be read"),
    "message": (_message, "the row cannot be read"),
    "message gone": (_message_gone, "what it reports on is gone"),
    "step": (_step, "its body cannot be built: IndexError"),
    "provider": (_provider, "its body cannot be built: KeyError: 'gone'"),
    "transport": (_transport, "it cannot be posted: RuntimeError: no such thing was foreseen"),
}


@pytest.mark.parametrize("driven", [False, True], ids=["by itself", "advanced"])
@pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED)
def test_it_concerns_itself_only(play: Play, spoil: Spoil, reason: str, driven: bool) -> None:
    async def story(room: Room) -> None:
        room.engine.sandboxes.open("other", clock="real")
        bad = room.send()
        first, *_ = room.store.callbacks.of(bad.key)
        spoil(room, bad, first)
        good = [room.send(), room.send(sandbox="other")]
        room.engine.commits.now()
        if driven:
            default = room.engine.sandboxes.default
            await room.dispatcher.driver.advance(default, default.now() + 1)
        await until(lambda: not any(room.pending(sandbox.number) for sandbox in room.engine.sandboxes.values()))
        failed, other = room.store.callbacks.of(bad.key)
        assert failed.state == "failed"
        assert reason in failed.reason
        assert other.state == ("done" if spoil in (_row, _step, _provider) else "failed")
        for message in good:
            assert [callback.state for callback in room.store.callbacks.of(message.key)] == ["done", "done"]
        assert not room.dispatcher._stalled

    play(story, clock="frozen" if driven else "real")


def test_what_could_not_be_read_is_readable_after_it_failed(play: Play) -> None:
    """Else it would be due again after the next start."""

    async def story(room: Room) -> None:
        bad = room.send()
        first, _ = room.store.callbacks.of(bad.key)
        _row(room, bad, first)
        room.engine.commits.now()
        await until(lambda: not room.pending(room.engine.sandboxes.default.number))
        await asyncio.sleep(0.01)
        assert room.store.callbacks.all_due() == []

    play(story)
