"""Answers that come late: nothing that is shown is deaf, every click counts, and the last choice is what stands."""

import re
from functools import partial
from pathlib import Path

import pytest
from msgsim.testing import Simulator
from msgsim.web.pages import assets
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.held import Held
from tests.ui.traffic import Sender


def test_every_script_of_ours_is_in_the_one_that_pages_load() -> None:
    static = Path(assets.__file__).parent / "static"
    found = {path.relative_to(static).with_suffix("").as_posix() for path in static.rglob("*.js")}
    assert set(assets.SCRIPTS) == found


def test_nothing_is_shown_before_what_makes_it_work_is_there(page: Page, sender: Sender) -> None:
    held = Held(page, "**/__sim/static/*.js")
    held.after(lambda: page.goto("/__sim/requests", wait_until="commit"))
    assert page.locator("a, button").count() == 0
    held.answer_last_first()
    page.get_by_role("button", name="+1s").click()
    expect(page.locator("#clock time")).to_have_text("00:00:01")


def chosen_language(page: Page) -> None:
    page.get_by_role("button", name="Ruby", exact=True).click()
    expect(page.get_by_role("button", name="Ruby", exact=True)).to_have_attribute("aria-pressed", "true")


def chosen_theme(page: Page) -> None:
    page.get_by_role("button", name="Switch between").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def triggered(page: Page) -> None:
    page.get_by_role("button", name="Trigger it").click()
    expect(page.locator("#result .answer .status")).to_have_text("404")


def chosen_callback(page: Page) -> None:
    page.get_by_label("Choose callback 1", exact=True).check()
    expect(page.get_by_role("button", name="Replay the 1 chosen")).to_be_enabled()


def loaded_scenario(page: Page) -> None:
    page.get_by_role("button", name="Load it", exact=True).click()
    expect(page.locator(".bar")).to_contain_text("Loaded: sinch-handset-off")


def listed_keys(page: Page) -> None:
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def forced_status(page: Page) -> None:
    page.get_by_role("button", name="Force").click()
    expect(page.locator("#life .facts .big")).to_contain_text("sent")


def answered(page: Page) -> None:
    page.get_by_label(re.compile("Answer as")).fill("Yes")
    page.keyboard.press("Enter")
    expect(page.locator(".wrote .said")).to_have_text("Yes")


FIRST_CLICKS = {
    "start": chosen_language,
    "lint": chosen_theme,
    "errors?provider=messente&key=unknown_path": triggered,
    "callbacks": chosen_callback,
    "scenarios/sinch-handset-off": loaded_scenario,
    "coverage": listed_keys,
    "messages/{id}": forced_status,
    "?to=%2B37255500017": answered,
}


@pytest.mark.parametrize("path", FIRST_CLICKS)
def test_the_first_click_counts_however_early_it_comes(slow: Page, sim: Simulator, sender: Sender, path: str) -> None:
    sent = sender.omni(traffic.PHONE, traffic.VIBER, dlr_url=f"{sim.url}/__sim/sink/app")
    slow.goto(f"/__sim/{path.format(id=sent['omnimessage_id'])}", wait_until="commit")
    FIRST_CLICKS[path](slow)


def test_every_click_on_the_clock_counts_however_quick(slow: Page, sim: Simulator) -> None:
    slow.goto("/__sim/requests")
    box = slow.get_by_role("button", name="+10s").bounding_box()
    assert box is not None
    for _ in range(5):
        slow.mouse.click(box["x"] + 9, box["y"] + 9)
    expect(slow.locator("#clock time")).to_have_text("00:00:50")


def test_a_click_counts_though_what_is_clicked_is_drawn_again_meanwhile(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/requests")
    page.locator("#clock-1s").hover()
    page.mouse.down()
    sim.control("POST", "clock/advance", {"by": "1h"})
    expect(page.locator("#clock time")).to_have_text("01:00:00")
    page.mouse.up()
    expect(page.locator("#clock time")).to_have_text("01:00:01")


def test_what_somebody_chose_stays_chosen_when_it_is_drawn_again(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.VIBER, dlr_url=f"{sim.url}/__sim/sink/app")
    page.goto("/__sim/callbacks")
    page.get_by_label("Choose callback 2").check()
    sim.control("POST", "clock/advance", {"by": "10s"})
    expect(page.locator("#cb2 .pill")).to_have_text("done")
    expect(page.get_by_label("Choose callback 2")).to_be_checked()


def test_the_view_of_a_mail_that_was_chosen_last_is_shown(page: Page, sender: Sender) -> None:
    sender.mail(traffic.MAIL, "Your order 78910")
    page.goto("/__sim/?to=maria%40example.com")
    held = Held(page, "**/__sim/parts?part=mail**")
    for name in ("Text", "Source", "Headers"):
        held.after(page.get_by_role("tab", name=name).click)
    held.answer_last_first()
    expect(page.get_by_role("tab", name="Headers")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".mail-view")).to_contain_text("orders@example.com")


@pytest.mark.parametrize(
    ("path", "label", "choices", "last", "row", "count"),
    [
        ("callbacks", "State", ("pending", "failing", "done"), "state=done", ".callback", 0),
        ("requests", "Provider", ("sinch", "cima360", "messente"), "provider=messente", ".request", 5),
    ],
)
def test_the_last_filter_is_shown(
    page: Page, full: Sender, path: str, label: str, choices: tuple[str, ...], last: str, row: str, count: int
) -> None:
    page.goto(f"/__sim/{path}")
    held = Held(page, f"**/__sim/{path}?*")
    for choice in choices:
        held.after(partial(page.get_by_label(label).select_option, choice))
    held.answer_last_first()
    expect(page).to_have_url(re.compile(f"{last}(&|$)"))
    expect(page.locator(row)).to_have_count(count)


@pytest.mark.parametrize("path", ["", "errors", "start", "docs/control/listMessages"])
def test_fonts_are_asked_for_before_the_page_is_drawn(page: Page, full: Sender, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "font" else None)
    page.goto(f"/__sim/{path}")
    page.evaluate("document.fonts.ready")
    links = page.locator("link[rel=preload][as=font]").all()
    preloaded = [link.evaluate("link => link.href") for link in links]
    assert sorted(asked) == sorted(preloaded)
