"""Beyond loopback: a person who has the token gets in with it, and on to where they wanted."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgsim.testing import Simulator
from playwright.sync_api import Browser, Page, expect


@pytest.fixture
def stranger(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A browser that has no token, in the colours of the parameter."""
    with Simulator(host="0.0.0.0", token="right-token") as sim:
        look = {"base_url": sim.url, "color_scheme": getattr(request, "param", "light")}
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **look)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(10_000)
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        yield page
        context.close()
    assert [said for said in complaints if "status of 401" not in said] == []


def test_the_token_is_asked_for_and_leads_on(stranger: Page) -> None:
    stranger.goto("/__sim/requests?q=a%26b")
    field = stranger.get_by_label("Token")
    expect(field).to_be_focused()
    field.fill("wrong")
    field.press("Enter")
    expect(stranger.get_by_role("alert")).to_have_text("This is not the token of this server.")
    assert stranger.url.endswith("/__sim/requests?q=a%26b")
    stranger.get_by_label("Token").fill("right-token")
    stranger.get_by_role("button", name="Continue").click()
    expect(stranger.get_by_role("navigation", name="Pages")).to_be_visible()
    assert stranger.url.endswith("/__sim/requests?q=a%26b")
    stranger.get_by_role("link", name="Start").click()
    expect(stranger.get_by_role("heading", level=1).first).to_be_visible()
    assert stranger.context.cookies()[0]["httpOnly"]
    assert "right-token" not in stranger.content()


def test_the_root_and_the_printed_link_lead_in(stranger: Page) -> None:
    stranger.goto("/")
    stranger.get_by_label("Token").fill("right-token")
    stranger.get_by_label("Token").press("Enter")
    stranger.wait_for_url("**/__sim/")
    expect(stranger.get_by_role("navigation", name="Pages")).to_be_visible()
    stranger.context.clear_cookies()
    stranger.goto("/__sim/errors?token=right-token&sandbox=default")
    expect(stranger.get_by_role("navigation", name="Pages")).to_be_visible()
    assert stranger.url.endswith("/__sim/errors?sandbox=default")


@pytest.mark.parametrize("stranger", ["light", "dark"], indirect=True)
def test_it_fits_a_phone_and_every_text_can_be_read(stranger: Page) -> None:
    stranger.set_viewport_size({"width": 320, "height": 600})
    stranger.goto("/__sim/?token=wrong")
    expect(stranger.get_by_role("alert")).to_be_visible()
    assert stranger.evaluate("document.documentElement.scrollWidth") == 320
    for mistaken in (False, True):
        stranger.goto("/__sim/?token=wrong" if mistaken else "/__sim/")
        assert stranger.get_by_label("Token").get_attribute("aria-invalid") == ("true" if mistaken else None)
        assert [finding["id"] for finding in Axe().run(stranger).response["violations"]] == []
