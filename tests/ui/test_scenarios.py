"""What is loaded, how often each rule decided, mistakes where they are, and what was met so far."""

from msgsim.testing import Simulator
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


def test_switching_the_scenario(page: Page, sim: Simulator) -> None:
    page.goto("/__sim/scenarios")
    page.get_by_role("button", name="cima360-email-bounces").click()
    expect(page.locator(".bar")).to_contain_text("cima360-email-bounces")
    assert sim.control("GET", "scenario").json["names"] == ["cima360-email-bounces"]
    expect(page.locator(".file-text figcaption")).to_have_text("scenarios/cima360-email-bounces.yaml")
    page.get_by_role("button", name="happy path").click()
    expect(page.locator(".bar")).to_contain_text("happy path")
    assert sim.control("GET", "scenario").json["names"] == []


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
