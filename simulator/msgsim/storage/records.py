"""The table ``records``: JSON values by sandbox, provider, kind and key, such as tokens and registrations."""

from msgsim.model import Json
from msgsim.storage.database import Database
from msgsim.storage.keys import SERVER
from msgsim.storage.table import Table, decoded, encode

_NONE = object()


class Records(Table):
    name = "records"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._empty: set[tuple[int, str, str]] = set()
        """(sandbox, provider, kind) known to have no record. A cache, because every send may ask for records."""

    def find(self, sandbox: int, provider: str, kind: str, key: str) -> Json:
        if (sandbox, provider, kind) in self._empty:
            return None
        row = self._database.rows(
            "records",
            "SELECT doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        ).fetchone()
        if row is None:
            self._find_none(sandbox, provider, kind)
            return None
        return decoded(row[0])

    def _find_none(self, sandbox: int, provider: str, kind: str) -> None:
        """Remember that a kind has no records at all, after a key was not found.

        Not for the server's own records: other replicas may add some.
        """
        sql = "SELECT 1 FROM records WHERE sandbox = ? AND provider = ? AND kind = ? LIMIT 1"
        if sandbox != SERVER and self._database.rows("records", sql, (sandbox, provider, kind)).fetchone() is None:
            self._empty.add((sandbox, provider, kind))

    def forget(self) -> None:
        """Clear the cache: writes were lost, or a sandbox was taken over from another replica."""
        self._empty.clear()

    def all(self, sandbox: int, provider: str, kind: str) -> list[tuple[str, Json]]:
        rows = self._database.rows(
            "records",
            "SELECT key, doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? ORDER BY key",
            (sandbox, provider, kind),
        )
        return [(key, value) for key, doc in rows if (value := decoded(doc, _NONE)) is not _NONE]

    def keep(self, sandbox: int, provider: str, kind: str, key: str, value: Json) -> None:
        self._empty.discard((sandbox, provider, kind))
        self._database.write(
            "records",
            "INSERT INTO records (sandbox, provider, kind, key, doc) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (sandbox, provider, kind, key) DO UPDATE SET doc = excluded.doc",
            (sandbox, provider, kind, key, encode(value)),
        )

    def drop(self, sandbox: int, provider: str, kind: str, key: str) -> None:
        self._database.write(
            "records",
            "DELETE FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        )

    def drop_all(self, sandbox: int) -> None:
        self._database.write("records", "DELETE FROM records WHERE sandbox = ?", (sandbox,))
