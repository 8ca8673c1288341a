"""The protocol between replicas: frames on a TCP connection, which carries many requests at once.

A frame has the length of its body (4 bytes), the number of its request (4 bytes), its kind (1 byte) and its body:
MessagePack, or nothing.
"""

import asyncio
import struct
from typing import Any

import msgspec

HELLO, CALL, HTTP, CHANGED, GONE = b"h", b"c", b"w", b"n", b"g"
"""Kinds of requests: the secret that opens a connection; a request to a provider; one to the control API or a page; a
notice that sandboxes were created or deleted; a notice that the answer to the request is not wanted any more."""
REPLY, PART, END, ELSEWHERE = b"r", b"p", b"e", b"x"
"""Kinds of answers: a provider's reply; a piece of an ASGI answer; its end; the sandbox is not here, so nothing was
done."""
_head = struct.Struct(">IIc")
encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.decode


class Frames(asyncio.Protocol):
    """One end of a connection between replicas."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._free = asyncio.Event()
        self._free.set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        place = 0
        while len(received) - place >= _head.size:
            length, number, kind = _head.unpack_from(received, place)
            end = place + _head.size + length
            if len(received) < end:
                break
            self.came(number, kind, bytes(received[place + _head.size : end]))
            place = end
        del received[:place]

    def came(self, number: int, kind: bytes, body: bytes) -> None:
        """Called with each frame that was received: the number of its request, its kind and its body."""
        raise NotImplementedError

    def say(self, number: int, kind: bytes, body: bytes = b"") -> None:
        """Send a frame; ignored if the connection is closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_head.pack(len(body), number, kind) + body)

    async def drained(self) -> None:
        """Wait until the send buffer has room."""
        await self._free.wait()

    def pause_writing(self) -> None:
        self._free.clear()

    def resume_writing(self) -> None:
        self._free.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._free.set()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
