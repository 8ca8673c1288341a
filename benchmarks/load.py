"""Load from a process of its own: keep-alive connections, closed loop, raw sockets so that the client costs little."""

import asyncio
import sys
import time


class Client(asyncio.Protocol):
    """One connection that sends the same request again as soon as the answer is whole."""

    def __init__(self, request: bytes, until: float, latencies: list[float], done: asyncio.Future[None]) -> None:
        self.request = request
        self.until = until
        self.latencies = latencies
        self.done = done
        self.buffer = b""
        self.sent = 0.0
        self.statuses: dict[bytes, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        mark = self.buffer.lower().find(b"content-length: ", 0, head)
        length = int(self.buffer[mark + 16 : self.buffer.find(b"\r\n", mark)])
        if len(self.buffer) < head + 4 + length:
            return
        status = self.buffer[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buffer = b""
        now = time.perf_counter()
        self.latencies.append(now - self.sent)
        if now < self.until:
            self.send()
        else:
            self.transport.close()
            if not self.done.done():
                self.done.set_result(None)

    def connection_lost(self, wrong: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(wrong or ConnectionError("closed"))


async def measure(port: int, request: bytes, seconds: float, connections: int) -> None:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    start = time.perf_counter()
    clients = []
    for _ in range(connections):
        done = loop.create_future()
        _, client = await loop.create_connection(
            lambda done=done: Client(request, start + seconds, latencies, done), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    took = time.perf_counter() - start
    latencies.sort()
    statuses: dict[str, int] = {}
    for client in clients:
        for status, count in client.statuses.items():
            statuses[status.decode()] = statuses.get(status.decode(), 0) + count
    count = len(latencies)
    print(
        f"{count / took:.1f} {latencies[count // 2] * 1000:.3f} {latencies[int(count * 0.99)] * 1000:.3f} "
        + ",".join(f"{status}:{number}" for status, number in sorted(statuses.items()))
    )


if __name__ == "__main__":
    import uvloop

    uvloop.run(measure(int(sys.argv[1]), sys.stdin.buffer.read(), float(sys.argv[2]), int(sys.argv[3])))
