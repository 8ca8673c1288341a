"""MO on WhatsApp: each opens or extends a session, and is pushed to a URL of its own."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec.structs import replace

from msgsim.clock import iso
from msgsim.engine.device import mapping, mappings
from msgsim.model import Due, Inbound, Json, Message
from msgsim.provider.desk import View
from msgsim.providers.sinch.account import Account, account
from msgsim.providers.sinch.carriers import digits
from msgsim.providers.sinch.inbound import ON_WHATSAPP
from msgsim.providers.sinch.whatsapp import sessions
from msgsim.providers.sinch.whatsapp.drafts import CHANNEL
from msgsim.providers.sinch.whatsapp.members import is_geo_point
from msgsim.providers.sinch.whatsapp.reports import ECHOED, envelope

KIND = "whatsapp-mo"
MEDIA = {
    "JPG": ("IMAGE", "image/jpeg"),
    "JPEG": ("IMAGE", "image/jpeg"),
    "PNG": ("IMAGE", "image/png"),
    "MP3": ("AUDIO", "audio/mpeg"),
    "OGG": ("AUDIO", "audio/ogg"),
    "PDF": ("DOCUMENT", "application/pdf"),
    "WEBP": ("STICKER", "image/webp"),
}
"""Extension of a URL that a phone sends → type and MIME type."""
_GEO = re.compile(r"geo:(.+)")


def is_for(to: str, message: Message | None, customer: Account) -> bool:
    """Whether an MO is on WhatsApp: to the account's WhatsApp number, or in reply to a WhatsApp message."""
    if digits(to) == digits(customer.whatsapp_number):
        return True
    return not to and message is not None and message.channels[0].name == CHANNEL


def receive(inbound: Inbound, message: Message | None, view: View) -> tuple[Inbound, list[Due]]:
    """An MO with its session, and its push.

    ``message``: the newest message to this number on any channel; it counts as answered only if it was on WhatsApp.
    """
    customer = account(view)
    number = digits(inbound.sender) or inbound.sender
    answered = message if message is not None and message.channels[0].name == CHANNEL else None
    owner = inbound.credential or next((user.name for user in customer.users if user.whatsapp_mo_url), "")
    session = sessions.opened(number, inbound.at, view)
    extra: Json = {
        ON_WHATSAPP: {
            "answered": _answered(answered),
            "message": dict(_content(inbound.text, answered)),
            "session": {"sessionId": session["id"], "createdAt": iso(session["from"])},
        }
    }
    taken = replace(
        inbound,
        id=view.seed.uuid1(view.ticks(1)),
        sender=number,
        to=customer.whatsapp_number,
        credential=owner,
        message=answered.id if answered else "",
        extra=extra,
    )
    url = customer.setting(owner, "whatsapp_mo_url")
    return taken, [Due(taken.at, url, KIND)] if url else []


def _answered(message: Message | None) -> dict[str, Json]:
    """Members of an MO about the message that it answers; empty: none."""
    if message is None:
        return {}
    given = {name: message.extra[name] for name in ECHOED if name in message.extra}
    return {"correlationId": message.extra.get("correlationId", message.id), **given, "mtSentAt": message.accepted}


def _content(text: str, answered: Message | None) -> Iterator[tuple[str, Json]]:
    """``message`` of an MO: a text, a reply that was offered, media (the text is a URL), or a location (``geo:``)."""
    if (place := _GEO.fullmatch(text)) is not None and is_geo_point(place[1]):
        yield "location", {"geoPoint": place[1]}
        return
    if (medium := _medium(text)) is not None:
        yield "type", medium[0]
        yield "mediaUrl", text
        yield "mimeType", medium[1]
        return
    yield "type", "TEXT"
    yield "messageText", text
    if (choice := _choice(text, answered)) is not None:
        yield "interactive", choice


def _medium(text: str) -> tuple[str, str] | None:
    if not text.startswith(("http://", "https://")) or " " in text or "\n" in text:
        return None
    try:
        path = urlsplit(text).path
    except ValueError:
        return None
    return MEDIA.get(path.rpartition(".")[2].upper())


def _choice(text: str, answered: Message | None) -> Json:
    """The row or button with this title in the answered message; None: it has no such row or button."""
    interactive = mapping(mapping(answered.channels[0].content).get("interactive")) if answered else {}
    for section in mappings(mapping(interactive.get("listAction")).get("sections")):
        for row in mappings(section.get("rows")):
            if row.get("title") == text:
                return {"type": "LIST_REPLY", "listReply": {"rowIdentifier": row["identifier"], "rowTitle": text}}
    for reply in mappings(mapping(interactive.get("replyButtonAction")).get("buttons")):
        offered = mapping(reply.get("reply"))
        if offered.get("title") == text:
            return {"type": "BUTTON_REPLY", "buttonReply": {"payload": offered["payload"], "title": text}}
    return None


def pushed(inbound: Inbound, customer: Account) -> Json:
    """The body of a push."""
    members = inbound.extra[ON_WHATSAPP]
    return envelope(
        customer,
        {
            "id": inbound.id,
            "source": inbound.sender,
            "origin": inbound.to,
            "userProfile": {"name": f"Customer {inbound.sender[-4:]}", "whatsAppId": inbound.sender},
            **members["answered"],
            "message": members["message"],
            "receivedAt": inbound.at,
            "receivedDate": iso(inbound.at),
            "session": members["session"],
        },
    )
