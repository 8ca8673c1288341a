"""Nothing that is read moves while something else arrives."""

import pytest
from msgsim.testing import Simulator, call
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

OBSERVE = """
window.shifts = [];
const named = (one) => one.node?.id || one.node?.className || one.node?.nodeName || 'gone';
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    const { sources, value, hadRecentInput } = one;
    if (!hadRecentInput) window.shifts.push([value, ...sources.map(named)]);
  }
}).observe({ type: 'layout-shift', buffered: true });
"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts))))"
WORDS = 0.01
"""Of the window: a state that is a longer word, a time that has become one of another day."""
PAGES = {
    "inbox": "",
    "conversation": f"?to=%2B{traffic.PHONE[1:]}",
    "message": "messages/{id}",
    "callbacks": "callbacks",
    "callback": "callbacks/1",
    "requests": "requests",
    "coverage": "coverage",
    "lint": "lint",
    "scenarios": "scenarios",
    "errors": "errors?provider=messente",
    "start": "start",
}
"""Whatever of them is drawn again while one looks: the clock and the badge are on all."""


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_while_something_arrives(page: Page, sim: Simulator, full: Sender, name: str, width: int) -> None:
    broken = f"{sim.url}/__sim/sink/broken"
    sim.control("PUT", "sinks/broken", {"answers": [{"status": 500, "body": "database is gone", "times": 0}]})
    sent = full.omni(traffic.PHONE, traffic.VIBER, traffic.SMS, dlr_url=broken)
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(OBSERVE)
    with page.expect_response("**/__sim/parts?**"):  # The feed is open, and what was missed is brought.
        page.goto(f"/__sim/{PAGES[name].format(id=sent['omnimessage_id'])}")
    full.omni(traffic.PHONE, traffic.SMS, dlr_url=broken)
    full.omni(traffic.OTHER, traffic.LONG_SMS)
    call(f"{sim.url}/v1/omnimessage", "POST", {"to": "1"})
    for by, shown in (("2s", "00:00:02"), ("10s", "00:00:12"), ("26h", "02:00:12")):
        sim.control("POST", "clock/advance", {"by": by})
        expect(page.locator("#clock time")).to_have_text(shown)
    shifts = page.evaluate(SETTLED)
    assert sum(value for value, *_ in shifts) < WORDS, shifts
