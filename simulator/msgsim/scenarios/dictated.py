"""Dictated answers: those in a scenario's ``respond``, and those of sinks."""

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from msgsim.model import Json, Reply

WITHOUT_BODY = frozenset({204, 304})
"""Statuses without a body (RFC 9110, 6.4.1): a client would read a body as the next answer."""
FRAMING = frozenset(
    {"connection", "content-length", "date", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that the server itself sets: they delimit the answer and control the connection."""
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
Headers = Sequence[tuple[str, str]]


def unsendable(status: int, headers: Mapping[str, Json], body: Json) -> Iterator[tuple[tuple[str, ...], str]]:
    """The parts of an answer that HTTP cannot transport: path within ``respond``, and reason.

    ``status`` 0: the status is that of the catalogue error.
    """
    if status in WITHOUT_BODY and body not in (None, ""):
        yield ("body",), f"an answer with status {status} has no body; take the body out or choose another status"
    try:
        encoded(body)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        yield ("body",), f"the body cannot be written as JSON or text: {error}"
    seen: dict[str, str] = {}
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            yield ("headers", name), f"{name!r} is no name of a header: letters, digits and !#$%&'*+-.^_`|~"
        elif name.lower() in FRAMING:
            yield ("headers", name), f"{name} is framing, which is the server's own; take it out"
        elif name.lower().startswith("x-sim-"):
            yield ("headers", name), f"{name} is what the simulator says itself; take it out"
        elif name.lower() in seen:
            yield ("headers", name), f"{name} is there already as {seen[name.lower()]}"
        elif not _VALUE.fullmatch(str(value)):
            yield ("headers", name), f"the value of {name} is not one line of Latin-1 text"
        seen.setdefault(name.lower(), name)


def encoded(body: Json) -> bytes:
    """A body as bytes: a text in UTF-8, anything else as JSON, None as no body."""
    if isinstance(body, str):
        return body.encode()
    return b"" if body is None else msgspec.json.encode(body)


def reply_of(status: int, headers: Headers, body: Json) -> Reply:
    """A dictated answer as a reply; ``Content-Type`` by default ``text/plain`` for a text, else JSON."""
    media = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    return with_headers(Reply(status, encoded(body), media=media), headers)


def with_headers(reply: Reply, headers: Headers) -> Reply:
    """The reply with ``headers`` replacing its headers of the same names."""
    replaced = {name.lower() for name, _ in headers}
    others = [(name, value) for name, value in reply.headers if name.lower() not in replaced]
    more = [(name, value) for name, value in headers if name.lower() != "content-type"]
    media = next((value for name, value in headers if name.lower() == "content-type"), reply.media)
    return msgspec.structs.replace(reply, headers=(*others, *more), media=media)
