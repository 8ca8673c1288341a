"""Routes ``coverage`` and ``lint``: documented errors and statuses that occurred, and bad habits of the application."""

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
"""Number of journal entries, the newest ones, that are searched for bad habits."""


async def coverage(context: Context, request: Request) -> Json:
    """How often each documented error and status occurred, in all sandboxes of all replicas since the server started.

    With ``sandbox`` in the query: in that sandbox, since it was created or reset. With ``provider``: of that provider
    only. Raises Unknown and ValueError for a name that does not exist.
    """
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
    """The counts in the answer of another replica; ``what``: ``errors`` or ``outcomes``."""
    providers = coverage["providers"]
    return Counter({(name, key): times for name in providers for key, times in providers[name][what]["times"].items()})


def _of(provider: str, listed: list[Covered]) -> Json:
    """A provider's part of the answer: its summary, and how often each error and each status occurred."""
    mine = [item for item in listed if item.provider == provider]
    errors = [item for item in mine if item.what == "error"]
    reached = [item for item in mine if item.what == "outcome"]
    return {
        **summary(mine),
        "errors": {**summary(errors), "times": {item.key: item.times for item in errors}},
        "outcomes": {**summary(reached), "times": {item.key: item.times for item in reached}},
    }


async def _of_run(context: Context) -> tuple[Seen, Seen]:
    """Errors, and statuses reached, since the server started.

    They are counted in open sandboxes, in closed ones, and in closed ones whose rows have been swept already.
    """
    engine = context.engine
    seen: Seen = Counter()
    for number, closed in list(engine.sandboxes.run.closed.items()):
        if closed is not None:
            seen += await _reached(context, number, closed.begun, closed.moment)
    for sandbox in list(engine.sandboxes.values()):
        seen += await _reached(context, sandbox.number, sandbox.begun, sandbox.now())
    # Counts of swept rows are read last: rows swept during the loops above are counted twice rather than not at all.
    return engine.sandboxes.run.errors, seen + engine.sandboxes.run.outcomes


async def _reached(context: Context, number: int, begun: int, until: int) -> Seen:
    """Statuses reached up to the time ``until`` in sandbox ``number``, by messages with numbers above ``begun``."""
    seen: Seen = Counter()
    lowest, highest = context.engine.store.messages.bounds(number)
    starts = range(max(lowest, begun + 1), highest + 1, SLICE)
    slices = (context.engine.store.messages.between(number, start, start + SLICE - 1) for start in starts)
    async for messages in in_turns(slices):
        seen += outcomes(messages, begun, until)
    return seen


async def _errors(context: Context, sandbox: Sandbox) -> Seen:
    """How often each error occurred in a sandbox since it was created or reset.

    Journal entries of earlier runs of the server are read once, by the first request; later refusals are counted when
    they happen.
    """
    seen: Seen = Counter()
    if until := sandbox.resumed:
        async for entry in in_turns(entries(context, sandbox)):
            if entry.key & NUMBERS > until:
                break
            if entry.exchange is not None:
                seen.update((entry.provider, refusal.key) for refusal in entry.exchange.refusals)
        if sandbox.resumed:  # No other request has added them during the awaits above.
            sandbox.refused.update(seen)
            sandbox.resumed = 0
    return sandbox.refused


async def lint(context: Context, request: Request) -> Json:
    """Bad habits of the application in the newest entries of a sandbox's journal. Raises Unknown."""
    sandbox = context.sandbox(request)
    first = max(1, sandbox.journal + 1 - MOST_LINTED)
    found = [entry async for entry in in_turns(entries(context, sandbox, first))]
    findings = linted(found, context.engine.providers)
    return {"findings": msgspec.to_builtins(findings), "total": len(findings)}
