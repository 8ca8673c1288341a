"""A client of the control API within the process, so that pages show the same data that the API answers to anybody."""

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message

from msgsim.model import Json


class ProblemAnswer(Exception):
    """The control API answered with a problem (RFC 9457); the message is its ``detail``."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(problem.get("detail", ""))
        self.status = status
        self.problem = problem


class InternalClient:
    """Sends GET requests to the ASGI application of the control API without a socket."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def get(self, request: Request, path: str, sandbox: str, **query: Json) -> Json:
        """The decoded answer to ``GET /__sim/v1/{path}``, with scheme and host of the page's ``request``.

        Query parameters that are None or empty are left out. Raises ProblemAnswer.
        """
        asked = {name: value for name, value in query.items() if value not in (None, "")}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": request.url.scheme,
            "path": f"/__sim/v1/{path}",
            "raw_path": b"",
            "root_path": "",
            "query_string": urlencode({**asked, "sandbox": sandbox}).encode(),
            "headers": [(b"host", request.headers.get("host", "localhost").encode()), (b"accept", b"application/json")],
            "client": None,
            "server": None,
        }
        status, body = 500, b""

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        await self._api(scope, receive, send)
        answer = msgspec.json.decode(body)
        if status >= 400:
            raise ProblemAnswer(status, answer)
        return answer
