"""An assistant with the tools of ``msgsim mcp``, over standard input and output, and the guide it may read."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from msgsim.provider import discover
from msgsim.scenarios.library import shipped
from msgsim.scenarios.scenario import ALWAYS_ON
from msgsim.testing import Simulator, call
from msgsim.web.control.description import described, operations

from tests.client.conftest import MSGSIM

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "assistants.md").read_text()
Use = Callable[..., Awaitable[Any]]


def assisted(story: Callable[[Client, Use], Awaitable[None]], url: str) -> None:
    """Run a story with the real command and the protocol's own client."""

    async def run() -> None:
        command = StdioServerParameters(command=str(MSGSIM), args=["mcp", "--url", url])
        async with Client(command) as client:

            async def use(tool: str, /, **arguments: Any) -> Any:
                result = await client.call_tool(tool, arguments)
                (content,) = result.content
                assert content.type == "text"
                assert not result.is_error, content.text
                return json.loads(content.text)

            await story(client, use)

    asyncio.run(run())


def test_what_an_assistant_does(sim: Simulator) -> None:
    async def story(client: Client, use: Use) -> None:
        await use("choose_scenario", names=["viber-falls-back-to-sms"])
        assert (await use("list_scenarios"))["chosen"] == ["viber-falls-back-to-sms"]
        sent = await use("send_sample", provider="messente", count=3, seed=1)
        assert [request["provider"] for request in sent] == ["messente"] * 3
        messages = await use("list_messages", provider="messente", limit=2)
        assert len(messages) == 2
        moved = await use("advance_clock", by="10m")
        assert any(thing["kind"] == "status" for thing in moved["happened"])
        explained = await use("explain_message", id=messages[0]["id"])
        assert (explained["id"], bool(explained["plan"]), bool(explained["explained"])) == (
            messages[0]["id"],
            True,
            True,
        )
        call(f"{sim.url}/v1/omnimessage", "POST", json={}, headers={"Authorization": "Basic YXBpOnBhc3N3b3Jk"})
        (refused,) = await use("list_requests", refused=True)
        assert await use("explain_request", number=refused["number"])
        errors = await use("list_errors", provider="messente")
        assert {"key", "status", "code", "text", "recipient"} == errors[0].keys()
        assert "curl" in await use("list_errors", provider="messente", key=errors[0]["key"])
        rule = "name: mine\nrules:\n- when: {provider: messente}\n  respond: {error: server_error}\n"
        assert (await use("choose_scenario", yaml=rule))["chosen"] == ["mine"]
        assert (await use("send_sample", provider="messente"))[0]["status"] == 500
        assert (await use("choose_scenario"))["chosen"] == []

    assisted(story, sim.url)


def test_mistakes_are_told_in_words(sim: Simulator) -> None:
    async def story(client: Client, use: Use) -> None:
        async def mistake(tool: str, **arguments: Any) -> str:
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            return str(result.content[0])

        assert "did you mean 'messente'" in await mistake("send_sample", provider="mesente")
        assert "there is no message nothing" in await mistake("explain_message", id="nothing")
        assert "has no error 'nothing'" in await mistake("list_errors", provider="sinch", key="nothing")
        assert "tomorrow" in await mistake("advance_clock", by="tomorrow")
        assert "a list is expected" in await mistake("choose_scenario", yaml="rules: 7")

    assisted(story, sim.url)


def test_where_no_simulator_runs() -> None:
    async def story(client: Client, use: Use) -> None:
        result = await client.call_tool("list_messages", {})
        assert result.is_error
        assert "start one with: msgsim serve" in str(result.content[0])

    assisted(story, "http://127.0.0.1:9")


def test_the_page_names_every_tool(sim: Simulator) -> None:
    async def story(client: Client, use: Use) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
        for tool in tools:
            assert tool.description
            told = json.dumps(tool.input_schema["properties"])
            assert all(f"`{name}`" in PAGE for name in json.loads(told)), tool.name
        assert "list_errors" in (client.instructions or "")

    assisted(story, sim.url)


def test_without_the_extra_it_says_what_to_install() -> None:
    hidden = "import sys; sys.modules['mcp'] = None; from msgsim.cli import main; main(['mcp'])"
    ran = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "pip install 'messaging-simulator[mcp]'" in ran.stderr


def test_the_guide_has_the_form_of_llmstxt(sim: Simulator) -> None:
    answer = call(f"{sim.url}/__sim/llms.txt", "GET")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    title, quote, *rest = answer.body.decode().rstrip("\n").split("\n\n")
    assert (title, quote[:2]) == ("# messaging-simulator", "> ")
    sections = [part for part in rest if part.startswith("## ")]
    assert sections == ["## Start", "## Providers", "## Control API", "## Scenarios"]
    begin = rest.index(sections[0])
    for heading, items in zip(rest[begin::2], rest[begin + 1 :: 2], strict=True):
        assert heading in sections
        for item in items.splitlines():
            assert re.fullmatch(rf"- \[[^]]+\]\({re.escape(sim.url)}[^)\s]*\): \S.*", item), item


def test_the_guide_says_what_there_is(sim: Simulator) -> None:
    text = call(f"{sim.url}/__sim/llms.txt", "GET").body.decode()
    for method, path in operations(described()):
        assert f"[{method} {path[1:]}]" in text
    for name in discover():
        assert f"`{name}`" in text
    assert all(f"[{name}]" in text for name in shipped() if name not in ALWAYS_ON)
    for url in re.findall(r"\]\((http[^)#]+/__sim/[^)#]*)\)", text):
        assert call(url, "GET").status == 200, url
