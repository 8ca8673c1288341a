"""Documented errors and statuses, each with a request that causes it, and sample traffic."""

import msgspec
from msgspec import Struct
from starlette.requests import Request

from msgsim.contract import Error, Status
from msgsim.examples import catalogue
from msgsim.examples.request import curl
from msgsim.examples.samples import samples
from msgsim.examples.variations import HINT
from msgsim.model import Int64, Json
from msgsim.web.control.context import Context, body

MOST_SAMPLES = 1000
"""Limit of samples that one request sends."""


class NewSample(Struct, forbid_unknown_fields=True):
    """The body of `sample`."""

    provider: str | None = None
    """None: samples of all providers."""
    count: Int64 = 1
    seed: Int64 | None = None
    """None: another one for each request."""


async def errors(context: Context, request: Request) -> Json:
    """The catalogues of all providers, or of the ``provider`` in the query. Raises ValueError for an unknown one."""
    sandbox = context.sandbox(request).name
    only = request.query_params.get("provider")
    providers = [context.provider(only)] if only else list(context.engine.providers.values())
    root = str(request.base_url)
    return {
        "errors": [_shown(entry, root) for provider in providers for entry in catalogue.errors(provider, sandbox)],
        "statuses": [_shown(entry, root) for provider in providers for entry in catalogue.statuses(provider, sandbox)],
    }


def _shown(entry: catalogue.CatalogueEntry, root: str) -> Json:
    """``root``: URL of the simulator."""
    names = _MEMBERS[type(entry.what)]
    return {
        "provider": entry.provider,
        **{name: getattr(entry.what, name) for name in names},
        "recipient": entry.recipient,
        "example": entry.example.shown(),
        "curl": curl(entry.example, root),
    }


_MEMBERS: dict[type, tuple[str, ...]] = {
    Error: ("key", "status", "code", "title", "text", "when", "source", "provenance"),
    Status: ("word", "kind", "code", "meaning", "source", "provenance", "channels"),
}
"""Members of an entry that are answered."""


async def sample(context: Context, request: Request) -> Json:
    """Send samples to the providers, and answer each request with its answer. Raises ValueError."""
    sandbox = context.sandbox(request)
    asked = await body(request, NewSample) if await request.body() else NewSample()
    if not 1 <= asked.count <= MOST_SAMPLES:
        raise ValueError(f"count: between 1 and {MOST_SAMPLES}")
    wanted = context.provider(asked.provider) if asked.provider else None
    providers = {wanted.name: wanted} if wanted else context.engine.providers
    seed = sandbox.saved.seed + sandbox.journal if asked.seed is None else asked.seed
    root = str(request.base_url)
    sent = []
    for sample in samples(providers, sandbox.name, asked.count, seed):
        reply = context.engine.receive(msgspec.structs.replace(sample.example.call(), base=root))
        sent.append(
            {
                "provider": sample.provider,
                "endpoint": sample.endpoint,
                "request": sandbox.journal,
                "curl": curl(sample.example, root),
                "varied": sample.varied,
                "status": reply.status,
                "answer": reply.body.decode(errors="replace"),
            }
        )
    return {"sent": sent, "seed": seed, "hint": None if all(one["varied"] for one in sent) else HINT}
