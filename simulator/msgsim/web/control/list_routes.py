"""Answers to queries for lists: at once, or as a long poll as soon as enough rows fit."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.web.control.absence import absence
from msgsim.web.control.context import Context, limit, number, patience, while_there, yes
from msgsim.web.control.lists import MOST_MISSES, Listing, Page, near_misses, page
from msgsim.web.control.polls import Poll
from msgsim.web.control.problem import ApiProblem

NO_FILTERS = ("wait", "count", "sandbox", "new")
"""Query parameters that are not named as filters when a long poll times out."""
REQUESTED = ("messages", "requests", "callbacks")
"""Lists that stay empty until the application sends requests."""
T = TypeVar("T")
Make = Callable[[Context, Request, Sandbox], Listing[T]]


async def listed(context: Context, request: Request, make: Make[T]) -> Json:
    """A page of a list: at once, or with ``wait`` in the query as soon as ``count`` rows fit.

    A long poll calls ``make`` for each reading, because rows and time change meanwhile. Raises ValueError for
    a query that is not understood, and ApiProblem (408) when the time of a long poll is over.
    """
    name, seconds = context.sandbox(request).name, patience(request)

    def current() -> Listing[T]:
        return make(context, request, context.named(name))

    listing = current()
    cursor, most = number(request, listing.cursor), limit(request)
    new = yes(request, "new", otherwise=False)
    if seconds is None:
        if new:
            raise ValueError("new: it goes with wait only")
        answer = await (await page(listing, cursor, most, yes(request, "total", otherwise=True))).shown()
        if not answer["total"] and (hint := _hint(context, name, listing)):
            answer["hint"] = hint
        return answer
    wanted = number(request, "count", 1)
    poll = Poll(current, cursor, max(most, wanted), wanted, new)
    found = await while_there(request, _waited(context, name, poll, seconds))
    if isinstance(found, Page):
        return await found.shown()
    if context.subscriptions.closing:
        near = [{"text": "the server stops"}]
    else:
        near = [*(await _earlier(current()) if new else ()), *await _near(context, name, current())]
    raise _timed_out(listing.name, found, wanted, request, near)


async def _waited(context: Context, sandbox: str, poll: Poll[T], seconds: float) -> Page[T] | int:
    """The page as soon as enough rows fit; else how many fitted after ``seconds``, or when the server stopped."""
    subscriptions, loop = context.subscriptions, asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        if poll.stale:
            await subscriptions.resting(poll.search())
        left = deadline - loop.time()
        if poll.found is not None:
            return poll.found
        if left <= 0 or subscriptions.closing:
            return poll.total
        await context.polls.news(sandbox, poll, left)


def _hint(context: Context, sandbox: str, listing: Listing[T]) -> str:
    """Why a sandbox has no requests; empty: it has some, or the list is none of REQUESTED."""
    return absence(context, context.named(sandbox)) if listing.name in REQUESTED else ""


async def _near(context: Context, sandbox: str, listing: Listing[T]) -> list[Json]:
    """The near misses of a list; where there are none, the reason why the sandbox has no requests."""
    near = await near_misses(listing)
    hint = "" if near else _hint(context, sandbox, listing)
    return [{"text": hint}] if hint else near


async def _earlier(listing: Listing[T]) -> list[Json]:
    """Rows that fitted before a long poll for ``new`` rows began, in the form of near misses."""
    found = await page(listing, 0, MOST_MISSES, counting=False)
    why = "it fitted before the wait began"
    return [{"text": f"{listing.label(row)}: {why}", "number": listing.number(row), "why": [why]} for row in found.rows]


def _timed_out(name: str, total: int, wanted: int, request: Request, near: list[Json]) -> ApiProblem:
    """The problem of a long poll that timed out when ``total`` of ``wanted`` rows fitted; ``near``: its near misses."""
    kind = f"new {name}" if "new" in request.query_params else name
    missing = f"{total} of {wanted} {kind}" if total else f"no {kind}"
    asked = {key: value for key, value in request.query_params.items() if key not in NO_FILTERS}
    fitting = " with " + ", ".join(f"{key}={value}" for key, value in asked.items()) if asked else ""
    near = near or [{"text": f"the sandbox has {'no' if not total else 'no other'} {name}"}]
    return ApiProblem(
        408, "Timed out", f"{missing}{fitting} within {request.query_params['wait']}", near=near, found=total
    )
