"""Everything of ours below ``/__sim``, put together when it is first asked for."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from simulator.config import Config
from simulator.dispatcher import Dispatcher
from simulator.engine import Engine
from simulator.web import problem
from simulator.web.context import Context
from simulator.web.control import routes
from simulator.web.doors import Doors
from simulator.web.feed import Feed
from simulator.web.received import Sinks
from simulator.web.wire import Asgi


def application(engine: Engine, dispatcher: Dispatcher, config: Config) -> Asgi:
    """The control API as an ASGI application."""
    context = Context(engine, dispatcher, Feed(engine), Sinks())
    return Starlette(
        routes=routes(context),
        middleware=[Middleware(Doors, config=config)],
        exception_handlers={404: problem.nothing, 405: problem.wrong_method, Exception: problem.respond},
    )
