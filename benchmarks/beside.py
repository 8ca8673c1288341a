"""Sends that owe callbacks, beside idle sandboxes, and beside callbacks that are pending to many other hosts.

ROUNDS and SECONDS_EACH come from the environment.
"""

import json
import statistics
import sys
import tempfile
import urllib.request

from benchmarks import processes
from benchmarks.run import BASIC, ROUNDS, SECONDS, SEND, Server, load, ours, request

SANDBOXES = (500, 2000)
HOSTS = (1000, 5000)
KEY = {"Authorization": f"Basic {BASIC}"}
FAR = "2100-01-01T00:00"
"""When messages are sent: their callbacks stay pending, and nobody is measured while another's are posted."""
URL = "http://127.0.0.1:9/"


def asked(server: Server, path: str, body: dict[str, object]) -> None:
    asking = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json", **KEY}
    )
    with urllib.request.urlopen(asking) as answer:
        answer.read()


def beside_sandboxes(server: Server, count: int) -> None:
    for number in range(count):
        asked(server, "/__sim/v1/sandboxes", {"name": f"idle-{number}"})


def beside_hosts(server: Server, count: int) -> None:
    for number in range(count):
        asked(server, "/v1/omnimessage", owing(f"http://host-{number}.test/"))


def owing(url: str) -> dict[str, object]:
    """A send whose reports are due in many years."""
    return {**json.loads(SEND), "dlr_url": url, "time_to_send": FAR}


def per_core(server: Server, wire: bytes) -> float:
    """Sends per second of processor time, so that neighbours on this machine count for nothing."""
    before = processes.cpu(server.process.pid)
    rate, _, _ = load(server.port, wire, SECONDS)
    return rate * SECONDS / (processes.cpu(server.process.pid) - before)


def main() -> None:
    wire = request("/v1/omnimessage", json.dumps(owing(URL)).encode(), KEY)
    with tempfile.TemporaryDirectory() as folder:
        servers = {"nothing else": ours(folder)}
        for count in SANDBOXES:
            name = f"{count:,} idle sandboxes"
            servers[name] = ours(folder)
            beside_sandboxes(servers[name], count)
        for count in HOSTS:
            name = f"callbacks pending to {count:,} other hosts"
            servers[name] = ours(folder)
            beside_hosts(servers[name], count)
        rates: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(ROUNDS + 1):
            for name in list(servers) if turn % 2 else list(servers)[::-1]:
                rate = per_core(servers[name], wire)
                if turn:
                    rates[name].append(rate)
        for server in servers.values():
            server.stop()
    alone = rates.pop("nothing else")
    print(f"\n| sends beside | per second and core | over beside nothing else ({statistics.median(alone):,.0f}) |")
    print("|---|---:|---:|")
    budgets = []
    for name, found in rates.items():
        ratio = statistics.median(found) / statistics.median(alone)
        print(f"| {name} | {statistics.median(found):,.0f} | {ratio:.2f} |")
        budgets.append((f"sends beside {name} over beside nothing", ratio, 0.9, True))
    print()
    sys.exit(not processes.judged(budgets))


if __name__ == "__main__":
    main()
