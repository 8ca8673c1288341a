"""How many statuses fall on which time, block by block of messages."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec import Struct

from msgsim.model import Message
from msgsim.storage.keys import BLOCK, SHIFT
from msgsim.storage.table import Table


class Counted(Struct, frozen=True, gc=False):
    """How many steps of a block of messages fall on a time."""

    at: int
    block: int
    count: int
    ends: int
    """How many plans are over then. One without any step is over when it starts."""


COLUMNS = ("sandbox", "at", "block"), ("count", "ends")


class Steps(Table):
    name = "steps"

    def add(self, messages: Sequence[Message], each: int = 1) -> None:
        """Count the steps of messages in; out, with -1 for ``each``."""
        rows: list[tuple[int, int, int, int, int]] = []
        for block, some in groupby(messages, _block_of):
            counts, ends = _times(some)
            sandbox = block >> (SHIFT - BLOCK)
            rows += [(sandbox, at, block, each * count, each * ends.get(at, 0)) for at, count in counts.items()]
        self._database.add_up("steps", COLUMNS, rows)

    def remove(self, message: Message) -> None:
        """Count its steps out; what is none any more goes."""
        self.add([message], -1)
        for at in {message.start, *(step.at for step in message.steps)}:
            self._database.write(
                "steps",
                "DELETE FROM steps WHERE sandbox = ? AND at = ? AND block = ? AND count = 0 AND ends = 0",
                (message.key >> SHIFT, at, message.key >> BLOCK),
            )

    def after(self, sandbox: int, after: tuple[int, int], until: int, most: int) -> list[Counted]:
        """In order of time and block, those behind a time and block, at most ``until`` a time."""
        sql = (
            "SELECT at, block, count, ends FROM steps"
            " WHERE sandbox = ? AND (at, block) > (?, ?) AND at <= ? ORDER BY at, block LIMIT ?"
        )
        return [Counted(*row) for row in self._database.rows("steps", sql, (sandbox, *after, until, most))]

    def count(self, sandbox: int, after: int, until: int) -> int:
        """How many statuses messages get after a time and until another."""
        sql = "SELECT SUM(count) FROM steps WHERE sandbox = ? AND at > ? AND at <= ?"
        return self._value(sql, (sandbox, after, until)) or 0

    def time(self, sandbox: int, after: int, rows: int = 0) -> int | None:
        """The first time after a time at which messages get statuses; of so many rows later; None: there is none."""
        sql = "SELECT at FROM steps WHERE sandbox = ? AND at > ? ORDER BY at LIMIT 1 OFFSET ?"
        row = self._database.rows("steps", sql, (sandbox, after, rows)).fetchone()
        return None if row is None else int(row[0])

    def last_end(self, sandbox: int) -> int | None:
        """When the last plan of a sandbox is over."""
        return self._value("SELECT MAX(at) FROM steps WHERE sandbox = ?", (sandbox,))

    def owners(self) -> set[int]:
        """Numbers of the sandboxes that have rows."""
        return {sandbox for (sandbox,) in self._database.rows("steps", _OWNERS)}

    def sweep(self, sandbox: int, most: int) -> int:
        """Remove rows of a sandbox; how many."""
        rows = "SELECT sandbox, at, block FROM steps WHERE sandbox = ? LIMIT ?"
        sql = f"DELETE FROM steps WHERE (sandbox, at, block) IN ({rows})"  # noqa: S608
        return self._database.write("steps", sql, (sandbox, 4 * most))


def _block_of(message: Message) -> int:
    return message.key >> BLOCK


def _times(messages: Iterable[Message]) -> tuple[dict[int, int], dict[int, int]]:
    """How many steps fall on each time, and how many plans end then; an end is always among the times."""
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
"""Sandboxes with rows in ``steps``, each found by one look into its key."""
