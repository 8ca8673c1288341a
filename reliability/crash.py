"""Kill the server at random moments under load, start it again, and count what is missing."""

import asyncio
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgsim.model import Callback, Message

from reliability.figures import Figure, counted
from reliability.losses import drained, losses, pending
from reliability.receiver import Receiver
from reliability.server import Server
from reliability.traffic import Load, Tally

SHORT, LONG = 5, 100
"""How often it is killed."""


def run(kills: int, seed: int = 1) -> list[Figure]:
    chance = random.Random(seed)
    tally = Tally()
    corrupt = restarts = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        store = Path(folder) / "store.db"
        server = Server("--store", str(store), "--config", str(settings(Path(folder), receiver.url)))
        load = Load(server.url, receiver.url, tally)
        for _ in range(kills):
            begun = time.monotonic()
            server.start()
            slowest = max(slowest, time.monotonic() - begun)
            restarts += 1
            load = killed_under_load(server, load, chance.uniform(0.02, 1.2))
            corrupt += not sound(store)
        server.start()
        left = drained(lambda: pending(server), receiver)
        posts = receiver.posts.copy()
        server.stop()
        messages = list(kept(store))
    part = "crash"
    return [
        counted(part, "kills (SIGKILL under load)", restarts, restarts == kills),
        *losses(part, tally, posts, messages, left),
        counted(part, "stores found corrupt", corrupt, not corrupt),
        counted(part, "slowest start after a kill, ms", round(slowest * 1000)),
    ]


def settings(folder: Path, receiver: str) -> Path:
    file = folder / "settings.yaml"
    sinch = {"callback_url": f"{receiver}/sinch", "dlr_url": f"{receiver}/sinch"}
    messente = {"retries": ["1s", "5s", "30s"]}  # Its document names none: a post that fails would be lost for good.
    file.write_bytes(msgspec.yaml.encode({"providers": {"messente": messente, "sinch": sinch}}))
    return file


def killed_under_load(server: Server, load: Load, seconds: float) -> Load:
    """Kill it while requests are under way; the load that goes on where this one stopped."""
    running = threading.Thread(target=lambda: asyncio.run(load.run(60)))
    running.start()
    time.sleep(seconds)
    server.kill()
    load.stop()
    running.join()
    return Load(load.url, load.receiver, load.tally, first=load.number)


def sound(store: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    database = sqlite3.connect(store)
    try:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False
    finally:
        database.close()


def kept(store: Path) -> Iterator[Message]:
    for doc in _docs(store, "SELECT doc FROM messages"):
        yield msgspec.json.decode(doc, type=Message)


def owed(store: Path) -> Iterator[Callback]:
    for doc in _docs(store, "SELECT doc FROM callbacks"):
        yield msgspec.json.decode(doc, type=Callback)


def _docs(store: Path, sql: str) -> list[bytes]:
    database = sqlite3.connect(store)
    try:
        return [doc for (doc,) in database.execute(sql)]
    finally:
        database.close()
