"""Everything of ours below ``/__sim``, put together when it is first asked for."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Router

from simulator.config import Config
from simulator.dispatcher import Dispatcher
from simulator.engine import Engine
from simulator.web import problem
from simulator.web.context import Context
from simulator.web.control import routes
from simulator.web.doors import Doors
from simulator.web.feed import Feed
from simulator.web.received import Sinks
from simulator.web.ui import Ui
from simulator.web.wire import Asgi


def application(engine: Engine, dispatcher: Dispatcher, config: Config) -> Asgi:
    """The control API and the pages as an ASGI application."""
    context = Context(engine, dispatcher, Feed(engine), Sinks())
    api = routes(context)
    return Starlette(
        routes=[*api, *Ui(engine, Router(api)).routes],
        middleware=[Middleware(Doors, config=config)],
        exception_handlers={404: problem.nothing, 405: problem.wrong_method, Exception: problem.respond},
    )
