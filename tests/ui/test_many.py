"""Five thousand messages: drawn in windows, and updated where something changed."""

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

BULK, COUNT = 1000, 5000


def bulk(sender: Sender, numbers: range, same: bool = False) -> None:
    messages = [
        {"destination": traffic.LATIN if same else str(5511900000000 + number), "messageText": f"Oi {number}"}
        for number in numbers
    ]
    sender.send("sinch", "/v1/send-bulk-sms", {"messages": messages})


@pytest.fixture
def crowded(sender: Sender) -> None:
    for start in range(0, COUNT, BULK):
        bulk(sender, range(start, start + BULK))


def test_five_thousand_conversations_come_in_windows(page: Page, crowded: None) -> None:
    page.goto("/__sim/")
    expect(page.locator("#rows .row")).to_have_count(40)
    for shown in (80, 120):
        page.locator("#more").scroll_into_view_if_needed()
        expect(page.locator("#rows .row")).to_have_count(shown)
    whole = page.evaluate("document.querySelectorAll('*').length")
    assert whole < 3000


def test_a_page_with_five_thousand_messages_is_small(page: Page, sim: Simulator, crowded: None) -> None:
    page.goto("/__sim/")
    assert page.evaluate("async () => (await (await fetch('/__sim/')).text()).length") < 150_000
    page.locator("#rows a").first.click()
    expect(page.locator(".bubble")).to_have_count(1)
    sim.control("POST", "clock/advance", {"by": "1m"})
    expect(page.locator(".bubble footer .state")).to_have_text("delivered")


def test_a_long_conversation_comes_in_windows(page: Page, sender: Sender) -> None:
    bulk(sender, range(200), same=True)
    page.goto(f"/__sim/?to={traffic.LATIN}")
    expect(page.locator(".bubble").last).to_contain_text("Oi 199")
    expect(page.locator(".bubble").last).to_be_in_viewport()
    expect(page.locator(".bubble")).to_have_count(30)
    top_one = page.locator(".bubble .said").get_by_text("Oi 170", exact=True)
    page.locator("#bubbles").evaluate("log => { log.scrollTop = 0 }")
    expect(page.locator(".bubble")).to_have_count(60)
    expect(top_one).to_be_in_viewport()
    texts = page.locator(".bubble .said").all_inner_texts()
    assert texts == [f"Oi {number}" for number in range(140, 200)]


def test_a_flood_while_one_looks_ends_with_what_is_newest(page: Page, sender: Sender) -> None:
    sender.sms("First")
    page.goto(f"/__sim/?to={traffic.LATIN}")
    expect(page.locator(".bubble")).to_have_count(1)
    bulk(sender, range(300), same=True)
    expect(page.locator(".bubble").last).to_contain_text("Oi 299")
    bulk(sender, range(1000))
    expect(page.locator("#rows .row .who").first).to_have_text("5511900000999")
    numbers = [int(one.get_attribute("data-number") or 0) for one in page.locator("#rows .row").all()]
    assert numbers == sorted(numbers, reverse=True)
