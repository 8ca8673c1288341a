"""Records: what providers keep of their own, such as tokens and registrations."""

from msgsim.model import Json
from msgsim.storage.table import Table, decoded, encode

_NONE = object()


class Records(Table):
    name = "records"

    def find(self, sandbox: int, provider: str, kind: str, key: str) -> Json:
        row = self._database.rows(
            "records",
            "SELECT doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? AND key = ?",
            (sandbox, provider, kind, key),
        ).fetchone()
        return None if row is None else decoded(row[0])

    def all(self, sandbox: int, provider: str, kind: str) -> list[tuple[str, Json]]:
        rows = self._database.rows(
            "records",
            "SELECT key, doc FROM records WHERE sandbox = ? AND provider = ? AND kind = ? ORDER BY key",
            (sandbox, provider, kind),
        )
        return [(key, value) for key, doc in rows if (value := decoded(doc, _NONE)) is not _NONE]

    def keep(self, sandbox: int, provider: str, kind: str, key: str, value: Json) -> None:
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
