"""Brings about the faults of connections that scenarios ask for, on the client's real socket."""

import asyncio
import socket
import struct
from typing import Any

from msgsim.model import Fault, Reply
from msgsim.web.edge.replies import Receive, Send, answer, response_headers

GARBAGE = b"\x00\xff\xfe{]<%%PDF \x1b[2J not what you asked for \x80\x81"


async def answer_badly(reply: Reply, fault: Fault, receive: Receive, send: Send) -> None:
    """Send an answer with a fault, then wait until the client has disconnected, if the fault withholds the answer.

    A reset or an empty answer closes the connection; a hang sends nothing.
    """
    if fault.kind == "latency":
        await asyncio.sleep(fault.delay / 1000)
        await answer(reply, send)
    elif fault.kind == "garbage":
        await answer(Reply(reply.status, GARBAGE, reply.headers, reply.media), send)
    elif fault.kind == "drip":
        await _drip(reply, fault.delay / 1000, send)
    else:
        if fault.kind == "truncate":
            await _start(reply, send)
            await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
            _transport(send).close()
        elif fault.kind == "empty":
            _transport(send).close()
        elif fault.kind == "reset":
            _reset(_transport(send))
        await _gone(receive)


async def _start(reply: Reply, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": response_headers(reply)})


async def _drip(reply: Reply, pause: float, send: Send) -> None:
    """Send the body byte by byte, ``pause`` seconds apart, until the client disconnects."""
    await _start(reply, send)
    for place in range(len(reply.body)):
        if _transport(send).is_closing():
            return
        await send({"type": "http.response.body", "body": reply.body[place : place + 1], "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Wait until the client has disconnected: uvicorn would otherwise send a 500 for the missing answer."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(send: Any) -> asyncio.Transport:
    """The connection of a request: uvicorn's ``send`` is a bound method of an object that has it."""
    transport: asyncio.Transport = send.__self__.transport
    return transport


def _reset(transport: asyncio.Transport) -> None:
    """Close a connection by RST instead of FIN, which a linger time of 0 does."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
