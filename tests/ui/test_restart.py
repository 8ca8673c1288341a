"""The server goes and comes back while one looks: the page says so, and shows what is there then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Browser, Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

START = "frozen@2026-01-01T00:00:00Z"


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page of a server that is stopped on purpose."""
    with browser.new_context() as context:
        opened = context.new_page()
        opened.set_default_timeout(15_000)
        yield opened


def server(port: int = 0, **settings: str) -> Simulator:
    return Simulator(clock=START, seed=1, port=port, **settings)


def test_while_the_server_is_away_the_page_says_offline_and_then_what_is_left(tab: Page) -> None:
    first = server().start()
    Sender(first).omni(traffic.PHONE, traffic.SMS)
    tab.goto(f"{first.url}/__sim/")
    expect(tab.locator("#rows .row")).to_have_count(1)
    expect(tab.locator("#offline")).to_be_hidden()
    first.stop()
    expect(tab.get_by_role("alert")).to_contain_text("Offline")
    expect(tab.locator("#rows .row")).to_have_count(1)
    with server(first.port) as second:
        expect(tab.locator("#offline")).to_be_hidden()
        expect(tab.get_by_role("heading", name="No message yet")).to_be_visible()
        Sender(second).omni(traffic.OTHER, traffic.SMS)
        tab.goto(f"{second.url}/__sim/")
        expect(tab.locator("#rows .row .who")).to_have_text([traffic.OTHER])


def test_a_conversation_that_is_gone_goes_and_what_was_typed_stays(tab: Page) -> None:
    first = server().start()
    sender = Sender(first)
    for who in (traffic.PHONE, traffic.OTHER):
        sender.omni(who, traffic.SMS)
    tab.goto(f"{first.url}/__sim/?to=%2B{traffic.OTHER[1:]}")
    expect(tab.locator(".bubble")).to_have_count(1)
    tab.get_by_label(f"Answer as {traffic.OTHER}").fill("Half a sent")
    first.stop()
    with server(first.port) as second:
        Sender(second).omni(traffic.OTHER, traffic.LONG_SMS)
        expect(tab.locator("#rows .row .who")).to_have_text([traffic.OTHER])
        expect(tab.locator(".bubble .said")).to_have_text(traffic.LONG_SMS["text"])
        expect(tab.get_by_label(f"Answer as {traffic.OTHER}")).to_have_value("Half a sent")


def test_a_message_that_is_gone_is_said_to_be_gone(tab: Page) -> None:
    first = server().start()
    id = Sender(first).omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    tab.goto(f"{first.url}/__sim/messages/{id}")
    expect(tab.locator("#life")).to_be_visible()
    first.stop()
    with server(first.port):
        expect(tab.get_by_role("heading", name="Not here")).to_be_visible()
        expect(tab.locator("#life")).to_have_count(0)


def test_what_outlives_a_restart_is_shown_and_goes_on(tab: Page, tmp_path: Path) -> None:
    store = str(tmp_path / "sim.db")
    first = server(store=store).start()
    Sender(first).omni(traffic.PHONE, traffic.SMS)
    tab.goto(f"{first.url}/__sim/?to=%2B{traffic.PHONE[1:]}")
    expect(tab.locator(".bubble footer .state")).to_have_text("queued")
    first.stop()
    expect(tab.get_by_role("alert")).to_contain_text("Offline")
    with server(first.port, store=store) as second:
        expect(tab.locator("#offline")).to_be_hidden()
        second.control("POST", "clock/advance", {"by": "10s"})
        expect(tab.locator(".bubble footer .state")).to_have_text("delivered")
        expect(tab.locator("#clock time")).to_have_text("00:00:10")


def test_a_sandbox_that_is_deleted_is_not_called_offline(tab: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    tab.goto(f"{sim.url}/__sim/requests?sandbox=ci-17")
    expect(tab.get_by_role("heading", name="Requests")).to_be_visible()
    sim.control("DELETE", "sandboxes/ci-17")
    expect(tab.get_by_role("heading", name="Not here")).to_be_visible()
    expect(tab.locator("#offline")).to_be_hidden()


def test_a_reset_by_somebody_else_empties_the_page(page: Page, sim: Simulator, full: Sender) -> None:
    page.goto("/__sim/")
    expect(page.locator("#rows .row")).to_have_count(7)
    sim.control("POST", "reset")
    expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
