"""Replicas on one database in processes of their own, behind a round-robin: each may be killed and replaced."""

import asyncio
import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

import psycopg
from msgsim.model import Json

from reliability.server import Server
from tests.replicas.round_robin import REPLICAS, RoundRobin

OWNED = b"SELECT name FROM msgsim.sandboxes JOIN msgsim.owners ON sandbox = number WHERE replica = %s"
PATIENCE = 60.0
"""Seconds in which a sandbox has to answer again."""


class Deployment:
    """``with Deployment(url) as deployment: deployment.url``; flags as given."""

    def __init__(self, store: str, *flags: str) -> None:
        """``store``: the URL of a database of PostgreSQL."""
        self._store = store
        self._flags = ("--store", store, *flags)
        self.replicas: list[Server] = []
        self._names: dict[Server, str] = {}
        self.sandboxes = ["default"]
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        for _ in range(REPLICAS):
            self.add()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for replica in self.replicas:
            replica.stop()
        self._loop.call_soon_threadsafe(self._relaying.cancel)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        relay = RoundRobin(lambda: [replica.port for replica in self.replicas])
        self._relaying = self._loop.create_task(relay.serve([self._listening]))
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._relaying)
        self._loop.close()

    def add(self) -> None:
        """A fresh replica, which makes a sandbox of its own."""
        replica = Server(*self._flags)
        replica.start()
        name = f"s{len(self.sandboxes)}"
        made = replica.control("POST", "sandboxes", {"name": name})
        assert made.status == 201, made.body
        self._names[replica] = replica.control("GET", "health").json["replica"]
        self.replicas.append(replica)
        self.sandboxes.append(name)

    def kill(self, replica: Server) -> list[str]:
        """The sandboxes that it had. Others are asked in its place only when they find that it is gone."""
        with psycopg.connect(self._store) as connection:
            rows = connection.execute(OWNED, (self._names.pop(replica),)).fetchall()
        replica.kill()
        self.replicas.remove(replica)
        return [name for (name,) in rows]

    def ask(self, path: str, sandbox: str) -> Json:
        """What the first replica says that can answer, each asked in turn. Raises AssertionError when none ever can."""
        until = time.monotonic() + PATIENCE
        while True:
            for replica in self.replicas:
                answer = replica.control("GET", f"{path}&sandbox={sandbox}")
                if answer.status == 200:
                    return answer.json
                assert time.monotonic() < until, answer.body

    def pending(self) -> int:
        """Callbacks that are still owed."""
        return sum(self.ask("callbacks?state=pending&limit=1", sandbox)["total"] for sandbox in self.sandboxes)

    def answering(self) -> int:
        """How many replicas answer now."""
        return sum(replica.control("GET", "messages?limit=1").status == 200 for replica in self.replicas)
