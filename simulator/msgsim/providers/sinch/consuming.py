"""Consuming queries: each user gets each status once."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from msgsim.clock import EARLIEST
from msgsim.model import Message
from msgsim.plan import last
from msgsim.provider.desk import Desk

MOST_KEPT = 10_000
"""Most marks of a single time that are stored."""


class Consumed(Struct):
    """How far a user has consumed statuses: all before ``at``, and at that time those of messages up to ``key``."""

    at: int = EARLIEST
    key: int = 0
    given: list[str] = []
    """Marks of the statuses consumed at ``at`` while that was the present: further statuses could be added then."""


def unread(
    desk: Desk,
    cursor: str,
    window: tuple[int, int],
    most: int,
    sees: Callable[[Message], bool],
    look: bool = False,
) -> list[tuple[int, Message]]:
    """(time of latest status, message), by time, for up to ``most`` statuses that this caller has not consumed.

    ``cursor``: kind of the record of `Consumed`; ``window``: first and last time of the latest status; ``sees``:
    whether the caller may see a message; ``look``: do not move the cursor when nothing is found.
    """
    consumed = msgspec.convert(desk.record(cursor, desk.credential.name) or {}, Consumed)
    after = max((consumed.at, 0 if consumed.given else consumed.key), (window[0], 0))

    def fits(message: Message) -> bool:
        return sees(message) and _mark(message, desk.now) not in consumed.given

    latest, position = desk.latest(after, min(window[1], desk.now), most, fits)
    if latest or not look:
        given = consumed.given if consumed.at == desk.now else []
        given = given + [_mark(message, desk.now) for at, message in latest if at == desk.now]
        _keep(desk, cursor, position, given)
    return latest


def _keep(desk: Desk, cursor: str, position: tuple[int, int], given: list[str]) -> None:
    """Store the cursor. Marks are stored while ``at`` is the present: messages may still get statuses at this time."""
    at, key = position
    consumed = Consumed(at, key, given if at == desk.now and len(given) <= MOST_KEPT else [])
    desk.keep(cursor, desk.credential.name, msgspec.to_builtins(consumed))


def _mark(message: Message, now: int) -> str:
    """Identifies the present status of a message."""
    step = last(message, now)
    return f"{message.key} {step.status if step else ''}"
