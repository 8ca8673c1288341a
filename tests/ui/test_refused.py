"""Requests that were refused are seen where messages should be."""

import re

import pytest
from msgsim.testing import Simulator, call
from msgsim.web.pages.refusals import AMONG
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender


def send(sim: Simulator, to: str, times: int = 1, headers: dict[str, str] | None = None) -> None:
    for _ in range(times):
        body = {"to": to, "messages": [{"channel": "sms", "text": "Hello"}]}
        credentials = {"Authorization": "Basic dXNlcjpzZWNyZXQ="} if headers is None else headers
        assert call(f"{sim.url}/v1/omnimessage", "POST", body, headers=credentials).status in (400, 401)


def test_the_first_thing_a_newcomer_sends_is_refused_and_the_empty_inbox_says_why(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/")
    expect(page.get_by_role("region", name="Refused requests")).to_be_hidden()
    send(sim, "37255000001", 3)
    refused = page.get_by_role("region", name="Refused requests")
    expect(refused.get_by_role("heading")).to_have_text("3 requests were refused")
    expect(refused.locator("li")).to_have_count(1)
    expect(refused.locator("li")).to_contain_text("Invalid phone number")
    refused.get_by_role("link", name=re.compile("Invalid phone number")).click()
    expect(page).to_have_url(re.compile(r"/__sim/requests/3$"))
    expect(page.get_by_role("region", name="Why")).to_contain_text("invalid_data")


@pytest.mark.parametrize(("width", "height"), [(390, 100), (1440, 50)])
def test_on_the_start_page_they_leave_room(page: Page, sim: Simulator, sender: Sender, width: int, height: int) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    send(sim, "nobody", 2)
    send(sim, traffic.PHONE, headers={})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/__sim/start")
    refused, pages = page.get_by_role("region", name="Refused requests"), page.get_by_role("navigation", name="Pages")
    expect(refused.locator("li:visible")).to_have_count(1)
    box, bar = refused.bounding_box(), pages.bounding_box()
    assert box
    assert bar
    assert box["height"] < height
    assert box["y"] + box["height"] <= (bar["y"] if width == 390 else 800)


def test_refusals_stand_below_the_conversations_by_reason(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    send(sim, "nobody", 2)
    send(sim, traffic.PHONE, headers={})
    page.goto("/__sim/")
    refused = page.get_by_role("region", name="Refused requests")
    expect(refused.get_by_role("heading")).to_have_text("3 requests were refused")
    expect(refused.locator("li").nth(0)).to_contain_text("messente")
    expect(refused.locator("li").nth(1)).to_contain_text("×2")
    refused.get_by_role("link", name="3 requests were refused").click()
    expect(page.locator(".request.refused")).to_have_count(3)


def test_the_first_message_of_an_empty_inbox_is_shown_without_a_reload(page: Page, sender: Sender) -> None:
    page.goto("/__sim/")
    expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
    sender.omni(traffic.PHONE, traffic.SMS)
    expect(page.locator("#rows .row .who")).to_have_text([traffic.PHONE])


def test_a_refusal_moves_nothing_that_is_looked_at(page: Page, sim: Simulator, full: Sender) -> None:
    page.goto(f"/__sim/?to=%2B{traffic.PHONE[1:]}")
    expect(page.locator(".bubble").last).to_be_in_viewport()
    before = page.locator("#rows .row").first.bounding_box(), page.locator(".bubble").last.bounding_box()
    send(sim, "nobody")
    expect(page.get_by_role("region", name="Refused requests")).to_be_visible()
    assert before == (page.locator("#rows .row").first.bounding_box(), page.locator(".bubble").last.bounding_box())


@pytest.mark.parametrize("times", [1, 2])
def test_the_count_is_of_this_sandbox(page: Page, sim: Simulator, times: int) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    send(sim, "nobody", times)
    page.goto("/__sim/?sandbox=ci-17")
    expect(page.get_by_role("region", name="Refused requests")).to_be_hidden()
    page.goto("/__sim/")
    expected = "1 request was refused" if times == 1 else "2 requests were refused"
    expect(page.get_by_role("region", name="Refused requests").get_by_role("heading")).to_have_text(expected)


def test_a_long_journal_is_not_read_whole_and_the_heading_says_so(page: Page, sim: Simulator, sender: Sender) -> None:
    send(sim, "nobody")
    for _ in range(AMONG - 2):
        sender.sms("Oi")
    send(sim, "nobody", 2)
    page.goto("/__sim/")
    expect(page.locator("#refused h2")).to_have_text("2 requests were refused lately")
