"""Where links and keys lead: to a message in the middle of a conversation, to a row far down the list."""

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.test_many import bulk
from tests.ui.traffic import Sender

PHONE = f"/__sim/?to=%2B{traffic.PHONE[1:]}"


def test_the_inbox_opens_with_the_newest_conversation(page: Page, slow: Page, sim: Simulator, full: Sender) -> None:
    page.goto("/__sim/")
    expect(page.get_by_role("heading", name=traffic.ANDES)).to_be_visible()
    expect(page.locator(".bubble")).to_contain_text("Your appointment")
    expect(page.locator("#rows a[aria-current]")).to_contain_text(traffic.ANDES)
    sim.control("POST", "clock/advance", {"by": "10m"})
    expect(page.locator(".bubble footer .state")).to_have_text("delivered")
    expect(page.locator("#rows a[aria-current]")).to_contain_text(traffic.ANDES)


def test_on_a_phone_it_opens_with_the_list(page: Page, full: Sender) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/__sim/")
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator("#thread")).to_be_hidden()


def test_a_link_to_a_message_shows_it_marked_among_its_neighbours(page: Page, sender: Sender, slow: Page) -> None:
    bulk(sender, range(200), same=True)
    page.goto(f"/__sim/?to={traffic.LATIN}&at=100")
    marked = page.locator(".bubble.marked")
    expect(marked).to_contain_text("Oi 99")
    expect(marked).to_be_in_viewport(ratio=1)
    texts = page.locator(".bubble .said").all_inner_texts()
    assert texts == [f"Oi {number}" for number in range(80, 110)]
    sender.sms("Newest", destination=traffic.LATIN)
    for count in (60, 90, 120, 121):
        page.locator("#later, #newer").first.scroll_into_view_if_needed()
        expect(page.locator(".bubble")).to_have_count(count)
    expect(page.locator(".bubble .said").last).to_have_text("Newest")
    sender.sms("Live", destination=traffic.LATIN)
    expect(page.locator(".bubble .said").last).to_have_text("Live")


def test_a_message_leads_to_its_place_in_the_conversation(page: Page, sender: Sender) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    for _ in range(40):
        sender.omni(traffic.PHONE, traffic.LONG_SMS)
    page.goto(f"/__sim/messages/{id}")
    page.locator(".facts dl a").first.click()
    expect(page.locator(".bubble.marked")).to_contain_text("482 913")
    expect(page.locator(".bubble.marked")).to_be_in_viewport()


def test_what_a_phone_wrote_before_a_window_is_not_added_behind_it(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    asked = {"provider": "messente", "from": traffic.PHONE, "to": "KiviShop", "text": "Long ago"}
    sim.control("POST", "inbound", asked)
    sim.control("POST", "clock/advance", {"by": "1m"})
    for _ in range(35):
        sender.omni(traffic.PHONE, traffic.LONG_SMS)
    page.goto(PHONE)
    expect(page.locator(".bubble")).to_have_count(30)
    sender.omni(traffic.PHONE, traffic.LONG_SMS)
    expect(page.locator(".bubble")).to_have_count(31)
    expect(page.locator(".bubble.wrote")).to_have_count(0)


def test_a_conversation_far_down_the_list_is_in_it_and_marked(page: Page, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    bulk(sender, range(120))
    page.goto(PHONE)
    row = page.locator("#rows .row").filter(has_text=traffic.PHONE)
    expect(row).to_be_in_viewport()
    expect(row.locator("a")).to_have_attribute("aria-current", "true")
    for shown in (81, 121):
        page.locator("#more").scroll_into_view_if_needed()
        expect(page.locator("#rows .row")).to_have_count(shown)
    expect(row).to_have_count(1)


@pytest.mark.parametrize("at", ["", "x", "999999", "-1", "1" * 30])
def test_a_link_to_nothing_shows_the_conversation(page: Page, full: Sender, at: str) -> None:
    page.goto(f"{PHONE}&at={at}")
    expect(page.locator(".bubble")).to_have_count(4)


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("errors?provider=messente&kind=error&key=duplicate_channels", "duplicate_channels"),
        ("scenarios/viber-falls-back-to-sms", "viber-falls-back-to-sms"),
        ("docs/control/settingsSchema", "/schemas/config.json"),
    ],
)
def test_a_link_to_one_of_many_shows_where_in_the_list_it_stands(page: Page, path: str, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/__sim/{path}")
    chosen = page.locator(".list a[aria-current]")
    expect(chosen).to_contain_text(name)
    expect(chosen).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("scrollY") == 0
