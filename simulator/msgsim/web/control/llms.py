"""``/__sim/llms.txt``: instructions for coding assistants that use the simulator, in the format of llmstxt.org.

The lists are generated from the description of the control API, the providers, and the shipped scenarios.
"""

from collections.abc import Iterator
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from msgsim import __version__
from msgsim.model import Json
from msgsim.provider import AnySend, Provider
from msgsim.scenarios.library import shipped
from msgsim.scenarios.scenario import ALWAYS_ON
from msgsim.web.control.context import Context
from msgsim.web.control.description import described, operations

ABOUT = (
    "A local server that stands in for messaging providers. An application changes nothing but its base URL; every"
    " request is checked and answered in the provider's own words, and every accepted message lives the life that a"
    " scenario gives it, with real callbacks, on a clock that can be moved."
)
HINTS = (
    "Send requests of a provider to its base URL, with any non-empty credentials; a sandbox's own choose the sandbox.",
    "`GET /__sim/v1/requests/{number}/explain` says why one was refused; the number is its header `X-Sim-Exchange`.",
    'On a frozen clock nothing happens by itself: `POST /__sim/v1/clock/advance` with `{"by": "1m"}` makes it happen.',
    "Errors and outcomes are brought about on demand: `GET /__sim/v1/errors` lists the recipient for each.",
    "`X-Sim-Sandbox: NAME` or `?sandbox=NAME` chooses the sandbox of a control route; without, it is `default`.",
)


class Link(NamedTuple):
    """An item of a list; as text, a line of Markdown."""

    name: str
    url: str
    notes: str

    def __str__(self) -> str:
        return f"- [{self.name}]({self.url}): {self.notes}"


async def guide(context: Context, request: Request) -> Response:
    """The file, with the URL that the client uses for the simulator."""
    root = str(request.base_url).rstrip("/")
    return Response(written(root, list(context.engine.providers.values())), media_type="text/plain")


def written(root: str, providers: list[Provider]) -> str:
    """The text of the file; ``root``: URL of the simulator, without a slash at its end."""
    sections = {
        "Start": _start(root),
        "Providers": _providers(root, providers),
        "Control API": _routes(root),
        "Scenarios": _scenarios(root),
    }
    parts = ["# messaging-simulator", f"> {ABOUT}", f"Version {__version__}.", "\n".join(f"- {hint}" for hint in HINTS)]
    for title, links in sections.items():
        parts += [f"## {title}", "\n".join(map(str, links))]
    return "\n\n".join(parts) + "\n"


def _start(root: str) -> Iterator[Link]:
    yield Link("Description of the control API", f"{root}/__sim/openapi.json", "OpenAPI 3.1, with every member")
    yield Link("The same as a page", f"{root}/__sim/docs", "for people")
    yield Link("Inbox", f"{root}/__sim/", "messages, requests and errors, for people")
    yield Link("Health", f"{root}/__sim/v1/health", "version, time, scenario and its mistakes")


def _providers(root: str, providers: list[Provider]) -> Iterator[Link]:
    for provider in providers:
        sends = [endpoint for endpoint in provider.endpoints if isinstance(endpoint, AnySend)]
        paths = ", ".join(f"{endpoint.method} {endpoint.path}" for endpoint in sends)
        yield Link(provider.title, provider.base_url(root), f"`{provider.name}`; messages are sent by {paths}")


def _routes(root: str) -> Iterator[Link]:
    for (method, path), operation in operations(described()).items():
        yield Link(
            f"{method} {path[1:]}", f"{root}/__sim/docs/control/{operation['operationId']}", _sentence(operation)
        )


def _sentence(operation: dict[str, Json]) -> str:
    summary: str = operation["summary"]
    return summary


def _scenarios(root: str) -> Iterator[Link]:
    yield Link("What is chosen", f"{root}/__sim/v1/scenario", "`PUT` it with names, or with YAML of your own")
    for scenario in shipped().values():
        if scenario.name not in ALWAYS_ON:
            yield Link(scenario.name, f"{root}/__sim/v1/scenarios", scenario.title)
