"""Keys that walk, search and tell of themselves; times in UTC, and as they are where one sits."""

import re

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Browser, Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender


def test_j_and_k_walk_the_list_however_fast_and_enter_opens(page: Page, slow: Page, full: Sender) -> None:
    page.goto("/__sim/")
    names = page.locator("#rows .row .who").all_inner_texts()
    for key in "jjjjk":
        page.keyboard.press(key)
    expect(page.locator("#rows a:focus .who")).to_have_text(names[3])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=names[3])).to_be_visible()
    page.keyboard.press("j")
    expect(page.locator("#rows a:focus .who")).to_have_text(names[4])


@pytest.mark.parametrize("path", ["", "errors", "docs"])
def test_a_slash_goes_to_the_search_and_is_not_typed(page: Page, full: Sender, path: str) -> None:
    page.goto(f"/__sim/{path}")
    page.keyboard.press("/")
    field = page.get_by_role("main").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("a/j?")
    expect(field).to_have_value("a/j?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_requests_are_walked_too(page: Page, full: Sender) -> None:
    page.goto("/__sim/requests")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".request").nth(1).locator("a")).to_be_focused()


@pytest.mark.parametrize("path", ["", "errors", "requests", "start", "docs/control/reset"])
def test_a_question_mark_lists_the_keys_and_nothing_else_happens_meanwhile(page: Page, full: Sender, path: str) -> None:
    page.goto(f"/__sim/{path}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    address = page.url
    for key in ("j", "t", "/"):
        page.keyboard.press(key)
    assert page.url == address
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_times_say_utc_and_on_hover_what_they_are_here(browser: Browser, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    with browser.new_context(base_url=sim.url, timezone_id="Asia/Tokyo", locale="en-GB") as context:
        page = context.new_page()
        for path in ("", "requests", "start"):
            page.goto(f"/__sim/{path}")
            times = page.locator("time[datetime]")
            for place in range(times.count()):
                said = times.nth(place).evaluate("time => getComputedStyle(time, '::after').content")
                assert said == '" UTC"'
        page.goto("/__sim/")
        shown = page.locator("#rows time")
        shown.hover()
        expect(shown).to_have_attribute("title", re.compile(r"2026-01-01 00:00:00\.000 UTC\n1 Jan 2026, 09:00:00"))


def test_a_time_of_another_day_says_its_day(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    page.goto("/__sim/")
    expect(page.locator("#rows time")).to_have_text("00:00:00")
    sim.control("POST", "clock/advance", {"by": "26h"})
    expect(page.locator("#rows time")).to_have_text("2026-01-01 00:00")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_row_one_walks_to_is_never_below_what_stays(page: Page, sim: Simulator, width: int) -> None:
    sim.control("POST", "sample", {"count": 40, "seed": 3})
    page.set_viewport_size({"width": width, "height": 600})
    page.goto("/__sim/requests")
    for key in "j" * 15 + "k" * 14:
        page.keyboard.press(key)
        seen = page.evaluate("""() => {
          const { left, top, bottom } = document.activeElement.getBoundingClientRect();
          const at = (y) => document.activeElement.contains(document.elementFromPoint(left + 20, y));
          return [at(top + 2), at(bottom - 2)];
        }""")
        assert seen == [True, True]
