"""The error gallery: everything that is documented, triggered over the wire."""

import re

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator, call
from msgsim.web.pages.sources import UNWRITTEN, linked
from playwright.sync_api import Page, expect

from tests.ui.held import Held


@pytest.mark.parametrize("provider", ["cima360", "messente", "salesforce", "sinch"])
def test_every_documented_error_and_outcome_is_listed_with_its_provenance(
    page: Page, sim: Simulator, provider: str
) -> None:
    listed = sim.control("GET", "errors", query={"provider": provider}).json
    page.goto(f"/__sim/errors?provider={provider}")
    shown = []
    for kind, name in (("errors", "key"), ("statuses", "word")):
        documented = sorted(listed[kind], key=lambda one: ["seed", "public", "inferred"].index(one["provenance"]))
        shown += [(one[name], one["provenance"]) for one in documented]
    assert page.locator(".entry .name").all_inner_texts() == [name for name, _ in shown]
    assert page.locator(".entry .provenance").all_inner_texts() == [provenance for _, provenance in shown]


@pytest.mark.parametrize("provider", ["cima360", "messente", "salesforce", "sinch"])
def test_every_error_can_be_triggered_and_shows_both_sides(page: Page, sim: Simulator, provider: str) -> None:
    page.goto(f"/__sim/errors?provider={provider}")
    for one in sim.control("GET", "errors", query={"provider": provider}).json["errors"]:
        page.locator(".entry a").filter(has=page.get_by_text(one["key"], exact=True)).first.click()
        expect(page.locator("#stage h2")).to_have_text(one["key"])
        page.locator("#trigger").click()
        expect(page.locator("#result .answer .status")).to_have_text(str(one["status"]))
        expect(page.locator("#result .side").first).to_contain_text(one["example"]["path"])
        sim.control("POST", "clock/advance", {"by": "1m"})  # Some may be asked only once a second.


def test_an_outcome_shows_what_becomes_of_the_message(page: Page) -> None:
    page.goto("/__sim/errors?provider=sinch&kind=outcome&key=NOT_DELIVERED")
    page.get_by_role("button", name="Trigger it").click()
    expect(page.locator(".fate .dot text:not(.note)")).to_have_text(["SENT_SUCCESS", "NOT_DELIVERED"])


def test_what_is_chosen_is_in_the_address_and_survives_reload(page: Page) -> None:
    page.goto("/__sim/errors?provider=messente")
    page.get_by_text("duplicate_channels", exact=True).click()
    expect(page).to_have_url(re.compile("key=duplicate_channels"))
    page.reload()
    expect(page.locator("#stage h2")).to_have_text("duplicate_channels")
    expect(page.locator(".entry a[aria-current]")).to_contain_text("duplicate_channels")
    page.get_by_role("link", name="Sinch").click()
    expect(page.locator("#stage h2")).to_have_text(page.locator(".entry .name").first.inner_text())


def test_the_curl_is_copied_and_works(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/errors?provider=messente&kind=error&key=no_messages")
    page.get_by_role("button", name="Copy curl").click()
    expect(page.locator("#said")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#curl").inner_text()
    assert copied.startswith("curl -i -X POST")
    assert f"{sim.url}/v1/omnimessage" in copied


def test_the_keyboard_walks_triggers_and_presents(page: Page) -> None:
    page.goto("/__sim/errors?provider=messente")
    first, second = page.locator(".entry .name").all_inner_texts()[:2]
    expect(page.locator("#stage h2")).to_have_text(first)
    page.keyboard.press("j")
    expect(page.locator("#stage h2")).to_have_text(second)
    page.keyboard.press("k")
    expect(page.locator("#stage h2")).to_have_text(first)
    page.keyboard.press("t")
    expect(page.locator("#result .answer .status")).to_have_text(page.locator("#stage .figure").inner_text())
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Present")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".panel")).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator(".panel")).to_be_visible()


def test_what_was_chosen_last_is_shown_however_late_answers_come(page: Page) -> None:
    page.goto("/__sim/errors?provider=messente")
    names = page.locator(".entry .name").all_inner_texts()
    held = Held(page, "**/__sim/errors?**")
    for _ in range(4):
        held.after(lambda: page.keyboard.press("j"))
        expect(page.locator("#trigger")).to_be_disabled()
    held.answer_last_first()
    expect(page.locator("#stage h2")).to_have_text(names[4])
    expect(page.locator("#trigger")).to_be_enabled()
    expect(page.locator(".entry a[aria-current] .name")).to_have_text(names[4])
    expect(page).to_have_url(re.compile(f"key={names[4]}(&|$)"))


def test_filtering(page: Page) -> None:
    page.goto("/__sim/errors?provider=messente")
    page.get_by_label("Filter").fill("429")
    errors = sorted(discover()["messente"].contract.errors.values(), key=lambda error: error.provenance == "inferred")
    throttled = [error.key for error in errors if error.status == 429]
    expect(page.locator(".entry:visible .name")).to_have_text(throttled)
    expect(page.locator(".divide:visible")).to_have_text([f"Errors {len(throttled)}"])
    page.get_by_label("Filter").fill("seed handset")
    expect(page.locator(".entry:visible .name")).to_have_text(["DELIVRD"])


def test_a_refused_request_is_explained_below(page: Page) -> None:
    page.goto("/__sim/errors?provider=messente&kind=error&key=duplicate_channels")
    page.get_by_role("button", name="Trigger it").click()
    expect(page.locator("#result .why")).to_contain_text("Duplicate channels are not allowed")
    expect(page.locator("#result .why code")).to_contain_text("messages")
    page.get_by_role("link", name=re.compile("Request #")).click()
    expect(page.get_by_role("heading", name=re.compile("Request [0-9]+"))).to_be_visible()


def test_the_gallery_triggers_in_the_sandbox_it_shows(page: Page, sim: Simulator) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    page.goto("/__sim/errors?provider=sinch&sandbox=ci-17&kind=error&key=malformed")
    page.get_by_role("button", name="Trigger it").click()
    expect(page.locator("#result .answer .status")).to_have_text("400")
    assert sim.control("GET", "requests", query={"sandbox": "ci-17"}).json["total"] == 1
    assert sim.control("GET", "requests").json["total"] == 0


def test_a_broken_connection_is_told(page: Page, sim: Simulator) -> None:
    rule = "name: broken\nrules:\n  - when: {provider: messente}\n    fault: {kind: reset}\n"
    assert call(f"{sim.url}/__sim/v1/scenario", "PUT", body=rule).status == 200
    page.goto("/__sim/errors?provider=messente&kind=error&key=no_messages")
    page.get_by_role("button", name="Trigger it").click()
    expect(page.locator("#result")).to_contain_text("No answer came")


def test_it_opens_with_a_documented_error(page: Page) -> None:
    page.goto("/__sim/errors")
    expect(page.locator("#entries a[aria-current] .provenance")).to_have_text("seed")
    expect(page.locator("#stage > header .provenance")).to_have_text("seed")


def test_the_header_leaves_room_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/__sim/errors")
    box = page.locator("#entries").bounding_box()
    assert box is not None
    assert box["y"] < 250
    for name in ("CIMA360", "Messente", "Salesforce", "Sinch"):
        expect(page.get_by_role("navigation", name="Providers").get_by_role("link", name=name)).to_be_in_viewport(
            ratio=1
        )


@pytest.mark.parametrize("provider", ["cima360", "messente", "salesforce", "sinch"])
def test_every_source_that_is_a_document_is_a_link(sim: Simulator, provider: str) -> None:
    documents = discover()[provider].documents
    assert documents.startswith("https://")
    listed = sim.control("GET", "errors", query={"provider": provider}).json
    for entry in listed["errors"] + listed["statuses"]:
        drawn = linked(entry["source"], documents)
        assert drawn.striptags() == " ".join(entry["source"].split())
        assert ("<a href=" in drawn) == ("http" in entry["source"] or not entry["source"].startswith(UNWRITTEN))


def test_a_source_leads_to_the_page_it_names(page: Page, sim: Simulator) -> None:
    named = linked("A <b>, https://a.example/x (code only).", "https://b.example")
    assert named.startswith('A &lt;b&gt;, <a href="https://a.example/x" ')
    assert named.endswith(">https://a.example/x</a> (code only).")
    page.goto("/__sim/errors?provider=messente&kind=error&key=duplicate_channels")
    expect(page.locator("#stage .source a")).to_have_attribute("href", discover()["messente"].documents)
