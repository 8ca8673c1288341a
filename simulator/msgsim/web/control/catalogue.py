"""Every documented error and outcome, how to bring it about, and sample traffic."""

import shlex
from urllib.parse import urlencode

import msgspec
from msgspec import Struct
from starlette.requests import Request

from msgsim.contract import Error, Status
from msgsim.engine.sandboxes import terms_of
from msgsim.examples.samples import headers_of, samples, sends
from msgsim.model import Call, Int64, Json
from msgsim.provider import AnySend, Provider
from msgsim.scenarios.reserved import magic_recipients
from msgsim.web.control.context import Context, body

MOST_SAMPLES = 1000


class Wanted(Struct, forbid_unknown_fields=True):
    provider: str | None = None
    count: Int64 = 1
    seed: Int64 | None = None


async def errors(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    only = request.query_params.get("provider")
    chosen = [context.provider(only)] if only else list(context.engine.providers.values())
    root = str(request.base_url).rstrip("/")
    listed = [(provider, one) for provider in chosen for one in provider.contract.errors.values()]
    reached = [(provider, one) for provider in chosen for one in provider.contract.statuses.values()]
    return {
        "errors": [_error(one, provider, sandbox.name, root) for provider, one in listed],
        "statuses": [_status(one, provider, sandbox.name, root) for provider, one in reached],
    }


def _error(error: Error, provider: Provider, sandbox: str, root: str) -> Json:
    example = _example(error, provider, sandbox)
    return {
        "provider": provider.name,
        "key": error.key,
        "status": error.status,
        "code": error.code,
        "title": error.title,
        "text": error.text,
        "when": error.when,
        "source": error.source,
        "provenance": error.provenance,
        "recipient": _recipient(provider, error.key, error.magic),
        "example": example,
        "curl": curl(example, root),
    }


def _status(status: Status, provider: Provider, sandbox: str, root: str) -> Json:
    example = _asking(status.word, provider, sandbox, status.channels)
    return {
        "provider": provider.name,
        "word": status.word,
        "kind": status.kind,
        "code": status.code,
        "meaning": status.meaning,
        "source": status.source,
        "provenance": status.provenance,
        "recipient": _recipient(provider, status.word, status.magic),
        "channels": status.channels,
        "example": example,
        "curl": curl(example, root),
    }


def _recipient(provider: Provider, key: str, magic: int | None) -> str | None:
    return None if magic is None else magic_recipients(key, magic, terms_of(provider))[0]


def _example(error: Error, provider: Provider, sandbox: str) -> dict[str, Json]:
    """A whole request; one that only a scenario brings about is asked for by a header."""
    if error.example is None:
        return _asking(error.key, provider, sandbox)
    given = headers_of(provider.credentials(sandbox)) if "headers" not in error.example else error.example["headers"]
    more: dict[str, str] = {"Content-Type": "application/json"} if {"json", "body"} & error.example.keys() else {}
    return {**error.example, "headers": {**more, **_of_sandbox(sandbox), **given}}


def _asking(outcome: str, provider: Provider, sandbox: str, channels: tuple[str, ...] = ()) -> dict[str, Json]:
    """A sample of the provider, with the outcome that is wanted."""
    endpoint, example = _sample_on(provider, channels)
    headers = {"Content-Type": "application/json", **headers_of(provider.credentials(sandbox))}
    return {
        "method": endpoint.method,
        "path": endpoint.path,
        "headers": {**headers, **_of_sandbox(sandbox), "X-Sim-Outcome": outcome},
        "json": example,
    }


def _sample_on(provider: Provider, channels: tuple[str, ...]) -> tuple[AnySend, Json]:
    """The first sample whose endpoint or body names one of the channels; else the first of all."""
    listed = [
        (endpoint, example)
        for endpoint in sends(provider)
        for example in provider.contract.schema(endpoint.schema).document["examples"]
    ]
    for endpoint, example in listed:
        said = f"{endpoint.name} {msgspec.json.encode(example).decode()}"
        if any(channel in said for channel in channels):
            return endpoint, example
    return listed[0]


def _of_sandbox(sandbox: str) -> dict[str, str]:
    return {} if sandbox == "default" else {"X-Sim-Sandbox": sandbox}


def curl(example: dict[str, Json], root: str) -> str:
    """A request for a shell."""
    query = example.get("query") or ""
    query = urlencode(query) if isinstance(query, dict) else query
    path = example["path"] + (f"?{query}" if query else "")
    words = ["curl", "-i", "-X", example["method"], f"{root}{path}"]
    for name, value in example["headers"].items():
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if "json" in example:
        words += ["-d", msgspec.json.encode(example["json"]).decode()]
    elif "body" in example:
        words += ["--data-binary", example["body"]]
    return " ".join(map(shlex.quote, words))


async def sample(context: Context, request: Request) -> Json:
    sandbox = context.sandbox(request)
    asked = await body(request, Wanted) if await request.body() else Wanted()
    if not 1 <= asked.count <= MOST_SAMPLES:
        raise ValueError(f"count: between 1 and {MOST_SAMPLES}")
    chosen = context.provider(asked.provider) if asked.provider else None
    providers = {chosen.name: chosen} if chosen else context.engine.providers
    seed = sandbox.kept.seed + sandbox.journal if asked.seed is None else asked.seed
    root = str(request.base_url)
    sent = []
    for one in samples(providers, sandbox.name, asked.count, seed):
        reply = context.engine.receive(msgspec.structs.replace(one.call, base=root))
        sent.append(
            {
                "provider": one.provider,
                "endpoint": one.endpoint,
                "request": sandbox.journal,
                "curl": curl(_written(one.call), root.rstrip("/")),
                "status": reply.status,
                "answer": reply.body.decode(errors="replace"),
            }
        )
    return {"sent": sent, "seed": seed}


def _written(call: Call) -> dict[str, Json]:
    return {"method": call.method, "path": call.path, "headers": call.headers, "body": call.body.decode()}
