"""Kill one of three replicas, and PostgreSQL, at random moments under load; count what is missing in the database."""

import random
import tempfile
import time
from pathlib import Path
from statistics import median

from reliability.crash import settings
from reliability.deployment import Deployment
from reliability.figures import Figure, counted
from reliability.losses import drained, kept_at, losses, out_of_order
from reliability.outage import DURABLE, outages
from reliability.receiver import Receiver
from reliability.traffic import Load, Tally, under_way
from tests.replicas.round_robin import REPLICAS
from tests.storage.cluster import Cluster, programs

PART = "replicas"
SHORT, LONG = 4, 30
"""How often a replica is killed; PostgreSQL a third as often, but twice."""
LONGEST = 10.0
"""Seconds within which a sandbox whose replica was killed has to answer again."""


def run(kills: int, seed: int = 1) -> list[Figure]:
    if programs() is None:
        return [counted(PART, "PostgreSQL is not installed: nothing was measured", 0)]
    chance, tally = random.Random(seed), Tally()
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver, Cluster(*DURABLE) as cluster:
        store = cluster.url()
        with Deployment(store, "--config", str(settings(Path(folder), receiver.url))) as deployment:
            load = Load(deployment.url, receiver.url, tally, apart=True)
            figures = kill_replicas(deployment, load, kills, chance)
            load = Load(load.url, load.receiver, tally, first=load.number, apart=True)
            load.sandboxes = deployment.sandboxes
            figures += kill_postgresql(cluster, load, [chance.uniform(0.1, 1.0) for _ in range(max(2, kills // 3))])
            left = drained(deployment.pending, receiver)
            posts, answering = receiver.posts.copy(), deployment.answering()
        messages = kept_at(store)
    others, disorder = tally.others(), out_of_order(posts, messages)
    return [
        *figures,
        counted(PART, "replicas that answer in the end, none restarted", answering, answering == REPLICAS),
        *losses(PART, tally, posts, messages, left),
        counted(PART, "messages whose callbacks came out of order", disorder, not disorder),
        counted(PART, "messages read by whoever is asked next, right after the answer", tally.read, tally.read > 0),
        counted(PART, f"of these not as they were sent {tally.unlike[:3] or ''}", len(tally.unlike), not tally.unlike),
        counted(PART, "answers other than 2xx and 503", others, not others),
    ]


def kill_replicas(deployment: Deployment, load: Load, kills: int, chance: random.Random) -> list[Figure]:
    """Kill one at random under load, and put a fresh one in its place, again and again."""
    away = []
    with under_way(load):
        for _ in range(kills):
            load.sandboxes = deployment.sandboxes.copy()
            time.sleep(chance.uniform(0.05, 1.2))
            sandboxes = deployment.kill(chance.choice(deployment.replicas))
            killed = time.monotonic()
            for sandbox in sandboxes:
                deployment.ask("messages?limit=1&total=false", sandbox)
                away.append(time.monotonic() - killed)
            deployment.add()
    return [
        counted(PART, "kills of a replica, one of three (SIGKILL under load)", kills),
        counted(PART, "sandboxes that a killed replica had", len(away), len(away) > 0),
        counted(PART, "until such a sandbox answers again: median, ms", round(median(away) * 1000)),
        counted(PART, "the longest of these, ms", round(max(away) * 1000), max(away) < LONGEST),
        counted(PART, "answers 503 when a replica was killed", load.tally.statuses.get(503, 0)),
        counted(PART, "connections of clients cut when a replica was killed", load.tally.broken),
    ]


def kill_postgresql(cluster: Cluster, load: Load, pauses: list[float]) -> list[Figure]:
    """Kill it under load, once per pause before that, while the replicas go on."""
    broken, refused = load.tally.broken, load.tally.statuses.get(503, 0)
    away = outages(cluster, load, pauses)
    cut = load.tally.broken - broken
    return [
        counted(PART, "kills of PostgreSQL (SIGKILL under load)", len(pauses)),
        counted(PART, "longest from its start until a send is accepted, ms", round(max(away) * 1000)),
        counted(PART, "answers 503 while it was away", load.tally.statuses.get(503, 0) - refused),
        counted(PART, "connections of clients cut meanwhile", cut, not cut),
    ]
