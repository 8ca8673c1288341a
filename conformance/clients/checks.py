"""What every Python client needs to be checked: the simulator's address, and a place for what was found.

Runs in the client's own environment, so it imports nothing but the standard library.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

URL = os.environ["MSGSIM_URL"]
BY_NAME = "MSGSIM_BY_NAME" in os.environ
"""The providers' own host names lead to the simulator."""


def control(method: str, path: str, body: Any = None) -> Any:
    """One call of the simulator's control API."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{URL}/__sim/v1/{path}", data, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def credentials(provider: str) -> dict[str, str]:
    found: dict[str, str] = control("GET", "sandboxes/default")["credentials"][provider]
    return found


def base_url(provider: str) -> str:
    return str(control("GET", "sandboxes/default")["base_urls"][provider])


def advance(by: str) -> None:
    control("POST", "clock/advance", {"by": by})


def errors(provider: str) -> list[dict[str, Any]]:
    """Every documented error: ``key``, ``status``, ``code``, ``text`` and so on."""
    return list(control("GET", f"errors?provider={provider}")["errors"])


def statuses(provider: str) -> list[dict[str, Any]]:
    """Every documented status: ``word``, ``code``, ``channels`` and so on."""
    return list(control("GET", f"errors?provider={provider}")["statuses"])


def equal(what: str, got: object, wanted: object) -> None:
    """One check: passed when both are equal."""
    _write(what, "" if got == wanted else f"got {got!r} instead of {wanted!r}")


def raised(what: str, kind: type[BaseException], call: Callable[..., object], *args: object) -> Any:
    """One check: passed when the call raises this kind; the exception, or None."""
    try:
        got = call(*args)
    except kind as error:
        _write(what, "")
        return error
    except Exception as error:
        _write(what, f"raised {error!r} instead of {kind.__name__}")
    else:
        _write(what, f"returned {type(got).__name__} instead of raising {kind.__name__}")
    return None


def part(run: Callable[..., None], *args: object) -> None:
    """A part of a script: what it raises is one failed check, and the next part goes on."""
    try:
        run(*args)
    except Exception as error:
        _write(run.__name__, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _write(what: str, reason: str) -> None:
    with Path(os.environ["MSGSIM_CHECKS"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"what": what, "reason": reason}) + "\n")
