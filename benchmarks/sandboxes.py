"""What creating, emptying and resetting a sandbox costs while others keep ten thousand messages."""

import sys
from statistics import median
from time import perf_counter

from msgsim.client import Client
from msgsim.testing import Simulator

from benchmarks import processes

MESSAGES = 10_000
SANDBOXES = 15


def main() -> None:
    with Simulator(clock="frozen@2026-01-01T00:00:00Z", journal_limit=1000) as sim, Client(sim.url) as client:
        stored = 0
        while stored < MESSAGES:
            client.sample("messente", 1000, seed=stored)
            stored = sum(sandbox["messages"] for sandbox in client.sandboxes.list())
        made, emptied = [], []
        for number in range(SANDBOXES):
            begun = perf_counter()
            client.sandboxes.create(f"ci-{number}")
            made.append(perf_counter() - begun)
            begun = perf_counter()
            client.sandbox(f"ci-{number}").reset()
            emptied.append(perf_counter() - begun)
        begun = perf_counter()
        client.reset()
        full = perf_counter() - begun
    budgets = [
        ("create a sandbox, ms", 1000 * median(made), 10, False),
        ("empty a sandbox, ms", 1000 * median(emptied), 10, False),
        (f"empty a sandbox of {MESSAGES:,} messages, ms", 1000 * full, 50, False),
    ]
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
