"""Ten thousand callbacks due at once: how many leave per second of processor time, and what a send feels of it.

CALLBACKS and ROUNDS come from the environment.
"""

import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.filled import owing
from benchmarks.run import BASIC, HERE, ROUNDS, SEND, Server, request

CALLBACKS = int(os.environ.get("CALLBACKS", "10000"))
FROZEN = "frozen@2026-01-01T00:00:00Z"
SENDS = (2, 0.01)
"""Connections that send beside the callbacks, and each one's pause in seconds."""
WIRE = request("/v1/omnimessage", SEND, {"Authorization": f"Basic {BASIC}"})


def told(url: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})) -> bytes:
    asking = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(asking) as answer:
        return bytes(answer.read())


class Round:
    """A fresh server that owes everything, its clock stopped until it starts."""

    def __init__(self, folder: str) -> None:
        self.receiver = Server(sys.executable, str(HERE / "receiver.py"), "PORT")
        store = Path(folder) / f"{self.receiver.port}.db"
        self.url = f"http://127.0.0.1:{self.receiver.port}"
        owing(store, f"{self.url}/reports", CALLBACKS, FROZEN)
        self.server = Server(
            *(sys.executable, "-m", "msgsim", "serve"), "--port", "PORT", "--store", str(store), "--clock", FROZEN
        )
        told(
            f"http://127.0.0.1:{self.server.port}/__sim/v1/health"
        )  # The first question to the control API imports it.
        self.before = int(told(self.url))

    def rest(self) -> float:
        """99th percentile of a send while nothing is due, in milliseconds."""
        return self._sending(2).load.p99

    def release(self) -> None:
        self.begun = time.perf_counter()
        told(f"http://127.0.0.1:{self.server.port}/__sim/v1/clock/resume", b"")

    def drain(self) -> tuple[float, float]:
        """Callbacks per second of processor time, imports of the first tenth left out, and per second of all."""
        warm = self._come(CALLBACKS // 10)
        used = processes.cpu(self.server.process.pid)
        rest = self._come(CALLBACKS) - warm
        seconds = time.perf_counter() - self.begun
        return rest / (processes.cpu(self.server.process.pid) - used), CALLBACKS / seconds

    def _come(self, count: int) -> int:
        """How many have come, once there are as many."""
        while (came := int(told(self.url)) - self.before) < count:
            if time.perf_counter() - self.begun > 120:
                raise SystemExit(f"only {came} of {CALLBACKS} callbacks came")
            time.sleep(0.01)
        return came

    def starve(self) -> float:
        """99th percentile of a send while all of them leave, in milliseconds."""
        sending = self._sending(1.2)
        time.sleep(0.3)
        self.release()
        return sending.load.p99

    def stop(self) -> None:
        self.server.stop()
        self.receiver.stop()

    def _sending(self, seconds: float) -> Asking:
        return Asking(self.server.port, WIRE, seconds, *SENDS)


def main() -> None:
    per_core, per_second, ratios = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            alone = Round(folder)
            alone.release()
            core, second = alone.drain()
            per_core.append(core)
            per_second.append(second)
            alone.stop()
            beside = Round(folder)
            assert beside.rest()
            rest = beside.rest()
            ratios.append((beside.starve(), rest))
            beside.drain()
            beside.stop()
    loaded, rest = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"\n{CALLBACKS:,} callbacks due at once: {statistics.median(per_second):,.0f} per second;", end=" ")
    print(f"p99 of a send {rest:.1f} ms at rest, {loaded:.1f} ms while they leave\n")
    budgets = [
        ("callbacks per second per core", statistics.median(per_core), 5000, True),
        ("p99 of a send while they leave over at rest", statistics.median(a / b for a, b in ratios), 5, False),
    ]
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
