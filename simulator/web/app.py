"""Everything of ours below ``/__sim``, put together when it is first asked for."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from simulator.config import Config
from simulator.dispatcher import Dispatcher
from simulator.engine import Engine
from simulator.web.control import Control, Problem, problem
from simulator.web.wire import Asgi, Receive, Scope, Send, answer, is_local, ours


class Doors:
    """Who may come in: this machine by its own name, or whoever has the token."""

    def __init__(self, app: Asgi, config: Config) -> None:
        self._app = app
        self._token = config.token
        self._beyond = not is_local(config.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refused := self._refused(scope)) is not None:
            await answer(ours(*refused), send)
        else:
            await self._app(scope, receive, send)

    def _refused(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = dict(scope["headers"])
        if self._beyond:
            given = headers.get(b"authorization", b"").decode("latin-1")
            if scope["path"] != "/__sim/v1/health" and given != f"Bearer {self._token}":
                return 401, "Token needed", "send Authorization: Bearer <token>; the server printed it at start"
        elif not is_local(headers.get(b"host", b"").decode("latin-1")):
            return 403, "Unknown host name", "the control API answers to localhost and loopback addresses only"
        return None


async def _nothing(request: Request, wrong: Exception) -> Response:

    return problem(Problem(404, "Not found", f"there is nothing at {request.url.path}"))


async def _wrong_method(request: Request, wrong: Exception) -> Response:

    return problem(Problem(405, "Method not allowed", f"{request.method} is not for {request.url.path}"))


def application(engine: Engine, dispatcher: Dispatcher, config: Config) -> Asgi:
    """The control API as an ASGI application."""
    return Starlette(
        routes=Control(engine, dispatcher).routes,
        middleware=[Middleware(Doors, config=config)],
        exception_handlers={404: _nothing, 405: _wrong_method},
    )
