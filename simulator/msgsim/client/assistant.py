"""The control API as tools of the Model Context Protocol: the few that an assistant needs."""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from msgsim import __version__
from msgsim.client import AsyncClient, Problem, Unreachable

MOST = 50
"""Most messages, requests or samples in one answer."""
INSTRUCTIONS = (
    "msgsim stands in for messaging providers. The application under test sends to it; these tools show what it sent,"
    " why that was refused or accepted, and what becomes of each message. On a frozen clock nothing happens until"
    " advance_clock. list_errors says which recipient brings each documented error about."
)
Json = Any


class Tools:
    """Each method is a tool; its documentation is what the assistant reads."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def send_sample(self, provider: str = "", count: int = 1, seed: int | None = None) -> Json:
        """Send realistic requests to a provider (messente, salesforce, sinch, cima360; empty: all in turn).

        Each comes back as a curl command, with the status and the body of its answer.
        """
        return await self._client.sample(provider, min(count, MOST), seed)

    async def list_messages(
        self, provider: str = "", to: str = "", status: str = "", text: str = "", limit: int = 10
    ) -> Json:
        """List accepted messages, newest first: id, recipient, channels, and the statuses that they have reached.

        status: the provider's word, or scheduled, queued, sent, delivered, seen, failed, rejected, expired, cancelled.
        """
        filters = {"provider": provider, "to": to, "status": status, "text": text}
        return await self._client.messages.list(limit=min(limit, MOST), **_given(filters))

    async def list_requests(self, provider: str = "", refused: bool | None = None, limit: int = 10) -> Json:
        """List the application's requests with their answers, newest first.

        refused: true for those that were, false for those that were not.
        """
        filters = {"provider": provider, "refused": refused}
        return await self._client.requests.list(limit=min(limit, MOST), **_given(filters))

    async def explain_message(self, id: str) -> Json:
        """Explain a message by its id: which rule decided, its plan, its callbacks, and what happens next and when."""
        return {**await self._client.messages.get(id), "explained": await self._client.messages.explain(id)}

    async def explain_request(self, number: int) -> Json:
        """Explain a request by its number (header X-Sim-Exchange): what was refused, by which rule and document."""
        return await self._client.requests.explain(number)

    async def advance_clock(self, by: str) -> Json:
        """Move the clock by a duration (30s, 5m, 2h); what happened on the way: statuses and callbacks."""
        happened = await self._client.clock.advance(by)
        return {**await self._client.clock.get(), "happened": happened}

    async def list_scenarios(self) -> Json:
        """List the shipped scenarios with what each teaches, and which are chosen now."""
        chosen = await self._client.scenario()
        return {"shipped": await self._client.scenarios(), "chosen": chosen["names"], "mistakes": chosen["mistakes"]}

    async def choose_scenario(self, names: list[str] | None = None, yaml: str = "") -> Json:
        """Choose shipped scenarios by name, in order, or one of your own as YAML; neither: everything is delivered."""
        await (self._client.tell(yaml) if yaml else self._client.choose(*(names or ())))
        return await self.list_scenarios()

    async def list_errors(self, provider: str, key: str = "") -> Json:
        """List a provider's documented errors: key, HTTP status, text, and the recipient that brings each about.

        With a key: everything about that one, with a request as a curl command.
        """
        listed = (await self._client.errors(provider))["errors"]
        if not key:
            return [{name: error[name] for name in ("key", "status", "code", "text", "recipient")} for error in listed]
        found = next((error for error in listed if error["key"] == key), None)
        if found is None:
            raise LookupError(f"{provider} has no error {key!r}; list_errors without a key lists them")
        return found


def served(url: str, sandbox: str) -> MCPServer:
    """An MCP server with the tools for one sandbox of a simulator, which need not run yet."""
    server = MCPServer("msgsim", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING")
    tools = Tools(AsyncClient(url, sandbox))
    for name in vars(Tools):
        if not name.startswith("_"):
            server.tool(structured_output=False)(_told(getattr(tools, name)))
    return server


def _told(tool: Callable[..., Awaitable[Json]]) -> Callable[..., Awaitable[str]]:
    """A tool that returns its answer as JSON text. It raises ToolError, whose text the assistant gets, for mistakes."""

    @wraps(tool)
    async def told(**arguments: Json) -> str:
        try:
            return json.dumps(await tool(**arguments), ensure_ascii=False)
        except (Problem, Unreachable, LookupError, ValueError) as error:
            raise ToolError(str(error)) from None

    return told


def _given(filters: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in filters.items() if value not in ("", None)}
