"""Sinks, receivers of callbacks inside the simulator at ``/__sim/sink/<name>?sandbox=<sandbox>``, and their routes."""

import asyncio

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from msgsim.clock import iso
from msgsim.config import milliseconds
from msgsim.contract.decoding import read_json
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Json
from msgsim.scenarios.dictated import reply_of, unsendable
from msgsim.web.control.absence import absence
from msgsim.web.control.context import Context, body, limit, number, patience, while_there
from msgsim.web.control.problem import ApiProblem
from msgsim.web.control.sinks import BODY_KEPT, Posted, SinkAnswer, SinkPosts
from msgsim.web.edge.replies import response_headers

SECRETS = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers whose values are replaced by ``***``."""


class Told(Struct, forbid_unknown_fields=True):
    """The body of `tell`."""

    answers: tuple[SinkAnswer, ...]


async def collect(context: Context, request: Request) -> Response:
    """Record a request of any method, and give the next configured answer after its delay. Raises ValueError."""
    sandbox = context.sandbox(request)
    sink = _sink(context, sandbox, request)
    text = (await _start_of(request)).decode(errors="replace")
    planned = sink.next_answer()
    sink.total += 1
    sink.posts.append(
        Posted(
            number=sink.total,
            at=sandbox.now(),
            method=request.method,
            path=request.path_params.get("rest", ""),
            query=request.url.query,
            headers={name: "***" if name in SECRETS else value for name, value in request.headers.items()},
            body=text,
            json=_json(text),
            answered=planned.status,
        )
    )
    context.subscriptions.tell(sandbox.base)
    if pause := milliseconds(planned.delay):
        await asyncio.sleep(pause / 1000)
    reply = reply_of(planned.status, tuple(planned.headers.items()), planned.body)
    response = Response(reply.body, reply.status)
    response.raw_headers = response_headers(reply)
    return response


async def _start_of(request: Request) -> bytes:
    """The first BODY_KEPT bytes of the body; the rest is read and dropped."""
    start = b""
    async for part in request.stream():
        if len(start) < BODY_KEPT:
            start += part[: BODY_KEPT - len(start)]
    return start


def _json(text: str) -> Json:
    """The decoded text; None: it is not JSON."""
    try:
        return read_json(text.encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


async def all(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    listed = [{"name": name, "total": sink.total} for name, sink in sorted(context.sinks.of(sandbox.number).items())]
    return {"sinks": listed, "total": len(listed), "next": None}


async def show(context: Context, request: Request) -> Json:
    """The posts to a sink: at once, or with ``wait`` in the query as soon as there are ``count``.

    Raises ValueError, and ApiProblem (408) when the time of a long poll is over.
    """
    seconds = patience(request)
    if seconds is not None:
        await while_there(request, _waited(context, request, seconds))
    return _shown(context, context.sandbox(request), request.path_params["name"], request)


async def _waited(context: Context, request: Request, seconds: float) -> None:
    """Wait until there are ``count`` posts. Raises ApiProblem (408) after ``seconds``, or when the server stops."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    name, wanted = request.path_params["name"], number(request, "count", 1)
    with context.subscriptions.to(context.sandbox(request).name) as subscription:
        while (total := _peek(context, subscription.sandbox, name).total) < wanted:
            left = deadline - loop.time()
            if left <= 0 or context.subscriptions.closing:
                detail = f"{total} of {wanted} posts came to sink {name!r} within {request.query_params['wait']}"
                raise ApiProblem(408, "Timed out", detail, near=_near(context, subscription.sandbox, name), found=total)
            await subscription.wait(None, left)


async def tell(context: Context, request: Request) -> Json:
    """Set the answers to the next posts. Raises ValueError for an answer that HTTP cannot transport."""
    sandbox = context.sandbox(request)
    asked = await body(request, Told)
    for planned in asked.answers:
        milliseconds(planned.delay)
        if not 200 <= planned.status <= 599 or planned.times < 0:
            raise ValueError("answers: a status is between 200 and 599, and times is not below 0")
        for path, reason in unsendable(planned.status, planned.headers, planned.body):
            raise ValueError(f"answers: {'.'.join(path)}: {reason}")
    _sink(context, sandbox, request).tell(asked.answers)
    return _shown(context, sandbox, request.path_params["name"], request)


async def delete(context: Context, request: Request) -> Response:
    context.sinks.drop(context.sandbox(request).number, request.path_params["name"])
    return Response(status_code=204)


def _sink(context: Context, sandbox: Sandbox, request: Request) -> SinkPosts:
    """The sink in the path, created if it does not exist. Sinks of deleted sandboxes are dropped. Raises ValueError."""
    context.sinks.keep_only({world.number for world in context.engine.sandboxes.values()})
    return context.sinks.get(sandbox.number, request.path_params["name"])


def _peek(context: Context, sandbox: Sandbox, name: str) -> SinkPosts:
    """A sink by its name, else an empty one that is not stored."""
    return context.sinks.of(sandbox.number).get(name) or SinkPosts()


def _shown(context: Context, sandbox: Sandbox, name: str, request: Request) -> Json:
    """The posts with numbers above ``after``, and the answers still to be given."""
    sink, after, most = _peek(context, sandbox, name), number(request, "after"), limit(request)
    later = [post for post in sink.posts if post.number > after]
    page = [{**msgspec.structs.asdict(post), "at": iso(post.at)} for post in later[:most]]
    return {
        "posts": page,
        "total": sink.total,
        "next": page[-1]["number"] if len(later) > most else None,
        "answers": msgspec.to_builtins(sink.answers()),
    }


def _near(context: Context, sandbox: Sandbox, name: str) -> list[Json]:
    """Near misses of a long poll: posts to other sinks, and the next callback or the reason why there is none."""
    engine = context.engine
    others = [
        f"sink {other!r} got {sink.total}" for other, sink in context.sinks.of(sandbox.number).items() if other != name
    ]
    pending = engine.store.callbacks.first_due(sandbox.number)
    if pending is not None:
        others.append(f"the next callback is due at {iso(pending)}, and it is {iso(sandbox.now())}")
    elif not engine.store.callbacks.count(sandbox.number):
        others.append(absence(context, sandbox) or "no callback is owed: did the request or the settings name a URL?")
    return [{"text": text} for text in others]
