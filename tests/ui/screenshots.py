"""Pictures of every page in both themes, wide and narrow: ``make screenshots``.

``python -m tests.ui.screenshots FOLDER [PART OF A NAME]``; those of the documents are made with
``python -m tests.ui.screenshots docs/screenshots documents``.
"""

import sys
from pathlib import Path

from msgsim.testing import Simulator, call
from playwright.sync_api import Browser, Page, sync_playwright

from tests.ui import traffic
from tests.ui.browser import open_browser

SIZES = {"wide": (1440, 900), "tablet": (768, 1024), "laptop": (1024, 768), "phone": (390, 800)}
START = "2026-01-01T09:00:00Z"
DOCUMENTS = "documents"
IN_DOCUMENTS = ("inbox", "errors", "operation", "callbacks", "scenario", "start")


def pages(sim: Simulator) -> dict[str, str]:
    """Name to path, with something to see on each."""
    sender = traffic.everything(sim)
    sim.control("POST", "clock/advance", {"by": "10s"})
    asked = {"provider": "messente", "from": traffic.PHONE, "to": "Kivi Shop", "text": "Do you have size 43?"}
    sim.control("POST", "inbound", asked)
    sim.control("PUT", "scenario", body=traffic.VIBER_FAILS)
    fallback = sender.omni(traffic.PHONE, traffic.VIBER, traffic.SMS, dlr_url=f"{sim.url}/__sim/sink/app")
    sim.control("POST", "sample", {"count": 40, "seed": 3})
    sim.control("POST", "clock/advance", {"by": "2500ms"})
    for refused in sim.control("GET", "errors", query={"provider": "messente"}).json["errors"][2:7]:
        example = refused["example"]
        body = example.get("body")
        answer = call(f"{sim.url}{example['path']}", example["method"], example.get("json"), body, example["headers"])
    sim.control("PUT", "sinks/broken", {"answers": [{"status": 500, "body": "database is gone", "times": 0}]})
    sender.omni(traffic.OTHER, traffic.SMS, dlr_url=f"{sim.url}/__sim/sink/broken")
    sim.control("POST", "clock/advance", {"by": "5s"})
    refused_request = answer.headers["x-sim-exchange"]
    return {
        "inbox": f"/__sim/?to=%2B{traffic.PHONE[1:]}",
        "line": f"/__sim/?to={traffic.LINE_USER}",
        "mail": "/__sim/?to=maria%40example.com",
        "message": f"/__sim/messages/{fallback['omnimessage_id']}",
        "errors": "/__sim/errors?provider=messente&kind=error&key=duplicate_channels",
        "outcomes": "/__sim/errors?provider=sinch&kind=outcome&key=NOT_DELIVERED",
        "requests": "/__sim/requests",
        "request": f"/__sim/requests/{refused_request}",
        "callbacks": "/__sim/callbacks",
        "callback": "/__sim/callbacks/1",
        "lint": "/__sim/lint",
        "coverage": "/__sim/coverage",
        "scenarios": "/__sim/scenarios",
        "scenario": "/__sim/scenarios/viber-falls-back-to-sms",
        "start": "/__sim/start",
        "docs": "/__sim/docs",
        "operation": "/__sim/docs/control/listMessages",
        "endpoint": "/__sim/docs/messente/send",
    }


def shoot(browser: Browser, sim: Simulator, folder: Path, only: str = "") -> None:
    for name, path in pages(sim).items():
        if only not in name:
            continue
        for theme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
                page.goto(f"{sim.url}{path}", wait_until="load")
                act(page, name)
                page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
                page.close()


def act(page: Page, name: str) -> None:
    """What a page shows after a click: an answer."""
    if name in ("errors", "outcomes"):
        page.click("#trigger")
        page.wait_for_selector(".triggered")
    if name == "operation":
        page.click("#trigger")
        page.wait_for_selector("#result .line")


def document(browser: Browser, sim: Simulator, folder: Path) -> None:
    """The pictures of docs/ui.md and the README."""
    for name, path in pages(sim).items():
        if name not in IN_DOCUMENTS:
            continue
        page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="light")
        page.goto(f"{sim.url}{path}", wait_until="load")
        act(page, name)
        if name == "callbacks":
            page.locator(".attempt summary").first.click()
        if name == "start":
            page.get_by_role("button", name="Node").click()
            page.get_by_role("heading", name="A first message, as code").evaluate("one => one.scrollIntoView()")
        page.screenshot(path=folder / f"{name}.png")
        page.close()


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with Simulator(clock=f"frozen@{START}", seed=7) as sim, sync_playwright() as playwright:
        browser = open_browser(playwright)
        only = sys.argv[2] if len(sys.argv) > 2 else ""
        if only == DOCUMENTS:
            document(browser, sim, folder)
        else:
            shoot(browser, sim, folder, only)
        browser.close()


if __name__ == "__main__":
    main()
