"""The tables in PostgreSQL: made once, whoever comes first, and completed where an earlier msgsim made fewer."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from msgsim.storage.store import store_at

from tests.storage.cluster import programs

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


def indexes(url: str) -> set[str]:
    """Definitions of those that stand for themselves, not for a key."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'msgsim'").fetchall()
    return {definition for (definition,) in rows if not definition.startswith("CREATE UNIQUE")}


def test_indexes_that_are_missing_are_made_at_start(url: str) -> None:
    """As in a database that was made before there were callbacks_given_up."""
    store_at(url).close()
    made = indexes(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for definition in made:
            connection.execute(f"DROP INDEX msgsim.{definition.split()[2]}".encode())
    assert indexes(url) == set()
    store_at(url).close()
    assert indexes(url) == made
    assert any("callbacks_given_up" in definition for definition in made)


def test_a_start_waits_for_nobody_who_writes(url: str) -> None:
    store_at(url).close()
    with psycopg.connect(url) as writing:
        for table in ("messages", "callbacks", "journal", "inbound"):
            writing.execute(f"LOCK TABLE msgsim.{table} IN ROW EXCLUSIVE MODE".encode())
        store_at(url).close()


def test_several_that_start_at_once_make_one_schema(url: str) -> None:
    with ThreadPoolExecutor(6) as starting:
        for store in starting.map(store_at, [url] * 6):
            store.check()
            store.close()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM msgsim.version").fetchone() == (1,)
