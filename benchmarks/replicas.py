"""Replicas on one PostgreSQL: one of them over a server on SQLite, two and four over one, and a request passed on.

Everything in one run, interleaved, medians. Prints what 10, 100 and 1000 thousand sends a second need by these figures.
ROUNDS and SECONDS_EACH come from the environment.
"""

import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from msgsim.testing import call

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.database import SETTINGS, Database
from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, Server, ours, request
from tests.storage.cluster import Cluster, programs

FEW, CLIENTS = 16, 64
"""Connections to each server."""
REPLICAS = 4
DAY = 24 * 60 * 60


class Round(NamedTuple):
    """What one measurement of a case came to; processor time in microseconds per send."""

    rate: float
    p99: float
    """Milliseconds, of the slowest server."""
    own: float
    """Of our servers, those that are not asked left out."""
    database: float
    shared: float
    """Sends per transaction."""
    wal: float
    """Bytes per send."""
    disk: float
    """Bytes per send."""


@dataclass
class Case:
    """Some servers under load at the same time."""

    name: str
    servers: Sequence[Server]
    asked: Sequence[tuple[int, str]]
    """Ports and sandboxes."""
    clients: int = CLIENTS
    before: Callable[[], None] = lambda: None
    rounds: list[Round] = field(default_factory=list)
    waits: Counter[str] = field(default_factory=Counter)

    def measure(self, database: Database, seconds: float = SECONDS) -> Round:
        self.before()
        own, before = self._cpu(), database.used()
        with database.watched() as waits:
            asking = [Asking(port, sending(sandbox), seconds, self.clients) for port, sandbox in self.asked]
            loads = [one.load for one in asking]
        sends = sum(load.answers for load in loads)
        used = database.used().since(before)
        self.waits += waits
        return Round(
            sum(load.rate for load in loads),
            max(load.p99 for load in loads),
            (self._cpu() - own) / sends * 1e6,
            used.cpu / sends * 1e6,
            sends / used.transactions if used.transactions else 0,
            used.wal / sends,
            used.disk / sends,
        )

    def _cpu(self) -> float:
        return sum(processes.cpu(server.process.pid) for server in self.servers)

    @property
    def median(self) -> Round:
        return Round(*map(statistics.median, zip(*self.rounds, strict=True)))


def sending(sandbox: str) -> bytes:
    return request("/v1/omnimessage", SEND, {"Authorization": f"Basic {BASIC}", "X-Sim-Sandbox": sandbox})


def replica(url: str) -> Server:
    return Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", url)


def with_sandbox(server: Server, name: str) -> tuple[int, str]:
    """Who makes a sandbox has it."""
    made = call(f"http://127.0.0.1:{server.port}/__sim/v1/sandboxes", "POST", {"name": name})
    assert made.status == 201, made
    return server.port, name


def cases(sqlite: Server, replicas: Sequence[Server], database: Database) -> list[Case]:
    own = [with_sandbox(server, f"s{number}") for number, server in enumerate(replicas)]
    passed = [(replicas[1].port, own[0][1])]
    found: list[Case] = []
    for clients in (FEW, CLIENTS):
        found.append(Case(f"SQLite, {clients} clients", [sqlite], [(sqlite.port, "default")], clients))
        found.append(Case(f"1 replica, {clients} clients", replicas[:1], own[:1], clients))
    found += [Case(f"{count} replicas, {CLIENTS} clients each", replicas[:count], own[:count]) for count in (2, 4)]
    found.append(Case("1 replica, right after a checkpoint", replicas[:1], own[:1], before=database.checkpoint))
    found.append(Case("passed on to the replica that has the sandbox", replicas[:2], passed))
    return found


def ratio(over: Case, under: Case, figure: Callable[[Round], float]) -> float:
    """Median of the ratios of each round."""
    pairs = zip(over.rounds, under.rounds, strict=True)
    return statistics.median(figure(one) / figure(other) for one, other in pairs)


def report(found: Sequence[Case]) -> None:
    print(
        "| | requests/s | p99 ms | ours, us/send | PostgreSQL's, us/send | sends/commit | WAL, B/send | disk, B/send |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for case in found:
        rate, tail, own, theirs, shared, wal, disk = case.median
        numbers = f"{rate:.0f} | {tail:.1f} | {own:.0f} | {theirs:.1f} | {shared:.1f} | {wal:.0f} | {disk:.0f}"
        print(f"| {case.name} | {numbers if shared else f'{rate:.0f} | {tail:.1f} | {own:.0f} | | | |'} |")
    print("\nwhat transactions of replicas were seen waiting for, of all looks at them:")
    for case in found:
        if case.waits:
            total = case.waits.total()
            shares = (f"{wait} {count / total:.0%}" for wait, count in case.waits.most_common(6))
            print(f"  {case.name}: {', '.join(shares)}")


def needed(thousands: int, each: Round, full: Round) -> str:
    """A row: what so many thousand sends a second need, by one replica and by one right after a checkpoint."""
    rate = thousands * 1000
    own, theirs = rate * each.own / 1e6, rate * each.database / 1e6
    wal, most = rate * each.wal / 1e6, rate * full.wal / 1e6
    disk = rate * DAY * each.disk / 1e12
    return f"| {thousands},000 | {own:.1f} | {theirs:.1f} | {wal:.0f} to {most:.0f} | {disk:.2f} |"


def judged(found: Sequence[Case]) -> bool:
    few, one_of_few, base, one, two, four, _, passed = found
    budgets = [
        (f"requests/s, PostgreSQL over SQLite, {CLIENTS} clients", ratio(one, base, rate), 0.7, True),
        (f"requests/s, PostgreSQL over SQLite, {FEW} clients", ratio(one_of_few, few, rate), 0.7, True),
        ("processor time of our process, SQLite over PostgreSQL", ratio(base, one, own), 0.7, True),
        ("processor time, SQLite over our process and PostgreSQL", ratio(base, one, both), 0.7, True),
    ]
    for count, several in ((2, two), (4, four)):
        budgets += [
            (f"processor time of a replica per send, {count} over 1", ratio(several, one, own), 1.2, False),
            (f"PostgreSQL's processor time per send, {count} over 1", ratio(several, one, database), 1.2, False),
            (f"{count} replicas: transactions seen waiting for a lock", locked(several.waits), 0.01, False),
        ]
    budgets.append(
        ("processor time of a send that is passed on, over one that is not", ratio(passed, one, own), 2, False)
    )
    return processes.judged(budgets)


def rate(one: Round) -> float:
    return one.rate


def own(one: Round) -> float:
    return one.own


def database(one: Round) -> float:
    return one.database


def both(one: Round) -> float:
    return one.own + one.database


def locked(waits: Counter[str]) -> float:
    """Share of looks at which a row, a table or an advisory lock was waited for, its inner locks left out."""
    return sum(count for wait, count in waits.items() if wait.startswith("Lock ")) / max(waits.total(), 1)


def run(cluster: Cluster, folder: str) -> list[Case]:
    with Database(cluster) as database:
        sqlite, replicas = ours(folder), [replica(database.url) for _ in range(REPLICAS)]
        try:
            found = cases(sqlite, replicas, database)
            for case in found:
                case.measure(database, 0.5)
                case.waits.clear()
            for _ in range(ROUNDS):
                for case in found:
                    case.rounds.append(case.measure(database))
        finally:
            for server in (sqlite, *replicas):
                server.stop()
    return found


def main() -> None:
    if programs() is None:
        sys.exit("PostgreSQL is not installed: nothing was measured")
    folder = tempfile.mkdtemp()
    with Cluster(*SETTINGS) as cluster:
        found = run(cluster, folder)
    shutil.rmtree(folder)
    report(found)
    one, full = found[3].median, found[6].median
    print("\n| sends/s | cores of replicas | cores of PostgreSQL | WAL, MB/s | disk, TB a day |\n|---|---|---|---|---|")
    for row in map(partial(needed, each=one, full=full), (10, 100, 1000)):
        print(row)
    print()
    sys.exit(not judged(found))


if __name__ == "__main__":
    main()
