"""What each page takes of the processor with a hundred thousand messages, each of a request of its own.

STORED comes from the environment. The first look at a page counts: nobody has looked before.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from benchmarks import processes
from benchmarks.callbacks import told
from benchmarks.filled import sends
from benchmarks.run import Server

STORED = int(os.environ.get("STORED", "100000"))
START = "frozen@2026-01-01T00:00:00Z"
FAR = "%2B37250000005"
PAGES = {
    "inbox": "",
    "inbox, a conversation": f"?to={FAR}",
    "inbox, a text that one message has": '?search="order+70+is"',
    "inbox, a text that none has": "?search=xyzzy",
    "inbox, a recipient, a status and a channel": f"?search=to:{FAR}+status:queued+channel:sms",
    "message": "messages/{id}",
    "requests": "requests",
    "requests, refused only": "requests?refused=true",
    "requests, an error that none has": "requests?error=unknown_path",
    "request": f"requests/{STORED}",
    "callbacks": "callbacks",
    "callbacks, a state that none has": "callbacks?state=failed",
    "callbacks, a host that none has": "callbacks?host=none.example",
    "callback": "callbacks/5",
    "errors": "errors?provider=messente",
    "scenarios": "scenarios",
    "scenario": "scenarios/viber-falls-back-to-sms",
    "lint": "lint",
    "coverage": "coverage",
    "API": "docs",
    "operation": "docs/control/listMessages",
    "start": "start",
}
LIVE = {
    "lint, what it counts": "parts?part=lint:",
    "coverage, what it counts": "parts?part=coverage:",
    "live: what the inbox asks for": "parts?part=list&part=refused&part=failing:&part=clock",
}
LIMIT = 100.0
"""Milliseconds of server time."""


def taken(server: Server, path: str) -> float:
    """Milliseconds of processor time of all threads until the answer is there."""
    before = _busy(server.process.pid)
    with urlopen(f"http://127.0.0.1:{server.port}/__sim/{path}", timeout=15) as answer:
        assert answer.status == 200
        answer.read()
    return _busy(server.process.pid) - before


def _busy(pid: int) -> float:
    nanoseconds = [int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(nanoseconds) / 1e6


def measured(server: Server) -> list[tuple[str, float, float, bool]]:
    """Print a line for each page. What `processes.judged` takes."""
    newest = json.loads(told(f"http://127.0.0.1:{server.port}/__sim/v1/messages?limit=1"))
    id = newest["messages"][0]["id"]
    print(f"\n| {STORED:,} messages | first, ms | again, ms |\n|---|---:|---:|")
    budgets = []
    for name, path in (PAGES | LIVE).items():
        first, again = (taken(server, path.format(id=id)) for _ in range(2))
        print(f"| {name} | {first:.0f} | {again:.0f} |")
        budgets.append((f"{name}, ms", first, LIMIT, False))
    return budgets


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "pages.db"
        sends(store, STORED, START)
        serve = ("-m", "msgsim", "serve", "--port", "PORT", "--store", str(store), "--clock", START)
        server = Server(sys.executable, *serve)
        try:
            budgets = measured(server)
        finally:
            server.stop()
    print()
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
