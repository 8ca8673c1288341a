"""Load as in ``benchmarks.load``, and for servers that close after each answer; by time or by number."""

import asyncio
import json
import math
import sys
import time
from collections import Counter
from typing import NamedTuple

from benchmarks.load import Client


class Load(NamedTuple):
    """What a load came to; times in milliseconds."""

    answers: int
    seconds: float
    p50: float
    p99: float
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        return self.answers / self.seconds


class Connection(Client):
    """Connects anew where the server closes, and stops after ``most`` answers of all connections together."""

    most: float = math.inf
    port = 0
    closing = False

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
            super().send()

    def connection_lost(self, wrong: Exception | None) -> None:
        if self.closing and not self.done.done():
            self.again = asyncio.create_task(self.connect())
        else:
            super().connection_lost(wrong)

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self.port)


async def load(port: int, wire: bytes, seconds: float, connections: int = 16, most: float = math.inf) -> Load:
    """Closed loop for a time, or until ``most`` answers."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    start = time.perf_counter()
    clients = [Connection(wire, start + seconds, latencies, loop.create_future()) for _ in range(connections)]
    for client in clients:
        client.port, client.most = port, most
        await client.connect()
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - start
    latencies.sort()
    statuses: Counter[str] = Counter()
    for client in clients:
        statuses.update({status.decode(): count for status, count in client.statuses.items()})
    count = len(latencies)
    return Load(count, took, latencies[count // 2] * 1000, latencies[int(count * 0.99)] * 1000, dict(statuses))


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(load(int(sys.argv[1]), sys.stdin.buffer.read(), float(sys.argv[2])))))
