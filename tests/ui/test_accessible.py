"""For everybody: no serious finding of axe in either theme, by keyboard alone, from 360 px to a wide screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.screenshots import pages

SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, sim: Simulator, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    found = []
    for name, path in pages(sim).items():
        page.goto(path)
        if name in ("errors", "outcomes"):
            page.locator("#trigger").click()
            expect(page.locator(".triggered")).to_be_visible()
        if name in ("operation", "endpoint"):
            page.locator("#trigger").click()
            expect(page.locator("#result .line")).to_be_visible()
        result = Axe().run(page).response
        found += [
            f"{name}: {one['id']} {[node['target'] for node in one['nodes']][:3]}"
            for one in result["violations"]
            if one["impact"] in SERIOUS
        ]
    assert found == []


@pytest.mark.parametrize("width", [360, 768, 1280, 2560])
def test_no_page_is_wider_than_the_window(page: Page, sim: Simulator, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name, path in pages(sim).items():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_on_a_phone_list_and_conversation_take_turns(page: Page, sim: Simulator) -> None:
    traffic.everything(sim)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/__sim/")
    expect(page.locator("#rows")).to_be_visible()
    page.get_by_text(traffic.PHONE, exact=True).click()
    expect(page.locator("#rows")).to_be_hidden()
    expect(page.get_by_label(f"Answer as {traffic.PHONE}")).to_be_in_viewport()
    page.get_by_label("Back to the conversations").click()
    expect(page.locator("#rows")).to_be_visible()


def test_the_inbox_is_used_by_keyboard_alone(page: Page, sim: Simulator) -> None:
    sender = traffic.Sender(sim)
    sender.omni(traffic.PHONE, traffic.VIBER)
    sim.control("POST", "clock/advance", {"by": "10s"})
    page.goto("/__sim/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.locator("#rows a").first.focus()
    page.keyboard.press("Enter")
    seen = page.get_by_role("button", name="Mark seen")
    seen.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".bubble footer .state")).to_have_text("seen")


def test_focus_stays_when_what_has_it_is_drawn_again(page: Page, sim: Simulator) -> None:
    traffic.Sender(sim).omni(traffic.PHONE, traffic.SMS)
    page.goto("/__sim/")
    page.locator("#clock-1s").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#clock time")).to_have_text("00:00:01")
    expect(page.locator("#clock-1s")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#clock time")).to_have_text("00:00:02")
