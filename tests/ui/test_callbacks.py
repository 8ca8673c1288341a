"""Callbacks: which the application did not take, why, and posted once more when it is mended."""

import re

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.receiver import Receiver
from tests.ui import traffic
from tests.ui.traffic import Sender


@pytest.fixture
def not_taken(sim: Simulator, sender: Sender, receiver: Receiver) -> str:
    """Id of a message that was delivered, whose two reports were answered 500, and given up."""
    sim.control("PUT", "settings", {"messente": {"retries": []}})
    receiver.answer(500, b"database is gone", times=2)
    id = sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{receiver.url}/dlr")["omnimessage_id"]
    sim.control("POST", "clock/run-until-idle")
    assert sim.control("GET", f"messages/{id}").json["state"] == "delivered"
    return str(id)


def test_a_badge_counts_those_that_fail_as_it_happens(
    slow: Page, sim: Simulator, sender: Sender, receiver: Receiver
) -> None:
    sim.control("PUT", "settings", {"messente": {"retries": ["1h"]}})
    slow.goto("/__sim/errors")
    badge = slow.locator("#failing")
    expect(badge).to_be_hidden()
    receiver.answer(500, times=1)
    sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{receiver.url}/dlr")
    sim.control("POST", "clock/advance", {"by": "1m"})
    expect(badge).to_have_text("1 failing")
    sim.control("POST", "clock/run-until-idle")
    expect(badge).to_be_hidden()


def test_on_a_phone_the_badge_takes_the_place_of_the_icon(page: Page, not_taken: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/__sim/errors")
    expect(page.locator("#failing")).to_have_text("2 failing")
    entry = page.locator("nav a:has(#failing)")
    expect(entry.locator(".icon")).to_be_hidden()
    badge, word = page.locator("#failing").bounding_box(), entry.get_by_text("Callbacks").bounding_box()
    assert badge
    assert word
    assert badge["x"] + badge["width"] <= word["x"]


def test_a_message_says_which_report_was_not_taken(slow: Page, sim: Simulator, not_taken: str) -> None:
    slow.goto(f"/__sim/?to=%2B{traffic.PHONE[1:]}")
    bubble = slow.locator(".bubble")
    expect(bubble.locator("footer .state")).to_have_text("delivered")
    mark = bubble.locator(".not-taken a")
    expect(mark).to_have_count(2)
    expect(mark.last).to_have_text("Your application did not take DELIVRD: answered 500")
    mark.last.click()
    expect(slow.get_by_role("heading", name="Callback 2")).to_be_visible()
    expect(slow.locator(".attempt[open]")).to_contain_text("database is gone")
    expect(slow.locator(".attempt[open]")).to_contain_text('"DELIVRD"')
    slow.get_by_role("button", name="Replay").click()
    expect(slow.locator(".callback .pill")).to_have_text("replayed")
    slow.go_back()
    expect(mark).to_have_count(1)


def test_the_mark_goes_while_one_looks(slow: Page, sim: Simulator, not_taken: str) -> None:
    slow.goto(f"/__sim/?to=%2B{traffic.PHONE[1:]}")
    expect(slow.locator(".not-taken a")).to_have_count(2)
    sim.control("POST", "callbacks/replay", query={"state": "failing"})
    expect(slow.locator(".not-taken")).to_have_count(0)


def test_the_list_is_filtered_and_the_address_keeps_it(
    slow: Page, sim: Simulator, not_taken: str, sender: Sender
) -> None:
    sender.omni(traffic.OTHER, traffic.SMS, dlr_url=f"{sim.url}/__sim/sink/app")
    sim.control("POST", "clock/run-until-idle")
    slow.goto("/__sim/callbacks")
    rows = slow.locator(".callback")
    expect(rows).to_have_count(4)
    slow.get_by_label("State").select_option("failing")
    expect(rows).to_have_count(2)
    slow.get_by_label("Status").select_option("DELIVRD")
    expect(rows).to_have_count(1)
    expect(slow).to_have_url(re.compile(r"callbacks\?state=failing&status=DELIVRD$"))
    slow.reload()
    expect(rows).to_have_count(1)
    expect(slow.get_by_label("State")).to_have_value("failing")
    slow.get_by_label("State").select_option("")
    slow.get_by_label("Host").fill(sim.url.removeprefix("http://"))
    slow.get_by_label("Host").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("done")
    slow.get_by_label("Kind").select_option("report")
    expect(rows).to_have_count(1)


def test_attempts_show_both_sides(slow: Page, not_taken: str) -> None:
    slow.goto("/__sim/callbacks")
    attempt = slow.locator(".attempt").first
    expect(attempt.locator("summary")).to_contain_text("500")
    attempt.locator("summary").click()
    expect(attempt).to_contain_text("database is gone")
    expect(attempt).to_contain_text("content-type", ignore_case=True)


def test_one_is_replayed(slow: Page, not_taken: str, receiver: Receiver) -> None:
    slow.goto("/__sim/callbacks?state=failing")
    slow.locator(".callback").first.get_by_role("button", name="Replay").click()
    expect(slow.locator("#said")).to_contain_text("Owed once more")
    expect(slow.locator("#failing")).to_have_text("1 failing")
    assert len(receiver.posts) == 3


def test_those_that_are_chosen_are_replayed(slow: Page, not_taken: str, receiver: Receiver) -> None:
    slow.goto("/__sim/callbacks?state=failing")
    expect(slow.locator("#replay-chosen")).to_be_disabled()
    slow.get_by_label("Choose callback 2").check()
    slow.get_by_role("button", name="Replay the 1 chosen").click()
    expect(slow.locator("#said")).to_contain_text("1 replayed, 1 taken")
    expect(slow.locator(".callback")).to_have_count(1)
    slow.get_by_label("Choose all shown").check()
    slow.get_by_role("button", name="Replay the 1 chosen").click()
    expect(slow.locator(".callback")).to_have_count(0)
    assert len(receiver.posts) == 4


def test_all_that_fit_are_replayed_also_those_not_shown(
    slow: Page, sim: Simulator, sender: Sender, receiver: Receiver
) -> None:
    sim.control("PUT", "settings", {"messente": {"retries": []}})
    receiver.answer(500, times=120)
    for _ in range(60):
        sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{receiver.url}/dlr")
    sim.control("POST", "clock/run-until-idle")
    slow.goto("/__sim/callbacks?state=failed")
    expect(slow.locator("#failing")).to_have_text("99+ failing")
    expect(slow.locator(".callback").first).to_be_visible()
    slow.get_by_role("button", name="Replay all that fit").click()
    expect(slow.locator("#said")).to_contain_text("120 replayed, 120 taken")
    expect(slow.locator(".callback")).to_have_count(0)
    expect(slow.locator("#failing")).to_be_hidden()
    assert len(receiver.posts) == 240


def test_new_ones_appear_on_top_and_long_lists_in_pieces(
    slow: Page, sim: Simulator, sender: Sender, receiver: Receiver
) -> None:
    for _ in range(30):
        sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{receiver.url}/dlr")
    slow.goto("/__sim/callbacks")
    expect(slow.locator(".callback")).to_have_count(40)
    slow.locator("#earlier").scroll_into_view_if_needed()
    expect(slow.locator(".callback")).to_have_count(60)
    sender.omni(traffic.OTHER, traffic.SMS, dlr_url=f"{receiver.url}/dlr")
    expect(slow.locator(".callback")).to_have_count(62)
    expect(slow.locator(".callback").first).to_contain_text(traffic.OTHER)
    expect(slow.locator(".callback").first).to_contain_text("DELIVRD")
