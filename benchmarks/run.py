"""``make bench``: ratios inside one run, interleaved, medians. Prints a table and checks the budgets."""

import base64
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from tests.ports import free_port

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = float(os.environ.get("SECONDS_EACH", "2"))
BASIC = base64.b64encode(b"api-user:api-password").decode()
SEND = json.dumps(
    {
        "to": "+37255000001",
        "messages": [
            {"channel": "viber", "sender": "MyShop", "text": "Your order is on its way", "validity": 10},
            {"channel": "sms", "sender": "MyShop", "text": "Your order is on its way"},
        ],
    }
).encode()


def request(path: str, body: bytes, headers: dict[str, str], method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in {"Content-Type": "application/json", **headers}.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """A server process and what it used."""

    def __init__(self, *command: str) -> None:
        self.port = free_port()
        self.started = time.perf_counter()
        line = [part.replace("PORT", str(self.port)) for part in command]
        self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL, cwd=HERE.parent)
        self.ready = self._wait()

    def _wait(self) -> float:
        while time.perf_counter() - self.started < 30:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(request("/ready", b"", {}, "GET"))
                    if connection.recv(12).startswith(b"HTTP/1.1 "):
                        return time.perf_counter() - self.started
            except OSError:
                time.sleep(0.005)
        raise SystemExit(f"{self.process.args} does not answer")

    def memory(self) -> float:
        """Resident MiB."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def load(port: int, wire: bytes, seconds: float = SECONDS, connections: int = 16) -> tuple[float, float, float]:
    """Requests per second, p50 and p99 in milliseconds."""
    command = [sys.executable, str(HERE / "load.py"), str(port), str(seconds), str(connections)]
    done = subprocess.run(command, input=wire, capture_output=True, check=True)
    rate, median, tail, statuses = done.stdout.decode().split()
    if not all(one.startswith("20") for one in statuses.split(",")):
        raise SystemExit(f"answers were {statuses}")
    return float(rate), float(median), float(tail)


def ours(folder: str, *more: str) -> Server:
    store = str(Path(folder) / f"{free_port()}.db")
    return Server(sys.executable, "-m", "msgsim", "serve", "--port", "PORT", "--store", store, *more)


def main() -> None:
    folder = tempfile.mkdtemp()
    send = request("/v1/omnimessage", SEND, {"Authorization": f"Basic {BASIC}"})
    subjects = {
        "raw ASGI constant": Server(sys.executable, str(HERE / "baselines.py"), "constant", "PORT"),
        "bare Starlette JSON route": Server(sys.executable, str(HERE / "baselines.py"), "starlette", "PORT"),
        "full send": ours(folder),
    }
    idle = subjects["full send"].memory()
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in subjects}
    try:
        for server in subjects.values():
            load(server.port, send, 0.5)
        for _ in range(ROUNDS):
            for name, server in subjects.items():
                figures[name].append(load(server.port, send))
    finally:
        loaded = subjects["full send"].memory()
        for server in subjects.values():
            server.stop()
    starts = []
    for _ in range(ROUNDS):
        server = ours(folder)
        starts.append(server.ready)
        server.stop()
    shutil.rmtree(folder)
    report(figures, statistics.median(starts), idle, loaded)


def report(figures: dict[str, list[tuple[float, float, float]]], ready: float, idle: float, loaded: float) -> None:
    names = ("starlette", "uvicorn", "uvloop", "msgspec", "jsonschema-rs")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"\nPython {platform.python_version()}, {versions}; {os.cpu_count()} cores; {ROUNDS} rounds of {SECONDS} s\n")
    base = statistics.median(rate for rate, _, _ in figures["bare Starlette JSON route"])
    print("| what | requests/s | of bare Starlette | p50 ms | p99 ms |\n|---|---|---|---|---|")
    for name, rounds in figures.items():
        rate, median, tail = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {name} | {rate:.0f} | {rate / base:.2f} | {median:.2f} | {tail:.2f} |")
    ratio = statistics.median(rate for rate, _, _ in figures["full send"]) / base
    print(f"\nready after {ready:.2f} s, idle {idle:.0f} MiB, after load {loaded:.0f} MiB")
    budgets = {
        "full send at least 0.75 of bare Starlette": ratio >= 0.75,
        "ready within 0.35 s": ready <= 0.35,
        "idle under 60 MiB": idle < 60,
    }
    for budget, met in budgets.items():
        print(f"{'met   ' if met else 'MISSED'}  {budget}")
    sys.exit(not all(budgets.values()))


if __name__ == "__main__":
    main()
