"""A message's page: its plan on a timeline, why it is so, its callbacks, and what can be done to it."""

import re

import pytest
from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.receiver import Receiver
from tests.ui import traffic
from tests.ui.traffic import Sender


def falling_back(sim: Simulator, sender: Sender, dlr_url: str = "") -> str:
    sim.control("PUT", "scenario", body=traffic.VIBER_FAILS)
    more = {"dlr_url": dlr_url} if dlr_url else {}
    return str(sender.omni(traffic.PHONE, traffic.VIBER, traffic.SMS, **more)["omnimessage_id"])


def test_the_plan_is_a_timeline_with_now_on_it(page: Page, sim: Simulator, sender: Sender) -> None:
    id = falling_back(sim, sender)
    page.goto(f"/__sim/messages/{id}")
    plan = page.locator(".plan svg")
    expect(plan.locator(".lane")).to_have_text(["viber", "sms"])
    expect(plan.locator(".dot text:not(.note)")).to_have_text(["ACK", "UNDELIV", "ACK", "DELIVRD"])
    expect(plan.locator(".dot.past")).to_have_count(0)
    expect(plan.locator(".bend")).to_have_count(1)
    before = float(plan.locator("line.now").get_attribute("x1") or 0)
    page.get_by_role("button", name="+1s").click()
    expect(plan.locator(".dot.past")).to_have_count(1)
    assert float(plan.locator("line.now").get_attribute("x1") or 0) > before
    sim.control("POST", "clock/advance", {"by": "5s"})
    expect(plan.locator(".dot.past")).to_have_count(4)
    expect(page.locator(".facts .big")).to_have_text("delivered")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_code_of_a_state_stands_in_its_label(page: Page, sim: Simulator, sender: Sender, width: int) -> None:
    id = falling_back(sim, sender)
    sim.control("POST", "clock/advance", {"by": "5s"})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/__sim/messages/{id}")
    codes = page.locator(".bubble .state .code")
    expect(codes).to_have_text(["1", "0"])
    inside = "code => [code.closest('.state').getBoundingClientRect(), code.getBoundingClientRect()]"
    for code in codes.all():
        label, number = code.evaluate(inside)
        assert label["top"] <= number["top"] < number["bottom"] <= label["bottom"]
        assert label["left"] < number["left"] < number["right"] < label["right"]


def test_the_same_is_told_in_words_with_its_source(page: Page, sim: Simulator, sender: Sender) -> None:
    page.goto(f"/__sim/messages/{falling_back(sim, sender)}")
    page.get_by_text("The same in words").click()
    rows = page.locator(".words tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("UNDELIV")
    expect(rows.nth(1)).to_contain_text("Messente Omnichannel API, status")


def test_the_explanation_leads_to_the_rule(page: Page, sim: Simulator, sender: Sender) -> None:
    page.goto(f"/__sim/messages/{falling_back(sim, sender)}")
    expect(page.locator(".why .prose")).to_contain_text("was accepted by Messente at")
    page.locator(".why .rules a").first.click()
    expect(page).to_have_url(re.compile(r"/__sim/scenarios#"))
    expect(page.locator("tr:target")).to_contain_text("scenario:4")


def test_callbacks_show_every_attempt(page: Page, sim: Simulator, sender: Sender, receiver: Receiver) -> None:
    sim.control("PUT", "settings", {"messente": {"retries": ["3s"]}})
    receiver.answer(503, b"not now")
    id = falling_back(sim, sender, f"{receiver.url}/dlr")
    page.goto(f"/__sim/messages/{id}")
    expect(page.locator(".callback")).to_have_count(4)
    expect(page.locator(".callback.is-pending")).to_have_count(4)
    sim.control("POST", "clock/run-until-idle")
    expect(page.locator(".callback.is-done")).to_have_count(4)
    attempts = page.locator(".callback").first.locator(".attempt")
    expect(attempts).to_have_count(2)
    expect(attempts.first).to_contain_text("503")
    attempts.first.locator("summary").click()
    expect(attempts.first).to_contain_text("not now")
    expect(attempts.first).to_contain_text('"ACK"')
    expect(attempts.last).to_contain_text("200")


def test_a_callback_is_replayed(page: Page, sim: Simulator, sender: Sender, receiver: Receiver) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{receiver.url}/dlr")["omnimessage_id"]
    sim.control("POST", "clock/run-until-idle")
    posted = len(receiver.posts)
    page.goto(f"/__sim/messages/{id}")
    page.get_by_role("button", name="Replay").first.click()
    expect(page.locator(".callback")).to_have_count(posted + 1)
    sim.control("POST", "clock/run-until-idle")
    expect(page.locator(".callback.is-done")).to_have_count(posted + 1)
    assert receiver.posts[-1].body == receiver.posts[0].body


def test_forcing_a_status(page: Page, sim: Simulator, sender: Sender) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    page.goto(f"/__sim/messages/{id}")
    page.get_by_label("Status to force").select_option("REJECTD")
    page.get_by_role("button", name="Force").click()
    expect(page.locator(".facts .big")).to_have_text("rejected")
    assert sim.control("GET", f"messages/{id}").json["state"] == "rejected"


def test_cancelling(page: Page, sim: Simulator, sender: Sender) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    page.goto(f"/__sim/messages/{id}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".facts .big")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_the_raw_exchange_is_there_without_secrets(page: Page, sender: Sender) -> None:
    id = sender.omni(traffic.PHONE, traffic.SMS)["omnimessage_id"]
    page.goto(f"/__sim/messages/{id}")
    pair = page.locator(".pair")
    expect(pair).to_contain_text("POST /v1/omnimessage")
    expect(pair.locator(".answer")).to_contain_text(str(id))
    expect(pair).to_contain_text("authorization: ***")
    assert "default-password" not in page.content()


def test_the_clock_freezes_runs_and_speeds_up(page: Page, sim: Simulator, sender: Sender) -> None:
    page.goto("/__sim/")
    clock = page.locator("#clock")
    expect(clock).to_contain_text("frozen")
    page.get_by_role("button", name="+1h").click()
    expect(clock.locator("time")).to_have_text("01:00:00")
    page.get_by_label("More of the clock").click()
    page.get_by_role("button", name="Speed × 3600").click()
    expect(clock).to_contain_text("× 3600")
    expect(clock.locator("time")).not_to_have_text("01:00:00")
    page.get_by_role("button", name="Freeze").click()
    expect(clock).to_contain_text("frozen")
    assert sim.control("GET", "clock").json["frozen"] is True
    page.get_by_role("button", name="Resume").click()
    expect(clock).to_contain_text("real time")


def test_running_until_idle_and_reset(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    page.goto("/__sim/")
    page.get_by_label("More of the clock").click()
    page.get_by_role("button", name="Run until idle").click()
    expect(page.locator("#rows .state")).to_have_text("delivered")
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_label("More of the clock").click()
    page.get_by_role("button", name="Reset the sandbox").click()
    expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
    assert sim.control("GET", "messages").json["total"] == 0


def test_an_unknown_message_is_told_kindly(page: Page) -> None:
    answer = page.goto("/__sim/messages/nothing-like-it")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator("main")).to_contain_text("there is no message nothing-like-it")
