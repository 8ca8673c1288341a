"""How long a start takes until the first answer, and what an idle server holds."""

import statistics
import sys
import tempfile

from benchmarks import processes
from benchmarks.run import ROUNDS, ours


def main() -> None:
    ready, idle, used = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2 * ROUNDS):
            server = ours(folder)
            ready.append(server.ready)
            idle.append(processes.memory(server.process.pid))
            used.append(processes.cpu(server.process.pid))
            server.stop()
    print(f"\n{statistics.median(used):.2f} s of processor time until the first answer\n")
    budgets = [
        ("ready, seconds", statistics.median(ready), 0.35, False),
        ("idle, MiB", statistics.median(idle), 60, False),
    ]
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
