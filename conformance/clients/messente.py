"""Messente's SDK for Python, from 1.5 to 2.7: what differs between the versions is asked of the package."""

import datetime
import json
from typing import Any

import messente_api
from messente_api import (
    SMS,
    ApiClient,
    Configuration,
    DeliveryReportApi,
    Omnimessage,
    OmnimessageApi,
    Viber,
    WhatsApp,
)
from messente_api import exceptions as kinds

from conformance.clients.checks import (
    BY_NAME,
    advance,
    base_url,
    control,
    credentials,
    equal,
    errors,
    part,
    raised,
    statuses,
)

TO = "+37255000001"
UNKNOWN = "75cbf2b6-74e8-4c75-8093-f1041587cd04"
VERSION_2 = hasattr(messente_api, "OmnimessageMessagesInner")
KINDS = {401: "UnauthorizedException", 403: "ForbiddenException", 404: "NotFoundException", 500: "ServiceException"}
if VERSION_2:
    KINDS |= {400: "BadRequestException", 409: "ConflictException", 422: "UnprocessableEntityException"}


def client(**instead: str) -> Any:
    """The SDK's client with its documented option ``host``; without it where its own host names are intercepted."""
    configuration = Configuration() if BY_NAME else Configuration(host=base_url("messente"))
    given = {**credentials("messente"), **instead}
    configuration.username, configuration.password = given["username"], given["password"]
    return ApiClient(configuration)


def omnimessage(*contents: Any, **more: Any) -> Any:
    wrapped = [messente_api.OmnimessageMessagesInner(content) for content in contents] if VERSION_2 else contents
    return Omnimessage(**{"to": TO, "messages": list(wrapped), **more})


def sms() -> Any:
    return SMS(sender="MyShop", text="Hello", validity=10, autoconvert="full")


def viber() -> Any:
    link = "https://example.com"
    return Viber(sender="MyShop", text="Hello", image_url=f"{link}/a.png", button_text="Go", button_url=link)


def whatsapp() -> Any:
    if not VERSION_2:
        control("PUT", "settings", {"messente": {"extensions": True}})
        return WhatsApp(text=messente_api.WhatsAppText(body="Hello"))
    language = messente_api.WhatsAppLanguage(code="en", policy="deterministic")
    parameter = messente_api.WhatsAppParameter(type="text", text="Hello")
    component = messente_api.WhatsAppComponent(type="body", parameters=[parameter])
    return WhatsApp(template=messente_api.WhatsAppTemplate(name="order", language=language, components=[component]))


def word(value: Any) -> Any:
    """An enumeration of version 2 as the text or number that version 1 has."""
    return getattr(value, "value", value)


def sends(api: Any) -> None:
    sent = OmnimessageApi(api).send_omnimessage(omnimessage(whatsapp(), viber(), sms()))
    equal("send: recipient", sent.to, TO)
    equal("send: channels", [word(each.channel) for each in sent.messages], ["whatsapp", "viber", "sms"])
    equal("send: senders", [each.sender for each in sent.messages][1:], ["MyShop", "MyShop"])
    equal("send: ids differ", len({sent.omnimessage_id, *(each.message_id for each in sent.messages)}), 4)
    reports = DeliveryReportApi(api)
    before = reports.retrieve_delivery_report(sent.omnimessage_id)
    equal("report: nothing yet", [word(each.status) for each in before.statuses], [None, None, None])
    advance("1m")
    after = reports.retrieve_delivery_report(sent.omnimessage_id)
    equal("report: delivered", [word(each.status) for each in after.statuses], ["DELIVRD", None, None])
    equal("report: err", word(after.statuses[0].err), 0)
    equal("report: error", after.statuses[0].error, None)
    equal("report: timestamp", after.statuses[0].timestamp.year, 2026)
    equal("report: ids", after.statuses[0].message_id, sent.messages[0].message_id)
    if hasattr(after.statuses[0], "price_info"):
        equal("report: price", after.statuses[0].price_info.parts_count, 1)


def cancels(api: Any) -> None:
    messages = OmnimessageApi(api)
    sent = messages.send_omnimessage(omnimessage(sms(), time_to_send="2030-01-01T09:05:00", priority="high"))
    messages.cancel_scheduled_message(sent.omnimessage_id)
    report = DeliveryReportApi(api).retrieve_delivery_report(sent.omnimessage_id)
    equal("cancel: status", [word(each.status) for each in report.statuses], ["DELETED"])
    refused("cancel twice", 404, "101", messages.cancel_scheduled_message, sent.omnimessage_id)
    gone = messages.send_omnimessage(omnimessage(sms()))
    refused("cancel what was sent", 404, "101", messages.cancel_scheduled_message, gone.omnimessage_id)


def refused(what: str, status: int, code: Any, call: Any, *args: Any) -> None:
    """The exception of the SDK, and the documented body in it. Code None: the body has none."""
    kind = getattr(kinds, KINDS.get(status, ""), kinds.ApiException)
    error = raised(f"{what}: {kind.__name__}", kind, call, *args)
    if error is None:
        return
    equal(f"{what}: status", error.status, status)
    body = json.loads(error.body)
    equal(f"{what}: code", body["errors"][0]["code"] if "errors" in body else None, code)


def refusals(api: Any) -> None:
    messages = OmnimessageApi(api)
    call, status = messages.send_omnimessage, DeliveryReportApi(api).retrieve_delivery_report
    refused("recipient without plus", 400, "105", call, omnimessage(sms(), to="37255000001"))
    refused("no messages", 400, "105", call, omnimessage())
    refused("a channel twice", 400, "105", call, omnimessage(sms(), sms()))
    refused("ttl and validity", 400, "105", call, omnimessage(SMS(text="Hello", ttl=60, validity=1)))
    refused("viber without content", 400, "105", call, omnimessage(Viber(sender="MyShop")))
    refused("unknown message", 404, "101", status, UNKNOWN)
    wrong = OmnimessageApi(client(password="not the password"))
    refused("wrong password", 401, "103", wrong.send_omnimessage, omnimessage(sms()))
    sent = call(omnimessage(sms()))
    other = DeliveryReportApi(client(username="somebody-else"))
    refused("message of another account", 404, "101", other.retrieve_delivery_report, sent.omnimessage_id)


def catalogue() -> None:
    """Every documented error and every documented status, as the SDK shows it."""
    for error in errors("messente"):
        if "." in error["key"]:  # Of another API than that of messages.
            continue
        api = client()
        api.set_default_header("X-Sim-Outcome", error["key"])
        send = OmnimessageApi(api).send_omnimessage
        refused(f"error {error['key']}", error["status"], error["code"], send, omnimessage(sms()))
    for status in statuses("messente"):
        api = client()
        api.set_default_header("X-Sim-Outcome", status["word"])
        content = viber() if "viber" in status["channels"] else sms()
        sent = OmnimessageApi(api).send_omnimessage(omnimessage(content))
        equal(f"status {status['word']}", status["word"] in life(sent.omnimessage_id), True)


def life(id: str) -> set[Any]:
    """The statuses of a message's first channel soon after it was sent, and when its validity is over."""
    seen = set()
    for pause in ("10s", "1h"):
        advance(pause)
        seen.add(word(DeliveryReportApi(client()).retrieve_delivery_report(id).statuses[0].status))
    return seen


def bulks(api: Any) -> None:
    items = [omnimessage(sms()), omnimessage(sms(), to="12")]
    sent = messente_api.BulkMessagingApi(api).send_bulk_omnimessage(messente_api.BulkOmnimessage(messages=items))
    equal("bulk: the good item", sent.messages[0].actual_instance.to, TO)
    equal("bulk: the bad item", [word(each.code) for each in sent.messages[1].actual_instance.errors], ["105"])


def sends_beyond_the_document(api: Any) -> None:
    """Content of the newer versions, which the setting ``extensions`` takes on."""
    control("PUT", "settings", {"messente": {"extensions": True}})
    contents = {"RCS": messente_api.Rcs(sender="MyShop", text="Hello")}
    if hasattr(messente_api, "ViberCarousel"):
        contents["Viber carousel"] = Viber(text="Hello", carousel=carousel())
    for name, content in contents.items():
        sent = OmnimessageApi(api).send_omnimessage(omnimessage(content))
        equal(f"{name}: channel", word(sent.messages[0].channel), content.channel)
        equal(f"{name}: delivered", "DELIVRD" in life(sent.omnimessage_id), True)


def carousel() -> Any:
    button = messente_api.ViberCarouselButton(label="Go", action_url="https://example.com")
    item = messente_api.ViberCarouselItem(title="Shoes", image_url="https://example.com/a.png", primary_button=button)
    return messente_api.ViberCarousel(items=[item, item])


def further() -> tuple[Any, tuple[str, ...]]:
    """A client for what there is besides messages, and the account's name and password."""
    given = credentials("messente")
    where: dict[str, Any] = {} if BY_NAME else {"host": base_url("messente")}
    if not BY_NAME and hasattr(messente_api, "AccountBalanceApi"):
        where["ignore_operation_servers"] = True
    configuration = Configuration(**where)
    configuration.username, configuration.password = given["username"], given["password"]
    return ApiClient(configuration), tuple(given.values())


def blacklists() -> None:
    blacklist = messente_api.BlacklistApi(further()[0])
    refused("blacklist: not there", 404, "203", blacklist.is_blacklisted, TO)
    equal("blacklist: empty", blacklist.fetch_blacklist().phone_numbers, [])
    blacklist.add_to_blacklist(messente_api.NumberToBlacklist(phone_number=TO))
    equal("blacklist: there", blacklist.fetch_blacklist().phone_numbers, [TO])
    equal("blacklist: found", blacklist.is_blacklisted(TO), None)
    number = messente_api.NumberToBlacklist(phone_number=TO)
    refused("blacklist: twice", 409, "204", blacklist.add_to_blacklist, number)
    sent = OmnimessageApi(client()).send_omnimessage(omnimessage(sms()))
    advance("1m")
    (report,) = DeliveryReportApi(client()).retrieve_delivery_report(sent.omnimessage_id).statuses
    equal("blacklist: rejected", (word(report.status), word(report.err)), ("REJECTD", 8))
    blacklist.delete_from_blacklist(TO)
    refused("blacklist: gone", 404, "203", blacklist.delete_from_blacklist, TO)


def phonebooks() -> None:
    api, _ = further()
    groups, contacts = messente_api.GroupsApi(api), messente_api.ContactsApi(api)
    made = groups.create_group(messente_api.GroupName(name="First")).group
    other = groups.create_group(messente_api.GroupName(name="Other")).group
    equal("groups: all", [group.name for group in groups.fetch_groups().groups], ["First", "Other"])
    fields = messente_api.ContactFields(phone_number=TO, first_name="Anne", custom="blue")
    equal("contacts: created", contacts.create_contact(fields).contact.first_name, "Anne")
    refused("contacts: twice", 409, "204", contacts.create_contact, fields)
    for group in (made, other):
        equal("contacts: in a group", contacts.add_contact_to_group(group.id, TO), {})
    equal("groups: count", groups.fetch_group(made.id).group.contacts_count, 1)
    equal("contacts: groups", len(contacts.fetch_contact_groups(TO).groups), 2)
    equal(
        "contacts: of a group",
        [found.phone_number for found in contacts.fetch_contacts(group_ids=[made.id]).contacts],
        [TO],
    )
    changed = contacts.update_contact(TO, messente_api.ContactUpdateFields(last_name="Smith")).contact
    equal("contacts: changed", (changed.first_name, changed.last_name, changed.custom), ("Anne", "Smith", "blue"))
    contacts.remove_contact_from_group(made.id, TO)
    refused("contacts: not in the group", 404, "203", contacts.remove_contact_from_group, made.id, TO)
    equal("groups: renamed", groups.update_group(made.id, messente_api.GroupName(name="Last")).group.name, "Last")
    contacts.delete_contact(TO)
    refused("contacts: gone", 404, "203", contacts.fetch_contact, TO)
    groups.delete_group(made.id)
    refused("groups: gone", 404, "203", groups.fetch_group, made.id)
    refused("groups: no id", 400, "201", groups.fetch_group, "1")


def lookups() -> None:
    lookup = messente_api.NumberLookupApi(further()[0])
    numbers = messente_api.NumbersToInvestigate(numbers=["+15005551420", TO])
    found = lookup.fetch_info(numbers).result
    off = "false" if messente_api.__version__ == "2.7.0" else "OFF"
    equal("lookup: off", found[0].status, off)
    equal("lookup: country", found[1].original_network.country_name, "Estonia")
    again = lookup.fetch_info(numbers).result
    equal("lookup: always the same", [str(each) for each in again], [str(each) for each in found])


def statistics() -> None:
    reports = messente_api.StatisticsApi(further()[0])
    OmnimessageApi(client()).send_omnimessage(omnimessage(sms()))
    advance("1m")
    day = datetime.date(2026, 1, 1)
    settings = messente_api.StatisticsReportSettings(start_date=day, end_date=day, message_types=["sms"])
    (report,) = reports.create_statistics_report(settings).reports
    equal("statistics: country", report.country, "Estonia")
    backwards = messente_api.StatisticsReportSettings(start_date=datetime.date(2026, 1, 2), end_date=day)
    refused("statistics: days in the wrong order", 422, "104", reports.create_statistics_report, backwards)


def accounts() -> None:
    api, account = further()
    balance, pricing = messente_api.AccountBalanceApi(api), messente_api.PricingApi(api)
    equal("balance", balance.get_account_balance(*account)[:3], "OK ")
    equal("balance by POST", balance.get_account_balance_using_post(*account)[:3], "OK ")
    equal("prices", pricing.get_prices(*account, "EE", "json").name, "Estonia")
    equal("price list", "Estonia" in pricing.get_pricelist(*account), True)


def verifications() -> None:
    api, account = further()
    verification = messente_api.NumberVerificationApi(api)
    started, _, id = verification.verify_number(*account, TO).partition(" ")
    equal("verification: started", started, "OK")
    equal("verification: wrong", verification.verify_pin(*account, id, "x"), "INVALID")
    text = control("GET", f"messages?to=%2B{TO[1:]}")["messages"][0]["channels"][0]["text"]
    digits = "".join(letter for letter in text if letter.isdigit())
    equal("verification: right", verification.verify_pin(*account, id, digits), "VERIFIED")
    advance("2h")
    _, _, late = verification.verify_number(*account, "+37255000002").partition(" ")
    advance("2h")
    equal("verification: expired", verification.verify_pin(*account, late, digits), "EXPIRED")


def templates() -> None:
    api = messente_api.WhatsAppTemplatesApi(further()[0])
    equal("templates: none", api.list_whatsapp_templates("1").templates, [])
    document: dict[str, Any] = {"name": "order_sent", "language": "en", "category": "utility"}
    document["components"] = [{"type": "body", "text": "Your order is on its way."}]
    made = api.create_whatsapp_template("1", messente_api.WhatsappCreateTemplateRequest.from_dict(document))
    equal("templates: pending", word(made.status), "pending")
    advance("1h")
    equal("templates: approved", word(api.get_whatsapp_template_by_id("1", made.id).status), "approved")
    change = messente_api.WhatsappUpdateTemplateRequest(category="marketing")
    equal("templates: changed", bool(api.update_whatsapp_template("1", made.id, change)), True)
    api.delete_whatsapp_template("1", name="order_sent")
    equal("templates: gone", api.list_whatsapp_templates("1").templates, [])


FURTHER = {
    "BlacklistApi": blacklists,
    "GroupsApi": phonebooks,
    "NumberLookupApi": lookups,
    "StatisticsApi": statistics,
    "AccountBalanceApi": accounts,
    "NumberVerificationApi": verifications,
    "WhatsAppTemplatesApi": templates,
}


part(sends, client())
part(cancels, client())
part(refusals, client())
part(catalogue)
if VERSION_2:
    part(bulks, client())
if (
    not VERSION_2
):  # What version 1 makes of an answer to a lookup needs `inspect.getargspec`, which Python 3.11 has not.
    del FURTHER["NumberLookupApi"]
for name, further_part in FURTHER.items():
    if hasattr(messente_api, name):
        part(further_part)
if hasattr(messente_api, "Rcs"):
    part(sends_beyond_the_document, client())
