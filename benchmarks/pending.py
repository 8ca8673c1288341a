"""What a send and a status query cost beside a million pending messages, and beside none.

PENDING, ROUNDS and SECONDS_EACH come from the environment.
"""

import os
import random
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.filled import pending
from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, Server, request

PENDING = int(os.environ.get("PENDING", "1000000"))
ASKED = 1000
"""Different messages whose status is asked for."""
KEY = {"Authorization": f"Basic {BASIC}"}


def served(store: Path) -> Server:
    return Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", str(store))


def cost(server: Server, wires: list[bytes]) -> float:
    """Microseconds of processor time per request."""
    before = processes.cpu(server.process.pid)
    answers = Asking(server.port, wires, SECONDS).load.answers
    return (processes.cpu(server.process.pid) - before) / answers * 1e6


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        ids = {"none": pending(folder / "none.db", ASKED), "many": pending(folder / "many.db", PENDING)}
        servers = {name: served(folder / f"{name}.db") for name in ids}
        spread = random.Random(1)
        work = {
            name: {
                "send": [request("/v1/omnimessage", SEND, KEY)],
                "status query": [
                    request(f"/v1/omnimessage/{id}/status", b"", KEY, "GET") for id in spread.sample(ids[name], ASKED)
                ],
            }
            for name in ids
        }
        costs: dict[tuple[str, str], list[float]] = {}
        for turn in range(ROUNDS + 1):
            for kind in ("send", "status query"):
                for name in ("none", "many") if turn % 2 else ("many", "none"):
                    costs.setdefault((kind, name), []).append(cost(servers[name], work[name][kind]))
        for server in servers.values():
            server.stop()
    finally:
        shutil.rmtree(folder)
    budgets = []
    print(f"\n| CPU us per request | beside {ASKED:,} pending | beside {PENDING:,} pending | ratio |")
    print("|---|---:|---:|---:|")
    for kind in ("send", "status query"):
        none, many = costs[kind, "none"][1:], costs[kind, "many"][1:]
        ratio = statistics.median(more / less for more, less in zip(many, none, strict=True))
        print(f"| {kind} | {statistics.median(none):.0f} | {statistics.median(many):.0f} | {ratio:.2f} |")
        budgets.append((f"{kind} beside {PENDING:,} pending over beside none", ratio, 1.1, False))
    print()
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
