"""``make bench-peers``: us beside the peers on the same work, interleaved, medians of all rounds.

ROUNDS, SECONDS_EACH, WARM_UP (seconds of load before the first round) and ONLY (parts of names, with commas
between, to look at some peers beside us) come from the environment.
Processor time is that of the server's whole process tree, so that a busy machine disturbs it least.
"""

import asyncio
import datetime
import os
import platform
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import processes
from benchmarks.client import Asking, Load, load
from benchmarks.peers.install import install, node, version
from benchmarks.peers.subjects import OURS, Subject, subjects
from benchmarks.run import ROUNDS, SECONDS

WARM_UP = float(os.environ.get("WARM_UP", "3"))
ONLY = os.environ.get("ONLY", "").split(",")
FIRST = 1000


class Figures:
    """What was measured of one subject, a value per round."""

    def __init__(self) -> None:
        self.loads: list[Load] = []
        self.cpu: list[float] = []
        """Milliseconds per request, which is seconds per thousand."""
        self.ready: list[float] = []
        self.first: list[float] = []
        self.idle: list[float] = []
        self.loaded = 0.0
        self.answered = 0


def started(subject: Subject, folder: Path, figures: Figures) -> None:
    """A fresh process until its first answer, and until a thousand sends are answered."""
    server = subject.start(folder)
    figures.ready.append(server.ready)
    figures.idle.append(processes.memory(server.process.pid))
    first = asyncio.run(load(server.port, [subject.wire], 120, most=FIRST))
    figures.first.append(server.ready + first.seconds)
    server.stop()


def measured(listed: list[Subject], folder: Path) -> dict[str, Figures]:
    figures = {subject.name: Figures() for subject in listed}
    for _ in range(ROUNDS):
        for subject in listed:
            started(subject, folder, figures[subject.name])
    servers = {subject.name: subject.start(folder) for subject in listed}
    try:
        for subject in listed:
            figures[subject.name].answered += Asking(servers[subject.name].port, subject.wire, WARM_UP).load.answers
        for turn in range(ROUNDS):
            for subject in listed if turn % 2 == 0 else reversed(listed):
                one, server = figures[subject.name], servers[subject.name]
                before = processes.cpu(server.process.pid)
                one.loads.append(Asking(server.port, subject.wire, SECONDS).load)
                one.cpu.append((processes.cpu(server.process.pid) - before) / one.loads[-1].answers * 1000)
                one.answered += one.loads[-1].answers
        for subject in listed:
            figures[subject.name].loaded = processes.memory(servers[subject.name].process.pid)
    finally:
        for server in servers.values():
            server.stop()
    return figures


def ratio(peer: Figures, ours: Figures) -> float:
    """Processor time per request of a peer over ours, round by round."""
    return statistics.median(theirs / mine for theirs, mine in zip(peer.cpu, ours.cpu, strict=True))


def table(listed: list[Subject], figures: dict[str, Figures]) -> None:
    print("| server | with a send it | req/s | p50 ms | p99 ms | CPU s per 1000 | CPU to ours | idle MiB", end="")
    print(" | MiB after load | first answer s | first 1000 answered s |\n|---|---|" + "---:|" * 9)
    median = statistics.median
    for subject in listed:
        one = figures[subject.name]
        print(
            f"| {subject.name} {subject.version} | {subject.does} | {median(each.rate for each in one.loads):,.0f}"
            f" | {median(each.p50 for each in one.loads):.1f} | {median(each.p99 for each in one.loads):.1f}"
            f" | {median(one.cpu):.3f} | {ratio(one, figures[OURS]):.2f} | {median(one.idle):.0f}"
            f" | {one.loaded:.0f} ({one.answered / 1000:,.0f} k) | {median(one.ready):.2f} | {median(one.first):.2f} |"
        )


def budgets(listed: list[Subject], figures: dict[str, Figures]) -> list[tuple[str, float, float, bool]]:
    ours, peers = figures[OURS], [figures[subject.name] for subject in listed if subject.name != OURS]
    found = [
        (f"CPU of {subject.name} over ours", ratio(figures[subject.name], ours), subject.place, True)
        for subject in listed
        if subject.place
    ]
    median = statistics.median
    best_first = min(median(peer.first) for peer in peers)
    leanest = min(peer.loaded for peer in peers)
    found.append(("start plus first 1000, ours over the best peer's", median(ours.first) / best_first, 1, False))
    found.append(("memory after load, ours over the leanest peer's", ours.loaded / leanest, 1, False))
    return found


def main() -> None:
    install()
    listed = [one for one in subjects() if one.name == OURS or any(part in one.name for part in ONLY)]
    folder = Path(tempfile.mkdtemp())
    try:
        figures = measured(listed, folder)
    finally:
        shutil.rmtree(folder)
    today = datetime.datetime.now(datetime.UTC).date()
    java = f", Java {version('java', '--version').split()[1]}" if shutil.which("java") else ""
    processor = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ""
    )
    print(f"\n## Peers, {today}\n")
    print(
        f"{os.cpu_count()} cores ({processor}), {platform.system()} {platform.release().partition('-')[0]}, Python",
        end=" ",
    )
    print(
        f"{platform.python_version()}, Node.js {version(node(), '--version')}{java}. Medians of {ROUNDS} interleaved",
        end=" ",
    )
    print(f"rounds of {SECONDS:g} s, 16 keep-alive connections; processor time and memory of the whole process tree.\n")
    table(listed, figures)
    print()
    sys.exit(not processes.judged(budgets(listed, figures)))


if __name__ == "__main__":
    main()
