"""Full sends kept in PostgreSQL over the same kept in SQLite, and the processor time of both processes for each.

ROUNDS and SECONDS_EACH come from the environment.
"""

import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, Server, load, ours, request
from tests.storage.cluster import Cluster, programs

WIRE = request("/v1/omnimessage", SEND, {"Authorization": f"Basic {BASIC}"})
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_wal_size=4GB")
CONNECTIONS = (16, 64)


@dataclass
class Figures:
    """Of a store, a value per round."""

    rates: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    """Microseconds of processor time of our process per send."""
    theirs: list[float] = field(default_factory=list)
    """Of PostgreSQL's processes."""


def used(parent: int) -> float:
    """Seconds of processor time of a process and its children, those that have ended left out."""
    total = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if parent in (int(path.parent.name), int(fields[1])):
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(server: Server, cluster: Cluster, connections: int, figures: Figures) -> None:
    own, database = server.cpu(), used(cluster.pid)
    rate, _, tail = load(server.port, WIRE, SECONDS, connections)
    sends = rate * SECONDS
    figures.rates.append(rate)
    figures.tails.append(tail)
    figures.ours.append((server.cpu() - own) / sends * 1e6)
    figures.theirs.append((used(cluster.pid) - database) / sends * 1e6)


def main() -> None:
    if programs() is None:
        sys.exit("PostgreSQL is not installed: nothing was measured")
    folder = tempfile.mkdtemp()
    ratios = {}
    print("| clients | kept in | requests/s | p99 ms | ours, us per send | PostgreSQL's, us per send |")
    print("|---|---|---|---|---|---|")
    with Cluster(*DURABLE) as cluster:
        at = Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", cluster.url())
        servers = {"SQLite": ours(folder), "PostgreSQL": at}
        for connections in CONNECTIONS:
            found = {name: Figures() for name in servers}
            for server in servers.values():
                load(server.port, WIRE, 0.5, connections)
            for _ in range(ROUNDS):
                for name, server in servers.items():
                    measure(server, cluster, connections, found[name])
            for name, one in found.items():
                rate, tail, own, theirs = map(statistics.median, (one.rates, one.tails, one.ours, one.theirs))
                print(f"| {connections} | {name} | {rate:.0f} | {tail:.1f} | {own:.0f} | {theirs:.0f} |")
            pairs = zip(found["PostgreSQL"].rates, found["SQLite"].rates, strict=True)
            ratios[connections] = statistics.median(new / old for new, old in pairs)
        for server in servers.values():
            server.stop()
    shutil.rmtree(folder)
    for connections, ratio in ratios.items():
        met = "met" if ratio >= 0.7 else "MISSED"
        print(f"{met}: of {connections} clients at least 0.7 of SQLite's requests ({ratio:.2f})")


if __name__ == "__main__":
    main()
