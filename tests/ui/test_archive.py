"""The HTTP archive opens in Chromium: its own importer of DevTools reads it, and its pages can be played from it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Browser, sync_playwright

from tests.control.acting import BASIC, refuse, send
from tests.receiver import Receiver
from tests.ui.browser import QUIET, chromium

IMPORT = """async (text) => {
  const {HARFormat, Importer} = await import('/devtools/models/har/har.js')
  const requests = Importer.Importer.requestsFromHARLog(new HARFormat.HARRoot(JSON.parse(text)).log)
  return Promise.all(requests.map(async request => ({
    method: request.requestMethod, url: request.url(), status: request.statusCode, type: request.resourceType().name(),
    sent: await request.requestFormData(), came: (await request.requestContentData()).text, mime: request.mimeType,
    took: request.duration,
  })))
}"""


@pytest.fixture(scope="module")
def inspector() -> str:
    """Where Chromium serves its DevTools."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture(scope="module")
def browser(inspector: str) -> Iterator[Browser]:
    port = inspector.rpartition(":")[2]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium(), args=[*QUIET, f"--remote-debugging-port={port}"]
        )
        yield opened
        opened.close()


def exported(sim: Simulator, receiver: Receiver) -> str:
    """A request, its callback, one that nobody answers, and a refusal."""
    send(sim, dlr_url=receiver.url)
    send(sim, dlr_url="http://127.0.0.1:1/")
    refuse(sim)
    sim.control("POST", "clock/advance", {"by": "300ms"})
    return sim.control("GET", "journal.har").body.decode()


def test_devtools_imports_it(browser: Browser, inspector: str, sim: Simulator, receiver: Receiver) -> None:
    text = exported(sim, receiver)
    page = browser.new_page()
    page.goto(f"{inspector}/devtools/devtools_app.html")
    imported: list[Any] = page.evaluate(IMPORT, text)
    page.close()
    entries = json.loads(text)["log"]["entries"]
    assert len(imported) == len(entries) == 5
    for request, entry in zip(imported, entries, strict=True):
        assert (request["method"], request["url"]) == (entry["request"]["method"], entry["request"]["url"])
        assert request["sent"] == entry["request"]["postData"]["text"]
        assert request["status"] == entry["response"]["status"]
        assert (request["mime"] or "x-unknown") == entry["response"]["content"]["mimeType"]
        assert request["came"] == entry["response"]["content"]["text"]
        assert request["took"] == entry["time"] / 1000
        assert request["type"] == "fetch"
    assert [request["status"] for request in imported].count(0) == 1


def test_playwright_plays_it(browser: Browser, sim: Simulator, receiver: Receiver, tmp_path: Path) -> None:
    """As a test of a web application does that has no simulator at hand."""
    id = send(sim, dlr_url=receiver.url)
    status = f"{sim.url}/v1/omnimessage/{id}/status"
    file = tmp_path / "journal.har"
    with browser.new_context(extra_http_headers=BASIC) as context:
        page = context.new_page()
        page.goto(status)
        file.write_bytes(sim.control("GET", "journal.har").body)
        sim.stop()
        page.route_from_har(file, not_found="abort")
        assert id in page.goto(status).text()  # type: ignore[union-attr]
