"""Style sheets, scripts, fonts and pictures of the pages."""

import re
from hashlib import blake2b
from mimetypes import guess_type

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from msgsim.config import read_own
from msgsim.web.pages.look import HERE

_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
"""No part of a path is hidden, and none leads upwards."""


async def asset(request: Request) -> Response:
    """One file, to be asked for again with its ETag. Raises HTTPException (404)."""
    name = request.path_params["name"]
    try:
        content = read_own(HERE / "static" / name) if _NAME.fullmatch(name) else None
    except OSError:
        content = None
    if content is None:
        raise HTTPException(404)
    etag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=guess_type(name)[0], headers=headers)
