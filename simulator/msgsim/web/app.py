"""Builds the application below ``/__sim``: the control API and the pages."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Router

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.config import Config
from msgsim.engine.elsewhere import Elsewhere
from msgsim.engine.receive import Engine
from msgsim.web.control import problem
from msgsim.web.control.context import Context, Interceptor
from msgsim.web.control.others import passes_on
from msgsim.web.control.outcomes import Outcomes
from msgsim.web.control.polls import Polls
from msgsim.web.control.routes import routes
from msgsim.web.control.sinks import Sinks
from msgsim.web.control.subscriptions import Subscriptions
from msgsim.web.edge.access import Guarded
from msgsim.web.edge.passing import Passing
from msgsim.web.edge.replies import Asgi
from msgsim.web.pages.ui import Ui


def application(
    engine: Engine, dispatcher: Dispatcher, config: Config, interceptor: Interceptor, passing: Passing
) -> Asgi:
    """The control API and the pages as an ASGI application."""
    subscriptions = Subscriptions(engine)
    sinks = Sinks()
    engine.signals.lost.follow(sinks.forget)
    context = Context(
        engine, dispatcher, subscriptions, Polls(subscriptions), sinks, Outcomes(engine), interceptor, passing
    )
    api = routes(context)
    return Starlette(
        routes=[*api, *Ui(engine, Router(api)).routes],
        middleware=[Middleware(Guarded, config=config)],
        exception_handlers={
            404: problem.nothing,
            405: problem.wrong_method,
            Elsewhere: passes_on(passing),
            Exception: problem.respond,
        },
    )
