"""Who may come in: below ``/__sim`` this machine by its own name, or who has the token; nowhere a page of another site.

A browser says in ``Origin`` and ``Sec-Fetch-Site`` whose page a request is from (Fetch Metadata, W3C); no page can
change these headers or ``Host``, and no SDK sends the first two.
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
"""What an orchestrator asks for, which has no token."""
SCHEMAS = ("/__sim/schemas/", "/__sim/v1/schemas/")
API = "/__sim/v1/"
HOME = "/__sim/"
"""Where the root of the server leads a browser."""
_TOKEN = re.compile(r"token(=|$)")
FOREIGN = "Another site's page"
PORTS = {"http": "80", "https": "443"}


def foreign(headers: Mapping[str, str]) -> str:
    """Why a request is from a page of another site; empty: it is from none."""
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if site not in ("same-origin", "none"):
        return f"a browser marks it as {site} (Sec-Fetch-Site), and no page of another origin may ask for anything here"
    if origin is not None and not is_same(origin, headers.get("host", "")):
        host = headers.get("host", "")
        return f"it is from a page of {origin}, and the server is addressed as {host} (Host): these have to be the same"
    return ""


def is_same(origin: str, host: str) -> bool:
    """Whether a Host header addresses an origin; the default port may be left out of both, and case does not matter."""
    scheme, _, authority = origin.lower().partition("://")
    port = PORTS.get(scheme)
    return port is not None and authority.removesuffix(f":{port}") == host.lower().removesuffix(f":{port}")


class Access:
    """Who may ask for what, as the server is served."""

    def __init__(self, config: Config) -> None:
        self._token = config.token
        self._beyond_loopback = not is_local(config.host)

    def to_provider(self, call: Call) -> Reply | None:
        """A refusal, where a browser says that a page of another site asks."""
        headers = call.headers
        if "origin" not in headers and "sec-fetch-site" not in headers:
            return None
        reason = foreign(headers)
        if not reason and not self._beyond_loopback and not is_local(headers.get("host", "")):
            reason = "a page asks under a name that is none of this machine (Host), as one does that rebinds its name"
        return problem_reply(403, FOREIGN, reason) if reason else None

    def to_control(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """A refusal, the page that asks for the token, or the one that a link with it leads to; None: come in."""
        if self._beyond_loopback and scope["method"] == "GET" and any(map(self._is_token, _of_link(scope))):
            return self._welcome(scope)
        return self._unknown(scope, headers) or self._foreign(scope, headers)

    def has_form(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        """Whether a browser brings what was written into the page that asks for the token."""
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        posted = scope["method"] == "POST" and media == "application/x-www-form-urlencoded"
        return self._beyond_loopback and posted and _wants_page(scope, headers)

    def admit(self, scope: Scope, headers: Mapping[str, str], form: bytes) -> Reply:
        """The page that was wanted, with the right token; else the same question again."""
        if (refusal := self._foreign(scope, headers)) is not None:
            return refusal
        given = parse_qs(form.decode("latin-1")).get(gate.FIELD, [""])[-1]
        return self._welcome(scope) if self._is_token(given.strip()) else gate.page(_address(scope), mistaken=True)

    def _unknown(self, scope: Scope, headers: Mapping[str, str]) -> Reply | None:
        """Beyond loopback the token counts; on it the Host header, which a page that rebinds its name cannot choose."""
        if not self._beyond_loopback:
            if is_local(headers.get("host", "")):
                return None
            detail = "the control API answers to localhost and loopback addresses only (Host)"
            return problem_reply(403, "Unknown host name", detail)
        # Callbacks come to a sink as they go to any receiver: without our token. Editors read schemas without it.
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
        """A person may follow a link from anywhere to a page here; nothing else may come from other sites."""
        if not (reason := foreign(headers)) or _is_link(scope, headers):
            return None
        return problem_reply(403, FOREIGN, reason)

    def _is_token(self, given: str) -> bool:
        return bool(self._token) and hmac.compare_digest(given.encode(), self._token.encode())

    def _welcome(self, scope: Scope) -> Reply:
        """The token leaves the address bar, and stays in a cookie that no script and no other site can use."""
        cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        return Reply(303, b"", (("Location", _address(scope)), ("Set-Cookie", cookie)))


class Guarded:
    """The control API and the pages behind a check of who asks, and of how much is sent."""

    def __init__(self, app: Asgi, config: Config) -> None:
        self._app = app
        self._access = Access(config)
        self._limit = config.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if is_passed_on(scope):  # Whoever passed it on has asked the same.
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
        """The application; its body is counted while it comes in."""
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
    """The body of a form with a token; what is longer than any is none."""
    body, more = b"", True
    while more and len(body) <= gate.MOST:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body if len(body) <= gate.MOST else b""


def _wants_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks for a page; some HTTP libraries say that they want HTML whatever they ask."""
    return "text/html" in headers.get("accept", "") and not scope["path"].startswith(API)


def _of_link(scope: Scope) -> list[str]:
    """The token of the link that was printed at start, the last where there are several; empty: there is none."""
    return parse_qs(scope["query_string"].decode("latin-1")).get("token", [])[-1:]


def _address(scope: Scope) -> str:
    """Path and query as they were asked for, on this server, without the token."""
    path = scope["raw_path"].decode("latin-1")
    query = "&".join(part for part in scope["query_string"].decode("latin-1").split("&") if not _TOKEN.match(part))
    return (path if path.startswith("/__sim") else HOME) + (f"?{query}" if query else "")


def _challenging(reply: Reply) -> Reply:
    """With the scheme that is asked for (RFC 9110, 11.6.1)."""
    return replace(reply, headers=(*reply.headers, ("WWW-Authenticate", "Bearer")))


def is_sink(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/__sim/sink/")


def _is_link(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a person follows a link to something to be shown in a tab; a sink is nothing to be shown."""
    mode, to = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")
    shown = scope["method"] in ("GET", "HEAD") and not is_sink(scope)
    return shown and mode == "navigate" and to == "document"


def _cookies(headers: Mapping[str, str]) -> Iterator[str]:
    """The values of our cookie; what other applications on this host keep in theirs does not matter."""
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            yield value
