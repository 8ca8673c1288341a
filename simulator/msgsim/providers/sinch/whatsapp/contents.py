"""The content of WhatsApp messages, and the fate of content that WhatsApp does not accept."""

import re
from urllib.parse import urlsplit

from msgspec import Struct

from msgsim.model import Beat, Json
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.whatsapp import templates

CONTENTS = (
    *("messageText", "image", "audio", "document", "video", "location", "contacts"),
    *("hsm", "template", "interactive"),
)
TYPES = {
    "image": frozenset({"JPG", "JPEG", "PNG"}),
    "audio": frozenset({"AAC", "AMR", "M4A", "MP3", "MP4", "OGG"}),
    "document": frozenset({"CSV", "DOC", "DOCX", "PDF", "PPT", "PPTX", "TXT", "XLS", "XLSX"}),
    "video": frozenset({"3GP", "MP4"}),
}
"""Kind of media → extensions that WhatsApp accepts [inferred from its public rules]."""
LONGEST = 4096
"""Most characters of a text [inferred: WhatsApp's limit]."""
DAY = 86_400_000
LIFETIME = range(1, 31)
"""Days for which a template may be delivered (``ttl``)."""
DEFAULT_DAYS = 7
_NOT_IN_A_VALUE = re.compile(r"[\n\t]| {5}")
"""What WhatsApp refuses in parameters: line breaks, tabs, five blanks [inferred from its public rules]."""

Fate = tuple[Beat, ...]
UNUSABLE: Fate = (Beat(300, "SENT_SUCCESS"), Beat(2300, "NOT_DELIVERED"))
"""For a template that is unknown, not approved, or used with the wrong number of parameters."""


class Content(Struct, frozen=True):
    """The content that all messages of a request share."""

    text: str
    shown: dict[str, Json]
    """`Channel.content`: what is shown besides the text, in the provider's members."""
    fate: Fate | None = None
    """The fate for every recipient; None: the content is acceptable."""
    ttl: int | None = None
    """Milliseconds for which a template may be delivered; None: not a template."""


def rejected(status: str) -> Fate:
    """The fate of a message that is not sent; the time is that of recorded SMS."""
    return (Beat(160, status),)


def content_of(message: dict[str, Json], desk: Desk) -> Content:
    """The content of a message that has passed its schema."""
    if (used := templates.used_in(message)) is not None:
        return _template(used, message, desk)
    if "ttl" in message:
        desk.note("ttl without a template is ignored")
    kind = next(kind for kind in CONTENTS if kind in message)
    members = message[kind]
    if kind == "messageText":
        return Content(members, {}, rejected("INVALID_MESSAGE_LENGTH") if len(members) > LONGEST else None)
    if kind in TYPES:
        return Content(members.get("caption", ""), {kind: members}, _media_fate(kind, members))
    return Content(_text_of(kind, members), {kind: members})


def _text_of(kind: str, members: Json) -> str:
    if kind == "interactive":
        return str(members["body"]["text"])
    if kind == "location":
        return str(members.get("name") or members["geoPoint"])
    return ", ".join(filter(None, (person.get("name", {}).get("formatted_name") for person in members)))


def _media_fate(kind: str, media: dict[str, Json]) -> Fate | None:
    """The fate of a type that WhatsApp does not accept, or of a host below ``.invalid`` (RFC 2606); else None."""
    extension = media.get("type") or urlsplit(media["url"]).path.rpartition(".")[2]
    if extension.upper() not in TYPES[kind] and (media.get("type") or 0 < len(extension) < 5):
        return rejected("INVALID_CONTENT")
    return _unreachable(media["url"])


def _unreachable(url: str) -> Fate | None:
    host = urlsplit(url).hostname or ""
    return rejected("CARRIER_COMMUNICATION_ERROR") if host == "invalid" or host.endswith(".invalid") else None


def _template(used: templates.Used, message: dict[str, Json], desk: Desk) -> Content:
    template = templates.find(used, account(desk).whatsapp_templates)
    ttl = _days(message.get("ttl", DEFAULT_DAYS)) * DAY
    if template is None or not templates.matches(used, template):
        return Content(", ".join(used.parameters), {used.kind: message[used.kind]}, UNUSABLE, ttl)
    filled = templates.filled(used, template)
    shown = {used.kind: message[used.kind], "filled": filled.parts}
    return Content(filled.text, shown, _template_fate(used), ttl)


def _template_fate(used: templates.Used) -> Fate | None:
    if any(not value.strip() or _NOT_IN_A_VALUE.search(value) for value in used.parameters):
        return rejected("INVALID_MESSAGE_TEXT")
    url = used.header.get("element", {}).get("url")
    return None if url is None else _unreachable(url)


def _days(ttl: float) -> int:
    """``ttl`` in days, limited to LIFETIME as documented."""
    return min(max(int(ttl), LIFETIME.start), LIFETIME.stop - 1)
