"""The table ``sandboxes``."""

from msgspec import Struct

from msgsim.model import Json
from msgsim.storage.database import Database
from msgsim.storage.table import Table, decoded, encode


class SandboxRow(Struct):
    """A row; ``doc`` is `msgsim.engine.sandbox.Saved` as JSON."""

    number: int
    name: str
    doc: dict[str, Json]


class SandboxTable(Table):
    name = "sandboxes"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.saved: set[int] = set()
        self.dropped: set[int] = set()
        """Numbers of the sandboxes saved and of those dropped since the last commit."""

    def all(self) -> list[SandboxRow]:
        rows = self._database.rows("sandboxes", "SELECT number, name, doc FROM sandboxes ORDER BY number")
        return [_row(*row) for row in rows]

    def named(self, name: str) -> SandboxRow | None:
        found = self._database.rows("sandboxes", "SELECT number, name, doc FROM sandboxes WHERE name = ?", (name,))
        row = found.fetchone()
        return None if row is None else _row(*row)

    def highest(self) -> int:
        """The highest number of a sandbox; 0: there is none."""
        return self._value("SELECT MAX(number) FROM sandboxes") or 0

    def keep(self, row: SandboxRow) -> None:
        self._database.write("sandboxes", "DELETE FROM sandboxes WHERE name = ?", (row.name,))
        self._database.write(
            "sandboxes",
            "INSERT INTO sandboxes (number, name, doc) VALUES (?, ?, ?)",
            (row.number, row.name, encode(row.doc)),
        )
        self.saved.add(row.number)

    def drop(self, number: int) -> None:
        self._database.write("sandboxes", "DELETE FROM sandboxes WHERE number = ?", (number,))
        self.dropped.add(number)


def _row(number: int, name: str, doc: bytes) -> SandboxRow:
    said = decoded(doc)
    return SandboxRow(number, name, said if isinstance(said, dict) else {})
