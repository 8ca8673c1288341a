"""The inbox as somebody uses it: conversations drawn per channel, changing while one looks."""

import re

from msgsim.testing import Simulator
from playwright.sync_api import Page, expect

from tests.ui import traffic
from tests.ui.traffic import Sender

WATCH_BUBBLES = """() => {
  for (const one of document.querySelectorAll('.bubble')) {
    const all = {attributes: true, childList: true, characterData: true, subtree: true};
    new MutationObserver(() => { one.touched = true }).observe(one, all);
  }
}"""


def open_conversation(page: Page, who: str) -> None:
    page.goto("/__sim/")
    page.get_by_role("region", name="Conversations").get_by_text(who, exact=True).click()
    expect(page.get_by_role("heading", name=who)).to_be_visible()


def test_conversations_are_listed_newest_first(page: Page, full: Sender) -> None:
    page.goto("/__sim/")
    listed = page.locator("#rows .row .who").all_inner_texts()
    assert listed == [
        traffic.ANDES,
        "maria@example.com",
        traffic.LATIN,
        traffic.MESSENGER_USER,
        traffic.LINE_USER,
        traffic.OTHER,
        traffic.PHONE,
    ]
    expect(page.locator("#rows .row").filter(has_text=traffic.PHONE).locator(".count")).to_have_text("4")


def test_an_sms_shows_its_parts_and_alphabet(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.PHONE)
    short, long = page.locator(".bubble.ch-sms").all()
    expect(short).to_contain_text("1 part")
    expect(short).to_contain_text("GSM-7")
    expect(long).to_contain_text("3 parts")
    expect(long).to_contain_text("UCS-2")


def test_viber_has_picture_text_button_and_video(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.PHONE)
    viber = page.locator(".bubble.ch-viber")
    expect(viber.locator(".picture")).to_contain_text(traffic.PICTURE)
    expect(viber).to_contain_text("Your autumn boots are back")
    expect(viber.locator(".buttons")).to_have_text("See the boots")
    open_conversation(page, traffic.OTHER)
    expect(page.locator(".bubble.ch-viber .picture.video")).to_contain_text("32 s")


def test_a_whatsapp_template_has_header_values_and_button(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.PHONE)
    whatsapp = page.locator(".bubble.ch-whatsapp")
    expect(whatsapp.locator(".template")).to_contain_text("order_update")
    expect(whatsapp.locator(".picture")).to_contain_text(traffic.PICTURE)
    expect(whatsapp.locator(".values li")).to_have_text(["Maria", "89.00 EUR", "Friday, 2 January"])
    expect(whatsapp.locator(".buttons")).to_have_text("Track the parcel")


def test_line_and_messenger_templates_are_drawn_as_cards(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.LINE_USER)
    carousel, confirm = page.locator(".bubble.ch-line .cards").all()
    expect(carousel.locator("li")).to_have_count(2)
    expect(carousel).to_contain_text("Ready tomorrow at ten")
    expect(confirm.locator(".leads")).to_have_text(["Yes", "No"])
    open_conversation(page, traffic.MESSENGER_USER)
    generic = page.locator(".bubble.ch-messenger .cards li")
    expect(generic).to_have_count(2)
    expect(generic.first).to_contain_text("Waterproof, 89 EUR")
    expect(generic.first.locator(".leads")).to_have_text("Buy")


def test_a_flash_sms_pops_up(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.LATIN)
    expect(page.locator(".bubble.flash")).to_contain_text("Codigo: 482913")
    expect(page.locator(".bubble.ch-sms")).to_have_count(2)


def test_an_email_is_previewed_and_a_call_is_a_call(page: Page, full: Sender) -> None:
    open_conversation(page, "maria@example.com")
    expect(page.locator(".mail .subject")).to_have_text("Your order 78910")
    mail = page.frame_locator(".mail iframe")
    expect(mail.get_by_role("heading")).to_contain_text("Thank you")
    expect(mail.locator(".sim-picture")).to_contain_text("https://tracker.example.com/open.gif")
    open_conversation(page, traffic.ANDES)
    expect(page.locator(".bubble.ch-voice .call")).to_contain_text("Your appointment is tomorrow at nine.")


def test_a_status_changes_while_one_looks(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    open_conversation(page, traffic.PHONE)
    bubble = page.locator(".bubble")
    expect(bubble.locator("footer .state")).to_have_text("queued")
    sim.control("POST", "clock/advance", {"by": "500ms"})
    expect(bubble.locator("footer .state")).to_have_text("sent")
    expect(page.locator("#rows .state")).to_have_text("sent")
    sim.control("POST", "clock/advance", {"by": "10s"})
    expect(bubble.locator("footer .state")).to_have_text("delivered")
    expect(page.locator("#clock time")).to_have_text("00:00:10")


def test_a_new_message_appears_in_its_conversation_and_on_top_of_the_list(page: Page, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    sender.omni(traffic.OTHER, traffic.SMS)
    open_conversation(page, traffic.PHONE)
    expect(page.locator("#rows .row .who")).to_have_text([traffic.OTHER, traffic.PHONE])
    sender.omni(traffic.PHONE, traffic.LONG_SMS)
    expect(page.locator(".bubble")).to_have_count(2)
    expect(page.locator("#rows .row .who")).to_have_text([traffic.PHONE, traffic.OTHER])
    sender.omni("+37255500099", traffic.SMS)
    expect(page.locator("#rows .row .who")).to_have_text(["+37255500099", traffic.PHONE, traffic.OTHER])
    expect(page.locator(".bubble")).to_have_count(2)


def test_an_update_touches_only_what_changed(page: Page, sim: Simulator, sender: Sender) -> None:
    first = sender.omni(traffic.PHONE, traffic.VIBER)
    sender.omni(traffic.PHONE, traffic.SMS)
    open_conversation(page, traffic.PHONE)
    page.evaluate(WATCH_BUBBLES)
    sim.control("POST", f"messages/{first['omnimessage_id']}/status", {"status": "UNDELIV"})
    expect(page.locator(".bubble").first.locator("footer .state")).to_have_text("failed")
    touched = page.evaluate("[...document.querySelectorAll('.bubble')].map((one) => Boolean(one.touched))")
    assert touched == [True, False]


def test_the_fallback_is_told_in_the_bubble(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, {**traffic.VIBER, "ttl": 1}, {**traffic.SMS})
    sim.control("PUT", "scenario", {"names": []})
    open_conversation(page, traffic.PHONE)
    sim.control("POST", "clock/advance", {"by": "200ms"})
    expect(page.locator(".trail .hop")).to_have_count(2)
    expect(page.locator(".trail .hop.here")).to_contain_text("Viber")
    expect(page.locator(".trail .hop").last).to_contain_text("not tried")


def test_replying_as_the_recipient(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.SMS)
    open_conversation(page, traffic.PHONE)
    page.get_by_label(f"Answer as {traffic.PHONE}").fill("Thanks <3")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.locator(".bubble.wrote")).to_contain_text("Thanks <3")
    expect(page.get_by_label(f"Answer as {traffic.PHONE}")).to_have_value("")
    (written,) = sim.control("GET", "inbound").json["inbound"]
    assert (written["from"], written["to"], written["text"]) == (traffic.PHONE, "KiviShop", "Thanks <3")


def test_where_nothing_can_be_answered_the_page_says_so(page: Page, full: Sender) -> None:
    open_conversation(page, traffic.LINE_USER)
    expect(page.locator(".reply")).to_contain_text("documents no inbound messages")


def test_marking_a_message_seen(page: Page, sim: Simulator, sender: Sender) -> None:
    sender.omni(traffic.PHONE, traffic.VIBER)
    sim.control("POST", "clock/advance", {"by": "10s"})
    open_conversation(page, traffic.PHONE)
    page.get_by_role("button", name="Mark seen").click()
    expect(page.locator(".bubble footer .state")).to_have_text("seen")
    expect(page.get_by_role("button", name="Mark seen")).to_have_count(0)


def test_the_front_door_of_the_server_leads_to_the_inbox(page: Page, full: Sender) -> None:
    page.goto("/")
    expect(page).to_have_url("/__sim/")
    expect(page.locator("#rows")).to_be_visible()


def test_each_sandbox_has_its_own_page(page: Page, sim: Simulator, full: Sender) -> None:
    sim.control("POST", "sandboxes", {"name": "ci-17"})
    page.goto("/__sim/")
    page.get_by_role("combobox", name="Sandbox").select_option("ci-17")
    expect(page.get_by_role("heading", name="No message yet")).to_be_visible()
    expect(page).to_have_url("/__sim/?sandbox=ci-17")
    page.get_by_role("link", name="Requests").click()
    expect(page).to_have_url("/__sim/requests?sandbox=ci-17")
    expect(page.locator(".request")).to_have_count(0)


def test_a_row_tells_addresses_apart_and_covers_no_name(page: Page, sim: Simulator, full: Sender) -> None:
    for number in range(120):
        full.sms(f"Oi {number}")
    page.goto("/__sim/")
    for row in page.locator(".row").filter(has_text="@").all():
        who = row.locator(".who").inner_text()
        expect(row.locator(".avatar")).to_have_text(who[:2])
    crowded = page.locator(".row").filter(has=page.locator(".count", has_text=re.compile(r"^\d{3}$")))
    expect(crowded.locator(".count")).to_be_visible()
    badge, name = crowded.locator(".count").bounding_box(), crowded.locator(".who").bounding_box()
    assert badge is not None
    assert name is not None
    assert badge["x"] + badge["width"] <= name["x"]
