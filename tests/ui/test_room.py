"""On a phone everything has its room, and on every page what is said can be read by anybody."""

from msgsim.testing import Simulator, call
from playwright.sync_api import Locator, Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

PHONE = 390


def sides(place: Locator) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels of the window."""
    box = place.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def open_at(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/__sim/{path}")


def test_on_a_phone_the_bars_of_coverage_stay_on_the_page(page: Page, full: Sender) -> None:
    open_at(page, "coverage", PHONE)
    assert sides(page.locator("table.bars"))[2] <= sides(page.locator("#coverage .prose"))[2]


def test_on_a_phone_an_answer_has_room_for_whom_it_is_from(page: Page, full: Sender) -> None:
    open_at(page, f"?to=%2B{traffic.PHONE[1:]}", PHONE)
    line = page.get_by_role("textbox", name="Answer as")
    left, _, right, _ = sides(line)
    assert right - left > PHONE / 2


def test_rules_that_are_loaded_are_said_in_words(page: Page, sim: Simulator) -> None:
    sim.control("PUT", "scenario", body=traffic.VIBER_FAILS)
    page.goto("/__sim/scenarios")
    said = page.get_by_role("region", name="Rules, the first that fits decides").locator("tbody td:nth-child(2)")
    expect(said.first).to_have_text(f"provider is messente, channel is viber, to is {traffic.PHONE}")
    expect(said.last).to_have_text("always")


def test_a_body_that_is_no_json_is_named(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    headers = {"Authorization": "Basic dXNlcjpzZWNyZXQ=", "Content-Type": "application/json"}
    call(f"{sim.url}/v1/omnimessage", "POST", body=b'{"to": ', headers=headers)
    page.goto("/__sim/")
    expect(page.get_by_role("region", name="Refused requests").locator("li")).to_contain_text(
        "malformed: it ends too early"
    )
