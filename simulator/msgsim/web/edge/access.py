"""Checks who may use what: the control API and pages need a local host name or the token; other sites' pages nothing.

A browser states in ``Origin`` and ``Sec-Fetch-Site`` (W3C Fetch Metadata) from which site's page a request comes. No
page can change these headers or ``Host``, and no SDK sends the first two.
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs

from msgspec.structs import replace

from msgsim.config import Config, is_local
from msgsim.model import Call, Reply
from msgsim.web.edge import gate
from msgsim.web.edge.calls import request_headers
from msgsim.web.edge.peer_port import is_passed_on
from msgsim.web.edge.replies import (
    Asgi,
    Message,
    Receive,
    Scope,
    Send,
    TooLarge,
    Undecoded,
    answer,
    failed,
    problem_reply,
)

COOKIE = "msgsim-token"
PROBES = frozenset({"/__sim/v1/health", "/__sim/v1/ready"})
"""Paths that need no token, because an orchestrator probes them."""
SCHEMAS = ("/__sim/schemas/", "/__sim/v1/schemas/")
API = "/__sim/v1/"
HOME = "/__sim/"
"""The start page, to which ``/`` redirects a browser."""
_TOKEN = re.compile(r"token(=|$)")
FOREIGN = "Another site's page"
PORTS = {"http": "80", "https": "443"}


def foreign(headers: Mapping[str, str]) -> str:
    """Why a request counts as one from another site's page; empty: it does not."""
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if site not in ("same-origin", "none"):
        return f"a browser marks it as {site} (Sec-Fetch-Site), and no page of another origin may ask for anything here"
    if origin is not None and not is_same(origin, headers.get("host", "")):
        host = headers.get("host", "")
        return f"it is from a page of {origin}, and the server is addressed as {host} (Host): these have to be the same"
    return ""


def is_same(origin: str, host: str) -> bool:
    """Whether an origin and a Host header have the same authority, whatever their case and the default port."""
    scheme, _, authority = origin.lower().partition("://")
    port = PORTS.get(scheme)
    return port is not None and authority.removesuffix(f":{port}") == host.lower().removesuffix(f":{port}")


class Access:
    """The rules of access of a server, which depend on whether it is served beyond loopback."""

    def __init__(self, config: Config) -> None:
        self._token = config.token
        self._beyond_loopback = not is_local(config.host)

    def to_provider(self, call: Call) -> Reply | None:
        """The refusal of a provider's request from another site's page; None: it is allowed."""
        headers = call.headers
        if "origin" not in headers and "sec-fetch-site" not in headers:
            return None
        reason = foreign(headers)
        if not reason and not self._beyond_loopback and not is_local(headers.get("host", "")):
            reason = "a page asks under a name that is none of this machine (Host), as one does that rebinds its name"
        return problem_reply(403, FOREIGN, reason) if reason else None

    def to_control(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """The answer to a request below ``/__sim`` that is not allowed yet; None: it is allowed.

        That is a refusal, the page that asks for the token, or a redirect that sets the token's cookie.
        """
        if self._beyond_loopback and scope["method"] == "GET" and any(map(self._is_token, _of_link(scope))):
            return self._welcome(scope)
        return self._unknown(scope, headers) or self._foreign(scope, headers)

    def has_form(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        """Whether a request submits the form that asks for the token (`gate`)."""
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        posted = scope["method"] == "POST" and media == "application/x-www-form-urlencoded"
        return self._beyond_loopback and posted and _wants_page(scope, headers)

    def admit(self, scope: Scope, headers: Mapping[str, str], form: bytes) -> Reply:
        """The answer to the form: a redirect to the wanted page for the right token, else the form again."""
        if (refusal := self._foreign(scope, headers)) is not None:
            return refusal
        given = parse_qs(form.decode("latin-1")).get(gate.FIELD, [""])[-1]
        return self._welcome(scope) if self._is_token(given.strip()) else gate.page(_address(scope), mistaken=True)

    def _unknown(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """The refusal of a caller without the token, or, on loopback, with a foreign host name; None: allowed.

        A page can make its own name resolve to 127.0.0.1 (DNS rebinding), but it cannot change the Host header.
        """
        if not self._beyond_loopback:
            if is_local(headers.get("host", "")):
                return None
            detail = "the control API answers to localhost and loopback addresses only (Host)"
            return problem_reply(403, "Unknown host name", detail)
        # Callbacks are posted to a sink as to any receiver, without our token; editors load schemas without it.
        if scope["path"] in PROBES or scope["path"].startswith(SCHEMAS) or is_sink(scope):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(given.strip()):
            return None
        if any(map(self._is_token, _cookies(headers))):
            return None
        if scope["method"] == "GET" and not given and _wants_page(scope, headers):
            return gate.page(_address(scope), mistaken=any(_of_link(scope)))
        detail = "this is not the token of this server" if given else "send Authorization: Bearer <token>"
        return _challenging(problem_reply(401, "Token needed", f"{detail}; it was printed at start"))

    def _foreign(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """The refusal of a request from another site, unless a person follows a link to a page; None: allowed."""
        if not (reason := foreign(headers)) or _is_link(scope, headers):
            return None
        return problem_reply(403, FOREIGN, reason)

    def _is_token(self, given: str) -> bool:
        return bool(self._token) and hmac.compare_digest(given.encode(), self._token.encode())

    def _welcome(self, scope: Scope) -> Reply:
        """A redirect to the same address without the token, which is stored in a cookie.

        No script (HttpOnly) and no other site (SameSite) can use the cookie.
        """
        cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        return Reply(303, b"", (("Location", _address(scope)), ("Set-Cookie", cookie)))


class Guarded:
    """Middleware of the control API and the pages: checks access, and limits the size of bodies."""

    def __init__(self, app: Asgi, config: Config) -> None:
        self._app = app
        self._access = Access(config)
        self._limit = config.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if is_passed_on(scope):  # The replica that passed it on has checked it.
            await self._app(scope, receive, send)
            return
        headers = request_headers(scope)
        if self._access.has_form(scope, headers):
            await answer(self._access.admit(scope, headers, await _form(receive)), send)
        elif (refusal := self._access.to_control(scope, headers)) is not None:
            await answer(refusal, send)
        elif headers.get("content-encoding", "identity") != "identity" and not is_sink(scope):
            await answer(failed(Undecoded("the control API takes bodies as they are")), send)
        else:
            await self._limited(scope, headers, receive, send)

    async def _limited(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Call the application, and answer 413 if the body exceeds the limit."""
        size = 0
        begun = False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise TooLarge(self._limit)
            return message

        async def noticed(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if headers.get("content-length", "").isdigit() and int(headers["content-length"]) > self._limit:
                raise TooLarge(self._limit)
            await self._app(scope, counted, noticed)
        except TooLarge as error:
            if not begun:
                await answer(failed(error), send)


async def _form(receive: Receive) -> bytes:
    """The body of the token's form; empty if it is longer than such a form can be."""
    body, more = b"", True
    while more and len(body) <= gate.MOST:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body if len(body) <= gate.MOST else b""


def _wants_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks for a page. The API is excluded, because some HTTP libraries always accept HTML."""
    return "text/html" in headers.get("accept", "") and not scope["path"].startswith(API)


def _of_link(scope: Scope) -> list[str]:
    """The last parameter ``token`` of the query, as the link that is printed at start has it; empty: there is none."""
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [])[-1:]


def _address(scope: Scope) -> str:
    """Path and query of a request without the token; the start page if the path is not ours."""
    path = scope["raw_path"].decode("latin-1")
    query = "&".join(part for part in scope["query_string"].decode("latin-1").split("&") if not _TOKEN.match(part))
    return (path if path.startswith("/__sim") else HOME) + (f"?{query}" if query else "")


def _challenging(reply: Reply) -> Reply:
    """A 401 answer with the challenge that it needs (RFC 9110, 11.6.1)."""
    return replace(reply, headers=(*reply.headers, ("WWW-Authenticate", "Bearer")))


def is_sink(scope: Scope) -> bool:
    """Whether a request goes to a sink, where callbacks are collected."""
    path: str = scope["path"]
    return path.startswith("/__sim/sink/")


def _is_link(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a person follows a link to a page (W3C Fetch Metadata); a sink is no page."""
    mode, to = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    shown = scope["method"] in ("GET", "HEAD") and not is_sink(scope)
    return shown and mode == "navigate" and to == "document"


def _cookies(headers: Mapping[str, str]) -> Iterator[str]:
    """The values of our cookie: more than one, where other applications on this host have set one of that name."""
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            yield value
