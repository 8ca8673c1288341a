"""Sinch bulks: messages per second of processor time, their cost by the size of the bulk, a single send beside them."""

import json
import statistics
import sys
import tempfile

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.run import ROUNDS, SECONDS, Server, ours, request

KEY = {"UserName": "bench", "AuthenticationToken": "token"}
SIZES = (10, 100, 1000)
WITH_BULK = 0.03
"""Pause of the single sends in seconds, so that they meet the bulks at any point."""


def message(place: int) -> dict[str, str]:
    return {"destination": f"55119{place:08d}", "messageText": f"Order {place} is on its way"}


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
    bulks = Asking(server.port, bulk(1000), SECONDS + 1, 1)
    singles = Asking(server.port, SINGLE, SECONDS, 1, WITH_BULK).load
    assert bulks.load.answers
    return singles.p99


def main() -> None:
    costs: dict[int, list[float]] = {}
    tails = []
    with tempfile.TemporaryDirectory() as folder:
        server = ours(folder)
        for wire in (SINGLE, bulk(1000)):
            assert Asking(server.port, wire, 1).load.answers
        for _ in range(ROUNDS):
            costs.setdefault(1, []).append(cost(server, SINGLE, 1, 16))
            for size in SIZES:
                costs.setdefault(size, []).append(cost(server, bulk(size), size, 2))
            tails.append(beside(server))
        server.stop()
    cheap = statistics.median(costs[1000])
    print("\n| Sinch | CPU us per message | of a single send |\n|---|---:|---:|")
    for size, rounds in costs.items():
        share = statistics.median(one / single for one, single in zip(rounds, costs[1], strict=True))
        print(f"| {f'bulk of {size}' if size > 1 else 'single send'} | {statistics.median(rounds):.1f} | {share:.3f} |")
    share = statistics.median(one / single for one, single in zip(costs[1000], costs[1], strict=True))
    print()
    budgets = [
        ("messages accepted and durable per second per core, bulks of 1000", 1e6 / cheap, 60_000, True),
        ("a message in a bulk of 1000 over a single send", share, 0.1, False),
        ("p99 of a single send beside bulks, ms", statistics.median(tails), 30, False),
    ]
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
