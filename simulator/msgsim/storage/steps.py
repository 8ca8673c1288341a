"""The table ``steps``: how many statuses the messages of each block get at each time.

An index by time into the plans, which are documents. It says in which blocks something happens between two times.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec import Struct

from msgsim.model import Message
from msgsim.storage.keys import BLOCK, SHIFT
from msgsim.storage.table import Table


class Counted(Struct, frozen=True, gc=False):
    """A row: how many steps of a block's messages fall on a time."""

    at: int
    block: int
    count: int
    ends: int
    """How many plans end at that time. A plan without steps ends when it starts."""


COLUMNS = ("sandbox", "at", "block"), ("count", "ends")
"""Key and number columns, for `Database.add_up`."""


class Steps(Table):
    name = "steps"

    def add(self, messages: Sequence[Message], each: int = 1) -> None:
        """Add the steps of messages to the counts; with ``each`` = -1, subtract them."""
        rows: list[tuple[int, int, int, int, int]] = []
        for block, some in groupby(messages, _block_of):
            counts, ends = _times(some)
            sandbox = block >> (SHIFT - BLOCK)
            rows += [(sandbox, at, block, each * count, each * ends.get(at, 0)) for at, count in counts.items()]
        self._database.add_up("steps", COLUMNS, rows)

    def remove(self, message: Message) -> None:
        """Subtract the steps of a message, and delete rows whose counts are 0."""
        self.add([message], -1)
        for at in {message.start, *(step.at for step in message.steps)}:
            self._database.write(
                "steps",
                "DELETE FROM steps WHERE sandbox = ? AND at = ? AND block = ? AND count = 0 AND ends = 0",
                (message.key >> SHIFT, at, message.key >> BLOCK),
            )

    def after(self, sandbox: int, after: tuple[int, int], until: int, most: int) -> list[Counted]:
        """Up to ``most`` rows after a position (time, block) and up to the time ``until``, by time and block."""
        sql = (
            "SELECT at, block, count, ends FROM steps"
            " WHERE sandbox = ? AND (at, block) > (?, ?) AND at <= ? ORDER BY at, block LIMIT ?"
        )
        return [Counted(*row) for row in self._database.rows("steps", sql, (sandbox, *after, until, most))]

    def count(self, sandbox: int, after: int, until: int) -> int:
        """How many statuses messages get at times with ``after < at <= until``."""
        sql = "SELECT SUM(count) FROM steps WHERE sandbox = ? AND at > ? AND at <= ?"
        return self._value(sql, (sandbox, after, until)) or 0

    def time(self, sandbox: int, after: int, rows: int = 0) -> int | None:
        """The time of the first row after a time, skipping ``rows`` rows; None: there is none."""
        sql = "SELECT at FROM steps WHERE sandbox = ? AND at > ? ORDER BY at LIMIT 1 OFFSET ?"
        row = self._database.rows("steps", sql, (sandbox, after, rows)).fetchone()
        return None if row is None else int(row[0])

    def last_end(self, sandbox: int) -> int | None:
        """When the last plan of a sandbox ends; None: it has no messages."""
        return self._value("SELECT MAX(at) FROM steps WHERE sandbox = ?", (sandbox,))

    def owners(self) -> set[int]:
        """Numbers of the sandboxes with rows, closed ones included."""
        return {sandbox for (sandbox,) in self._database.rows("steps", _OWNERS)}

    def sweep(self, sandbox: int, most: int) -> int:
        """Delete up to 4 x ``most`` rows of a sandbox; return how many were deleted."""
        rows = "SELECT sandbox, at, block FROM steps WHERE sandbox = ? LIMIT ?"
        sql = f"DELETE FROM steps WHERE (sandbox, at, block) IN ({rows})"  # noqa: S608
        return self._database.write("steps", sql, (sandbox, 4 * most))


def _block_of(message: Message) -> int:
    return message.key >> BLOCK


def _times(messages: Iterable[Message]) -> tuple[dict[int, int], dict[int, int]]:
    """Time → number of steps, and time → number of plans that end; the times of the second are in the first too."""
    counts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for message in messages:
        at = message.start
        for step in message.steps:
            at = step.at
            counts[at] = counts.get(at, 0) + 1
        ends[at] = ends.get(at, 0) + 1
        counts.setdefault(at, 0)
    return counts, ends


_OWNERS = (
    "WITH RECURSIVE stepped (sandbox) AS (SELECT MIN(sandbox) FROM steps UNION ALL"
    " SELECT (SELECT MIN(sandbox) FROM steps WHERE sandbox > stepped.sandbox) FROM stepped WHERE sandbox IS NOT NULL)"
    " SELECT sandbox FROM stepped WHERE sandbox IS NOT NULL"
)
"""Sandboxes with rows, each found by one search in the primary key (a loose index scan)."""
