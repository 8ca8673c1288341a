"""A user's application that costs as little as possible: answers 200 to every POST, and says at GET how many came."""

import asyncio
import sys
from typing import cast


class Receiver(asyncio.Protocol):
    came = 0

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            mark = self.buffer.lower().find(b"content-length: ", 0, head)
            length = int(self.buffer[mark + 16 : self.buffer.find(b"\r\n", mark)]) if mark >= 0 else 0
            if len(self.buffer) < head + 4 + length:
                return
            body = b""
            if self.buffer.startswith(b"GET"):
                body = b"%d" % Receiver.came
            else:
                Receiver.came += 1
            self.buffer = self.buffer[head + 4 + length :]
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
