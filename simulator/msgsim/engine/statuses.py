"""Reads statuses in order of time, a bounded number of rows at a time, so that the event loop never waits long."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgsim.model import Message, Step
from msgsim.plan import last
from msgsim.storage.keys import BLOCK, NEVER
from msgsim.storage.store import Store

BLOCKS = 8
"""Blocks of messages decoded for one piece: a few milliseconds of work."""
ROWS = 256
"""Rows of the table of steps read at once."""
COUNTED = 20_000
"""Rows of the table of steps added up at once."""
MOST_BLOCKS, MOST_ROWS, MOST_UNFINISHED = 16, 20_480, 5_000
"""Limits of one call of `latest`: the event loop serves no other request during it."""
Position = tuple[int, int]
"""A place in the order of `latest`: a time, and the key of a message that changed at that time."""


class Reached(NamedTuple):
    """A message that gets a status at a time."""

    at: int
    message: Message
    step: Step


def reached(store: Store, sandbox: int, after: int, until: int) -> Iterator[list[Reached]]:
    """The steps with ``after < at <= until``, in order of time and acceptance, in lists of bounded size.

    A caller may let others run between two lists.
    """
    behind = (after, NEVER)
    while rows := store.steps.after(sandbox, behind, until, ROWS):
        blocks: dict[int, dict[int, list[Reached]]] = {}
        piece: list[Reached] = []
        for row in rows:
            if row.block not in blocks:
                if len(blocks) == BLOCKS:
                    break
                blocks[row.block] = _by_time(store.messages.block(row.block))
            piece += blocks[row.block].get(row.at, ())
            behind = (row.at, row.block)
        yield piece


def _by_time(messages: list[Message]) -> dict[int, list[Reached]]:
    found: dict[int, list[Reached]] = {}
    for message in messages:
        for step in message.steps:
            found.setdefault(step.at, []).append(Reached(step.at, message, step))
    return found


def count(store: Store, sandbox: int, after: int, until: int) -> Iterator[int]:
    """Numbers whose sum is the number of steps with ``after < at <= until``; each takes bounded work."""
    while after < until:
        further = store.steps.time(sandbox, after, COUNTED)
        end = until if further is None else min(further, until)
        yield store.steps.count(sandbox, after, end)
        after = end


def latest(
    store: Store, sandbox: int, after: Position, until: int, now: int, most: int, fits: Callable[[Message], bool]
) -> tuple[list[tuple[int, Message]], Position]:
    """Messages by the times of their latest statuses as of ``now``: the first ``most`` that fit after a position.

    The second value is the position up to which messages were read. It may be before ``until`` although fewer than
    ``most`` messages were found, because no call reads more than MOST_BLOCKS and MOST_ROWS.
    """
    unfinished = _unfinished(store, sandbox, now)
    blocks: dict[int, dict[int, list[Message]]] = {}
    found: list[tuple[int, Message]] = []
    behind, looked = (after[0], (after[1] >> BLOCK) - 1), after
    for _ in range(MOST_ROWS // ROWS):
        rows = store.steps.after(sandbox, behind, until, ROWS)
        for row in rows:
            if row.ends or unfinished is None or row.block in unfinished:
                if row.block not in blocks:
                    if len(blocks) == MOST_BLOCKS:
                        return found, looked
                    blocks[row.block] = _by_latest(store.messages.block(row.block), now)
                for message in blocks[row.block].get(row.at, ()):
                    if (row.at, message.key) > after and fits(message):
                        found.append((row.at, message))
                        if len(found) == most:
                            return found, (row.at, message.key)
            behind, looked = (row.at, row.block), max(after, (row.at, (row.block + 1 << BLOCK) - 1))
        if len(rows) < ROWS:
            # A status at ``until`` itself that is not stored yet will be found by the next call.
            return found, max(after, (until, 0), *((at, message.key) for at, message in found[-1:]))
    return found, looked


def _unfinished(store: Store, sandbox: int, now: int) -> set[int] | None:
    """Blocks with plans that go on after ``now``; None: too many to list."""
    ahead = store.steps.after(sandbox, (now, NEVER), NEVER, MOST_UNFINISHED)
    return None if len(ahead) == MOST_UNFINISHED else {row.block for row in ahead}


def _by_latest(messages: list[Message], now: int) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = {}
    for message in messages:
        if (step := last(message, now)) is not None:
            found.setdefault(step.at, []).append(message)
    return found
