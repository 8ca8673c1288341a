"""What is loaded, how often each rule decided, mistakes where they are, and what was met so far."""

import re

import pytest
from msgsim.scenarios.library import shipped
from msgsim.scenarios.scenario import ALWAYS_ON
from msgsim.testing import Simulator, call
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

MINE = f"""# Nothing reaches this number.
name: mine
rules:
  - when: {{to: "{traffic.PHONE}"}}
    deliver:
      - {{after: 1s, status: failed}}
"""


def loaded(sim: Simulator) -> list[str]:
    names: list[str] = sim.control("GET", "scenario").json["names"]
    return names


def test_a_scenario_is_looked_at_before_it_is_loaded(slow: Page, sim: Simulator) -> None:
    slow.goto("/__sim/scenarios")
    slow.get_by_role("link", name="viber-falls-back-to-sms").click()
    expect(slow).to_have_url(re.compile("/__sim/scenarios/viber-falls-back-to-sms$"))
    expect(slow.get_by_role("region", name="Its rules, in words")).to_contain_text(
        "When provider is messente, channel is viber: ACK after 200 ms, UNDELIV after 2 s."
    )
    plan = slow.get_by_role("region", name="The plan of a sample").locator("tbody tr")
    expect(plan.first).to_contain_text("200 ms")
    expect(plan.filter(has_text="DELIVRD").first).to_contain_text("sms")
    expect(slow.get_by_role("region", name="What its expect shows")).to_contain_text("all 2 hold")
    assert loaded(sim) == []
    slow.get_by_role("button", name="Load it", exact=True).click()
    expect(slow.locator(".bar")).to_contain_text("Loaded: viber-falls-back-to-sms")
    assert loaded(sim) == ["viber-falls-back-to-sms"]


@pytest.mark.parametrize("name", [name for name in shipped() if name not in ALWAYS_ON])
def test_every_scenario_that_ships_can_be_looked_at(sim: Simulator, name: str) -> None:
    answer = call(f"{sim.url}/__sim/scenarios/{name}", "GET")
    assert answer.status == 200
    assert b"hold" in answer.body


def test_a_scenario_that_is_none_is_not_found(sim: Simulator) -> None:
    assert call(f"{sim.url}/__sim/scenarios/none-such", "GET").status == 404


def test_several_are_tried_in_an_order_that_can_be_changed(slow: Page, sim: Simulator) -> None:
    sim.control("PUT", "scenario", {"names": ["cima360-email-bounces", "mine"], "texts": {"mine": MINE}})
    slow.goto("/__sim/scenarios/sinch-handset-off")
    slow.get_by_role("button", name="Load it after").click()
    expect(slow.locator(".bar")).to_contain_text("cima360-email-bounces, mine, sinch-handset-off")
    slow.get_by_role("link", name="What is loaded").click()
    slow.get_by_label("Try sinch-handset-off earlier").click()
    expect(slow.locator(".order b").nth(1)).to_have_text("sinch-handset-off")
    slow.get_by_label("Take cima360-email-bounces away").click()
    expect(slow.locator(".order b")).to_have_text(["sinch-handset-off", "mine"])
    assert loaded(sim) == ["sinch-handset-off", "mine"]
    slow.get_by_role("button", name="Back to the happy path").click()
    expect(slow.locator(".bar")).to_contain_text("happy path")
    assert loaded(sim) == []


def test_the_list_is_narrowed_to_a_provider_and_the_address_says_so(slow: Page) -> None:
    slow.goto("/__sim/scenarios")
    rows = slow.locator(".shipped a")
    expect(rows.filter(has_text="messente-credit-runs-out")).to_have_count(1)
    slow.get_by_role("navigation", name="Scenarios of a provider").get_by_role("link", name="Sinch").click()
    expect(slow).to_have_url(re.compile(r"provider=sinch$"))
    expect(rows.filter(has_text="messente-credit-runs-out")).to_have_count(0)
    expect(rows.filter(has_text="sinch-handset-off")).to_have_count(1)
    expect(rows.filter(has_text="callbacks-late")).to_have_count(1)
    rows.filter(has_text="sinch-handset-off").click()
    expect(rows.filter(has_text="messente-credit-runs-out")).to_have_count(0)


def test_mistakes_are_marked_as_one_types(slow: Page, sim: Simulator) -> None:
    slow.goto("/__sim/scenarios")
    slow.get_by_label("Write one, and load it").fill(MINE.replace("deliver:", "delivr:"))
    wrong = slow.locator("#mistakes .wrong").filter(has_text="delivr:")
    expect(wrong.locator("i")).to_have_text("5")
    expect(wrong.locator("em")).to_contain_text("deliver")
    expect(slow.locator("#checked")).to_have_text("1 mistake")
    slow.get_by_label("Write one, and load it").fill(MINE)
    expect(slow.locator("#mistakes")).to_be_hidden()
    expect(slow.locator("#checked")).to_contain_text("4: failed after 1 s")
    assert loaded(sim) == []


def test_what_is_typed_last_is_what_was_checked(slow: Page) -> None:
    slow.goto("/__sim/scenarios")
    text = slow.get_by_label("Write one, and load it")
    text.fill(MINE)
    text.press("Control+End")
    text.press_sequentially("x: [", delay=60)
    expect(slow.locator("#checked")).to_contain_text("mistake")
    for _ in range(4):
        text.press("Backspace", delay=60)
    expect(slow.locator("#mistakes")).to_be_hidden()


def test_a_copy_of_what_is_loaded_is_edited_and_kept(slow: Page, sim: Simulator) -> None:
    sim.control("PUT", "scenario", {"names": ["cima360-email-bounces"]})
    slow.goto("/__sim/scenarios")
    slow.get_by_label("Edit a copy of scenarios/cima360-email-bounces.yaml").click()
    text = slow.get_by_label("Write one, and load it")
    expect(text).to_have_value(re.compile("name: cima360-email-bounces"))
    text.fill(text.input_value().replace("name: cima360-email-bounces", "name: my-bounces"))
    slow.get_by_role("button", name="Keep it in this browser").click()
    expect(slow.locator("#said")).to_contain_text("Kept as my-bounces")
    slow.reload()
    own = slow.get_by_role("region", name="Yours, kept in this browser")
    own.get_by_label("Edit my-bounces").click()
    expect(text).to_have_value(re.compile("name: my-bounces"))
    slow.get_by_role("button", name="Load it", exact=True).click()
    expect(slow.locator(".bar")).to_contain_text("Loaded: my-bounces")
    own.get_by_label("Forget my-bounces").click()
    expect(own).to_be_hidden()


def test_a_copy_of_one_that_ships_is_edited(slow: Page) -> None:
    slow.goto("/__sim/scenarios/sinch-handset-off")
    slow.get_by_role("link", name="Edit a copy").click()
    expect(slow.get_by_label("Write one, and load it")).to_have_value(re.compile("name: sinch-handset-off"))


def test_each_rule_has_its_hit_count(page: Page, sim: Simulator, sender: Sender) -> None:
    sim.control("PUT", "scenario", body=MINE)
    page.goto("/__sim/scenarios")
    row = page.locator("#rules tr").filter(has_text="scenario:4")
    expect(row.locator(".number")).to_have_text("0")
    sender.omni(traffic.PHONE, traffic.SMS)
    expect(row.locator(".number")).to_have_text("1")
    sender.omni(traffic.PHONE, traffic.SMS)
    expect(row.locator(".number")).to_have_text("2")


def test_a_scenario_is_written_here_and_loaded(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/scenarios")
    page.get_by_label("Write one, and load it").fill(MINE)
    page.get_by_role("button", name="Load it").click()
    expect(page.locator(".bar")).to_contain_text("mine")
    expect(page.locator(".file-text .row").nth(1)).to_contain_text("name: mine")
    assert sim.control("GET", "scenario").json["names"] == ["mine"]


def test_mistakes_are_marked_where_they_are(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/scenarios")
    page.get_by_label("Write one, and load it").fill(MINE.replace("deliver:", "delivr:"))
    page.get_by_role("button", name="Load it").click()
    wrong = page.locator("#mistakes .wrong").filter(has_text="delivr:")
    expect(wrong.locator("i")).to_have_text("5")
    expect(wrong.locator("em")).to_contain_text("deliver")
    assert sim.control("GET", "scenario").json["names"] == []
