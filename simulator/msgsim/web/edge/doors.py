"""Who may come in below ``/__sim``: this machine by its own name, or who has the token; no other site's page."""

import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from msgsim.config import Config, is_local
from msgsim.model import Reply
from msgsim.web.edge.wire import Asgi, Message, Receive, Scope, Send, TooLarge, answer, ours

COOKIE = "msgsim-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing: a link from elsewhere may lead here."""
Refused = tuple[int, str, str]


class Doors:
    """Asks for a token beyond loopback, and for a local name on it; refuses other sites and endless bodies."""

    def __init__(self, app: Asgi, config: Config) -> None:
        self._app = app
        self._token = config.token
        self._beyond = not is_local(config.host)
        self._limit = config.body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if self._beyond and self._shown_the_way(scope):
            await answer(self._welcome(scope), send)
        elif (refused := self._stranger(scope, headers) or self._foreign(scope, headers)) is not None:
            await answer(ours(*refused), send)
        else:
            await self._measured(scope, headers, receive, send)

    def _stranger(self, scope: Scope, headers: dict[str, str]) -> Refused | None:
        """Beyond loopback the token counts; on it the Host header, which a page that rebinds its name cannot choose."""
        path = scope["path"]
        if not self._beyond:
            if is_local(headers.get("host", "")):
                return None
            return 403, "Unknown host name", "the control API answers to localhost and loopback addresses only"
        # Callbacks come to a sink as they go to any receiver: without our token.
        if path == "/__sim/v1/health" or path.startswith("/__sim/sink/"):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if (scheme.lower() == "bearer" and self._right(given.strip())) or self._right(_cookie(headers)):
            return None
        return 401, "Token needed", "send Authorization: Bearer <token>; the server printed it at start"

    def _foreign(self, scope: Scope, headers: dict[str, str]) -> Refused | None:
        """Whether a page of another site asks to change something."""
        if scope["method"] in SAFE:
            return None
        origin = headers.get("origin")
        elsewhere = origin is not None and origin.partition("://")[2] != headers.get("host", "")
        if elsewhere or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "Another site's page", "a page of another origin may not change anything here"
        return None

    def _right(self, given: str) -> bool:
        return bool(self._token) and hmac.compare_digest(given.encode(), self._token.encode())

    def _shown_the_way(self, scope: Scope) -> bool:
        """A browser comes with the link that was printed at start."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
        return scope["method"] == "GET" and self._right(given[-1])

    def _welcome(self, scope: Scope) -> Reply:
        """The token leaves the address bar, and stays in a cookie that no script and no other site can use."""
        cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Strict"
        return Reply(303, b"", (("Location", scope["path"]), ("Set-Cookie", cookie)))

    async def _measured(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """The request, its body counted while it comes in."""
        taken = 0
        begun = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
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
        except TooLarge as wrong:
            if not begun:
                await answer(ours(413, "The body is too large", str(wrong)), send)


def _cookie(headers: dict[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
