"""Makes a `Call` of an ASGI request: joins headers, decodes the path, and undoes Content-Encoding."""

import re
import zlib
from typing import NamedTuple
from urllib.parse import unquote

from msgspec.structs import replace

from msgsim.engine.routing import root_url
from msgsim.model import Call
from msgsim.web.edge.replies import Scope, TooLarge, Undecoded

_SLASH = re.compile(r"%(2f|25)", re.IGNORECASE)
"""An encoded slash or percent sign, which may be part of an id in a path."""
CODINGS = {"gzip": (31,), "x-gzip": (31,), "deflate": (zlib.MAX_WBITS, -zlib.MAX_WBITS)}
"""Content-Encoding → ``wbits`` for zlib to try in turn; some clients send raw deflate without the zlib header."""


class Arrival(NamedTuple):
    """The port by which a connection came; its requests have it as ``scope["state"]["arrival"]``."""

    way: str
    """``https``, ``proxy`` (a request in absolute form), ``connect`` (TLS in a tunnel); empty: the plain port."""
    sandbox: str = ""
    """The sandbox named by the client's credentials for the proxy; empty: none."""

    @property
    def by_proxy(self) -> bool:
        """Whether it came through the proxy."""
        return self.way in ("proxy", "connect")


PLAIN = Arrival("")


def call_of(scope: Scope, body: bytes) -> Call:
    """An ASGI request as a `Call`; the body is still encoded (see `decoded`)."""
    headers = request_headers(scope)
    get = headers.get
    base = root_url(get("x-forwarded-proto"), get("x-forwarded-host"), get("host"), scope.get("scheme", "http"))
    query = scope["query_string"].decode("latin-1")
    client = scope["client"][0] if scope.get("client") else ""
    arrival = arrival_of(scope)
    return Call(scope["method"], _path(scope), query, headers, body, base, client, arrival.way, arrival.sandbox)


def arrival_of(scope: Scope) -> Arrival:
    """The arrival of the connection of a request."""
    arrival: Arrival = scope.get("state", {}).get("arrival", PLAIN)
    return arrival


def request_headers(scope: Scope) -> dict[str, str]:
    """Header's name in lower case → value. Several headers of one name are joined in their order (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for written, value in scope["headers"]:
        name, text = written.decode("latin-1"), value.decode("latin-1").strip(" \t")
        if name in headers:
            text = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{text}"
        headers[name] = text
    return headers


def _path(scope: Scope) -> str:
    """The path, percent-decoded except for ``%2F`` and ``%25``: routing decodes these after it has split the path."""
    raw = scope.get("raw_path")
    if raw is None or b"%" not in raw:
        path: str = scope["path"]
        return path
    return unquote(_SLASH.sub(r"%25\1", raw.decode("latin-1")))


def decoded(call: Call, limit: int) -> Call:
    """The request with its body decompressed as ``Content-Encoding`` says; ``limit``: bytes of the decompressed body.

    Raises TooLarge and Undecoded.
    """
    coding = call.headers["content-encoding"].lower()
    if coding in ("", "identity"):
        return call
    if coding not in CODINGS:
        raise Undecoded(f"Content-Encoding {coding} is not known here; send gzip, deflate, or the body as it is")
    for bits in CODINGS[coding]:
        unzip = zlib.decompressobj(bits)
        try:
            body = unzip.decompress(call.body, limit + 1)
        except zlib.error:
            continue
        if len(body) > limit:
            raise TooLarge(limit)
        if unzip.eof and not unzip.unused_data:
            return replace(call, body=body)
    raise Undecoded(f"Content-Encoding says {coding}, but the body is none, or not all of one")
