"""Asks other replicas, and passes requests on to the replica that has the sandbox."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from msgsim.engine.elsewhere import Elsewhere
from msgsim.model import Json
from msgsim.web.control.context import Context
from msgsim.web.edge.passing import Passing
from msgsim.web.edge.peer_port import is_passed_on, request_of
from msgsim.web.edge.peers import Lost, Moved
from msgsim.web.edge.replies import Receive, Scope, Send

ASKING = 5.0
"""Seconds in which other replicas have to answer."""


async def ask_others(context: Context, request: Request) -> list[Json]:
    """The answers of all other replicas to the same request, each about itself only; without those that fail."""
    if is_passed_on(request.scope):
        return []
    return [
        said
        for said in await asyncio.gather(*(_asked(context, request, at) for at in context.passing.others()))
        if said
    ]


async def ask_owner(context: Context, request: Request, elsewhere: Elsewhere) -> Json:
    """The answer to the same request of the replica that has the sandbox; None: it does not answer."""
    return None if is_passed_on(request.scope) else await _asked(context, request, elsewhere.address)


async def _asked(context: Context, request: Request, address: str) -> Json:
    status, said = 0, b""
    try:
        async with asyncio.timeout(ASKING):
            async for message in context.passing.peers.http(address, request_of(request.scope, b"")):
                status = message.get("status", status)
                said += message.get("body", b"")
    except (Moved, Lost, TimeoutError):
        return None
    return msgspec.json.decode(said) if status == 200 else None


def passes_on(passing: Passing) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Starlette's exception handler for Elsewhere: passes the request on to the replica that has the sandbox."""

    async def handler(request: Request, error: Exception) -> Response:
        assert isinstance(error, Elsewhere)
        try:
            return PassedOn(passing, error, await request.body())
        except ClientDisconnect:
            return Response()

    return handler


class PassedOn(Response):
    """The answer of another replica, copied piece by piece."""

    def __init__(self, passing: Passing, elsewhere: Elsewhere, body: bytes) -> None:
        super().__init__()
        self._passing = passing
        self._elsewhere = elsewhere
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._passing.copy(self._elsewhere, scope, self._body, receive, send)
