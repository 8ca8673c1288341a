"""Reply to bytes: the provider's answers and our own, as they go out.

The exceptions of a running server, and the answers that they become:

* Exception
  x Refused (model)               the provider's refusal, in its own words; it never leaves the engine
  x LookupError
    + Unknown (model)             404: there is no such provider, sandbox, message or scenario
  x TooLarge                      413: more bytes than ``body_limit``
  x TooMany (engine.acceptance)   413: more messages in one request than any provider takes
  x Undecoded                     415: a Content-Encoding that is not known, or is not what the body has
  x StoreError (storage.database) 503: nothing of it could be kept
  x Gone                          no answer: the client left before its request was whole
  x any other                     500: a mistake in the simulator; its stack trace is in the log

Below ``/__sim`` only (web.control.problem):

  x ApiProblem                    as it says
  x Busy (callbacks.driver)       409: the clock is being moved
  x ValueError                    400: something in the request cannot be used
  x BadFile (scenarios.yaml)      400: every mistake of a scenario, with its place

Before a server runs: ConfigError (config), CannotStart, ValueError, BadFile, StoreError.
"""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from msgsim.engine.acceptance import TooMany
from msgsim.model import Reply, Unknown
from msgsim.scenarios.dictated import WITHOUT_BODY
from msgsim.storage.database import StoreError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class TooLarge(Exception):
    """A body above the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes are taken; see body_limit")


class Gone(Exception):
    """The client left before its request was whole."""


class CannotStart(Exception):
    """A port is taken, or a certificate cannot be used; the text says what to do."""

    def __init__(self, reason: str, setting: str = "") -> None:
        """``setting``: the one that has to be another; empty where that is not one alone."""
        super().__init__(reason)
        self.setting = setting


class Undecoded(Exception):
    """A body that stays as it is encoded; the text says why."""


class Name(bytes):
    """The name of a header as it was written: uvicorn writes all names in lower case, and asks them for it."""

    def lower(self) -> "Name":
        return self


async def answer(reply: Reply, send: Send) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": reply.status, "headers": response_headers(reply)})
    await send({"type": "http.response.body", "body": reply.body})


def response_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """All headers of an answer, with those that frame it: how long it is, and of what kind where it is anything."""
    headers: list[tuple[bytes, bytes]] = []
    if reply.body:
        headers.append((b"content-type", reply.media.encode("latin-1")))
    if reply.status not in WITHOUT_BODY:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    return headers + [(Name(name, "latin-1"), value.encode("latin-1")) for name, value in reply.headers]


def problem_reply(status: int, title: str, detail: str) -> Reply:
    """What the simulator says itself, and no provider: an RFC 9457 problem, and a header that names it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Reply(status, msgspec.json.encode(body), (("X-Sim-Error", title),), "application/problem+json")


def problem(error: Exception) -> tuple[int, str, str]:
    """Status, title and text of the answer to an exception; one that nobody foresaw is logged."""
    match error:
        case TooLarge() | TooMany():
            return 413, "The body is too large", str(error)
        case Undecoded():
            return 415, "The body is not decoded", str(error)
        case Unknown():
            return 404, "Not found by the simulator", str(error)
        case StoreError():
            return 503, "The store cannot be written", str(error)
    logging.getLogger("msgsim").error("unexpected", exc_info=error)
    return 500, "Unexpected", f"{type(error).__name__}: the server's log has the rest"


def failed(error: Exception) -> Reply:
    """What stands for the answer that an exception took away."""
    return problem_reply(*problem(error))
