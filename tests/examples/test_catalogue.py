"""One example per error and status: the command line, the control API and the gallery show the same, and it works."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import msgspec
import pytest
from msgsim.provider import Provider, discover
from msgsim.testing import Simulator, call

from tests.conftest import START
from tests.scenarios.test_commands import Run, run
from tests.shell import by_curl, needs_curl

PROVIDERS = discover()
KEYS = [
    (provider, kind, key)
    for provider in PROVIDERS.values()
    for kind, keys in (("error", provider.contract.errors), ("status", provider.contract.statuses))
    for key in keys
]
TRIGGER = re.compile(r"data-trigger='([^']*)'")
CURL = re.compile(r'<pre id="curl"[^>]*>(.*?)</pre>', re.DOTALL)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(clock=f"frozen@{START}", seed=1, journal_limit=10) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def listed(shared: Simulator) -> dict[tuple[str, str, str], Any]:
    """What the control API says, by provider, kind and key."""
    answer = shared.control("GET", "errors").json
    found = {(one["provider"], "error", one["key"]): one for one in answer["errors"]}
    return found | {(one["provider"], "status", one["word"]): one for one in answer["statuses"]}


def page(sim: Simulator, provider: Provider, kind: str, key: str) -> str:
    shown = "error" if kind == "error" else "outcome"
    asked = {"provider": provider.name, "kind": shown, "key": key}
    return call(f"{sim.url}/__sim/errors", "GET", query=asked).body.decode()


def test_the_command_line_and_the_api_list_the_same(
    shared: Simulator, listed: dict[tuple[str, str, str], Any], capsys: Run
) -> None:
    assert run("errors", "--url", shared.url, "--format", "json") == 0
    printed = msgspec.json.decode(capsys.readouterr().out)
    said = {(one["provider"], one["kind"], one["key"]): one for one in printed if one["kind"] != "outcome"}
    assert list(said) == [(provider.name, kind, key) for provider, kind, key in KEYS]
    for name in ("curl", "recipient", "provenance", "code"):
        assert {key: one[name] for key, one in said.items()} == {key: one[name] for key, one in listed.items()}


@needs_curl
@pytest.mark.parametrize(("provider", "kind", "key"), KEYS, ids=lambda part: getattr(part, "name", part))
def test_the_page_shows_it_and_the_curl_brings_it_about(
    shared: Simulator, listed: dict[tuple[str, str, str], Any], provider: Provider, kind: str, key: str
) -> None:
    entry = listed[provider.name, kind, key]
    html = page(shared, provider, kind, key)
    trigger, curl = TRIGGER.search(html), CURL.search(html)
    assert trigger is not None
    assert curl is not None
    assert msgspec.json.decode(unescape(trigger[1])) == entry["example"]
    assert unescape(curl[1]) == entry["curl"]
    shared.control("POST", "clock/advance", {"by": "1m"})  # Past any limit of requests.
    answer = by_curl(entry["curl"])
    last = shared.control("GET", f"requests/{answer.headers['x-sim-exchange']}").json
    assert (last["method"], last["path"]) == (entry["example"]["method"], entry["example"]["path"])
    if kind == "error":
        assert answer.status == entry["status"]
        assert key in [refusal["key"] for refusal in last["refusals"]]
    else:
        plan = shared.control("GET", f"messages/{last['messages'][0]}").json["plan"]
        assert key in [step["status"] for step in plan]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=list(PROVIDERS))
def test_in_another_sandbox_everything_leads_there(shared: Simulator, provider: Provider) -> None:
    name = f"of-{provider.name}"
    shared.control("POST", "sandboxes", {"name": name})
    entries = shared.control("GET", "errors", query={"sandbox": name, "provider": provider.name}).json
    for entry in [*entries["errors"], *entries["statuses"]]:
        assert entry["example"]["headers"]["X-Sim-Sandbox"] == name
        assert f"X-Sim-Sandbox: {name}" in entry["curl"]
