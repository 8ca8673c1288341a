"""Sends a `Reply` as an ASGI answer, and makes the answers of our own errors.

The exceptions of a running server, and the answers that they become:

* Exception
  x Refused (model)               the provider's refusal, in its own words; it never leaves the engine
  x LookupError
    + Unknown (model)             404: there is no such provider, sandbox, message or scenario
  x TooLarge                      413: more bytes than ``body_limit``
  x TooMany (engine.acceptance)   413: more messages in one request than any provider takes
  x Undecoded                     415: a Content-Encoding that is not known, or is not what the body has
  x StoreError (storage.database) 503: nothing of the request could be stored
  x Gone                          no answer: the client disconnected before its request was complete
  x any other                     500: a bug of the simulator; its stack trace is in the log

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
    """A body above the setting ``body_limit``."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes are taken; see body_limit")


class Gone(Exception):
    """The client disconnected before its request was complete."""


class CannotStart(Exception):
    """A port is taken, or a certificate cannot be used; the text says what to do."""

    def __init__(self, reason: str, setting: str = "") -> None:
        """``setting``: the one that has to be changed; empty: it is not a single one."""
        super().__init__(reason)
        self.setting = setting


class Undecoded(Exception):
    """A body whose Content-Encoding cannot be undone; the text says why."""


class Name(bytes):
    """A header's name that keeps its case: uvicorn calls ``lower()`` on all names."""

    def lower(self) -> "Name":
        return self


async def answer(reply: Reply, send: Send) -> None:
    """Send an answer."""
    await send({"type": "http.response.start", "status": reply.status, "headers": response_headers(reply)})
    await send({"type": "http.response.body", "body": reply.body})


def response_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """All headers of an answer, with Content-Length and, if it has a body, Content-Type."""
    headers: list[tuple[bytes, bytes]] = []
    if reply.body:
        headers.append((b"content-type", reply.media.encode("latin-1")))
    if reply.status not in WITHOUT_BODY:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    return headers + [(Name(name, "latin-1"), value.encode("latin-1")) for name, value in reply.headers]


def problem_reply(status: int, title: str, detail: str) -> Reply:
    """An error answer of the simulator itself: an RFC 9457 problem, with its title as ``X-Sim-Error``."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Reply(status, msgspec.json.encode(body), (("X-Sim-Error", title),), "application/problem+json")


def problem(error: Exception) -> tuple[int, str, str]:
    """Status, title and detail of the answer that an exception becomes; an unexpected exception is logged."""
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
    """The answer that an exception becomes."""
    return problem_reply(*problem(error))
