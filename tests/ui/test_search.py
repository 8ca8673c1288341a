"""The search of the inbox, as one types, however late answers come."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from msgsim.testing import Simulator
from msgsim.web.pages.snippets import snippet
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.held import Held
from tests.ui.traffic import Sender


@pytest.fixture
def field(page: Page) -> Callable[[str], None]:
    def type_in(text: str) -> None:
        box = page.get_by_role("searchbox", name="Search")
        box.fill("")
        box.press_sequentially(text, delay=20)

    return type_in


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("maria@", ["maria@example.com"]),
        ("status:queued channel:viber boots", [traffic.PHONE]),
        ('"saiu para"', [traffic.LATIN]),
        ("from:KiviShop", [traffic.PHONE, traffic.PHONE]),
        ("provider:cima360 -channel:email", [traffic.ANDES]),
        ("status:delivered", []),
    ],
)
def test_what_fits_is_listed_while_one_types(
    page: Page, slow: Page, full: Sender, field: Callable[[str], None], search: str, expected: list[str]
) -> None:
    page.goto("/__sim/")
    field(search)
    expect(page.locator("#rows .row .who")).to_have_text(expected)
    expect(page.locator("#rows .unless-found:visible")).to_have_count(0 if expected else 1)
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("search") == [search])
    page.reload()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value(search)
    expect(page.locator("#rows .row .who")).to_have_text(expected)


def test_the_last_search_is_shown_however_late_the_answers_come(page: Page, full: Sender) -> None:
    page.goto("/__sim/")
    held = Held(page, "**/__sim/parts?**search=**")
    box = page.get_by_role("searchbox", name="Search")
    for text in ("maria", "boots", "482"):
        held.after(partial(box.fill, text))
    held.answer_last_first()
    expect(page.locator("#rows mark").first).to_have_text("482")
    expect(page.locator("#rows .row")).to_have_count(2)
    expect(page).to_have_url("/__sim/?search=482")


def test_emptying_it_brings_the_conversations_back(page: Page, full: Sender, field: Callable[[str], None]) -> None:
    page.goto("/__sim/")
    field("maria@")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.get_by_role("searchbox", name="Search").fill("")
    expect(page.locator("#rows .row")).to_have_count(7)
    expect(page).to_have_url("/__sim/")


def test_a_mistake_is_told_where_the_rows_would_be(page: Page, full: Sender, field: Callable[[str], None]) -> None:
    page.goto("/__sim/")
    field("stauts:failed")
    expect(page.locator("#rows [role=alert]")).to_contain_text("there is no key 'stauts'")
    expect(page.locator("#rows [role=alert]")).to_contain_text("did you mean 'status'?")


def test_what_was_found_is_opened_in_its_conversation_and_the_search_stays(
    page: Page, full: Sender, field: Callable[[str], None]
) -> None:
    page.goto("/__sim/")
    field("boots")
    expect(page.locator("#rows mark").first).to_be_visible()
    page.locator("#rows .row a").filter(has_text=traffic.PHONE).last.click()
    expect(page.get_by_role("heading", name=traffic.PHONE)).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search")).to_have_value("boots")
    expect(page.locator("#rows .row a[aria-current]")).to_contain_text(traffic.PHONE)


def test_found_messages_change_while_one_looks(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    page.goto("/__sim/?search=code")
    expect(page.locator("#rows .state")).to_have_text("queued")
    sim.control("POST", "clock/advance", {"by": "10s"})
    expect(page.locator("#rows .state")).to_have_text("delivered")
    sender.omni(traffic.OTHER, traffic.SMS)
    expect(page.locator("#rows .row .who")).to_have_text([traffic.OTHER, traffic.PHONE])


def test_one_message_among_many_is_found_though_each_look_is_bounded(page: Page, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    for start in range(0, 6000, 1000):
        rows = [
            {"destination": str(5511900000000 + number), "messageText": "Oi"} for number in range(start, start + 1000)
        ]
        sender.send("sinch", "/v1/send-bulk-sms", {"messages": rows})
    page.goto("/__sim/?search=-oi")
    expect(page.locator("#rows .row .who")).to_have_text([traffic.PHONE])
    expect(page.locator("#rows .unless-found")).to_be_hidden()


def test_the_line_shows_where_the_words_stand_and_escapes_them() -> None:
    channels = [{"text": "", "from": "Kivi", "content": None}]
    drawn = {"text": "x" * 200 + " <b>Parcel</b>  here", "pieces": [{"subject": "Your & mine"}], "channels": channels}
    assert snippet(drawn, ["parcel"]) == "…" + "x" * 4 + " &lt;b&gt;<mark>Parcel</mark>&lt;/b&gt; here"
    assert snippet(drawn, ["&"]) == "Your <mark>&amp;</mark> mine"
    assert snippet(drawn, ["kivi"]) == "<mark>Kivi</mark>"
    assert snippet(drawn) == "x" * 160
