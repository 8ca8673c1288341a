"""A throw-away cluster of PostgreSQL on a free port, and a database of its own for whoever asks."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg
from msgsim.config import Config
from msgsim.storage.store import Store, store_at

from tests.ports import free_port

FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=60")
"""Nobody minds what such a cluster loses with the machine; with its process it loses nothing."""


def programs() -> Path | None:
    """Where PostgreSQL's programs are; None: it is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return installed[-1].parent if installed else None


class Cluster:
    """``with Cluster() as cluster: cluster.url()``. As root it runs under the account nobody."""

    def __init__(self, *settings: str) -> None:
        bin = programs()
        assert bin is not None, "PostgreSQL is not installed"
        self._bin = bin
        self._folder = Path(tempfile.mkdtemp(prefix="msgsim-postgresql-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._settings = (*FAST, *settings)
        self._names = count(1)
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._data = self._folder / "data"
        self._make()

    def _make(self) -> None:
        options = ("-U", "msgsim", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        assert self._run("initdb", "-D", str(self._data), *options) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Returns when it takes connections."""
        options = [f"-c{setting}" for setting in self._settings]
        addresses = ["-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._folder)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *addresses, *options],
                user=self._user,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        while self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "20") != 0:
            assert self._server.poll() is None, (self._folder / "log").read_text()

    def standby(self) -> "Standby":
        """Another cluster that follows this one; while it runs, a commit returns when what it wrote is there too."""
        return Standby(self)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Outside of the databases of tests; its rows."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Returns when it has ended, its helpers with it."""
        if self._server is None:
            return
        helpers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        self._server.send_signal(how)
        self._server.wait()
        self._server = None
        for helper in helpers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(helper), signal.SIGKILL)
        while any(map(_runs, helpers)):
            pass

    @property
    def pid(self) -> int:
        """Of the process that all others of it are children of."""
        assert self._server is not None
        return self._server.pid

    def url(self) -> str:
        """Of a new, empty database."""
        name = f"test{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql://msgsim:secret@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> int:
        """Its exit code."""
        command = [str(self._bin / program), *arguments]
        return subprocess.run(command, user=self._user, capture_output=True, cwd=self._folder).returncode


class Standby(Cluster):
    """Read only, until it is promoted."""

    def __init__(self, primary: Cluster) -> None:
        self._primary = primary
        super().__init__()

    def _make(self) -> None:
        source = ("-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "msgsim")
        assert self._run("pg_basebackup", *source, "-D", str(self._data), "-R", "-c", "fast", "--no-sync") == 0

    def start(self) -> None:
        super().start()
        for setting in ("synchronous_standby_names = '*'", "synchronous_commit = remote_apply"):
            self._primary.execute(f"ALTER SYSTEM SET {setting}")
        self._primary.execute("SELECT pg_reload_conf()")
        while self._primary.execute("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
            pass

    def promote(self) -> None:
        """Returns when it takes writes."""
        assert self._run("pg_ctl", "promote", "-D", str(self._data), "-w") == 0


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Databases:
    """In place of files and memory: every store of a test is in a database, the same for the same file."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._free: list[str] = []
        self._taken: dict[str, str] = {}

    def store(self, config: Config) -> Store:
        return store_at(self.url(config))

    def url(self, config: Config) -> str:
        """Of the database that stands for a store."""
        name = config.store if config.store != "memory" else f"memory {len(self._taken)}"
        if name not in self._taken:
            self._taken[name] = self._free.pop() if self._free else self._cluster.url()
        return self._taken[name]

    def empty(self) -> None:
        """The next test finds nothing of this one."""
        for url in self._taken.values():
            with psycopg.connect(url, autocommit=True) as connection:
                others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                connection.execute(f"SELECT pg_terminate_backend(pid) {others}".encode())
                connection.execute("DROP SCHEMA IF EXISTS msgsim CASCADE")
        self._free += self._taken.values()
        self._taken = {}
