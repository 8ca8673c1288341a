"""What the traffic as a whole says: bad habits, each with what shows it, and how much of the catalogue was met."""

import re

import pytest
from msgsim.testing import Simulator, call
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.test_many import bulk
from tests.ui.traffic import Sender


def refuse(sim: Simulator) -> None:
    """A send to a number that is none."""
    errors = sim.control("GET", "errors", query={"provider": "messente"}).json["errors"]
    example = next(entry for entry in errors if entry["key"] == "duplicate_channels")["example"]
    call(f"{sim.url}{example['path']}", example["method"], example["json"], None, example["headers"])


def test_each_finding_leads_to_the_exchanges_that_show_it(slow: Page, sim: Simulator, sender: Sender) -> None:
    slow.goto("/__sim/lint")
    expect(slow.get_by_role("main")).to_contain_text("Nothing was asked of this sandbox yet")
    for _ in range(3):
        refuse(sim)
    sim.control("PUT", "sinks/app", {"answers": [{"status": 500, "times": 0}]})
    sender.omni(traffic.PHONE, traffic.SMS, dlr_url=f"{sim.url}/__sim/sink/app")
    sim.control("POST", "clock/run-until-idle")
    repeated = slow.locator(".finding").filter(has_text="repeated-refusal")
    expect(repeated).to_contain_text("2 times")
    links = repeated.locator(".places a")
    expect(links).to_have_text(["#2", "#3"])
    failed = slow.locator(".finding").filter(has_text="callback-failed")
    expect(failed.locator(".places a").first).to_have_text("#1")
    links.first.click()
    expect(slow.get_by_role("heading", name="Request 2")).to_be_visible()
    expect(slow.get_by_role("main")).to_contain_text("duplicate_channels")
    slow.go_back()
    failed.locator(".places a").first.click()
    expect(slow.get_by_role("heading", name="Callback 1")).to_be_visible()


def test_coverage_says_what_was_seen_and_what_was_not(slow: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    sim.control("POST", "clock/advance", {"by": "1m"})
    slow.goto("/__sim/coverage")
    row = slow.locator(".bars tr").filter(has_text="Messente")
    expect(row.locator("progress").nth(1)).to_have_attribute("value", "2")
    expect(row).to_contain_text("2 of 11")
    row.get_by_role("link").click()
    seen = slow.locator(".catalogue li").filter(has=slow.get_by_role("link", name="DELIVRD", exact=True))
    expect(seen).to_contain_text("1 time")
    unseen = slow.locator(".catalogue li").filter(has_text="duplicate_channels")
    expect(unseen).to_contain_text("not seen")
    refuse(sim)
    expect(unseen).to_contain_text("1 time")
    unseen.get_by_role("link", name="1 time").click()
    expect(slow.locator(".request")).to_have_count(1)
    expect(slow.locator(".request")).to_contain_text("duplicate_channels")
    slow.go_back()
    unseen.get_by_role("link", name="duplicate_channels").click()
    expect(slow).to_have_url(re.compile("/__sim/errors.*duplicate_channels"))


@pytest.mark.parametrize(("path", "said"), [("lint", "Nothing to frown at"), ("coverage", "seen: 1 of")])
def test_what_takes_long_comes_after_the_page(slow: Page, sim: Simulator, sender: Sender, path: str, said: str) -> None:
    bulk(sender, range(800))
    sim.control("POST", "clock/advance", {"by": "300ms"})
    slow.goto(f"/__sim/{path}", wait_until="commit")
    expect(slow.locator("[aria-busy=true]")).to_be_visible()
    expect(slow.get_by_role("main")).to_contain_text(said)
    expect(slow.get_by_role("button", name="again")).to_be_visible()
