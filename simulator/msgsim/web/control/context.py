"""`Context`, which every route of the control API gets, and functions that read query parameters and bodies."""

import asyncio
import re
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.clock import instant
from msgsim.config import milliseconds
from msgsim.contract.decoding import read_json
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.provider import Provider
from msgsim.scenarios.yaml import suggestion
from msgsim.web.control.outcomes import Outcomes
from msgsim.web.control.polls import Polls
from msgsim.web.control.sinks import Sinks
from msgsim.web.control.subscriptions import Subscriptions
from msgsim.web.edge.passing import Passing

if TYPE_CHECKING:
    from msgsim.web.edge.ports import Ports

_QUOTED = re.compile("`([^`]+)`")
_COMPLAINT = re.compile(r"(?P<reason>.*?)(?: - at `(?P<place>\$[^`]*)`)?", re.DOTALL)
_UNKNOWN = "Object contains unknown field `"
PAGE = 100
"""Rows of a page of a list, unless ``limit`` says otherwise."""
LONGEST_PAGE = 10_000
LONGEST_WAIT = 300_000
"""Longest time of a long poll, in milliseconds."""
_T = TypeVar("_T")


class Interceptor(Protocol):
    """Opens the TLS and the proxy port; `msgsim.server.Server` does."""

    ports: "Ports | None"
    """None: neither is open."""

    def intercept(self) -> "Ports":
        """Open both ports. Raises CannotStart."""


class Context(Struct, frozen=True):
    """The parts of the simulator that routes use."""

    engine: Engine
    dispatcher: Dispatcher
    subscriptions: Subscriptions
    polls: Polls
    sinks: Sinks
    outcomes: Outcomes
    interceptor: Interceptor
    passing: Passing

    def sandbox(self, request: Request) -> Sandbox:
        """The sandbox that a request names by header or query, else the default one. Raises Unknown and Elsewhere."""
        name = request.headers.get("x-sim-sandbox") or request.query_params.get("sandbox") or "default"
        return self.named(name)

    async def post_due(self, subject: int) -> None:
        """Post the due callbacks of a message or inbound message (its key) now, which a frozen clock would not do."""
        await self.engine.commits.durable()
        now = self.engine.sandboxes.owner(subject).now()
        await self.dispatcher.post_now(
            callback.key for callback in self.engine.store.callbacks.of(subject) if callback.due <= now
        )

    def named(self, name: str) -> Sandbox:
        """A sandbox by its name. Raises Unknown and Elsewhere."""
        return self.engine.sandboxes.named(name)

    def provider(self, name: str) -> Provider:
        """A provider by its name. Raises ValueError."""
        if name not in self.engine.providers:
            raise ValueError(f"there is no provider {name!r}{suggestion(name, self.engine.providers)}")
        return self.engine.providers[name]


def chosen(request: Request, name: str, known: Iterable[str]) -> str | None:
    """A query parameter that has to be one of the ``known`` words; None: it is not given. Raises ValueError."""
    if (word := request.query_params.get(name)) is None:
        return None
    words = list(dict.fromkeys(known))
    if word not in words:
        hint = suggestion(word, words) or f"; there are {', '.join(words)}"
        raise ValueError(f"{name}: there is no {word!r}{hint}")
    return word


def number(request: Request, name: str, otherwise: int = 0) -> int:
    """A query parameter that is a whole number from 0 on; ``otherwise``: it is not given. Raises ValueError."""
    text = request.query_params.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{name}: {text!r} is no whole number")
    return min(int(text), 1 << 39)


def yes(request: Request, name: str, otherwise: bool) -> bool:
    """A query parameter that is ``true`` or ``false``; ``otherwise``: it is not given. Raises ValueError."""
    text = request.query_params.get(name)
    if text not in (None, "true", "false"):
        raise ValueError(f"{name}: true or false, not {text!r}")
    return otherwise if text is None else text == "true"


def limit(request: Request, most: int = LONGEST_PAGE) -> int:
    """The query parameter ``limit``: most rows of a page. Raises ValueError."""
    return min(number(request, "limit", PAGE) or PAGE, most)


def moment(request: Request, name: str, now: int) -> int | None:
    """A query parameter that is a time, or a duration before ``now``; None: it is not given. Raises ValueError."""
    if not (text := request.query_params.get(name)):
        return None
    with suppress(ValueError):
        return now - milliseconds(text)
    try:
        return instant(text.replace(" ", "+"))  # An unencoded plus, with which offsets begin, is decoded to a space.
    except ValueError as error:
        raise ValueError(f"{name}: {error}, or 5m for so long ago") from None


def patience(request: Request) -> float | None:
    """The query parameter ``wait`` in seconds; None: the request is no long poll. Raises ValueError."""
    text = request.query_params.get("wait")
    return min(milliseconds(text), LONGEST_WAIT) / 1000 if text else None


async def while_there(request: Request, waiting: Coroutine[Any, Any, _T]) -> _T:
    """Await ``waiting`` and return its result, but cancel it when the client disconnects. Raises ClientDisconnect."""
    answered, left = asyncio.ensure_future(waiting), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((answered, left), return_when=asyncio.FIRST_COMPLETED)
        if answered.done():
            return answered.result()
        raise ClientDisconnect
    finally:
        answered.cancel()
        left.cancel()


async def _left(request: Request) -> None:
    """Wait until the client has disconnected."""
    await request.body()  # Starlette keeps it, for the case that the request has to be passed on.
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def body(request: Request, kind: type[_T]) -> _T:
    """The JSON body of a request as a value of ``kind``. Raises ValueError with what is wrong with it."""
    try:
        return msgspec.convert(read_json(await request.body()), kind)
    except msgspec.ValidationError as error:
        raise ValueError(_misshapen(str(error), getattr(kind, "__struct_encode_fields__", ()))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"body: {error}") from None


_SHAPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _misshapen(complaint: str, members: Iterable[str]) -> str:
    """msgspec's message about a body in plain words; ``members``: those that its outermost object may have.

    An unknown member may have any name: an empty one, or one that looks like a part of the message.
    """
    found = _COMPLAINT.fullmatch(complaint)
    assert found is not None
    reason, place = found["reason"], (found["place"] or "").removeprefix("$").removeprefix(".")
    words = _QUOTED.findall(reason)
    shapes = [" or ".join(_SHAPES.get(shape, shape) for shape in word.split(" | ")) for word in words]
    if reason.startswith(_UNKNOWN):
        name = reason.removeprefix(_UNKNOWN).removesuffix("`")
        reason = f"there is no {name!r} here{'' if place else suggestion(name, members)}"
    elif reason.startswith("Expected `") and len(shapes) == 2:
        reason = f"{shapes[0]} is expected, not {shapes[1]}"
    elif reason.startswith("Object missing"):
        reason = f"{words[0]!r} is missing"
    return f"{place or 'body'}: {reason}"


def answer(document: Json, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")
