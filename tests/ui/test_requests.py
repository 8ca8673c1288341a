"""The journal of requests: filtered, refused ones with their reason, as curl."""

import re
import subprocess

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender


@pytest.fixture
def refused(sim: Simulator, sender: Sender) -> None:
    """One request that is taken on, one that is refused, one of another provider."""
    sender.omni(traffic.PHONE, traffic.SMS)
    example = next(
        one
        for one in sim.control("GET", "errors", query={"provider": "messente"}).json["errors"]
        if one["key"] == "duplicate_channels"
    )["example"]
    call(f"{sim.url}{example['path']}", "POST", example["json"], headers=example["headers"])
    sender.sms("Oi")


def test_requests_are_listed_with_what_came_of_them(page: Page, refused: None) -> None:
    page.goto("/__sim/requests")
    expect(page.locator(".request .status")).to_have_text(["200", "400", "201"])
    expect(page.locator(".request.refused")).to_contain_text("duplicate_channels at messages")
    expect(page.locator(".request.refused")).to_contain_text("Two messages name the same channel.")


def test_filters_narrow_the_list_and_stay_in_the_address(page: Page, refused: None) -> None:
    page.goto("/__sim/requests")
    page.get_by_label("Refused only").check()
    expect(page.locator(".request")).to_have_count(1)
    expect(page).to_have_url(re.compile("refused=true"))
    page.get_by_label("Refused only").uncheck()
    page.get_by_label("Provider").select_option("sinch")
    expect(page.locator(".request .path")).to_have_text(["/v1/send-sms"])
    page.get_by_label("Provider").select_option("")
    page.get_by_role("textbox", name="Status").fill("201")
    page.get_by_role("textbox", name="Status").press("Tab")
    expect(page.locator(".request")).to_have_count(1)
    page.reload()
    expect(page.locator(".request")).to_have_count(1)
    page.get_by_role("textbox", name="Status").fill("")
    page.get_by_label("Endpoint").select_option("send")
    expect(page.locator(".request")).to_have_count(2)


def test_a_new_request_appears_on_top(page: Page, refused: None, sender: Sender) -> None:
    page.goto("/__sim/requests")
    expect(page.locator(".request")).to_have_count(3)
    sender.omni(traffic.PHONE, traffic.SMS)
    expect(page.locator(".request")).to_have_count(4)
    expect(page.locator(".request").first.locator(".status")).to_have_text("201")
    sender.omni(traffic.PHONE, traffic.SMS)
    expect(page.locator(".request")).to_have_count(5)
    numbers = [int(one.get_attribute("id")[1:]) for one in page.locator(".request").all()]  # type: ignore[index]
    assert numbers == sorted(numbers, reverse=True)


def test_a_filter_holds_for_what_comes_later(page: Page, refused: None, sender: Sender) -> None:
    page.goto("/__sim/requests?provider=sinch")
    sender.omni(traffic.PHONE, traffic.SMS)
    sender.sms("Oi de novo")
    expect(page.locator(".request .path")).to_have_text(["/v1/send-sms", "/v1/send-sms"])


def test_a_refused_request_says_why_in_plain_words(page: Page, refused: None) -> None:
    page.goto("/__sim/requests?refused=true")
    page.locator(".request a").click()
    expect(page.locator(".why .prose")).to_contain_text("Refused with duplicate_channels at messages")
    expect(page.locator(".why .prose")).to_contain_text("messente/omnimessage.json")
    page.locator(".why .rules a").click()
    expect(page.locator("#stage h2")).to_have_text("duplicate_channels")


def test_a_request_is_copied_as_a_curl_that_works(page: Page, sim: Simulator, refused: None) -> None:
    page.goto("/__sim/requests?refused=true")
    page.locator(".request a").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_contain_text("Copied")
    command = str(page.evaluate("navigator.clipboard.readText()"))
    assert "-u default:default-password" in command
    answer = subprocess.run(["bash", "-c", f"{command} -s"], capture_output=True, text=True, check=True).stdout
    assert answer.startswith("HTTP/1.1 400")
    assert "Duplicate channels are not allowed" in answer


@pytest.mark.parametrize("sandbox", ["default", "ci-17"])
def test_every_accepted_request_is_copied_as_a_curl_that_is_accepted_again(
    page: Page, sim: Simulator, sandbox: str
) -> None:
    if sandbox != "default":
        sim.control("POST", "sandboxes", {"name": sandbox})
    sim.control("POST", "sample", {"count": 24}, query={"sandbox": sandbox})
    journal = sim.control("GET", "requests", query={"sandbox": sandbox, "limit": 100}).json["requests"]
    accepted = {(entry["provider"], entry["endpoint"]): entry for entry in journal if entry["status"] < 300}
    assert {entry["provider"] for entry in accepted.values()} == set(discover())
    for entry in accepted.values():
        page.goto(f"/__sim/requests/{entry['number']}?sandbox={sandbox}")
        sim.control("POST", "clock/advance", {"by": "1m"}, query={"sandbox": sandbox})
        command = page.locator("#curl").inner_text()
        assert "***" not in command
        answer = subprocess.run(["bash", "-c", f"{command} -s"], capture_output=True, text=True, check=True).stdout
        assert answer.startswith(f"HTTP/1.1 {entry['status']}"), command


def test_an_accepted_request_leads_to_its_message(page: Page, refused: None) -> None:
    page.goto("/__sim/requests?status=201")
    page.locator(".request a").click()
    page.locator(".ids a").click()
    expect(page.locator(".facts .big")).to_have_text("queued")


def test_earlier_requests_come_when_one_scrolls(page: Page, sender: Sender) -> None:
    for number in range(120):
        sender.sms(f"Oi {number}")
    page.goto("/__sim/requests")
    expect(page.locator(".request")).to_have_count(50)
    for shown in (100, 120):
        page.locator("#earlier").scroll_into_view_if_needed()
        expect(page.locator(".request")).to_have_count(shown)
    expect(page.locator("#earlier")).to_have_count(0)
