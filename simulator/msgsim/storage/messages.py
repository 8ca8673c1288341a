"""The table ``messages``: accepted messages with their plans."""

from collections.abc import Collection, Iterator, Sequence
from itertools import starmap

import msgspec

from msgsim.model import Json, Message
from msgsim.storage import unreadable
from msgsim.storage.changes import Rewritten
from msgsim.storage.database import Database
from msgsim.storage.keys import BLOCK, NUMBERS, PIECE, SPAN, bare, first, last, order
from msgsim.storage.steps import Steps
from msgsim.storage.table import Keyed, encode

_decode = msgspec.json.Decoder(Message).decode


class Messages(Keyed):
    name = "messages"

    def __init__(self, database: Database, steps: Steps) -> None:
        super().__init__(database)
        self._steps = steps
        self.rewritten = Rewritten()

    def add(self, messages: Sequence[Message]) -> None:
        self._database.insert(
            "messages",
            [
                (
                    message.key,
                    message.id,
                    message.provider,
                    message.to,
                    _others(message),
                    message.reference or None,
                    encode(message),
                )
                for message in messages
            ],
        )
        self._steps.add(messages)

    def rewrite(self, message: Message) -> None:
        """Replace a message whose plan was cut."""
        before = self.by_key(message.key)
        self._database.write("messages", "UPDATE messages SET doc = ? WHERE key = ?", (encode(message), message.key))
        self._steps.add([message])
        if before is not None:
            self._steps.remove(before)
        self.rewritten.add(message.key)

    def by_id(self, sandbox: int, id: str) -> Message | None:
        return self._find(
            self._message,
            "id = ? AND key BETWEEN ? AND ?",
            (id, first(sandbox), last(sandbox)),
        )

    def near(self, sandbox: int, start: str, end: str) -> Message | None:
        """A message whose id is in ``[start, end)``: the ids of a message's channels begin like its own."""
        return self._find(
            self._message,
            "id >= ? AND id < ? AND key BETWEEN ? AND ?",
            (start, end, first(sandbox), last(sandbox)),
        )

    def referred(self, sandbox: int, reference: str) -> Iterator[Message]:
        """Messages with a reference (an id given by the client), newest first; fetched and decoded lazily."""
        key = last(sandbox) + 1
        sql = (
            f"SELECT key, doc FROM messages WHERE reference = ? AND key BETWEEN ? AND ? ORDER BY key DESC LIMIT {PIECE}"  # noqa: S608
        )
        while rows := self._database.rows("messages", sql, (reference, first(sandbox), key - 1)).fetchall():
            for key, doc in rows:
                yield self._message(key, doc)

    def by_key(self, key: int) -> Message | None:
        return self._find(self._message, "key = ?", (key,))

    def newest(
        self, sandbox: int, provider: str = "", to: str = "", before: int = 0, limit: int = 1_000_000
    ) -> Iterator[Message]:
        """Messages with numbers below ``before`` (0: all), newest first.

        ``provider``, ``to``: empty: all; ``to`` matches with and without a leading plus.
        """
        lowest, high = self.bounds(sandbox)
        high = before - 1 if before else high
        while high >= lowest:
            low = max(lowest, high + 1 - (SPAN if to else PIECE))
            for message in self.between(sandbox, low, high, provider, to, newest_first=True):
                if limit <= 0:
                    return
                limit -= 1
                yield message
            high = low - 1

    def later(self, sandbox: int, to: str, after: int) -> Iterator[Message]:
        """Messages to a recipient with numbers above ``after``, oldest first; ``to`` matches with and without plus."""
        _, highest = self.bounds(sandbox)
        for low in range(after + 1, highest + 1, SPAN):
            yield from self.between(sandbox, low, low + SPAN - 1, to=to)

    def between(
        self,
        sandbox: int,
        low: int,
        high: int,
        provider: str = "",
        to: str = "",
        written: str = "",
        others: bool = False,
        newest_first: bool = False,
    ) -> Iterator[Message]:
        """Messages with numbers from ``low`` to ``high``; rows are fetched at once and decoded lazily.

        ``to``: matches with and without a leading plus; with ``others`` also part of a recipient of a single channel.
        ``written``: occurs in the row's document, ignoring the case of ASCII letters; without ``%`` and ``_``.
        """
        low, high = first(sandbox) + low, first(sandbox) + high
        where: list[str] = ["key BETWEEN ? AND ?"]
        values: list[Json] = [low, high]
        if provider:
            where.append("provider = ?")
            values.append(provider)
        if written:
            where.append(self._database.written)
            values.append(f"%{written}%")
        if to:
            blocks = low >> BLOCK, high >> BLOCK
            where.append(f"key IN ({_TO}{_TO_ONE_CHANNEL if others else ''})")
            values += [*blocks, bare(to), f"+{bare(to)}", *((*blocks, bare(to)) if others else ())]
        conditions = " AND ".join(where)
        sql = f"SELECT key, doc FROM messages WHERE {conditions} ORDER BY key{order(newest_first)}"  # noqa: S608
        return starmap(self._message, self._database.rows("messages", sql, values).fetchall())

    def block(self, block: int) -> list[Message]:
        """The messages of one block, oldest first."""
        sql = "SELECT key, doc FROM messages WHERE key BETWEEN ? AND ? ORDER BY key"
        rows = self._database.rows("messages", sql, (block << BLOCK, (block + 1 << BLOCK) - 1)).fetchall()
        return list(starmap(self._message, rows))

    def count(self, sandbox: int, low: int = 0, high: int = NUMBERS, provider: str = "") -> int:
        """How many messages have numbers from ``low`` to ``high``."""
        least, most = first(sandbox) + low, first(sandbox) + high
        if provider:
            sql = "SELECT COUNT(*) FROM messages WHERE key BETWEEN ? AND ? AND provider = ?"
            return self._value(sql, (least, most, provider)) or 0
        sql = "SELECT COUNT(*) FROM messages WHERE key >> 9 BETWEEN ? AND ? AND key BETWEEN ? AND ?"
        return self._value(sql, (least >> BLOCK, most >> BLOCK, least, most)) or 0

    def recipients(self, sandbox: int, low: int, high: int, only: Collection[str] = ()) -> list[tuple[str, int, int]]:
        """(recipient without plus, newest key, count) of the messages with numbers from ``low`` to ``high``.

        ``only``: recipients without plus to report; empty: all.
        """
        least, most = first(sandbox) + low, first(sandbox) + high
        where = "key >> 9 BETWEEN ? AND ? AND key BETWEEN ? AND ?"
        values: list[Json] = [least >> BLOCK, most >> BLOCK, least, most]
        if only:
            names = [*only, *(f"+{who}" for who in only)]
            where, values = f"{where} AND recipient IN ({', '.join('?' * len(names))})", [*values, *names]
        sql = f"SELECT recipient, MAX(key), COUNT(*) FROM messages WHERE {where} GROUP BY recipient"  # noqa: S608
        found: dict[str, tuple[int, int]] = {}
        for recipient, newest, count in self._database.rows("messages", sql, values):
            key, others = found.get(bare(recipient), (0, 0))
            found[bare(recipient)] = (max(key, newest), others + count)
        return [(who, newest, count) for who, (newest, count) in found.items()]

    def _message(self, key: int, doc: bytes) -> Message:
        try:
            return _decode(doc)
        except unreadable.ERRORS as error:
            return unreadable.message(error, key, *self._columns("id, provider, recipient", key))


def _others(message: Message) -> str | None:
    """Recipients of channels that differ from the message's, one per line; None: there are none."""
    others = None
    for channel in message.channels:
        if channel.to and channel.to != message.to:
            others = bare(channel.to) if others is None else f"{others}\n{bare(channel.to)}"
    return others


_TO = (
    "WITH RECURSIVE blocks (block) AS"
    " (SELECT CAST(? AS BIGINT) UNION ALL SELECT block + 1 FROM blocks WHERE block < ?)"
    " SELECT key FROM blocks CROSS JOIN messages WHERE key >> 9 = +block AND recipient IN (?, ?)"
)
"""Keys of messages to a recipient, by an index search in each block.

``+block`` removes the column's affinity, as the indexed expression has none: otherwise SQLite scans the whole index.
"""
_TO_ONE_CHANNEL = (
    " UNION ALL SELECT key FROM messages WHERE key >> 9 BETWEEN ? AND ? AND others IS NOT NULL AND INSTR(others, ?) > 0"
)
