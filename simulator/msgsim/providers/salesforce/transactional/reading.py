"""Sends to drafts: one per recipient.

Sources: the send pages of the Transactional Messaging API reference; 109122 as a client got it. How a name in the
content is filled, and that a number which cannot be is found out by the network, is inferred.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from uuid import UUID

from msgsim.contract.formats import impossible
from msgsim.engine.device import words
from msgsim.model import Beat, Channel, Draft, Json, Refusal, Refused
from msgsim.provider import Desk
from msgsim.providers.salesforce.transactional import content, definitions
from msgsim.providers.salesforce.transactional.times import KEPT

KEY_LIMIT = 100
"""Characters of a messageKey."""
KNOWN = frozenset({"definitionKey", "attributes", "subscriptions", "options"})
"""Members of every send, besides those that say who gets it."""
HELD = (Beat(0, "queued"), Beat(KEPT, "failed", 139))
"""What becomes of a send by an inactive definition: it waits until the definition is active, or times out."""
IMPOSSIBLE = (Beat(200, "queued"), Beat(650, "failed", 129))
"""What becomes of a number that nobody can have: PhoneNumberValidationFailed."""


class Sending:
    """What the recipients of one send share."""

    def __init__(self, channel: str, body: Json, desk: Desk) -> None:
        """Raises Refused for a definition that there is not, and for a key in the path that cannot be."""
        self.channel = channel
        self.body = body
        self.definition = definitions.find(channel, body["definitionKey"], desk)
        if self.definition is None:
            raise Refused(Refusal("invalid_definition_key", "definitionKey"))
        self.single = "messageKey" in desk.params
        if self.single and len(desk.params["messageKey"]) > KEY_LIMIT:
            raise Refused(Refusal("invalid_message_key", "messageKey"))
        written = [desk.params["messageKey"]] if self.single else map(_key_of, recipients(body))
        self.keys = [key or _made(desk) for key in written]
        """Of the messages, in the order of the recipients."""
        self.used: set[str] = set()


def _key_of(recipient: Json) -> str:
    key = recipient.get("messageKey") if isinstance(recipient, dict) else None
    return key if isinstance(key, str) else ""


def _made(desk: Desk) -> str:
    """22 characters: a GUID in base64."""
    return urlsafe_b64encode(UUID(desk.seed.uuid4(desk.number())).bytes).decode().rstrip("=")


def recipients(body: Json) -> list[Json]:
    found: list[Json] = body["recipients"] if "recipients" in body else [body["recipient"]]
    return found


def check(channel: str, body: Json, desk: Desk) -> Iterable[Refusal]:
    """Members that this send does not have: ``recipient`` without a key in the path, and the other way round."""
    if not isinstance(body, dict):
        return
    known = {*KNOWN, "recipient" if "messageKey" in desk.params else "recipients", *content.OVERRIDES[channel]}
    for name in body:
        if name not in known:
            yield Refusal("unknown_field_name", name, values={"channel": channel, "name": name})


def read(item: Json, index: int, sending: Sending, desk: Desk) -> Draft:
    """Raises Refused for a messageKey that this send has had before."""
    channel, key = sending.channel, sending.keys[index]
    if key in sending.used:
        raise Refused(Refusal("duplicate_message_key", "messageKey"))
    sending.used.add(key)
    attributes = {**_attributes(sending.body), **_attributes(item)}
    text, shown = content.of(channel, sending.definition, sending.body, attributes, desk.settings)
    to = _address(item)
    id = desk.seed.uuid4(desk.number())
    kept = {"definitionKey": sending.definition["definitionKey"], "messageKey": key}
    kept |= {name: item[name] for name in ("contactKey", "to") if name in item}
    sender = content.sender(channel, sending.definition)
    drawn = Channel(channel, id, sender, to, text, {**shown, "attributes": attributes})
    fate = _fate(channel, to, sending.definition)
    return Draft(id, to, (drawn,), extra=kept, item=index, reference=key, fate=fate)


def _attributes(inside: Json) -> Mapping[str, Json]:
    found: Mapping[str, Json] = inside.get("attributes") or {}
    return found


def _address(item: Json) -> str:
    """A number, an address, the first device; the contact where there is none."""
    to = item.get("to") or item.get("contactKey")
    return words(to[0] if isinstance(to, list) else to)


def _fate(channel: str, to: str, definition: Json) -> tuple[Beat, ...] | None:
    """What the service itself makes of it; None: the usual."""
    if not definitions.is_active(definition):
        return HELD
    is_number = channel == "sms" and re.fullmatch(r"\+?\d+", to, re.ASCII)
    return IMPOSSIBLE if is_number and impossible(f"+{to.removeprefix('+')}") else None
