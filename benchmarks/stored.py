"""What questions about two million stored messages take, and how long everybody else waits meanwhile.

STORED comes from the environment.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from msgsim.client import Client

from benchmarks import processes
from benchmarks.callbacks import told
from benchmarks.filled import KEY, bulks
from benchmarks.turns import Watched

STORED = int(os.environ.get("STORED", "2000000"))
START = "frozen@2026-01-01T00:00:00Z"
LIST = "/v1/sms/status/list?limit=10"
OWN = "/__sim/v1/"


def asked(server: Watched, path: str, body: bytes | None = None) -> tuple[float, float, bytes]:
    """Seconds until the answer, the longest turn of the loop in milliseconds, and the answer."""
    server.longest()
    begun = time.perf_counter()
    answer = told(f"http://127.0.0.1:{server.port}{path}", body, KEY)
    return time.perf_counter() - begun, server.longest(), answer


QUESTIONS: tuple[tuple[str, str, bytes | None], ...] = (
    ("clock/advance, nothing happens", f"{OWN}clock/advance", b'{"by": "1ms"}'),
    ("status/list?limit=10, nothing is there", LIST, None),
    ("clock/advance, all are sent", f"{OWN}clock/advance", b'{"by": "200ms"}'),
    ("status/list?limit=10, all are sent", LIST, None),
    ("clock/advance, all are delivered", f"{OWN}clock/advance", b'{"by": "1m"}'),
    ("status/list?limit=10, all are delivered", LIST, None),
    ("status/list?limit=10 again", LIST, None),
    ("inbox", "/__sim/", None),
    ("inbox, a number that is not there", "/__sim/?search=000000000", None),
    ("inbox, a conversation", "/__sim/?to=5511900000005", None),
    ("messages", f"{OWN}messages?limit=10", None),
    ("messages to one recipient", f"{OWN}messages?to=5511900000005", None),
    ("messages with a text", f"{OWN}messages?text=order+70+is", None),
    ("sandboxes", f"{OWN}sandboxes", None),
)


def main() -> None:
    budgets = []
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "stored.db"
        bulks(store, STORED, START, journal_limit=1000)
        server = Watched(store, START)
        with Client(f"http://127.0.0.1:{server.port}") as client:
            client.configure({"sinch": {"status_rate_limit": 0}})
        print(f"\n| {STORED:,} messages | s | longest turn of the loop, ms |\n|---|---:|---:|")
        for name, path, body in QUESTIONS:
            seconds, longest, _ = asked(server, path, body)
            print(f"| {name} | {seconds:.2f} | {longest:.0f} |")
            budgets += [(f"{name}, s", seconds, 1.0, False), (f"{name}, longest turn, ms", longest, 50.0, False)]
        server.stop()
    print()
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
