"""Sandboxes: routes that create, list, show, reset and delete them, and change their settings and their seed."""

import contextlib
import re

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from msgsim.engine.elsewhere import Elsewhere
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.sandboxes import Taken
from msgsim.engine.secret_settings import hidden, revealed
from msgsim.model import Int64, Json, Unknown
from msgsim.web.control import resources
from msgsim.web.control.context import Context, answer, body
from msgsim.web.control.lists import count
from msgsim.web.control.others import ask_others
from msgsim.web.control.problem import ApiProblem
from msgsim.web.edge.peer_port import is_passed_on

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


class NewSandbox(Struct, forbid_unknown_fields=True):
    """The body of `create`; None: the default."""

    name: str | None = None
    """None: a free one such as ``sandbox-1``."""
    seed: Int64 | None = None
    """None: derived from ``seed_from``, else from the server's seed and the name."""
    seed_from: str | None = None
    """A text from which the seed is derived."""
    clock: str | None = None
    scenario: tuple[str, ...] | None = None
    texts: dict[str, str] = {}
    """Name in ``scenario`` → YAML, for scenarios that are sent along."""
    settings: dict[str, dict[str, Json]] | None = None
    """Provider → setting → value."""


class NewSeed(Struct, forbid_unknown_fields=True):
    """The body of `seed`."""

    seed: Int64


async def all(context: Context, request: Request) -> Json:
    """The sandboxes of all replicas; those whose replica does not run any more are taken over by this one."""
    here = [await _shown(context, sandbox) for sandbox in list(context.engine.sandboxes.values())]
    others = [shown for said in await ask_others(context, request) for shown in said["sandboxes"]]
    listed = {shown["name"]: shown for shown in [*here, *others]}
    if not is_passed_on(request.scope):
        for name in set(context.engine.sandboxes.names()) - listed.keys():
            with contextlib.suppress(Unknown, Elsewhere):
                listed[name] = await _shown(context, context.named(name))
    shown = list(listed.values())
    if others:
        shown.sort(key=lambda shown: (shown["name"] != "default", shown["name"]))
    return {"sandboxes": shown, "total": len(shown), "next": None}


async def one(context: Context, request: Request) -> Json:
    return await _whole(context, request, context.named(request.path_params["name"]))


async def create(context: Context, request: Request) -> Response:
    """Create a sandbox. Raises ValueError, and ApiProblem (409) where the name is taken.

    Another replica may take a free name at the same time: then the next free name is tried.
    """
    asked = await body(request, NewSandbox) if await request.body() else NewSandbox()
    name = asked.name or _free_name(context)
    if not NAME.fullmatch(name):
        raise ValueError(f"name: {name!r} is not made of at most 63 letters, digits, - and _")
    if name in context.engine.sandboxes.names():
        raise _taken(name)
    choice = None if asked.scenario is None else context.engine.scenarios.offered(asked.scenario, asked.texts)
    if asked.seed is not None and asked.seed_from is not None:
        raise ValueError("seed, seed_from: only one of them")
    make = context.engine.sandboxes.open
    try:
        sandbox = make(name, asked.seed, asked.clock, asked.settings, choice, asked.seed_from)
    except Taken:
        context.engine.sandboxes.learn()
        if asked.name:
            raise _taken(name) from None
        return await create(context, request)
    await context.passing.changed()
    return answer(await _whole(context, request, sandbox), 201)


def _taken(name: str) -> ApiProblem:
    return ApiProblem(409, "The name is taken", f"there is a sandbox {name!r} already; delete it or reset it")


async def delete(context: Context, request: Request) -> Response:
    """Delete a sandbox with all its rows. Raises Unknown, and ApiProblem (409) for the default one."""
    sandbox = context.named(request.path_params["name"])
    if sandbox.name == "default":
        raise ApiProblem(409, "The default sandbox stays", "it can be emptied with POST reset, not deleted")
    context.engine.sandboxes.close(sandbox)
    await context.passing.changed()
    return Response(status_code=204)


async def reset(context: Context, request: Request) -> Json:
    sandbox = context.engine.sandboxes.reset(context.sandbox(request))
    return resources.clock(sandbox)


async def seed(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    context.engine.sandboxes.reseed(sandbox, (await body(request, NewSeed)).seed)
    return await _shown(context, sandbox)


async def settings(context: Context, request: Request) -> Json:
    """Provider → its settings in force, with secrets hidden."""
    sandbox = context.sandbox(request)
    providers = context.engine.providers.items()
    return {name: hidden(context.engine.settings.of(sandbox, name).raw, provider) for name, provider in providers}


async def configure(context: Context, request: Request) -> Json:
    """Change the settings of a sandbox; a secret that is sent back hidden stays as it is. Raises ValueError."""
    sandbox = context.sandbox(request)
    asked = await body(request, dict[str, dict[str, Json]])
    given = {}
    for name in asked:
        provider = context.provider(name)
        given[name] = revealed(asked[name], context.engine.settings.of(sandbox, name).raw, provider)
    context.engine.sandboxes.configure(sandbox, given)
    return await settings(context, request)


def _free_name(context: Context) -> str:
    """``sandbox-<number>``, with a number that no sandbox has."""
    names = context.engine.sandboxes.names()
    number = len(names)
    while f"sandbox-{number}" in names:
        number += 1
    return f"sandbox-{number}"


async def _shown(context: Context, sandbox: Sandbox) -> dict[str, Json]:
    return resources.sandbox(sandbox, await count(context.engine.store, sandbox.number))


async def _whole(context: Context, request: Request, sandbox: Sandbox) -> Json:
    """A sandbox with what an application has to be given: credentials and base URL of each provider."""
    root = str(request.base_url).rstrip("/")
    providers = context.engine.providers.items()
    return {
        **await _shown(context, sandbox),
        "credentials": {name: provider.credentials(sandbox.name) for name, provider in providers},
        "base_urls": {name: provider.base_url(root) for name, provider in providers},
        "settings": {name: hidden(given, context.provider(name)) for name, given in sandbox.saved.settings.items()},
    }
