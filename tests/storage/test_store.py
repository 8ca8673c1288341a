"""A store keeps all of a transaction or nothing, says which, and is one server's."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgsim.model import Inbound, Json
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store, store_in
from msgspec.structs import replace

MO = Inbound(1, "id", "messente", "+1", "+2", "hello", 0)


@pytest.fixture
def memory() -> Iterator[Store]:
    store = store_in(None)
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.mark.parametrize(
    ("written", "reason"),
    [([MO, MO], "memory: UNIQUE constraint failed: inbound.key"), ([replace(MO, at=1 << 63)], "memory: .*too large")],
    ids=["a key twice", "a number that no row can hold"],
)
def test_one_failed_write_takes_the_whole_transaction_with_it(
    memory: Store, written: list[Inbound], reason: str
) -> None:
    memory.records.keep(1, "messente", "kept", "", 1)
    for inbound in written:
        memory.inbound.add(inbound)
    with pytest.raises(StoreError, match=reason):
        memory.commit()
    memory.commit()
    assert memory.inbound.by_key(1) is None
    assert memory.records.find(1, "messente", "kept", "") is None
    memory.inbound.add(MO)
    memory.commit()
    assert memory.inbound.by_key(1) == MO


@pytest.mark.parametrize("read_between", [False, True])
def test_what_is_written_after_a_failed_write_is_lost_with_it(memory: Store, read_between: bool) -> None:
    """Whoever wrote it is given the same error: to keep it would be to keep what was refused."""
    memory.records.keep(1, "messente", "name", "\ud800", 1)
    memory.inbound.add(MO)
    memory.records.keep(1, "messente", "other", "", 1)
    if read_between:
        assert memory.inbound.by_key(1) is None
    with pytest.raises(StoreError, match="surrogates not allowed"):
        memory.commit()
    memory.commit()
    assert memory.inbound.by_key(1) is None
    assert memory.records.find(1, "messente", "other", "") is None


def _deleted(path: Path) -> None:
    path.unlink()


def _moved(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def _replaced(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"somebody else's")


def _without_its_wal(path: Path) -> None:
    path.with_name("store.db-wal").unlink()


def _without_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("gone"))


@pytest.mark.parametrize("lose", [_deleted, _moved, _replaced, _without_its_wal, _without_its_folder])
def test_a_file_that_is_gone_is_an_error_at_the_next_commit_and_at_each_after_it(tmp_path: Path, lose: Json) -> None:
    path = tmp_path / "folder" / "store.db"
    store = store_in(path)
    lose(path)
    for key in (1, 2):
        store.inbound.add(replace(MO, key=key))
        with pytest.raises(StoreError, match="was deleted or replaced while msgsim used it; restart msgsim"):
            store.commit()
    store.close()


@pytest.mark.parametrize("name", [Path.symlink_to, Path.hardlink_to], ids=["symbolic link", "hard link"])
def test_a_store_is_one_servers_by_any_of_its_names(path: Path, name: Json) -> None:
    store = store_in(path)
    link = path.with_name("link.db")
    name(link, path)
    for other in (path, link):
        with pytest.raises(StoreError, match="another msgsim uses it"):
            store_in(other)
    store.inbound.add(MO)
    store.commit()
    store.close()
    again = store_in(path)
    assert again.inbound.by_key(1) == MO
    again.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_store_is_one_servers_in_a_bind_mount_too(path: Path) -> None:
    store = store_in(path)
    mounted = path.with_name("mounted.db")
    mounted.touch()
    if os.system(f"mount --bind {path} {mounted} 2>/dev/null") != 0:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(StoreError, match="another msgsim uses it"):
            store_in(mounted)
    finally:
        store.close()
        os.system(f"umount {mounted}")


def test_nobody_else_reads_a_store_that_is_in_use(path: Path) -> None:
    """The lock is SQLite's own, so every program that knows SQLite respects it."""
    store = store_in(path)
    other = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT COUNT(*) FROM messages")
    other.close()
    store.close()


def test_what_is_written_while_the_wal_is_checkpointed_is_there(path: Path) -> None:
    store = store_in(path)
    for number in range(1, 40_001):
        store.inbound.add(replace(MO, key=number, text="x" * 2000))
        if number % 50 == 0:
            store.commit()
    assert path.with_name("store.db-wal").stat().st_size < 40_000 * 2000 / 4
    store.close()
    again = store_in(path)
    assert len(list(again.inbound.earliest(0))) == 40_000
    again.close()


def test_reading_writes_nothing(path: Path) -> None:
    store = store_in(path)
    store.commit()
    assert store.steps.after(1, (0, 0), 1, 1) == []
    assert store.steps.last_end(1) is None
    assert store.callbacks.first_due(1) is None
    assert not store.dirty
    store.close()
