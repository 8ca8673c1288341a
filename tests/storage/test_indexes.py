"""SQLite answers what pages and waits ask for out of its indexes: the work does not grow with the table."""

from collections.abc import Callable
from typing import Any

import pytest
from msgsim.storage.store import Store, store_in

QUESTIONS: dict[str, Callable[[Store], Any]] = {
    "messages to a recipient": lambda store: list(store.messages.between(1, 1, 9000, to="+37255500001")),
    "how many messages recipients have": lambda store: store.messages.recipients(1, 1, 9000, only=["37255500001"]),
    "callbacks of a message": lambda store: store.callbacks.of(1),
    "callbacks that were given up": lambda store: list(store.callbacks.between(1, 1, 9000, state="failed")),
    "how many callbacks fail": lambda store: store.callbacks.failing(1, 100),
    "callbacks that are due": lambda store: list(store.callbacks.due(1, "app.example.com", 0)),
    "attempts at a callback": lambda store: store.journal.attempts(1),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_table_and_no_index_is_gone_through(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(None)
    database: Any = store._database
    ask = database.rows
    plans: list[str] = []

    def rows(table: str, sql: str, values: Any = ()) -> Any:
        plans.extend(row[3] for row in ask(table, f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
        return ask(table, sql, values)

    monkeypatch.setattr(database, "rows", rows)
    QUESTIONS[name](store)
    tables = ("messages", "callbacks", "journal", "inbound")
    assert [step for step in plans if step.startswith("SCAN") and step.split()[1] in tables] == []
    assert any(step.startswith("SEARCH") for step in plans)
    store.close()
