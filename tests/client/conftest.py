"""The client in both forms, behind one set of tests; and the command line as a script runs it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgsim.client import AsyncClient, Client
from msgsim.client.api import Api
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call

from tests.client.foreign import SHOP
from tests.samples import headers

Send = Callable[..., Answer]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
MSGSIM = Path(sys.executable).with_name("msgsim")


@pytest.fixture(params=["sync", "async"])
def api(request: pytest.FixtureRequest, sim: Simulator) -> Iterator[Api[Any]]:
    """`Client`, and `AsyncClient` in a loop that runs for as long as each request takes."""
    if request.param == "sync":
        with Client(sim.url) as client:
            yield client
        return
    with asyncio.Runner() as runner:
        patient = AsyncClient(sim.url)
        yield Api(lambda asked: runner.run(patient._request(asked)), sim.url, "default")
        runner.run(patient.close())


@pytest.fixture
def send(sim: Simulator) -> Send:
    """``send("+37255500001", "viber", "sms")``: one Messente omnimessage."""

    def omnimessage(to: str, *channels: str, sandbox: str = "default", **more: Any) -> Answer:
        messages = [{"channel": channel, "sender": "MyShop", "text": "Hello!"} for channel in channels or ("sms",)]
        given = headers(discover()["messente"], sandbox)
        return call(f"{sim.url}/v1/omnimessage", "POST", {"to": to, "messages": messages, **more}, headers=given)

    return omnimessage


@pytest.fixture
def msgsim(sim: Simulator, tmp_path: Path) -> Run:
    """``msgsim("clock", "advance", "5m")``, with MSGSIM_URL in its environment."""

    def run(*arguments: str, url: str = sim.url, **more: Any) -> "subprocess.CompletedProcess[str]":
        environment = {"MSGSIM_URL": url, "PATH": f"{MSGSIM.parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
        return subprocess.run(
            [str(MSGSIM), *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, **more
        )

    return run


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with an application, and pytest as strict as can be."""
    monkeypatch.delenv("MSGSIM_URL", raising=False)
    pytester.makepyfile(shop=SHOP)
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider -p no:asyncio\nfilterwarnings = error\n")
    return pytester
