"""The journal for other tools: JSON Lines, and an HTTP archive."""

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from msgsim import __version__
from msgsim.clock import iso
from msgsim.engine.recording import line_of
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Attempt, Entry, Exchange, Json
from msgsim.storage.keys import NUMBERS
from msgsim.web.control.context import Context
from msgsim.web.control.lists import in_turns

CHUNK = 1 << 16
"""Bytes that are sent at once."""
LINES = 16
"""Numbers of lines that are read at once: one may hold a request with a thousand messages."""


async def lines(context: Context, request: Request) -> Response:
    sandbox = context.sandbox(request)

    async def written() -> AsyncIterator[bytes]:
        async for entry in in_turns(entries(context, sandbox)):
            yield msgspec.json.encode(line_of(entry)) + b"\n"

    return StreamingResponse(joined(written()), media_type="application/x-ndjson")


async def archive(context: Context, request: Request) -> Response:
    sandbox, root = context.sandbox(request), str(request.base_url).rstrip("/")
    creator = {"name": "messaging-simulator", "version": __version__}

    async def written() -> AsyncIterator[bytes]:
        head = msgspec.json.encode({"version": "1.2", "creator": creator})
        yield b'{"log":' + head[:-1] + b',"entries":['
        comma = b""
        async for entry in in_turns(entries(context, sandbox)):
            if entry.exchange is not None:
                yield comma + msgspec.json.encode(_exchange(entry, entry.exchange, root))
            elif entry.attempt is not None:
                yield comma + msgspec.json.encode(_attempt(entry, entry.attempt))
            else:
                continue
            comma = b","
        yield b"]}}"

    return StreamingResponse(joined(written()), media_type="application/json")


async def joined(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Small parts put together: each that is sent costs more than its bytes."""
    waiting = bytearray()
    async for part in parts:
        waiting += part
        if len(waiting) > CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def entries(context: Context, sandbox: Sandbox, first: int = 1) -> Iterator[Entry]:
    """From a number up to the last line there was when it was asked for; an export asked for is no line of it."""
    store, last = context.engine.store, sandbox.journal
    for low in range(max(first, store.journal.bounds(sandbox.number)[0]), last + 1, LINES):
        yield from store.journal.between(sandbox.number, low, min(low + LINES - 1, last))


def _exchange(entry: Entry, exchange: Exchange, root: str) -> Json:
    query = f"?{exchange.query}" if exchange.query else ""
    refused = ", ".join(refusal.key for refusal in exchange.refusals)
    return _entry(
        entry,
        took=0,
        request=_request(exchange.method, f"{root}{exchange.path}{query}", exchange.headers, exchange.body),
        response=_response(exchange.status, dict(exchange.answer_headers), exchange.answer),
        comment=f"request {entry.key & NUMBERS} to {exchange.provider}" + (f", refused: {refused}" if refused else ""),
    )


def _attempt(entry: Entry, attempt: Attempt) -> Json:
    comment = f"attempt {attempt.number} at callback {attempt.callback & NUMBERS}" + (
        f": {attempt.error}" if attempt.error else ""
    )
    return _entry(
        entry,
        took=attempt.took,
        request=_request(attempt.method, attempt.url, attempt.headers, attempt.body),
        response=_response(attempt.status or 0, {}, attempt.answer),
        comment=comment,
    )


def _entry(entry: Entry, took: int, request: Json, response: Json, comment: str) -> Json:
    return {
        "startedDateTime": iso(entry.at),
        "time": took,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": comment,
    }


def _request(method: str, url: str, headers: dict[str, str], body: str) -> Json:
    request: dict[str, Json] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query)],
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }
    if body:
        request["postData"] = {"mimeType": _media(headers), "text": body}
    return request


def _response(status: int, headers: dict[str, str], body: str) -> Json:
    known = {item.value: item.phrase for item in HTTPStatus}
    return {
        "status": status,
        "statusText": known.get(status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": len(body.encode()), "mimeType": _media(headers), "text": body},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _media(headers: dict[str, str]) -> str:
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "application/json")
