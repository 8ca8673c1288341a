"""What a database does to those who use it: it fails over, is full of connections, locked, and back without a word."""

import logging
import subprocess
import sys
from typing import Any

import psycopg
import pytest
from msgsim.storage.database import StoreError
from msgsim.storage.postgresql_session import _shown
from msgsim.storage.store import store_at
from msgsim.testing import Simulator
from psycopg.conninfo import conninfo_to_dict

from tests.receiver import Receiver
from tests.replicas.test_processes import reports
from tests.storage.cluster import Cluster, programs
from tests.storage.test_postgresql import readable, send, send_until, terminate

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")


def wait_for_reports(receiver: Receiver, ids: list[str]) -> None:
    """Both of each message, in order; what was posted again does not count."""
    count = 0
    found: dict[str, list[str]] = {}
    while any(len(found.get(id, ())) < 2 for id in ids):
        posts = receiver.wait(count + 1, 60)
        count, found = len(posts), reports(posts)
    assert all(found[id] == ["ACK", "DELIVRD"] for id in ids)


def test_replicas_find_the_standby_that_was_promoted() -> None:
    """The URL names both. Nothing that was accepted is lost, callbacks go on, nobody is restarted."""
    with Cluster() as primary, primary.standby() as standby, Receiver() as receiver:
        name = primary.url().rpartition("/")[2]
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        url = f"postgresql://msgsim:secret@{hosts}/{name}?target_session_attrs=read-write"
        with Simulator(store=url, clock="real") as first, Simulator(store=url, clock="real") as second:
            ids = [str(send(sim, dlr_url=receiver.url).json["omnimessage_id"]) for sim in (first, second) * 15]
            primary.kill()
            assert {send(sim).status for sim in (first, second)} == {503}
            standby.promote()
            for sim in (second, first):
                ids += send_until(sim, 201)
            assert len(set(ids)) == len(ids)
            for sim in (first, second):
                assert all(sim.control("GET", f"messages/{id}").status == 200 for id in ids)
            wait_for_reports(receiver, ids[:30])


def test_a_standby_is_refused_in_one_line() -> None:
    with Cluster() as primary, primary.standby() as standby:
        url = primary.url()
        store_at(url).close()
        with pytest.raises(StoreError, match="read-only") as refused:
            store_at(url.replace(str(primary.port), str(standby.port)))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@a,b/n?target_session_attrs=any", "postgresql://u@a,b/n"),
        ("postgresql://u:p@a:1,b:2/n", "postgresql://u@a:1,b:2/n"),
        ("postgresql://u:p@a,b/n?port=7", "postgresql://u@a:7,b:7/n"),
        ("postgresql:///n", "postgresql://localhost/n"),
    ],
)
def test_messages_name_every_host(url: str, shown: str) -> None:
    assert _shown(conninfo_to_dict(url)) == shown


def test_callbacks_go_on_without_anybody_asking() -> None:
    with Cluster() as cluster, Receiver() as receiver, Simulator(store=cluster.url(), clock="real") as sim:
        ids = [str(send(sim, dlr_url=receiver.url).json["omnimessage_id"]) for _ in range(20)]
        cluster.kill()
        cluster.start()
        wait_for_reports(receiver, ids)


def take_all_connections(url: str, held: list[psycopg.Connection[Any]]) -> None:
    """Until PostgreSQL has no more."""
    while True:
        try:
            held.append(psycopg.connect(url, autocommit=True))
        except psycopg.OperationalError as error:
            if "too many clients" not in str(error):
                raise
            return


def test_a_database_that_others_have_all_connections_to() -> None:
    ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'msgsim'"
    held: list[psycopg.Connection[Any]] = []
    with Cluster("max_connections=8") as cluster, Simulator(store=(url := cluster.url())) as sim:
        accepted = send_until(sim, 201)
        take_all_connections(url, held)
        while held[0].execute(ours).fetchall():
            take_all_connections(url, held)
        while "too many clients" not in (refused := send(sim)).json.get("detail", ""):
            assert refused.status == 503
        for connection in held:
            connection.close()
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)


def test_who_is_locked_out_gives_up_and_comes_again(url: str) -> None:
    with Simulator(store=url) as sim:
        accepted = send_until(sim, 201)
        with psycopg.connect(url) as another:
            another.execute("LOCK TABLE msgsim.messages IN EXCLUSIVE MODE")
            refused = send(sim)
            assert refused.status == 503
            assert "lock timeout" in refused.json["detail"]
        accepted += send_until(sim, 201)
        assert all(sim.control("GET", f"messages/{message}").status == 200 for message in accepted)


def test_no_statement_goes_on_for_ever(url: str) -> None:
    """Nor after the connection was made again."""
    store = store_at(url)
    database: Any = store._database

    def limits() -> list[str]:
        return [database.rows("", f"SHOW {name}_timeout").fetchone()[0] for name in ("statement", "lock")]

    assert limits() == ["30s", "2s"]
    terminate(url)
    with pytest.raises(StoreError):
        store.check()
    while not readable(store):
        pass
    assert limits() == ["30s", "2s"]
    store.close()


@pytest.mark.parametrize("more", ["", "?password=p%40ss%25word"])
def test_a_password_is_not_said(more: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither at start nor while PostgreSQL is away, however the URL writes it."""
    caplog.set_level(logging.DEBUG)
    given = "" if more else ":p%40ss%25word"
    with Cluster() as cluster, Simulator(store=cluster.url().replace(":secret", given) + more) as sim:
        said = [sim._server.store_summary]
        cluster.kill()
        while "Connection refused" not in said[-1]:
            said.append(send(sim).body.decode())
        cluster.start()
        send_until(sim, 201)
        said += [sim.control("GET", path).body.decode() for path in ("health", "settings", "requests")]
    assert f":{cluster.port}" in caplog.text
    assert not any("p@ss" in text or "p%40ss" in text for text in [*said, caplog.text])


def test_warnings_of_psycopg_are_no_lines_of_ours() -> None:
    """One comes when a server is told to stop while it starts, in the middle of a statement."""
    warning = "import logging, msgsim.storage.postgresql_session; logging.getLogger('psycopg').warning('interrupted')"
    done = subprocess.run([sys.executable, "-c", warning], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
