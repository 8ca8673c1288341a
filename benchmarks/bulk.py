"""Sinch bulks: messages per second of processor time, their cost by the size of the bulk, a single send beside them."""

import json
import statistics
import sys
import tempfile
import time

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.filled import KEY, message
from benchmarks.run import ROUNDS, SECONDS, Server, ours, request

SIZES = (1, 10, 100, 1000)
CLIENTS = 2
"""The same for every size: more of them share a commit, which makes a single send cheaper and a bulk not."""
MANY = 16
"""Clients of the single send in a row of its own, for comparison."""
WITH_BULK = 0.007
"""Pause of the single sends in seconds: they meet the bulks at any point, and are some hundreds."""


def bulk(size: int) -> bytes:
    body = {"messages": [message(place) for place in range(size)]}
    return request("/v1/send-bulk-sms", json.dumps(body).encode(), KEY)


SINGLE = request("/v1/send-sms", json.dumps(message(0)).encode(), KEY)


def cost(server: Server, wire: bytes, size: int, connections: int) -> float:
    """Microseconds of processor time per message."""
    before = processes.cpu(server.process.pid)
    answers = Asking(server.port, wire, SECONDS, connections).load.answers
    return (processes.cpu(server.process.pid) - before) / answers / size * 1e6


def beside(server: Server) -> float:
    """99th percentile of a single send in milliseconds while one client sends bulks of 1000 without a pause."""
    bulks = Asking(server.port, bulk(1000), 2 * SECONDS + 2, 1)
    time.sleep(0.5)  # Its start takes the processor that the single sends need.
    singles = Asking(server.port, SINGLE, 2 * SECONDS, 1, WITH_BULK).load
    assert bulks.load.answers
    return singles.p99


def main() -> None:
    costs: dict[int, list[float]] = {}
    shared, tails = [], []
    with tempfile.TemporaryDirectory() as folder:
        server = ours(folder)
        for wire in (SINGLE, bulk(1000)):
            assert Asking(server.port, wire, 1).load.answers
        for _ in range(ROUNDS):
            for size in SIZES:
                wire = SINGLE if size == 1 else bulk(size)
                costs.setdefault(size, []).append(cost(server, wire, size, CLIENTS))
            shared.append(cost(server, SINGLE, 1, MANY))
            tails.append(beside(server))
        server.stop()
    cheap = statistics.median(costs[1000])
    named = {"single send" if size == 1 else f"bulk of {size}": rounds for size, rounds in costs.items()}
    print(f"\n| Sinch, {CLIENTS} clients | CPU us per message | of a single send |\n|---|---:|---:|")
    for name, rounds in {**named, f"single send of {MANY} clients": shared}.items():
        print(f"| {name} | {statistics.median(rounds):.1f} | {_share(rounds, costs[1]):.3f} |")
    print()
    budgets = [
        ("messages accepted and durable per second per core, bulks of 1000", 1e6 / cheap, 60_000, True),
        ("a message in a bulk of 1000 over a single send", _share(costs[1000], costs[1]), 0.1, False),
        ("p99 of a single send beside bulks, ms", statistics.median(tails), 50, False),
    ]
    sys.exit(not processes.judged(budgets))


def _share(rounds: list[float], of: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(rounds, of, strict=True))


if __name__ == "__main__":
    main()
