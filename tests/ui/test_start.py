"""The first run: an empty inbox explains itself."""

import sys

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect


def test_an_empty_inbox_names_base_urls_and_credentials(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/")
    expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
    world = sim.control("GET", "sandboxes/default").json
    for name, credentials in world["credentials"].items():
        way = page.get_by_role("region", name=page.locator(f"#way-{name}").inner_text())
        expect(way.locator(f"#url-{name}")).to_have_text(world["base_urls"][name])
        for value in credentials.values():
            expect(way).to_contain_text(value)


def test_what_is_shown_can_be_copied(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/start")
    page.get_by_role("region", name="Messente").get_by_role("button", name="Copy").first.click()
    expect(page.locator("#said")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{sim.url}/v1"


def test_sample_traffic_is_one_click(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/")
    page.get_by_role("button", name="Send sample traffic").click()
    expect(page.locator("#rows .row").first).to_be_visible()
    assert sim.control("GET", "messages").json["total"] >= 24
    page.goto("/__sim/start")
    expect(page.get_by_role("heading", name="Send something")).to_be_visible()


def test_a_sandbox_is_opened_and_listed(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/start")
    page.get_by_label("New sandbox").fill("ci-17")
    page.get_by_role("button", name="Open").click()
    expect(page.locator(".worlds tbody tr")).to_have_count(2)
    page.get_by_role("link", name="ci-17").click()
    expect(page.locator("#url-sinch")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("ci-17")


def test_a_name_that_is_taken_is_told(page: Page) -> None:
    page.goto("/__sim/start")
    page.get_by_label("New sandbox").fill("default")
    page.get_by_role("button", name="Open").click()
    expect(page.locator("#said .wrong")).to_contain_text("there is a sandbox 'default' already")


def test_a_chosen_theme_stays(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/__sim/start")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.get_by_label("Switch between light and dark").click()
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert light != dark
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark
    page.get_by_label("Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == light


def test_where_samples_are_not_varied_the_inbox_says_how_to_get_those(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faker", None)  # As where it is not installed: importing it fails.
    page.goto("/__sim/")
    page.get_by_role("button", name="Send sample traffic").click()
    expect(page.locator("#rows .row").first).to_be_visible()
    expect(page.locator("#said")).to_contain_text("pip install 'messaging-simulator[samples]'")
    page.goto("/__sim/")
    expect(page.locator("#said")).to_be_empty()
