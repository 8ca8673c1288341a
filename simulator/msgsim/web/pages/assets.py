"""The static files of the pages: style sheet, scripts, fonts and pictures."""

import re
from hashlib import blake2b
from mimetypes import guess_type

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from msgsim.config import read_own
from msgsim.web.pages.look import HERE

_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
"""Paths of files: no segment begins with a dot, so that hidden files and ``..`` are excluded."""
PAGE = "page.js"
"""Name of the file that joins all SCRIPTS."""
SCRIPTS = (
    "theme",
    "vendor/htmx.min",
    "vendor/htmx-sse",
    "live",
    "connection",
    "search",
    "mail",
    "keys",
    "act",
    "gallery",
    "callbacks",
    "start",
    "docs",
    "scenarios",
)
"""The scripts of all pages. The browser loads PAGE before it draws a page, so that whatever is visible also works."""


async def asset(request: Request) -> Response:
    """A static file, revalidated by its ETag for each page. Raises HTTPException (404)."""
    name = request.path_params["name"]
    try:
        content = _content(name) if _NAME.fullmatch(name) else None
    except OSError:
        content = None
    if content is None:
        raise HTTPException(404)
    etag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=guess_type(name)[0], headers=headers)


def _content(name: str) -> bytes:
    """The content of a static file, or the joined scripts. Raises OSError."""
    if name == PAGE:
        return b";\n".join(_content(f"{script}.js") for script in SCRIPTS)
    return read_own(HERE / "static" / name)
