"""A page in a real Chromium. Whatever the page complains about, and whatever it asks of others, fails the test."""

from collections.abc import Iterator

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.ui.browser import open_browser
from tests.ui.traffic import Sender, everything

LATENCY = 150
"""Milliseconds."""
ON_PURPOSE = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
"""Said of refusals, and of requests that a later choice overtook; a request that failed says ``htmx:sendError`` too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever drives a browser is marked as such, so that `make test` can leave it out."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the session: its loop would run on beside tests that want one of their own."""
    with sync_playwright() as playwright:
        opened = open_browser(playwright)
        yield opened
        opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page complained about: errors of scripts, of the policy, requests to elsewhere."""
    return []


@pytest.fixture
def page(browser: Browser, sim: Simulator, complaints: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=sim.url, viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.on("pageerror", lambda wrong: complaints.append(f"script: {wrong}"))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)

    def elsewhere(request: Request) -> None:
        if not request.url.startswith((f"{sim.url}/", "data:", "about:")):
            complaints.append(f"asked {request.url}")

    opened.on("request", elsewhere)
    yield opened
    context.close()
    assert [said for said in complaints if not said.startswith(ON_PURPOSE)] == []


@pytest.fixture
def slow(page: Page) -> Page:
    """The page over a network whose answers come late."""
    conditions = {"offline": False, "latency": LATENCY, "downloadThroughput": -1, "uploadThroughput": -1}
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", conditions)
    return page


@pytest.fixture
def sender(sim: Simulator) -> Sender:
    return Sender(sim)


@pytest.fixture
def full(sim: Simulator) -> Sender:
    """One message of every kind is there."""
    return everything(sim)
