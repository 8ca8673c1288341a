"""Messente's SDK for Python, from 1.5 to 2.7: what differs between the versions is asked of the package."""

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
    KINDS[400] = "BadRequestException"


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
    kind = getattr(kinds, KINDS.get(status, "ApiException"))
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


def further_apis() -> None:
    """What the newest version has besides messages, on both of its hosts."""
    where = {} if BY_NAME else {"host": base_url("messente"), "ignore_operation_servers": True}
    given = credentials("messente")
    api, account = ApiClient(Configuration(**given, **where)), tuple(given.values())
    blacklist, groups = messente_api.BlacklistApi(api), messente_api.GroupsApi(api)
    refused("blacklist: not there", 404, "203", blacklist.is_blacklisted, TO)
    blacklist.add_to_blacklist(messente_api.NumberToBlacklist(phone_number=TO))
    equal("blacklist: there", blacklist.fetch_blacklist().phone_numbers, [TO])
    blacklist.delete_from_blacklist(TO)
    made = groups.create_group(messente_api.GroupName(name="First")).group
    contacts = messente_api.ContactsApi(api)
    contacts.create_contact(messente_api.ContactFields(phone_number=TO))
    equal("contacts: in a group", contacts.add_contact_to_group(made.id, TO), {})
    equal("groups: count", groups.fetch_group(made.id).group.contacts_count, 1)
    numbers = messente_api.NumbersToInvestigate(numbers=["+15005551420"])
    equal("lookup: off", messente_api.NumberLookupApi(api).fetch_info(numbers).result[0].status, "false")
    equal("balance", messente_api.AccountBalanceApi(api).get_account_balance(*account)[:3], "OK ")
    equal("prices", messente_api.PricingApi(api).get_prices(*account, "EE", "json").name, "Estonia")
    verification = messente_api.NumberVerificationApi(api)
    word, _, id = verification.verify_number(*account, TO).partition(" ")
    equal("verification: started", word, "OK")
    equal("verification: wrong", verification.verify_pin(*account, id, "x"), "INVALID")
    templates = messente_api.WhatsAppTemplatesApi(api)
    equal("templates: none", templates.list_whatsapp_templates("1").templates, [])


part(sends, client())
part(cancels, client())
part(refusals, client())
part(catalogue)
if VERSION_2:
    part(bulks, client())
if hasattr(messente_api, "WhatsAppTemplatesApi") and messente_api.__version__ == "2.7.0":
    part(further_apis)
if hasattr(messente_api, "Rcs"):
    part(sends_beyond_the_document, client())
