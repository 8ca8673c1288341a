"""What PostgreSQL does for replicas: processor time, WAL, transactions, disk, and what its sessions wait for."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

import psycopg

from benchmarks import processes
from tests.storage.cluster import Cluster

SETTINGS = (
    *("fsync=on", "synchronous_commit=on", "full_page_writes=on"),
    *("max_wal_size=8GB", "checkpoint_timeout=30min", "shared_buffers=1GB", "max_connections=60"),
)
"""Commits are durable. Checkpoints are made between measurements, where they are wanted."""
PAUSE = 0.01
"""Seconds between two looks at what sessions wait for."""
WAITS = (
    "SELECT coalesce(wait_event_type || ' ' || wait_event, 'none'), count(*) FROM pg_stat_activity"
    " WHERE application_name = 'msgsim' AND state <> 'idle' GROUP BY 1"
)


class Used(NamedTuple):
    """Since the cluster was made; and of two of them, what was used between."""

    cpu: float
    """Seconds of processor time of all processes of PostgreSQL."""
    wal: int
    """Bytes."""
    transactions: int
    """That wrote something."""
    disk: int
    """Bytes of all databases, WAL left out."""

    def since(self, before: "Used") -> "Used":
        return Used(*(now - then for now, then in zip(self, before, strict=True)))


class Database:
    """Watches a cluster by a connection of its own, whose processor time does not count."""

    def __init__(self, cluster: Cluster) -> None:
        self.url = cluster.url()
        self._server = cluster.pid
        self._connection = psycopg.connect(self.url, autocommit=True, application_name="bench")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def used(self) -> Used:
        row = self._connection.execute(
            "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint,"
            " pg_snapshot_xmax(pg_current_snapshot())::text::bigint,"
            " (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint"
        ).fetchone()
        assert row is not None
        cpu = processes.cpu(self._server) - processes.cpu(self._connection.info.backend_pid)
        return Used(cpu, *row)

    def checkpoint(self) -> None:
        self._connection.execute("CHECKPOINT")

    @contextmanager
    def watched(self) -> Iterator[Counter[str]]:
        """How often which wait was seen in transactions of replicas; ``none``: it was at work."""
        seen: Counter[str] = Counter()
        over = threading.Event()
        watching = threading.Thread(target=self._watch, args=(seen, over))
        watching.start()
        try:
            yield seen
        finally:
            over.set()
            watching.join()

    def _watch(self, seen: Counter[str], over: threading.Event) -> None:
        while not over.wait(PAUSE):
            seen.update(dict(self._connection.execute(WAITS).fetchall()))
