"""Kill the server, and PostgreSQL, at random moments under load; count what is missing in the database."""

import asyncio
import random
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import psycopg
from msgsim.model import Message

from reliability.crash import drained, expected, killed_under_load, settings, strangers
from reliability.figures import Figure, counted
from reliability.receiver import Receiver
from reliability.server import Server
from reliability.traffic import Load, Tally
from tests.storage.cluster import Cluster, programs

SHORT, LONG = 3, 30
"""How often the server is killed; PostgreSQL a third as often, but three times."""
DURABLE = ("fsync=on", "full_page_writes=on")


def run(kills: int, seed: int = 1) -> list[Figure]:
    part = "outage"
    if programs() is None:
        return [counted(part, "PostgreSQL is not installed: nothing was measured", 0)]
    outages = max(3, kills // 3)
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver, Cluster(*DURABLE) as cluster:
        store = cluster.url()
        server = Server("--store", store, "--config", str(settings(Path(folder), receiver.url)))
        load = Load(server.url, receiver.url, tally)
        for _ in range(kills):
            server.start()
            load = killed_under_load(server, load, chance.uniform(0.02, 1.2))
        broken = tally.broken
        server.start()
        away = _outages(cluster, server, load, [chance.uniform(0.1, 1.0) for _ in range(outages)])
        pending = drained(server, receiver)
        told = receiver.posts.copy()
        server.stop()
        messages = _kept(store)
    found = {message.id for message in messages}
    missing = [id for id in tally.accepted if id not in found]
    silent = [one for one in expected(messages) if one not in told]
    others = {status for status in tally.statuses if status not in (200, 201, 202, 503)}
    return [
        counted(part, "kills of the server, of PostgreSQL (SIGKILL under load)", kills + outages),
        counted(part, "messages answered 2xx", len(tally.accepted), len(tally.accepted) > 0),
        counted(part, "messages answered 2xx and missing", len(missing), not missing),
        counted(part, "ids given twice", tally.twice, not tally.twice),
        counted(part, "answers other than 2xx and 503", len(others), not others),
        counted(part, "answers 503 while PostgreSQL was away", tally.statuses.get(503, 0)),
        counted(part, "connections of clients cut by an outage", tally.broken - broken, tally.broken == broken),
        counted(part, "messages kept whose answer was lost, or 503", len(found) - len(tally.accepted)),
        counted(part, "callbacks owed and never sent", len(silent) + pending, not silent and not pending),
        counted(part, "callbacks sent twice", sum(told.values()) - len(told)),
        counted(part, "posts about no message that is kept", strangers(told, found), not strangers(told, found)),
        counted(part, "longest until a send is accepted again, ms", round(max(away) * 1000)),
    ]


def _outages(cluster: Cluster, server: Server, load: Load, pauses: list[float]) -> list[float]:
    """Kill PostgreSQL under load, once per pause before that. How long it took from its start to the next 2xx."""
    running = threading.Thread(target=lambda: asyncio.run(load.run(300)))
    running.start()
    away = []
    for pause in pauses:
        time.sleep(pause)
        cluster.kill()
        time.sleep(pause / 2)
        begun = time.monotonic()
        cluster.start()
        accepted = len(load.tally.accepted)
        while len(load.tally.accepted) == accepted and time.monotonic() - begun < 60:
            time.sleep(0.01)
        away.append(time.monotonic() - begun)
    load.stop()
    running.join()
    return away


def _kept(store: str) -> list[Message]:
    with psycopg.connect(store) as connection:
        rows = connection.execute("SELECT doc FROM msgsim.messages")
        return [msgspec.json.decode(doc, type=Message) for (doc,) in rows]
