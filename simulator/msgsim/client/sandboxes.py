"""The sandboxes of a server, and the environment variables for an application that uses one."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

from msgsim.client.answers import Sandbox, Settings, WholeSandbox
from msgsim.client.request import Call, Json, Part, Request, S, member, near, nothing, whole

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""

SandboxList = list[Sandbox]


class NewSandbox(TypedDict, total=False):
    """The options of `Sandboxes.create`, which describes them."""

    seed: int | None
    seed_from: str
    clock: str
    scenario: Sequence[str]
    settings: Settings | None


class Sandboxes(Part[S]):
    """The sandboxes of a server, which are isolated from each other."""

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
        """Create an empty sandbox. Without a ``name``, the server chooses one.

        ``scenario`` has the names of files of this machine, which are read here, and of scenarios that the server has.

        ``clock`` is ``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z`` or a rate such as ``60x``. Ids are derived
        from ``seed``, or from the text ``seed_from``. With ``seed``, the same ids come again after a reset; with
        ``seed_from``, ids continue.

        Raises OSError for a file that cannot be read, and Problem (400, and 409 if the name is taken).
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
        """A sandbox, with its credentials and base URLs. Raises Problem (404)."""
        return Request("GET", f"sandboxes/{quote(name, '')}", whole)

    @Call
    def delete(self, name: str) -> Request[None]:
        """Delete a sandbox and all that is in it. Raises Problem (404, and 409 for ``default``, which always stays)."""
        return Request("DELETE", f"sandboxes/{quote(name, '')}", nothing)


def texts(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """``{"texts": {name: content}}`` of scenarios that are files on this machine; empty: none is. Raises OSError."""
    files = [name for name in names if name.endswith((".yaml", ".yml")) and Path(name).is_file()]
    return {"texts": {name: Path(name).read_text(encoding="utf-8") for name in files}} if files else {}


def part_of(name: str, provider: str) -> Callable[[Json], Any]:
    """A function that takes a provider's part of the member ``name`` from the answer for a sandbox.

    It raises LookupError for an unknown provider.
    """

    def pick(answer: Json) -> Any:
        if provider not in answer[name]:
            there = f"(there are {', '.join(answer[name])}){near(provider, answer[name])}"
            raise LookupError(f"there is no provider {provider!r} {there}")
        return answer[name][provider]

    return pick


def variables(url: str) -> Callable[[Json], dict[str, str]]:
    """A function that makes environment variables from the answer for a sandbox; ``url``: the server's."""

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
    """A name as part of a variable's name: ``AuthenticationToken`` becomes ``AUTHENTICATION_TOKEN``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).upper()
