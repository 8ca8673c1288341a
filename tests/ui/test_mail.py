"""An e-mail as a tester reads it: as high as it is, as text, as source, with its headers, as wide as a phone."""

import pytest
from msgsim.testing import Simulator
from msgsim.web.pages import mail
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

LONG = "<h1>Receipt</h1>" + "".join(f"<p>Line {number}</p>" for number in range(60)) + "<p id='end'>The end</p>"
UNMEASURED = 240
READ = "/__sim/?to=maria%40example.com"


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_a_mail_is_as_high_as_its_content(page: Page, slow: Page, sender: Sender, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    sender.mail(LONG)
    page.goto(READ)
    end = page.frame_locator(".mail iframe").get_by_text("The end")
    expect(end).to_be_in_viewport()
    inner = page.frame_locator(".mail iframe").locator("html").evaluate("page => page.scrollHeight - page.clientHeight")
    assert inner == 0
    assert page.locator(".mail iframe").evaluate("frame => frame.offsetHeight") > 1500


def test_a_short_one_is_short_and_grows_on_a_phone(page: Page, sender: Sender) -> None:
    sender.mail("<p>" + "Many words in one paragraph. " * 20 + "</p>")
    page.goto(READ)
    frame = page.locator(".mail iframe")
    expect(frame).not_to_have_js_property("offsetHeight", UNMEASURED)
    wide = frame.evaluate("frame => frame.offsetHeight")
    assert wide < UNMEASURED
    page.get_by_role("button", name="Phone").click()
    expect(page.get_by_role("button", name="Phone")).to_have_attribute("aria-pressed", "true")
    expect(frame).to_have_js_property("offsetWidth", 375)
    expect(frame).not_to_have_js_property("offsetHeight", wide)
    assert frame.evaluate("frame => frame.offsetHeight") > wide
    page.get_by_role("button", name="Desktop").click()
    expect(frame).to_have_js_property("offsetHeight", wide)


def test_text_source_and_headers(page: Page, slow: Page, sender: Sender) -> None:
    sender.mail(traffic.MAIL, "Your order 78910")
    page.goto(READ)
    view = page.locator(".mail-view")
    page.get_by_role("tab", name="Text").click()
    expect(view).to_have_text(
        "Thank you, {{name}}\nYour order 78910 is packed.\n[Our shop]\nLook at the order (https://shop.example.com)"
    )
    page.get_by_role("tab", name="Source").click()
    expect(view).to_contain_text("<h1 style='color:#0b5563'>")
    page.get_by_role("tab", name="Headers").click()
    expect(view).to_contain_text("orders@example.com")
    expect(view).to_contain_text("Thu, 01 Jan 2026 00:00:00 +0000")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="HTML")).to_have_attribute("aria-selected", "true")
    expect(page.frame_locator(".mail iframe").get_by_role("heading")).to_contain_text("Thank you")


@pytest.mark.parametrize("where", ["conversation", "message"])
def test_what_is_being_read_stays_when_the_status_changes(
    page: Page, sim: Simulator, sender: Sender, where: str
) -> None:
    sender.mail(traffic.MAIL)
    (sent,) = sim.control("GET", "messages").json["messages"]
    page.goto(READ if where == "conversation" else f"/__sim/messages/{sent['id']}")
    page.get_by_role("tab", name="Source").click()
    expect(page.locator(".mail-view")).to_contain_text("<h1")
    page.evaluate("document.querySelector('.mail-view').untouched = true")
    sim.control("POST", "clock/advance", {"by": "1m"})
    expect(page.locator(".bubble footer .state")).to_have_text("delivered")
    expect(page.locator(".bubble")).to_have_class("bubble ch-email is-delivered")
    if where == "message":
        expect(page.locator(".facts .big")).to_have_text("delivered")
    assert page.evaluate("document.querySelector('.mail-view').untouched")
    expect(page.get_by_role("button", name="Mark seen")).to_have_count(1)
    page.get_by_role("tab", name="HTML").click()
    expect(page.frame_locator(".mail iframe").get_by_role("heading")).to_be_visible()


def test_the_text_of_a_mail_has_a_line_for_each_block_and_nothing_of_scripts() -> None:
    html = "<style>p{}</style><p>One\n two</p><p>Three<br>four &amp; five</p><script>x()</script><ul><li>a<li>b</ul>"
    assert mail.text(html) == "One two\n\nThree\nfour & five\n\na\nb"
