"""The control API asked from inside: the page sees what everybody sees, and nothing else."""

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message

from msgsim.model import Json


class ProblemAnswer(Exception):
    """The control API answered with a problem."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(problem.get("detail", ""))
        self.status = status
        self.problem = problem


class InternalClient:
    """GET requests to the control API without a socket."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def get(self, request: Request, path: str, sandbox: str, **query: Json) -> Json:
        """As the one would ask who asked for the page. Raises ProblemAnswer."""
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
