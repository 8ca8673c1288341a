"""The first run: an empty inbox explains itself."""

import sys

import pytest
from msgsim.client import Client
from msgsim.provider import discover
from msgsim.testing import Simulator, call
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


def test_the_whole_of_env_is_copied_at_once(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/start")
    page.get_by_role("heading", name=".env").get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()").strip().splitlines()
    variables = dict(line.split("=", 1) for line in copied)
    with Client(sim.url) as client:
        expected = client.environment()
    assert variables == {name: f'"{value}"' for name, value in expected.items()}


def test_a_snippet_is_chosen_and_the_language_is_remembered(slow: Page) -> None:
    slow.goto("/__sim/start")
    shown = slow.locator("[data-snippet]:visible")
    expect(shown).to_contain_text("curl -i -X POST")
    slow.get_by_role("button", name="Ruby", exact=True).click()
    slow.get_by_role("group", name="Provider").get_by_role("button", name="Sinch").click()
    expect(shown).to_contain_text("require 'net/http'")
    expect(shown).to_contain_text("/v1/send-sms")
    slow.reload()
    expect(shown).to_contain_text("require 'net/http'")


def test_sandboxes_are_reset_and_deleted(slow: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    sim.control("POST", "sample?sandbox=ci-17", {"count": 8})
    slow.on("dialog", lambda dialog: dialog.accept())
    slow.goto("/__sim/start")
    row = slow.locator(".worlds tr").filter(has_text="ci-17")
    row.get_by_role("button", name="Reset ci-17").click()
    expect(row.locator(".number").first).to_have_text("0")
    expect(slow.get_by_role("button", name="Delete default")).to_have_count(0)
    row.get_by_role("button", name="Delete ci-17").click()
    expect(row).to_have_count(0)
    assert [one["name"] for one in sim.control("GET", "sandboxes").json["sandboxes"]] == ["default"]


def test_who_deletes_the_sandbox_they_look_at_is_brought_to_the_default_one(slow: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    slow.on("dialog", lambda dialog: dialog.accept())
    slow.goto("/__sim/start?sandbox=ci-17")
    slow.get_by_role("button", name="Delete ci-17").click()
    expect(slow).to_have_url(f"{sim.url}/__sim/start")


def test_every_endpoint_is_named_and_every_link_leads_somewhere(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/start")
    for provider in discover().values():
        named = page.locator(f"#endpoints-{provider.name} tbody tr td:first-child").all_text_contents()
        assert named == [f"{endpoint.method} {endpoint.path}" for endpoint in provider.endpoints]
    for link in page.get_by_role("region", name="What else there is").get_by_role("link").all():
        path = link.get_attribute("href") or ""
        assert call(f"{sim.url}{path}", "GET").status == 200, path


def test_what_intercepts_is_told_where_it_is_on(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/start")
    expect(page.get_by_role("heading", name="Without changing a base URL")).to_have_count(0)
    sim.control("POST", "intercept")
    page.reload()
    settings = page.locator("#intercept")
    proxy = sim.control("GET", "health").json["proxy_port"]
    expect(settings).to_contain_text(f"export HTTPS_PROXY=http://127.0.0.1:{proxy}")
    expect(settings).to_contain_text("/__sim/ca.pem")
    assert b"BEGIN CERTIFICATE" in call(f"{sim.url}/__sim/ca.pem", "GET").body
