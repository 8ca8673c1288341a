"""The table ``inbound``: messages from phones to the application (MO)."""

from collections.abc import Iterator
from itertools import starmap

import msgspec

from msgsim.model import Inbound, Json
from msgsim.storage import unreadable
from msgsim.storage.keys import EVER, FROM_PHONES, NEVER, PIECE, bare, between
from msgsim.storage.table import Keyed, encode

_decode = msgspec.json.Decoder(Inbound).decode


class InboundMessages(Keyed):
    name = "inbound"

    def add(self, inbound: Inbound) -> None:
        row = (inbound.key, inbound.provider, bare(inbound.sender), inbound.at, encode(inbound))
        self._database.insert("inbound", [row])

    def earliest(
        self, sandbox: int, provider: str = "", since: int = EVER, key: int = 0, until: int = NEVER
    ) -> Iterator[Inbound]:
        """In order of time: those after the time ``since`` and up to ``until``; fetched and decoded lazily.

        ``key``: also those at ``since`` with a higher key; 0: none at ``since``.
        """
        where = "key >> 40 = ? AND (at, key) > (?, ?) AND at <= ?" + (" AND provider = ?" if provider else "")
        sql = f"SELECT at, key, doc FROM inbound WHERE {where} ORDER BY at, key LIMIT {PIECE}"  # noqa: S608
        return self._by_time(sql, sandbox, (since, key or NEVER), (until, *([provider] if provider else [])))

    def latest(self, sandbox: int, since: int = EVER, until: int = NEVER, sender: str = "") -> Iterator[Inbound]:
        """In reverse order of time: those from ``until`` back to ``since``; fetched and decoded lazily.

        ``sender`` matches with and without a leading plus.
        """
        where = "key >> 40 = ? AND (at, key) < (?, ?) AND at >= ?" + (" AND sender = ?" if sender else "")
        sql = f"SELECT at, key, doc FROM inbound WHERE {where} ORDER BY at DESC, key DESC LIMIT {PIECE}"  # noqa: S608
        return self._by_time(sql, sandbox, (until, NEVER), (since, *([bare(sender)] if sender else [])))

    def _by_time(self, sql: str, sandbox: int, start: tuple[int, int], more: tuple[Json, ...]) -> Iterator[Inbound]:
        """Run a query again and again, each time from the last time and key on."""
        while rows := self._database.rows("inbound", sql, [sandbox, *start, *more]).fetchall():
            start = rows[-1][:2]
            for _, key, doc in rows:
                yield self._inbound(key, doc)

    def between(self, sandbox: int, low: int, high: int, provider: str = "") -> Iterator[Inbound]:
        """Those with numbers from ``low`` to ``high``, oldest first; rows are fetched at once and decoded lazily."""
        where, values = between(sandbox, FROM_PHONES + low, FROM_PHONES + high, provider=provider)
        sql = f"SELECT key, doc FROM inbound WHERE {where} ORDER BY key"  # noqa: S608
        return starmap(self._inbound, self._database.rows("inbound", sql, values).fetchall())

    def count(self, sandbox: int, low: int, high: int, provider: str = "") -> int:
        where, values = between(sandbox, FROM_PHONES + low, FROM_PHONES + high, provider=provider)
        return self._value(f"SELECT COUNT(*) FROM inbound WHERE {where}", values) or 0  # noqa: S608

    def by_key(self, key: int) -> Inbound | None:
        return self._find(self._inbound, "key = ?", (key,))

    def _inbound(self, key: int, doc: bytes) -> Inbound:
        try:
            return _decode(doc)
        except unreadable.ERRORS as error:
            return unreadable.inbound(error, key, *self._columns("provider, at", key))
