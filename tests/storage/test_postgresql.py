"""A server on PostgreSQL: who may use the database, what it says when it cannot, and what an outage costs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from msgsim.client import Client
from msgsim.model import Inbound
from msgsim.storage.database import StoreError
from msgsim.storage.postgresql_session import numbered
from msgsim.storage.postgresql_values import LONGEST, kept
from msgsim.storage.store import Store, store_at
from msgsim.testing import Answer, Simulator, call

from tests.receiver import Receiver
from tests.storage.cluster import Cluster, programs

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
Story = Callable[[Store], Awaitable[None]]
Play = Callable[[Story], None]
ACCOUNT = {"Authorization": "Basic YTpi"}
MO = Inbound(1, "", "sinch", "+5511", "27277", "hello", 5)


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def send(sim: Simulator, to: str = "+37255000001", **more: Any) -> Answer:
    body = {"to": to, "messages": [{"channel": "sms", "text": "Hello"}], **more}
    return call(f"{sim.url}/v1/omnimessage", "POST", body, headers=ACCOUNT)


def send_until(sim: Simulator, status: int) -> list[str]:
    """Send until the answer has a status; the ids of the messages that were accepted. Nothing but 201 and 503 comes."""
    ids = []
    for _ in range(20_000):
        answer = send(sim)
        assert answer.status in (201, 503), answer.body
        if answer.status == 201:
            ids.append(str(answer.json["omnimessage_id"]))
        if answer.status == status:
            return ids
    raise AssertionError(f"no answer had the status {status}")


def terminate(url: str) -> None:
    """Every connection to the database but this one."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    execute(url, f"SELECT pg_terminate_backend(pid) {others}")


def test_what_was_accepted_is_there_after_a_restart(url: str) -> None:
    with Simulator(store=url, seed=1) as sim:
        sent = send(sim).json["omnimessage_id"]
    with Simulator(store=url, seed=1) as sim:
        assert sim.control("GET", f"messages/{sent}").json["id"] == sent
        assert send(sim).json["omnimessage_id"] != sent


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["UPDATE msgsim.version SET version = 3"], "written by an older version of msgsim"),
        (["UPDATE msgsim.version SET version = 1000"], "written by a newer version of msgsim"),
        (["DROP SCHEMA msgsim CASCADE", "CREATE SCHEMA msgsim"], "its schema msgsim is something else's"),
        (["DELETE FROM msgsim.version"], "its table version is empty"),
    ],
)
def test_tables_that_are_not_ours_are_refused_and_left_alone(url: str, statements: list[str], reason: str) -> None:
    store_at(url).close()
    for statement in statements:
        execute(url, statement)
    with pytest.raises(StoreError, match=reason) as refused:
        store_at(url)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://msgsim:secret@127.0.0.1:1/nowhere",
        "postgresql://msgsim:secret@host.invalid/nowhere",
        "postgresql://msgsim:secret@127.0.0.1/a?secret=1",
        "postgresql://msgsim:secret@127.0.0.1:x/a",
        "postgresql://msgsim:secret@[::1/a",
    ],
)
def test_a_database_that_is_not_there_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        store_at(url)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_no_column_can_hold_is_found_as_it_was_written(url: str) -> None:
    store = store_at(url)
    for number, sender in enumerate(("a\0b", "x" * 5000, "ä" * 5000)):
        store.inbound.add(Inbound(1 + number, "", "sinch", sender, "27277", "\0 hello", 5))
        store.records.keep(0, "sinch", "kind", sender, number)
    store.commit()
    for number, sender in enumerate(("a\0b", "x" * 5000, "ä" * 5000)):
        (found,) = store.inbound.latest(0, sender=sender)
        assert (found.sender, found.text, found.key) == (sender, "\0 hello", 1 + number)
        assert store.records.find(0, "sinch", "kind", sender) == number
    store.close()


@pytest.mark.parametrize("text", ["x" * LONGEST, "ä" * LONGEST, "\0" * LONGEST, "\U0001f600" * LONGEST])
def test_a_kept_text_is_short_and_told_apart_from_others(text: str) -> None:
    assert len(kept(text).encode()) <= 2700
    assert kept(text) != kept(f"{text}.")
    assert kept(text[:10]) == text[:10].replace("\0", "\N{SYMBOL FOR NULL}")


def test_placeholders_are_numbered() -> None:
    assert numbered("a = ? AND b = ?") == b"a = $1 AND b = $2"
    assert numbered("a = ?2 AND b = ?1 AND c = ?2") == b"a = $2 AND b = $1 AND c = $2"


def begin(store: Store) -> asyncio.Event:
    """A commit during which the loop goes on; set when it has ended."""
    done = asyncio.Event()
    assert store.begin_commit(done.set)
    return done


async def end(store: Store, done: asyncio.Event) -> None:
    await asyncio.wait_for(done.wait(), 20)
    store.end_commit()


@pytest.fixture
def play(url: str) -> Play:
    """Run what happens to a store on an event loop."""

    def run(story: Story) -> None:
        async def whole() -> None:
            store = store_at(url)
            await story(store)
            store.close()

        asyncio.run(whole())

    return run


def test_what_is_written_while_a_commit_goes_on_waits_for_the_next(play: Play) -> None:
    async def story(store: Store) -> None:
        store.inbound.add(MO)
        done = begin(store)
        store.drop_sandbox(7)
        await end(store, done)
        assert store.dirty
        assert store.commit().dropped == {7}

    play(story)


@pytest.mark.parametrize("read_first", [False, True])
def test_a_commit_that_is_lost_takes_along_what_was_written_since_it_began(play: Play, read_first: bool) -> None:
    async def story(store: Store) -> None:
        store.inbound.add(MO)
        store.inbound.add(MO)
        done = begin(store)
        store.journal.trim(1, 5, 1)
        if read_first:
            assert store.inbound.by_key(1) is None
        with pytest.raises(StoreError, match="duplicate key"):
            await end(store, done)
        with pytest.raises(StoreError, match="duplicate key"):
            store.commit()
        store.inbound.add(MO)
        store.commit()
        assert store.inbound.by_key(1) == MO

    play(story)


def test_what_is_read_has_everything_that_was_written(play: Play) -> None:
    async def story(store: Store) -> None:
        store.inbound.add(MO)
        done = begin(store)
        assert store.inbound.by_key(1) == MO
        await end(store, done)

    play(story)


@pytest.mark.parametrize("read_first", [False, True])
def test_a_commit_of_more_than_a_connection_takes_at_once(play: Play, read_first: bool) -> None:
    texts = {number: f"{number}" * 2_000_000 for number in range(1, 10)}

    async def story(store: Store) -> None:
        for number, text in texts.items():
            store.inbound.add(Inbound(number, "", "sinch", "+5511", "27277", text, 5))
        done = begin(store)
        if read_first:
            assert store.inbound.by_key(1) is not None
        await end(store, done)
        assert {mo.key: mo.text for mo in store.inbound.latest(0)} == texts

    play(story)


def test_a_commit_whose_connection_is_cut_meanwhile_is_lost(play: Play, url: str) -> None:
    async def story(store: Store) -> None:
        execute(url, SLOW)
        store.inbound.add(MO)
        done = begin(store)
        terminate(url)
        with pytest.raises(StoreError, match="connection"):
            await end(store, done)
        execute(url, "DROP FUNCTION msgsim.sleep CASCADE")
        assert any(readable(store) for _ in range(1_000_000))
        store.inbound.add(MO)
        await end(store, begin(store))
        assert store.inbound.by_key(1) == MO

    play(story)


def test_a_transaction_that_lost_its_connection_is_lost_as_a_whole(url: str) -> None:
    store = store_at(url)
    store.records.keep(0, "", "kind", "before", 1)
    terminate(url)
    with pytest.raises(StoreError):
        store.records.find(0, "", "kind", "before")
    store.records.keep(0, "", "kind", "after", 1)
    with pytest.raises(StoreError):
        store.commit()
    assert any(readable(store) for _ in range(1_000_000))
    assert store.records.all(0, "", "kind") == []
    store.close()


def readable(store: Store) -> bool:
    try:
        store.check()
    except StoreError:
        return False
    return True


def test_a_server_goes_on_when_its_connection_was_cut(url: str) -> None:
    with Receiver() as receiver, Simulator(store=url, clock="real") as sim:
        accepted = [str(send(sim, dlr_url=receiver.url).json["omnimessage_id"])]
        terminate(url)
        accepted += send_until(sim, 503)
        accepted += send_until(sim, 201)
        for message in accepted:
            assert sim.control("GET", f"messages/{message}").status == 200
        with Client(sim.url) as client:
            client.callbacks.wait(state="done", count=1, timeout="20s")


def test_a_server_that_finds_another_had_a_sandbox_meanwhile_forgets_what_it_knew(url: str) -> None:
    """Its row in ``owners`` names another: what is in memory may be no longer so, and is read again."""
    with Simulator(store=url) as sim:
        accepted = [str(send(sim).json["omnimessage_id"])]
        call(f"{sim.url}/__sim/sink/x", "POST", body="kept in memory")
        execute(url, "UPDATE msgsim.owners SET replica = 'another'")
        terminate(url)
        accepted += send_until(sim, 503)
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)
        assert len(set(accepted)) == len(accepted)
        assert sim.control("GET", "sinks/x").json["total"] == 0


def test_a_database_that_is_read_only_for_a_while(url: str) -> None:
    name = url.rpartition("/")[2]
    with Simulator(store=url) as sim:
        accepted = send_until(sim, 201)
        execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        terminate(url)
        accepted += send_until(sim, 503)
        execute(url, f"SET transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only")
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)


def test_postgresql_killed_and_started_again_loses_nothing_that_was_accepted() -> None:
    with (
        Cluster() as cluster,
        Receiver() as receiver,
        Simulator(store=cluster.url(), clock="real") as sim,
    ):
        accepted = [str(send(sim, dlr_url=receiver.url).json["omnimessage_id"]) for _ in range(50)]
        cluster.kill()
        assert send(sim).status == 503
        assert sim.control("GET", f"messages/{accepted[0]}").status == 503
        cluster.start()
        accepted += send_until(sim, 201)
        for message in accepted:
            assert sim.control("GET", f"messages/{message}").status == 200
        with Client(sim.url) as client:
            client.callbacks.wait(state="done", count=100, timeout="30s")


SLOW = """
CREATE FUNCTION msgsim.sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
CREATE TRIGGER sleep BEFORE INSERT ON msgsim.inbound FOR EACH ROW EXECUTE FUNCTION msgsim.sleep();
"""
REFUSE = """
CREATE FUNCTION msgsim.refuse() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON msgsim.messages FOR EACH ROW EXECUTE FUNCTION msgsim.refuse();
CREATE TRIGGER refuse BEFORE INSERT ON msgsim.records FOR EACH ROW EXECUTE FUNCTION msgsim.refuse();
"""
"""As a full disk does, in the middle of a statement."""


def test_a_full_disk_is_503_until_there_is_room_again(url: str) -> None:
    with Receiver() as receiver, Simulator(store=url, clock="real") as sim:
        accepted = [str(send(sim, dlr_url=receiver.url).json["omnimessage_id"])]
        execute(url, REFUSE)
        refused = send(sim)
        assert refused.status == 503
        assert "could not extend file" in refused.json["detail"]
        assert sim.control("GET", f"messages/{accepted[0]}").status == 200
        execute(url, "DROP FUNCTION msgsim.refuse CASCADE")
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)
        with Client(sim.url) as client:
            client.callbacks.wait(state="done", count=2, timeout="20s")


def test_a_database_that_takes_no_connections_for_a_while(url: str, cluster: Cluster) -> None:
    name = url.rpartition("/")[2]
    elsewhere = cluster.url()
    with Simulator(store=url) as sim:
        accepted = send_until(sim, 201)
        execute(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        execute(elsewhere, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        accepted += send_until(sim, 503)
        execute(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)
