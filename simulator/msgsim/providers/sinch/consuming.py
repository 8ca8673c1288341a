"""Queries that give nothing twice: statuses that a user was not told before."""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from msgsim.clock import EARLIEST
from msgsim.model import Message
from msgsim.plan import last
from msgsim.provider import Desk

MOST_KEPT = 10_000
"""Marks of one moment that are kept."""


class Consumed(Struct):
    """Up to where a user was given statuses: all before a time, and at that time those of keys up to one."""

    at: int = EARLIEST
    key: int = 0
    given: list[str] = []
    """What was given of that time while it was still now; empty: nothing is added to it any more."""


def unread(
    desk: Desk,
    cursor: str,
    window: tuple[int, int],
    most: int,
    sees: Callable[[Message], bool],
    look: bool = False,
) -> list[tuple[int, Message]]:
    """Messages with the times of their latest statuses, in the order they came, that this caller was not given.

    ``cursor``: kind of the record that says up to where it was; ``window``: of the latest status; ``look``: where
    nothing is found it is not written down that there was nothing.
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
    """Messages may get another status at the very time that is now: so long it is kept which were given."""
    at, key = position
    consumed = Consumed(at, key, given if at == desk.now and len(given) <= MOST_KEPT else [])
    desk.keep(cursor, desk.credential.name, msgspec.to_builtins(consumed))


def _mark(message: Message, now: int) -> str:
    step = last(message, now)
    return f"{message.key} {step.status if step else ''}"
