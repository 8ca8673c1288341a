"""What we are measured against: a raw ASGI constant, and a bare Starlette route that parses and answers JSON."""

import json
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

BODY = json.dumps({"omnimessage_id": "75cbf2b6-74e8-4c75-8093-f1041587cd04", "to": "+37255000001"}).encode()


async def constant(
    scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    if scope["type"] != "http":
        return
    await receive()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def route(request: Request) -> JSONResponse:
    body = await request.json()
    channels = [{"channel": one["channel"], "message_id": "x" * 36, "sender": "s"} for one in body["messages"]]
    return JSONResponse({"messages": channels, "omnimessage_id": "x" * 36, "to": body["to"]}, 201)


starlette = Starlette(routes=[Route("/v1/omnimessage", route, methods=["POST"])])

if __name__ == "__main__":
    app = {"constant": constant, "starlette": starlette}[sys.argv[1]]
    uvicorn.run(
        app,  # type: ignore[arg-type]
        port=int(sys.argv[2]),
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
    )
