"""A receiver of callbacks that behaves as it is told, on a socket of its own and in a thread of its own."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import msgspec

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
Key = tuple[str, str, str]
"""Id of the message, id of the channel, status."""


async def good(writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


async def failing(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno")


async def redirecting(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n")


async def garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\xfe not http at all \x80\r\n\r\n" * 10)
    writer.close()


async def resetting(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-More: and more\r\n" * 1000)
        await writer.drain()


MANNERS: dict[str, Answer] = {
    "good": good,
    "failing": failing,
    "redirecting": redirecting,
    "garbage": garbage,
    "resetting": resetting,
    "silent": silent,
    "endless": endless,
    "endless-headers": endless_headers,
}


class Receiver:
    """Counts every post; answers as ``manner`` says, all or only the first ``bad`` posts of every status."""

    def __init__(self, manner: str = "good", bad: int | None = None) -> None:
        self.manner = manner
        self.posts: Counter[Key] = Counter()
        self.bodies = 0
        self.unreadable = 0
        self._bad = bad
        self._seen: Counter[bytes] = Counter()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._socket.close()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._socket))
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        for writer in self._writers:
            writer.transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while not writer.is_closing():
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    _, _, rest = head.partition(b"content-length:")
                    body = await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
                    await MANNERS[self._manner_for(body)](writer)
                    await writer.drain()
        finally:
            writer.close()
            self._writers.discard(writer)
            self._tasks.discard(task)

    def _manner_for(self, body: bytes) -> str:
        self.bodies += 1
        try:
            self.posts[key(msgspec.json.decode(body))] += 1
        except (msgspec.DecodeError, KeyError, TypeError):
            self.unreadable += 1
        if self._bad is None:
            return self.manner
        self._seen[body] += 1
        return self.manner if self._seen[body] <= self._bad else "good"


def key(report: dict[str, str]) -> Key:
    """What a report of Messente or Sinch is about."""
    if "omnimessage_id" in report:
        return report["omnimessage_id"], report["message_id"], report["status"]
    return report["id"], report["id"], report.get("deliveredStatus") or report["sentStatus"]
