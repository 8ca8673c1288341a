"""``advance 24h`` over ten thousand messages: with callbacks to a sink, and without any.

MESSAGES and ROUNDS come from the environment.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.callbacks import told
from benchmarks.run import BASIC, ROUNDS, SEND, Server
from tests.ports import free_port

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
BATCH = 1000


def bulk(dlr_url: str) -> bytes:
    one = json.loads(SEND)
    if dlr_url:
        one["dlr_url"] = dlr_url
    return json.dumps({"messages": [one] * BATCH}).encode()


def advanced(folder: str, sink: bool) -> tuple[float, float, int]:
    """Seconds that ``advance`` took, processor seconds of it, and how much happened."""
    store = Path(folder) / f"{free_port()}.db"
    frozen = ("--clock", "frozen@2026-01-01T00:00:00Z")
    server = Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", str(store), *frozen)
    root = f"http://127.0.0.1:{server.port}"
    body = bulk(f"{root}/__sim/sink/bench" if sink else "")
    for _ in range(MESSAGES // BATCH):
        told(f"{root}/v1/omnimessages", body, {"Authorization": f"Basic {BASIC}"})
    told(f"{root}/__sim/v1/health")  # The first question to the control API imports it.
    used, begun = processes.cpu(server.process.pid), time.perf_counter()
    answer = json.loads(told(f"{root}/__sim/v1/clock/advance", b'{"by": "24h"}'))
    found = time.perf_counter() - begun, processes.cpu(server.process.pid) - used, answer["total"]
    server.stop()
    return found


def main() -> None:
    budgets = []
    with tempfile.TemporaryDirectory() as folder:
        for what, sink, limit in (("callbacks to the sink", True, 5.0), ("no callbacks", False, 0.1)):
            rounds = [advanced(folder, sink) for _ in range(ROUNDS)]
            seconds, used, happened = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{MESSAGES:,} messages, {what}: {seconds:.2f} s ({used:.2f} s of processor time)", end=" ")
            print(f"in which {happened:,.0f} things happened")
            budgets.append((f"advance 24h over {MESSAGES:,} messages, {what}, s", seconds, limit, False))
    print()
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
