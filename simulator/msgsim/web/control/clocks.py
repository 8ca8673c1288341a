"""Routes of a sandbox's clock: show, freeze, resume, set its speed, move it."""

from msgspec import Struct
from starlette.requests import Request

from msgsim.callbacks.driver import Happened
from msgsim.clock import LATEST, instant, iso
from msgsim.config import milliseconds
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.web.control import resources
from msgsim.web.control.context import Context, body


class Advance(Struct, forbid_unknown_fields=True):
    by: str


class Set(Struct, forbid_unknown_fields=True):
    to: str


class Speed(Struct, forbid_unknown_fields=True):
    rate: float


async def show(context: Context, request: Request) -> Json:
    return resources.clock(context.sandbox(request))


async def advance(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    to = sandbox.now() + milliseconds((await body(request, Advance)).by)
    if to > LATEST:
        raise ValueError("a clock ends with the year 9999")
    return _moved(context, sandbox, await context.dispatcher.driver.advance(sandbox, to))


async def set(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    to = instant((await body(request, Set)).to)
    if to >= sandbox.now():
        return _moved(context, sandbox, await context.dispatcher.driver.advance(sandbox, to))
    sandbox.clock = sandbox.clock.moved(to)
    return _moved(context, sandbox, ([], 0))


async def run_until_idle(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    return _moved(context, sandbox, await context.dispatcher.driver.idle(sandbox))


async def freeze(context: Context, request: Request) -> Json:
    return _rated(context, context.sandbox(request), 0)


async def resume(context: Context, request: Request) -> Json:
    return _rated(context, context.sandbox(request), 1)


async def speed(context: Context, request: Request) -> Json:
    rate = (await body(request, Speed)).rate
    if not 0 <= rate <= 1_000_000:
        raise ValueError("rate: between 0 and 1000000")
    return _rated(context, context.sandbox(request), rate)


def _rated(context: Context, sandbox: Sandbox, rate: float) -> Json:
    sandbox.clock = sandbox.clock.running(rate)
    return _changed(context, sandbox)


def _moved(context: Context, sandbox: Sandbox, happened: Happened) -> Json:
    listed, total = happened
    if context.engine.sandboxes.get(sandbox.name) is not sandbox:
        # A receiver of a callback has reset or deleted the sandbox meanwhile.
        return {**resources.clock(sandbox), "happened": resources.happened(listed), "total": total}
    return {**_changed(context, sandbox), "happened": resources.happened(listed), "total": total}


def _changed(context: Context, sandbox: Sandbox) -> dict[str, Json]:
    context.engine.recorder.control(sandbox, {"action": "clock", "rate": sandbox.clock.rate, "now": iso(sandbox.now())})
    sandbox.save(context.engine.store)
    return resources.clock(sandbox)
