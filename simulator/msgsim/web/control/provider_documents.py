"""The OpenAPI documents of the providers, created at the first request and cached; the pages show them too."""

import asyncio
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from msgsim.examples.openapi import document
from msgsim.model import Json, Unknown
from msgsim.provider import Provider
from msgsim.web.control.context import Context, answer

_made = cache(document)


async def document_of(provider: Provider) -> dict[str, Json]:
    """Takes some tenths of a second the first time, beside the event loop: every example is a request that is made."""
    return await asyncio.to_thread(_made, provider)


async def served(context: Context, request: Request) -> Response:
    """A provider's document, with the URL of this server. Raises Unknown."""
    name = request.path_params["provider"]
    if name not in context.engine.providers:
        raise Unknown(f"there is no provider {name!r}")
    made = await document_of(context.engine.providers[name])
    return answer({**made, "servers": [{"url": str(request.base_url).rstrip("/")}]})
