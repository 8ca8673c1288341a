"""What the whole of the traffic says: which documented errors and outcomes were seen, and bad habits."""

from collections import Counter

import msgspec
from starlette.requests import Request

from msgsim.engine.coverage import Covered, Seen, outcomes, summary
from msgsim.engine.coverage import coverage as covered
from msgsim.engine.habits import lint as linted
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.storage.keys import NUMBERS
from msgsim.web.control.context import Context
from msgsim.web.control.exports import entries
from msgsim.web.control.lists import SLICE, in_turns
from msgsim.web.control.others import ask_others

MOST_LINTED = 10_000
"""The newest lines of the journal that are looked at for bad habits."""


async def coverage(context: Context, request: Request) -> Json:
    """Of all sandboxes since the server started; of one, since it was emptied, when the query names it."""
    if "sandbox" in request.query_params:
        sandbox = context.sandbox(request)
        errors, reached = await _errors(context, sandbox), await context.outcomes.of(sandbox)
    else:
        errors, reached = await _of_run(context)
        for said in await ask_others(context, request):
            errors, reached = errors + _said(said, "errors"), reached + _said(said, "outcomes")
    contracts = {name: provider.contract for name, provider in context.engine.providers.items()}
    only = request.query_params.get("provider")
    if only:
        contracts = {only: context.provider(only).contract}
    listed = covered(contracts, errors, reached)
    return {**summary(listed), "providers": {name: _of(name, listed) for name in contracts}}


def _said(coverage: Json, what: str) -> Seen:
    """By another replica."""
    providers = coverage["providers"]
    return Counter({(name, key): times for name in providers for key, times in providers[name][what]["times"].items()})


def _of(provider: str, listed: list[Covered]) -> Json:
    mine = [item for item in listed if item.provider == provider]
    errors = [item for item in mine if item.what == "error"]
    reached = [item for item in mine if item.what == "outcome"]
    return {
        **summary(mine),
        "errors": {**summary(errors), "times": {item.key: item.times for item in errors}},
        "outcomes": {**summary(reached), "times": {item.key: item.times for item in reached}},
    }


async def _of_run(context: Context) -> tuple[Seen, Seen]:
    """Errors, and what was reached: in sandboxes there are, in those that are gone but not swept yet, and in those that
    are swept.
    """
    engine = context.engine
    seen: Seen = Counter()
    for number, closed in list(engine.sandboxes.run.closed.items()):
        if closed is not None:
            seen += await _reached(context, number, closed.begun, closed.moment)
    for sandbox in list(engine.sandboxes.values()):
        seen += await _reached(context, sandbox.number, sandbox.begun, sandbox.now())
    # Last: what is swept meanwhile is counted twice rather than not at all.
    return engine.sandboxes.run.errors, seen + engine.sandboxes.run.outcomes


async def _reached(context: Context, number: int, begun: int, until: int) -> Seen:
    seen: Seen = Counter()
    lowest, highest = context.engine.store.messages.bounds(number)
    starts = range(max(lowest, begun + 1), highest + 1, SLICE)
    slices = (context.engine.store.messages.between(number, start, start + SLICE - 1) for start in starts)
    async for messages in in_turns(slices):
        seen += outcomes(messages, begun, until)
    return seen


async def _errors(context: Context, sandbox: Sandbox) -> Seen:
    """Lines of an earlier run are read once; what came since was counted as it came."""
    seen: Seen = Counter()
    if until := sandbox.resumed:
        async for entry in in_turns(entries(context, sandbox)):
            if entry.key & NUMBERS > until:
                break
            if entry.exchange is not None:
                seen.update((entry.provider, refusal.key) for refusal in entry.exchange.refusals)
        if sandbox.resumed:  # Nobody else has read them meanwhile.
            sandbox.refused.update(seen)
            sandbox.resumed = 0
    return sandbox.refused


async def lint(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    first = max(1, sandbox.journal + 1 - MOST_LINTED)
    found = [entry async for entry in in_turns(entries(context, sandbox, first))]
    findings = linted(found, context.engine.providers)
    return {"findings": msgspec.to_builtins(findings), "total": len(findings)}
