"""Translates requests and answers of the control API to and from HTTP, for both clients."""

import json
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from msgsim.client.errors import Problem, TimedOut, Unreachable
from msgsim.client.request import Json, R, Request, whole

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""

DEFAULT_URL = "http://127.0.0.1:8080"
LISTENING = Request("GET", "events", whole, seconds=86_400, waits=True)


class Event(NamedTuple):
    """An event of the stream: something that has just happened."""

    name: str
    """message, exchange, callback, inbound, clock, scenario, settings, seed or reset."""
    data: Json
    """As in the API's other answers: a `Message`, `ProviderRequest`, `Callback`; else an `Entry` and the clock."""


def written(request: Request[R]) -> tuple[str, bytes | None, dict[str, str]]:
    """Path with query, body (None: none), and headers of a request."""
    path = f"/__sim/v1/{request.path}"
    if request.query:
        path += f"?{urlencode(request.query)}"
    if request.body is None:
        return path, None, {}
    if isinstance(request.body, str):
        return path, request.body.encode(), {"Content-Type": "application/yaml"}
    return path, json.dumps(request.body).encode(), {"Content-Type": "application/json"}


IN_TRIO = "call the plain client in a thread: await trio.to_thread.run_sync(...)"
"""Advice for programs under Trio: AsyncClient cannot be used, because aiohttp needs asyncio."""


def answered(request: Request[R], status: int, media: str, body: bytes) -> R:
    """What a request picks from its answer; ``media``: the media type of the body.

    Raises TimedOut for the HTTP status 408, and Problem for any other from 400 on.
    """
    if status == 204:
        return request.pick(None)
    if status < 400:
        return request.pick(json.loads(body) if media == "application/json" else body.decode())
    problem: dict[str, Json] = json.loads(body) if media.endswith("json") else {}
    problem = {"status": status, "title": f"{request.method} {request.path} was answered {status}", **problem}
    raise (TimedOut if status == 408 else Problem)(problem)


def root(url: str) -> str:
    """The simulator's URL: ``url``, else MSGSIM_URL, else the default. Raises ValueError if it is not http or https."""
    url = url or os.environ.get("MSGSIM_URL") or DEFAULT_URL
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"the simulator's URL (--url, MSGSIM_URL) needs http://, as in {DEFAULT_URL}; it is {url!r}")
    return url.rstrip("/")


def headers(sandbox: str, token: str) -> dict[str, str]:
    """The headers of every request. ``token``: empty: MSGSIM_TOKEN, if it is set."""
    token = token or os.environ.get("MSGSIM_TOKEN", "")
    return {"X-Sim-Sandbox": sandbox, **({"Authorization": f"Bearer {token}"} if token else {})}


def unreachable(url: str, error: Exception) -> Unreachable:
    """An exception that says why no simulator answers at a URL, and how to start one."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unreachable(f"no simulator answers at {url} ({reason}); start one with: msgsim serve")


class EventReader:
    """Parses a stream of Server-Sent Events line by line."""

    def __init__(self) -> None:
        self._block: list[bytes] = []

    def read(self, line: bytes) -> Event | None:
        """The event that this line completes; None: none."""
        if line.strip():
            self._block.append(line)
            return None
        block, self._block = self._block, []
        fields = [part.decode().rstrip("\r\n").partition(":") for part in block]
        name = next((value.strip() for key, _, value in fields if key == "event"), "message")
        data = "\n".join(value.removeprefix(" ") for key, _, value in fields if key == "data")
        return Event(name, json.loads(data)) if data else None


def events(lines: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream, from its lines."""
    reader = EventReader()
    return (event for line in lines if (event := reader.read(line)) is not None)
