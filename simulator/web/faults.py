"""Connections that misbehave, as a client really sees them on its socket."""

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

from simulator.model import Fault, Reply

if TYPE_CHECKING:
    from simulator.web.wire import Receive, Send

GARBAGE = b"\x00\xff\xfe{]<%%PDF \x1b[2J not what you asked for \x80\x81"


async def answer_badly(reply: Reply, fault: Fault, receive: "Receive", send: "Send") -> None:
    """Give the answer, or what a fault leaves of it."""
    from simulator.web.wire import answer

    if fault.kind == "latency":
        await asyncio.sleep(fault.delay / 1000)
        await answer(reply, send)
    elif fault.kind == "garbage":
        await answer(Reply(reply.status, GARBAGE, reply.headers, reply.media), send)
    elif fault.kind == "drip":
        await _drip(reply, fault.delay / 1000, send)
    elif fault.kind == "truncate":
        await _start(reply, send)
        await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        await asyncio.sleep(0)
        _transport(send).close()
    elif fault.kind == "hang":
        while (await receive())["type"] != "http.disconnect":
            pass
    elif fault.kind == "empty":
        _transport(send).close()
    else:
        _reset(_transport(send))


async def _start(reply: Reply, send: "Send") -> None:
    headers = [(b"content-type", reply.media.encode()), (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})


async def _drip(reply: Reply, pause: float, send: "Send") -> None:
    await _start(reply, send)
    for place in range(len(reply.body)):
        await send({"type": "http.response.body", "body": reply.body[place : place + 1], "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b""})


def _transport(send: Any) -> asyncio.Transport:
    """uvicorn gives the application a bound method of the cycle that owns the connection."""
    transport: asyncio.Transport = send.__self__.transport
    return transport


def _reset(transport: asyncio.Transport) -> None:
    """With no time to linger, closing sends RST instead of FIN."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
