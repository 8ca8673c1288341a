"""Isolated worlds on one server, and what an application is told of its own."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

from msgsim.client.answers import Sandbox, Settings, WholeSandbox
from msgsim.client.request import Call, Json, Part, Request, S, member, near, nothing, whole

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""

SandboxList = list[Sandbox]


class NewSandbox(TypedDict, total=False):
    """How a sandbox is made, as `Sandboxes.create` takes it."""

    seed: int | None
    seed_from: str
    clock: str
    scenario: Sequence[str]
    settings: Settings | None


class Sandboxes(Part[S]):
    """Isolated worlds on one server."""

    @Call
    def list(self) -> Request[SandboxList]:
        """All sandboxes."""
        return Request("GET", "sandboxes", member("sandboxes"))

    @Call
    def create(
        self,
        name: str = "",
        *,
        seed: int | None = None,
        seed_from: str = "",
        clock: str = "",
        scenario: Sequence[str] = (),
        settings: Settings | None = None,
    ) -> Request[WholeSandbox]:
        """A new, empty one; without a ``name`` it gets one.

        ``scenario`` names files of this machine, which are read here, and scenarios that the server has.

        ``clock`` is ``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z`` or a rate such as ``60x``. Instead of a
        ``seed``, after which a reset brings the same ids again, it may follow from a text, after which ids go on.

        Raises OSError for a file that cannot be read, and Problem (400, and 409 where the name is taken).
        """
        asked = {
            "name": name,
            "seed": seed,
            "seed_from": seed_from,
            "clock": clock,
            "scenario": [*scenario],
            "settings": settings,
        }
        body = {key: value for key, value in asked.items() if value not in ("", None, [])} | texts(scenario)
        return Request("POST", "sandboxes", whole, body=body)

    @Call
    def get(self, name: str) -> Request[WholeSandbox]:
        """One sandbox, with its credentials and base URLs. Raises Problem (404)."""
        return Request("GET", f"sandboxes/{quote(name, '')}", whole)

    @Call
    def delete(self, name: str) -> Request[None]:
        """Take it and all that is in it away. Raises Problem (404, and 409 for ``default``, which stays)."""
        return Request("DELETE", f"sandboxes/{quote(name, '')}", nothing)


def texts(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """``{"texts": ...}`` with the files among the names of scenarios; nothing where there is none. Raises OSError."""
    files = [name for name in names if name.endswith((".yaml", ".yml")) and Path(name).is_file()]
    return {"texts": {name: Path(name).read_text(encoding="utf-8") for name in files}} if files else {}


def part_of(name: str, provider: str) -> Callable[[Json], Any]:
    """Of a sandbox's answer: one provider's part of a member. It raises LookupError."""

    def pick(answer: Json) -> Any:
        if provider not in answer[name]:
            there = f"(there are {', '.join(answer[name])}){near(provider, answer[name])}"
            raise LookupError(f"there is no provider {provider!r} {there}")
        return answer[name][provider]

    return pick


def variables(url: str) -> Callable[[Json], dict[str, str]]:
    """Of a sandbox's answer: what an application is told in variables."""

    def pick(sandbox: Json) -> dict[str, str]:
        found = {"MSGSIM_URL": url, "MSGSIM_SANDBOX": sandbox["name"]}
        for provider, base_url in sandbox["base_urls"].items():
            found[f"{provider.upper()}_BASE_URL"] = base_url
            for name, value in sandbox["credentials"][provider].items():
                found[f"{provider.upper()}_{_snake(name)}"] = value
        return found

    return pick


def dotenv(name: str, value: str) -> str:
    """A variable as a line of a ``.env`` file."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'{name}="{quoted}"'


def _snake(name: str) -> str:
    """``AuthenticationToken`` and ``X-Api-Key`` to ``AUTHENTICATION_TOKEN`` and ``X_API_KEY``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).upper()
