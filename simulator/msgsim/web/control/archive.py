"""``GET journal.har``: the journal as an HTTP archive (HAR 1.2), which browsers and their tools can open.

Firefox and Chromium need ``pages``, which is optional in the format. ``_error`` (an answer that never came) and
``_resourceType`` are extensions of Chromium. Source: http://www.softwareishard.com/blog/har-12-spec/
"""

from collections.abc import AsyncGenerator, Iterable
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from msgsim import __version__
from msgsim.clock import iso
from msgsim.model import Attempt, Entry, Exchange, Json
from msgsim.storage.keys import NUMBERS
from msgsim.web.control.context import Context
from msgsim.web.control.exports import Export, entries
from msgsim.web.control.lists import in_turns

UNKNOWN = "x-unknown"
"""The format's ``mimeType`` for content without a known media type."""
SAFE = "/%:@!$&'()*+,;=~"
PHRASES = {item.value: item.phrase for item in HTTPStatus}
Pairs = Iterable[tuple[str, str]]


async def archive(context: Context, request: Request) -> Response:
    sandbox, root = context.sandbox(request), str(request.base_url).rstrip("/")
    creator = {"name": "messaging-simulator", "version": __version__}
    first = next((entry.at for entry in entries(context, sandbox)), sandbox.now())
    page = {
        "startedDateTime": iso(first),
        "id": sandbox.name,
        "title": f"messaging-simulator, sandbox {sandbox.name}",
        "pageTimings": {},
    }

    async def written() -> AsyncGenerator[bytes, None]:
        head = msgspec.json.encode({"version": "1.2", "creator": creator, "pages": [page]})
        yield b'{"log":' + head[:-1] + b',"entries":['
        comma = b""
        async for entry in in_turns(entries(context, sandbox)):
            if entry.exchange is not None:
                found = _exchange(entry, entry.exchange, root)
            elif entry.attempt is not None:
                found = _attempt(entry, entry.attempt)
            else:
                continue
            yield comma + msgspec.json.encode({"pageref": sandbox.name, "_resourceType": "fetch", **found})
            comma = b","
        yield b"]}}"

    return Export(written(), "application/json")


def _exchange(entry: Entry, exchange: Exchange, root: str) -> dict[str, Json]:
    query = f"?{exchange.query}" if exchange.query else ""
    comment = f"request {entry.key & NUMBERS} to {exchange.provider}"
    if exchange.refusals:
        comment += f", refused: {', '.join(refusal.key for refusal in exchange.refusals)}"
    if exchange.fault:
        comment += f", fault: {exchange.fault}"
    # The journal has the path decoded, except for percent signs and slashes inside an id.
    url = f"{root}{quote(exchange.path, safe=SAFE)}{query}"
    return _entry(
        entry,
        took=0,
        request=_request(exchange.method, url, exchange.headers.items(), exchange.body),
        response=_response(exchange.status, exchange.answer_headers, exchange.answer),
        comment=comment,
    )


def _attempt(entry: Entry, attempt: Attempt) -> dict[str, Json]:
    comment = f"attempt {attempt.number} at callback {attempt.callback & NUMBERS}"
    response = _response(attempt.status or 0, (), attempt.answer)
    if attempt.error:
        comment += f": {attempt.error}"
    if attempt.status is None:
        response["_error"] = attempt.error
    return _entry(
        entry,
        took=attempt.took,
        request=_request(attempt.method, attempt.url, attempt.headers.items(), attempt.body),
        response=response,
        comment=comment,
    )


def _entry(entry: Entry, took: int, request: Json, response: Json, comment: str) -> dict[str, Json]:
    """``took``: milliseconds."""
    return {
        "startedDateTime": iso(entry.at),
        "time": took,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": took, "receive": 0},
        "comment": comment,
    }


def _request(method: str, url: str, headers: Pairs, body: str) -> dict[str, Json]:
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    request: dict[str, Json] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }
    if body:
        request["postData"] = {"mimeType": _media(headers, body), "text": body}
    return request


def _response(status: int, headers: Pairs, body: str) -> dict[str, Json]:
    return {
        "status": status,
        "statusText": PHRASES.get(status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "content": {"size": len(body.encode()), "mimeType": _media(headers, body), "text": body},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _media(headers: Pairs, body: str) -> str:
    """The media type in the headers; else guessed, because the journal has no headers of receivers' answers."""
    named = (value for name, value in headers if name.lower() == "content-type")
    guessed = "application/json" if body.lstrip()[:1] in ("{", "[") else "text/plain" if body else UNKNOWN
    return next(named, guessed)
