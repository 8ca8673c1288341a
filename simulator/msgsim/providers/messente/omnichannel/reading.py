"""Reads drafts from omnimessages.

Sources: Messente Omnichannel API, Sends an Omnimessage; delivery report statuses and error codes.
"""

from collections.abc import Mapping

from msgsim.clock import date_time
from msgsim.model import Channel, Draft, Json
from msgsim.provider.desk import Desk
from msgsim.providers.messente.fates import fate_of
from msgsim.providers.messente.ledger import Credit
from msgsim.providers.messente.sms import convert, parts

RETRY_WINDOW = 21_600_000
"""Milliseconds that a channel without ttl and validity is tried: six hours, the documented default for SMS."""
CONTENT = {
    "sms": ("autoconvert", "udh"),
    "viber": ("image_url", "button_url", "button_text", "video"),
    "whatsapp": ("template",),
    "rcs": ("content_info", "rich_card", "suggestions"),
}
"""Channel → members of its content besides the text."""
EXTENSIONS = {
    "viber": ("carousel", "template"),
    "whatsapp": ("image", "video", "audio", "document", "sticker"),
}
"""Channel → further members with the setting ``extensions``."""
SDK_AUTOCONVERT = ("true", "false")
"""Values of ``autoconvert`` that Messente's SDKs send, unlike its documents."""


def with_plus(body: Json, desk: Desk) -> Json:
    """A body with a plus added to recipients without a plus, where the setting ``accept_without_plus`` is on."""
    if not desk.settings["accept_without_plus"] or not isinstance(body, dict):
        return body
    if "to" in body:
        return _with_plus(body)
    items = body.get("messages")
    return {**body, "messages": [_with_plus(item) for item in items]} if isinstance(items, list) else body


def _with_plus(item: Json) -> Json:
    to = item.get("to") if isinstance(item, dict) else None
    return {**item, "to": f"+{to}"} if isinstance(to, str) and to.isdecimal() else item


def omnimessage(body: Json, desk: Desk) -> Draft:
    """The draft of a single omnimessage that has passed its schema."""
    return bulk_item(body, 0, Credit(desk), desk)


def credit_of(body: Json, desk: Desk) -> Credit:
    """The batch of a bulk: the credit that all its items share."""
    return Credit(desk)


def bulk_item(item: Json, index: int, credit: Credit, desk: Desk) -> Draft:
    """The draft of an omnimessage that has passed its schema; a channel for each of its ``messages``.

    Raises Refused for an SDK's ``autoconvert`` in strict mode.
    """
    settings = desk.settings
    account = _account(desk)
    sender = str(account.get("sender") or settings["sender"])
    messages = item["messages"]
    omnimessage_id, *ids = desk.seed.uuid4s(desk.number(), 1 + len(messages))
    for place, message in enumerate(messages):
        if message.get("autoconvert") in SDK_AUTOCONVERT and message["channel"] == "sms":
            source = f"messages.{place}.autoconvert"
            desk.note(f"{source} is {message['autoconvert']}; the document has on, full and off", source)
    channels = tuple([_channel(message, id, sender, settings) for message, id in zip(messages, ids, strict=True)])
    time_to_send = item.get("time_to_send")
    extra = {"dlr_url": item.get("dlr_url") or str(account.get("dlr_url") or settings["dlr_url"])}
    if "text_store" in item:
        extra["text_store"] = item["text_store"]
    if "priority" in item:
        extra["priority"] = item["priority"]
    draft = Draft(
        id=omnimessage_id,
        to=item["to"],
        channels=channels,
        start=None if time_to_send is None else date_time(time_to_send),
        extra=extra,
        item=index,
    )
    return fate_of(draft, desk, credit)


def _channel(message: Json, id: str, sender: str, settings: Mapping[str, Json]) -> Channel:
    """A channel of a draft; members of other channels' contents are ignored."""
    name, extended = message["channel"], settings["extensions"]
    named = CONTENT[name] + EXTENSIONS.get(name, ()) if extended else CONTENT[name]
    content = {member: message[member] for member in named if member in message}
    if name == "whatsapp":
        text = message["text"]["body"] if extended and "text" in message else ""
    else:
        text = message.get("text", "")
    if name == "sms":
        text = convert(text, message.get("autoconvert", "on"))
        content |= parts(text, message.get("udh", ""))
    if "ttl" in message:
        ttl = message["ttl"] * 1000
    else:
        ttl = message["validity"] * 60_000 if "validity" in message else RETRY_WINDOW
    return Channel(name, id, message.get("sender") or sender, "", text, content or None, ttl)


def _account(desk: Desk) -> Mapping[str, Json]:
    """The settings of the caller's account; empty: it is not configured."""
    for account in desk.settings["accounts"]:
        if account["username"] == desk.credential.name:
            return account  # type: ignore[no-any-return]
    return {}
