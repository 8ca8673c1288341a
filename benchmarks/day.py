"""A day of plausible traffic of all providers, replayed in a minute: what the server holds stays the same.

DAY_SECONDS, the seconds it is replayed in, comes from the environment.
"""

import json
import os
import sys
import tempfile
import time

from benchmarks import processes
from benchmarks.client import Asking
from benchmarks.run import HERE, Server, ours, request
from reliability.traffic import MIX

DAY = 86_400
REPLAYED = float(os.environ.get("DAY_SECONDS", "60"))
DIFFERENT = 2000
"""Requests, each to a recipient of its own; then they come again."""
CALM = (4, 0.001)
"""Connections, and each one's pause in seconds: some twenty to a hundred requests a minute of the day."""
SAMPLES = 40


def wires(receiver: str) -> list[bytes]:
    shots = (MIX[number % len(MIX)](number, receiver) for number in range(DIFFERENT))
    return [request(shot.path, json.dumps(shot.body).encode(), shot.headers) for shot in shots]


def main() -> None:
    receiver = Server(sys.executable, str(HERE / "receiver.py"), "PORT")
    with tempfile.TemporaryDirectory() as folder:
        server = ours(folder, "--clock", f"{DAY / REPLAYED:g}x")
        load = Asking(server.port, wires(f"http://127.0.0.1:{receiver.port}"), REPLAYED, *CALM)
        held = []
        for _ in range(SAMPLES):
            time.sleep(REPLAYED / SAMPLES)
            held.append(processes.memory(server.process.pid))
        answers = load.load.answers
        server.stop()
    receiver.stop()
    half, end = max(held[SAMPLES // 4 : SAMPLES // 2]), max(held[-SAMPLES // 4 :])
    print(f"\n{answers:,} requests in a day of {REPLAYED:g} s:", end=" ")
    print(f"{half:.0f} MiB in its second quarter, {end:.0f} in its last\n")
    budgets = [("memory of the last quarter over that of the second, MiB", end - half, 16, False)]
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
