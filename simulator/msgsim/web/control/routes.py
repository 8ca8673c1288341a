"""The routes of the control API, ``/__sim/v1/...``, with which tests and people observe and control a sandbox.

``TABLE`` lists those below ``/__sim/v1/``. `schemas/simulator/control.json` describes them; a test compares the two.
"""

import contextlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from msgsim import __version__
from msgsim.clock import iso, machine
from msgsim.engine.elsewhere import Elsewhere
from msgsim.model import Json
from msgsim.storage.database import StoreError
from msgsim.web.control import (
    archive,
    bundle,
    clocks,
    description,
    events,
    explain,
    exports,
    findings,
    gallery,
    interception,
    llms,
    messages,
    provider_documents,
    sandboxes,
    scenario_choice,
    sink_routes,
    traffic,
)
from msgsim.web.control.context import Context, answer
from msgsim.web.control.metrics import Metrics
from msgsim.web.control.others import ask_owner
from msgsim.web.control.problem import answer as say
from msgsim.web.control.problem import problem_of
from msgsim.web.edge.wire import METRICS

ROOT = "/__sim/v1/"
ANY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
Ask = Callable[[Context, Request], Awaitable[Json | Response]]


async def health(context: Context, request: Request) -> Json:
    """The state of this process; the status is ``ok`` even if another replica or the store cannot be reached."""
    engine = context.engine
    return {
        "status": "ok",
        "version": __version__,
        "providers": list(engine.providers),
        "sandboxes": len(engine.sandboxes.names()),
        **await _of_sandbox(context, request),
        "replica": engine.store.replicas.name or None,
        "replicas": _alive(context),
        **interception.open_ports(context),
    }


async def _of_sandbox(context: Context, request: Request) -> dict[str, Json]:
    """``now``, ``scenario`` and ``mistakes`` of the request's sandbox, from the replica that has it.

    If no replica has it now: the machine's time, no scenario, and the reason as a mistake.
    """
    try:
        sandbox = context.sandbox(request)
    except (Elsewhere, StoreError) as error:
        said = await ask_owner(context, request, error) if isinstance(error, Elsewhere) else None
        said = said or {"now": iso(machine()), "scenario": [], "mistakes": [str(error)]}
        return {name: said[name] for name in ("now", "scenario", "mistakes")}
    return {"now": iso(sandbox.now()), "scenario": sandbox.scenario.names, "mistakes": sandbox.mistakes}


def _alive(context: Context) -> list[str]:
    """Names of all living replicas; empty if the store cannot be read."""
    with contextlib.suppress(StoreError):
        return [replica.name for replica in context.engine.store.replicas.alive()]
    return []


async def ready(context: Context, request: Request) -> Json:
    context.engine.store.check()
    return {"status": "ok"}


TABLE: tuple[tuple[str, str, Ask], ...] = (
    ("GET", "health", health),
    ("GET", "ready", ready),
    ("POST", "intercept", interception.intercept),
    ("GET", "sandboxes", sandboxes.all),
    ("POST", "sandboxes", sandboxes.create),
    ("GET", "sandboxes/{name}", sandboxes.one),
    ("DELETE", "sandboxes/{name}", sandboxes.delete),
    ("POST", "reset", sandboxes.reset),
    ("POST", "seed", sandboxes.seed),
    ("GET", "settings", sandboxes.settings),
    ("PUT", "settings", sandboxes.configure),
    ("GET", "messages", messages.page),
    ("GET", "messages/{id}", messages.one),
    ("GET", "messages/{id}/explain", explain.message),
    ("POST", "messages/{id}/status", messages.force),
    ("POST", "messages/{id}/cancel", messages.cancel),
    ("GET", "requests", traffic.requests),
    ("GET", "requests/{number:int}", traffic.exchange),
    ("GET", "requests/{number:int}/explain", explain.exchange),
    ("GET", "callbacks", traffic.callbacks),
    ("POST", "callbacks/replay", traffic.replay_all),
    ("GET", "callbacks/{number:int}", traffic.callback),
    ("GET", "callbacks/{number:int}/explain", explain.callback),
    ("POST", "callbacks/{number:int}/replay", traffic.replay),
    ("GET", "inbound", traffic.inbox),
    ("POST", "inbound", traffic.inbound),
    ("GET", "clock", clocks.show),
    ("POST", "clock/advance", clocks.advance),
    ("POST", "clock/set", clocks.set),
    ("POST", "clock/freeze", clocks.freeze),
    ("POST", "clock/resume", clocks.resume),
    ("POST", "clock/speed", clocks.speed),
    ("POST", "clock/run-until-idle", clocks.run_until_idle),
    ("GET", "scenario", scenario_choice.show),
    ("PUT", "scenario", scenario_choice.choose),
    ("GET", "scenarios", scenario_choice.listed),
    ("POST", "scenarios/check", scenario_choice.check),
    ("GET", "errors", gallery.errors),
    ("POST", "sample", gallery.sample),
    ("GET", "coverage", findings.coverage),
    ("GET", "lint", findings.lint),
    ("GET", "schemas/scenario.json", description.scenario_schema),
    ("GET", "schemas/config.json", description.settings_schema),
    ("GET", "journal.jsonl", exports.lines),
    ("GET", "journal.har", archive.archive),
    ("GET", "bundle", bundle.export),
    ("GET", "events", events.events),
    ("GET", "sinks", sink_routes.all),
    ("GET", "sinks/{name}", sink_routes.show),
    ("PUT", "sinks/{name}", sink_routes.tell),
    ("DELETE", "sinks/{name}", sink_routes.delete),
)


def routes(context: Context) -> list[Route]:
    """All routes below ``/__sim`` but the pages. Sinks are first, because they get the most requests."""
    listed = [_route(context, f"{ROOT}{path}", (method,), ask) for method, path, ask in TABLE]
    scrape = Metrics().scrape
    return [
        _route(context, "/__sim/sink/{name}", ANY, sink_routes.collect),
        _route(context, "/__sim/sink/{name}/{rest:path}", ANY, sink_routes.collect),
        *listed,
        _route(context, "/__sim/openapi.json", ("GET",), description.document),
        _route(context, "/__sim/openapi/{provider}.json", ("GET",), provider_documents.served),
        _route(context, "/__sim/schemas/scenario.json", ("GET",), description.scenario_schema),
        _route(context, "/__sim/schemas/config.json", ("GET",), description.settings_schema),
        _route(context, "/__sim/llms.txt", ("GET",), llms.guide),
        _route(context, "/__sim/metrics", ("GET",), scrape),
        _route(context, METRICS, ("GET",), scrape),
        _route(context, "/__sim/ca.pem", ("GET",), interception.certificate),
    ]


def _route(context: Context, path: str, methods: tuple[str, ...], ask: Ask) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            if path.startswith(ROOT):
                description.check_query(request, path.removeprefix(ROOT))
            said = await ask(context, request)
            await context.engine.commits.durable()
        except Elsewhere:
            raise
        except Exception as error:
            return say(problem_of(error))
        return said if isinstance(said, Response) else answer(said)

    return Route(path, endpoint, methods=list(methods))
