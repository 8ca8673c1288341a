"""The pages of the APIs: everything that is described can be found, read, copied and tried."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from msgsim.examples.openapi import document
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.testing import Simulator, call
from msgsim.web.control.description import described, operations
from playwright.sync_api import Browser, Dialog, Page, Route, expect

from tests.ui import traffic
from tests.ui.held import Held
from tests.ui.traffic import Sender

LARGE = 1 << 62
"""A number that a script would round."""
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) shifts.push(one.value);
}).observe({ type: "layout-shift" });
"""
"""What moves from now on."""


def open_at(page: Page, operation: str, query: str = "") -> None:
    page.goto(f"/__sim/docs/control/{operation}{query}")


def told(page: Page) -> Any:
    return page.locator("#result .told")


def body(page: Page) -> Any:
    return page.locator("#result .bodytext")


def test_every_operation_is_listed_in_its_group_and_has_a_page(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/docs")
    listed = page.locator(".entry[id]")
    shown = [(one.get_attribute("data-what"), one.get_attribute("id")) for one in listed.all()]
    tags = [tag["name"] for tag in described()["tags"]]
    all_of_them = [(one["tags"][0], one["operationId"]) for one in operations(described()).values()]
    assert shown == sorted(all_of_them, key=lambda one: tags.index(one[0]))
    for (method, path), operation in operations(described()).items():
        answer = call(f"{sim.url}/__sim/docs/control/{operation['operationId']}", "GET")
        assert answer.status == 200
        text = answer.body.decode()
        assert f"/__sim/v1{path}</h2>" in text, (method, path)
        assert "curl -" in text


@pytest.mark.parametrize("path", ["docs/nobody", "docs/control/nothing", "docs/messente/nothing"])
def test_what_is_not_there_says_so(sim: Simulator, path: str) -> None:
    answer = call(f"{sim.url}/__sim/{path}", "GET")
    assert answer.status == 404
    assert "there is no" in answer.body.decode()


@pytest.mark.parametrize("provider", ["cima360", "messente", "salesforce", "sinch"])
def test_every_endpoint_of_a_provider_has_a_page_with_its_errors(sim: Simulator, provider: str) -> None:
    whole = document(discover()[provider])
    for (_, path), operation in operations(whole).items():
        text = call(f"{sim.url}/__sim/docs/{provider}/{operation['operationId']}", "GET").body.decode()
        assert f" {path}</h2>" in text
        keys = {key for response in operation["responses"].values() for key in _keys(response)}
        assert keys <= set(re.findall(r'<b class="mono">([\w.-]+)</b> <span>', text))


def _keys(response: Json) -> Iterator[str]:
    yield from re.findall(r"^`([\w.-]+)`: ", response["description"], re.MULTILINE)


def test_the_filter_works_as_one_types_and_counts(page: Page) -> None:
    page.goto("/__sim/docs")
    page.keyboard.press("/")
    page.keyboard.type("delete")
    expect(page.locator(".entry[id]:visible .name")).to_have_text(["/sandboxes/{name}", "/sinks/{name}"])
    expect(page.locator("[data-count=sinks]")).to_have_text("1")
    expect(page.locator("[data-count=clock]")).to_be_hidden()
    page.keyboard.type(" nothing")
    expect(page.locator(".entry:visible")).to_have_count(0)


def test_keys_walk_the_operations_and_the_address_follows(page: Page, slow: Page) -> None:
    page.goto("/__sim/docs")
    for key in "jjjk":
        page.keyboard.press(key)
    expect(page.locator("#stage h2")).to_contain_text("/__sim/v1/messages/{id}")
    expect(page).to_have_url(re.compile("/docs/control/getMessage$"))
    page.reload()
    expect(page.locator(".entry a[aria-current]")).to_contain_text("/messages/{id}")


def test_a_link_of_old_opens_its_operation(page: Page) -> None:
    page.goto("/__sim/docs#advanceClock")
    expect(page.locator("#stage h2")).to_contain_text("/__sim/v1/clock/advance")


def test_a_request_is_sent_and_its_answer_shown(page: Page, sim: Simulator, slow: Page) -> None:
    sim.control("POST", "seed", {"seed": LARGE + 1})
    open_at(page, "getSandbox")
    expect(page.get_by_label("name")).to_have_value("default")
    page.keyboard.press("t")
    expect(told(page)).to_contain_text("200 OK")
    expect(told(page)).to_contain_text(re.compile(r"\d+ ms"))
    expect(page.locator("#result .headers")).to_contain_text("content-type: application/json")
    expect(body(page)).to_contain_text(f'"seed": {LARGE + 1},')
    assert body(page).inner_text().startswith('{\n  "name": "default",\n')


def test_fields_and_body_are_filled_in_and_go_along(page: Page, sim: Simulator, sender: Sender) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    open_at(page, "forceStatus")
    expect(page.get_by_label("id")).to_have_value(id)
    page.locator("#try-body").press("Control+Enter")
    expect(told(page)).to_contain_text("200")
    assert sim.control("GET", f"messages/{id}").json["state"] == "delivered"
    open_at(page, "listMessages")
    page.get_by_label("status", exact=True).fill("DELIVRD")
    page.get_by_label("limit").fill("1")
    page.get_by_role("button", name="Send").click()
    expect(body(page)).to_contain_text(id)


def test_a_mistake_goes_out_and_is_answered_with_a_problem(page: Page, sim: Simulator) -> None:
    open_at(page, "advanceClock")
    page.locator("#try-body").fill('{\n  "by": 1m\n}')
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("400 Bad Request")
    expect(page.locator("#result .headers")).to_contain_text("content-type: application/problem+json")
    expect(body(page)).to_contain_text("JSON is malformed")
    assert sim.control("GET", "clock").json["now"] == "2026-01-01T00:00:00.000Z"
    page.locator("#try-body").fill('{"by": "1m"}')
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("200 OK")
    assert sim.control("GET", "clock").json["now"] == "2026-01-01T00:01:00.000Z"


REFUSALS = {
    "cima360/send-sms": ('"detail": "The recipient field is required.', "The request body is not valid JSON."),
    "messente/send": ('"code": "106",', "Request body is not valid JSON"),
    "salesforce/send-ott": ('"errorcode": 10004,', "JSON Deserialization Exception: Location Unknown"),
    "sinch/send-sms": ("Bad Request: destination is required", "Bad Request: the body is not valid JSON"),
}
"""What a provider says of a body without its members, and of one that is no JSON."""


@pytest.mark.parametrize("operation", REFUSALS)
def test_a_provider_takes_the_example_and_refuses_other_bodies_in_its_own_words(page: Page, operation: str) -> None:
    page.goto(f"/__sim/docs/{operation}")
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text(re.compile(r"20[01] "))
    required, no_json = REFUSALS[operation]
    for request, text, words in (("Request 2", '{"to": 5}', required), ("Request 3", '{"to": ', no_json)):
        page.locator("#try-body").fill(text)
        page.get_by_role("button", name="Send").click()
        expect(told(page).get_by_role("link")).to_have_text(request)
        expect(told(page)).to_contain_text("400 Bad Request")
        expect(body(page)).to_contain_text(words)


def test_it_is_used_by_keyboard_alone(page: Page) -> None:
    page.goto("/__sim/docs/sinch/send-sms")
    page.get_by_role("combobox", name="Example").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#try-body")).to_be_focused()
    page.keyboard.press("Tab")
    for request in ("Request 1", "Request 2"):
        expect(page.get_by_role("button", name="Send")).to_be_focused()
        page.keyboard.press("Enter")
        expect(told(page).get_by_role("link")).to_have_text(request)
    open_at(page, "events")
    page.get_by_role("button", name="Open the stream").press("Enter")
    expect(told(page)).to_contain_text("open")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("stopped")
    expect(page.get_by_role("button", name="Open the stream")).to_be_focused()


def test_what_is_under_way_is_not_sent_again(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/docs/sinch/send-sms")
    held = Held(page, "**/v1/send-sms")
    send = page.get_by_role("button", name="Send")
    held.after(send.click)
    send.click()
    held.answer_last_first()
    expect(told(page)).to_contain_text("200 OK")
    assert sim.control("GET", "requests").json["total"] == 1


def test_a_server_that_is_away_is_told(page: Page) -> None:
    open_at(page, "getClock")

    def away(route: Route) -> None:
        route.abort()

    page.route("**/__sim/v1/clock", away)
    page.get_by_role("button", name="Send").click()
    expect(told(page).locator(".bad")).to_contain_text("the server does not answer")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()


def test_what_takes_something_away_asks_first(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", dismiss)
    open_at(page, "reset")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".warned")).to_contain_text("all messages")
    assert "takes away all messages" in asked[0]
    assert sim.control("GET", "messages").json["total"] == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(re.compile("/docs/control/reset"))
    expect(page.locator("#clock")).to_be_visible()
    page.wait_for_function("async () => (await (await fetch('/__sim/v1/messages')).json()).total === 0")


def test_a_stream_shows_what_comes_until_it_is_stopped(page: Page, sim: Simulator) -> None:
    open_at(page, "events")
    page.get_by_role("button", name="Open the stream").click()
    expect(told(page)).to_contain_text("open")
    sim.control("POST", "clock/advance", {"by": "1s"})
    expect(body(page)).to_contain_text("event: clock")
    page.get_by_role("button", name="Stop").click()
    expect(told(page)).to_contain_text("stopped after")
    expect(body(page)).to_contain_text("event: clock")
    expect(page.get_by_role("button", name="Stop")).to_be_disabled()


def test_a_long_poll_can_be_stopped_and_another_operation_ends_it(page: Page, sim: Simulator) -> None:
    open_at(page, "listMessages")
    page.get_by_label("wait").fill("5m")
    for _ in range(2):
        page.get_by_role("button", name="Send").click()
        expect(told(page)).to_contain_text("On its way")
        page.get_by_role("button", name="Stop").click()
        expect(told(page)).to_contain_text("Stopped")
    page.get_by_role("button", name="Send").click()
    page.locator("#getClock a").click()
    expect(page.locator("#stage h2")).to_contain_text("/clock")
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("200")


def test_archives_are_downloads(page: Page, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    for operation, name in (("journalArchive", "msgsim.har"), ("journalLines", "msgsim.jsonl")):
        open_at(page, operation)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == name
        assert download.value.path().stat().st_size > 100


def test_several_bodies_and_examples_are_chosen(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/docs/messente/send")
    page.get_by_label("Example").select_option("Example 2")
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("201")
    page.get_by_role("link", name="Request 1").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert [channel["channel"] for channel in sim.control("GET", "messages").json["messages"][0]["channels"]] == ["sms"]


def test_it_is_the_sandbox_of_the_page_that_is_asked(page: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    open_at(page, "advanceClock", "?sandbox=ci-17")
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("200")
    assert sim.control("GET", "clock?sandbox=ci-17").json["now"] == "2026-01-01T00:01:00.000Z"
    page.goto("/__sim/docs/messente/send?sandbox=ci-17")
    page.get_by_role("button", name="Send").click()
    expect(told(page)).to_contain_text("201")
    assert sim.control("GET", "messages?sandbox=ci-17").json["total"] == 1
    assert sim.control("GET", "messages").json["total"] == 0


def run(command: str) -> str:
    """The status line of what a copied command is answered."""
    return subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True, timeout=30).stdout


def test_copied_commands_run_as_they_are(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{sim.url}/__sim/sink/app")
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    for operation in ("getMessage", "putScenario", "tellSink", "sendSample", "getCallback", "checkScenario"):
        open_at(page, operation)
        page.get_by_role("button", name="Copy curl").click()
        expect(page.locator("#said")).to_contain_text("Copied")
        assert run(page.evaluate("navigator.clipboard.readText()")).startswith("HTTP/1.1 200"), operation
        page.reload()
    for provider in discover():
        page.goto(f"/__sim/docs/{provider}?sandbox=ci-17")
        page.locator(".entry[id] a").first.click()
        expect(page.locator("#curl")).to_be_visible()
        assert re.match(r"HTTP/1.1 20\d", run(page.locator("#curl").inner_text())), provider


def test_the_command_sends_what_is_in_the_form(page: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    page.goto("/__sim/docs/sinch/send-sms?sandbox=ci-17")
    page.locator("#try-body").fill('{"destination": "5511900000001", "messageText": "It\'s here"}')
    assert run(page.locator("#curl").inner_text()).startswith("HTTP/1.1 200")
    query = {"sandbox": "ci-17", "text": "It's here"}
    assert sim.control("GET", "messages", query=query).json["total"] == 1
    open_at(page, "listMessages", "?sandbox=ci-17")
    for text, total in (("It's here", 1), ("It's here & now?", 0)):
        page.get_by_label("text", exact=True).fill(text)
        assert f'"total":{total}' in run(page.locator("#curl").inner_text())
    open_at(page, "putScenario")
    page.get_by_label("Media type").select_option("application/yaml")
    assert "Content-Type: application/yaml" in page.locator("#curl").inner_text()


def test_beyond_loopback_commands_name_the_token_and_do_not_show_it(browser: Browser) -> None:
    with Simulator(host="0.0.0.0", token="the-right-one") as guarded:
        context = browser.new_context(base_url=guarded.url)
        page = context.new_page()
        page.goto("/__sim/docs/control/getClock?token=the-right-one")
        command = page.locator("#curl").inner_text()
        assert "the-right-one" not in page.content()
        assert run(f"export MSGSIM_TOKEN=the-right-one; {command}").startswith("HTTP/1.1 200")
        assert run(f"export MSGSIM_TOKEN=another; {command}").startswith("HTTP/1.1 401")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#result .told")).to_contain_text("200")
        context.close()


def test_it_can_be_read_without_scripts(browser: Browser, sim: Simulator) -> None:
    with browser.new_context(base_url=sim.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/__sim/docs")
        page.locator(".entry a").filter(has_text="/clock/advance").click()
        expect(page.locator("#stage h2")).to_contain_text("/__sim/v1/clock/advance")
        expect(page.get_by_text("Trying it from here needs scripts")).to_be_visible()
        expect(page.get_by_role("button", name="Send")).to_be_hidden()
        expect(page.locator("#curl")).to_contain_text("""'{\n  "by": "1m"\n}'""")


@pytest.mark.parametrize("width", [390, 1024])
def test_nothing_moves_when_something_happens(page: Page, sim: Simulator, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_at(page, "advanceClock")
    page.evaluate("document.fonts.ready")
    page.evaluate(SHIFTS)
    for now in ("00:01:00", "00:02:00"):
        sim.control("POST", "clock/advance", {"by": "1m"})
        expect(page.locator("#clock time")).to_have_text(now)
    assert page.evaluate("shifts") == []


def test_it_is_found_where_one_looks_for_it(page: Page) -> None:
    page.goto("/__sim/start")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="API").click()
    expect(page.get_by_role("heading", name="control API")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_role("link", name="control API").click()
    expect(page.get_by_role("heading", name="control API")).to_be_visible()
    page.goto("/__sim/start")
    page.get_by_role("region", name="Messente").get_by_role("link", name="Its API").click()
    tab = page.get_by_role("navigation", name="APIs").get_by_role("link", name="Messente")
    expect(tab).to_have_attribute("aria-current", "page")
