"""Kill the server, and PostgreSQL, at random moments under load; count what is missing in the database."""

import random
import tempfile
import time
from pathlib import Path

from reliability.crash import killed_under_load, settings
from reliability.figures import Figure, counted
from reliability.losses import drained, kept_at, losses, pending
from reliability.receiver import Receiver
from reliability.server import Server
from reliability.traffic import Load, Tally, under_way
from tests.storage.cluster import Cluster, programs

SHORT, LONG = 3, 30
"""How often the server is killed; PostgreSQL a third as often, but three times."""
DURABLE = ("fsync=on", "full_page_writes=on")


def run(kills: int, seed: int = 1) -> list[Figure]:
    part = "outage"
    if programs() is None:
        return [counted(part, "PostgreSQL is not installed: nothing was measured", 0)]
    count = max(3, kills // 3)
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
        away = outages(cluster, load, [chance.uniform(0.1, 1.0) for _ in range(count)])
        left = drained(lambda: pending(server), receiver)
        posts = receiver.posts.copy()
        server.stop()
        messages = kept_at(store)
    others = tally.others()
    return [
        counted(part, "kills of the server, of PostgreSQL (SIGKILL under load)", kills + count),
        *losses(part, tally, posts, messages, left),
        counted(part, "answers other than 2xx and 503", others, not others),
        counted(part, "answers 503 while PostgreSQL was away", tally.statuses.get(503, 0)),
        counted(part, "connections of clients cut by an outage", tally.broken - broken, tally.broken == broken),
        counted(part, "longest until a send is accepted again, ms", round(max(away) * 1000)),
    ]


def outages(cluster: Cluster, load: Load, pauses: list[float]) -> list[float]:
    """Kill PostgreSQL under load, once per pause before that. Seconds from each start of it to the next 2xx."""
    away = []
    with under_way(load):
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
    return away
