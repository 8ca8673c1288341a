"""Load as in ``benchmarks.load``, and more: several requests in turn, pauses, servers that close after each answer."""

import asyncio
import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import NamedTuple

from benchmarks.load import Client


class Load(NamedTuple):
    """What a load came to; times in milliseconds."""

    answers: int
    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]
    longest: float

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


class Connection(Client):
    """Connects anew where the server closes, and stops after ``most`` answers of all connections together."""

    most: float = math.inf
    port = 0
    closing = False
    pause = 0.0
    """Seconds between an answer and the next request."""
    requests: Iterator[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.buffer = b""
        self.closing = False
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if b"\r\nConnection: close\r\n" in data:
            self.closing = True
        super().data_received(data)

    def send(self) -> None:
        if len(self.latencies) >= self.most:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)
        elif not self.closing:
            self.request = next(self.requests)
            if self.pause and self.statuses:
                asyncio.get_running_loop().call_later(self.pause, super().send)
            else:
                super().send()

    def connection_lost(self, wrong: Exception | None) -> None:
        if self.closing and not self.done.done():
            self.again = asyncio.create_task(self.connect())
        else:
            super().connection_lost(wrong)

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)


async def load(
    port: int, wires: Sequence[bytes], seconds: float, connections: int = 16, pause: float = 0, most: float = math.inf
) -> Load:
    """Closed loop for a time, or until ``most`` answers; the connections share the requests out among them."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    requests = cycle(wires)
    start = time.perf_counter()
    clients = [Connection(wires[0], start + seconds, latencies, loop.create_future()) for _ in range(connections)]
    for client in clients:
        client.port, client.most, client.pause, client.requests = port, most, pause, requests
        await client.connect()
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - start
    latencies.sort()
    statuses: Counter[str] = Counter()
    for client in clients:
        statuses.update({status.decode(): count for status, count in client.statuses.items()})
    count = len(latencies)
    return Load(
        count,
        took,
        latencies[count // 2] * 1000,
        latencies[int(count * 0.99)] * 1000,
        dict(statuses),
        latencies[-1] * 1000,
    )


class Asking:
    """Load from a process of its own; ``load`` is there once it is over."""

    def __init__(
        self, port: int, wires: bytes | Sequence[bytes], seconds: float, connections: int = 16, pause: float = 0
    ) -> None:
        numbers = map(str, (port, seconds, connections, pause))
        command = [sys.executable, "-m", "benchmarks.client", *numbers]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        listed = [wires] if isinstance(wires, bytes) else wires
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([wire.decode("latin-1") for wire in listed]).encode())
        self._process.stdin.close()

    @property
    def load(self) -> Load:
        """Exits when an answer was no 2xx."""
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        if self._process.wait():
            raise SystemExit("the load broke off")
        found = Load(*json.loads(said))
        if not all(status.startswith("2") for status in found.statuses):
            raise SystemExit(f"answers were {found.statuses}")
        return found


def main() -> None:
    import uvloop

    port, seconds, connections, pause = sys.argv[1:]
    wires = [wire.encode("latin-1") for wire in json.load(sys.stdin)]
    print(json.dumps(uvloop.run(load(int(port), wires, float(seconds), int(connections), float(pause)))))


if __name__ == "__main__":
    main()
