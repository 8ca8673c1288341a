"""Reads drafts from sends, one per recipient.

Sources: the send pages of the Transactional Messaging API reference; 109122 as a client received it. Inferred: how
names in the content are filled, and that impossible numbers fail only in the network.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from uuid import UUID

from msgsim.contract.formats import impossible
from msgsim.engine.device import words
from msgsim.model import Beat, Channel, Draft, Json, Refusal, Refused
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.transactional import content, definitions
from msgsim.providers.salesforce.transactional.times import KEPT

KEY_LIMIT = 100
"""Most characters of a messageKey."""
KNOWN = frozenset({"definitionKey", "attributes", "subscriptions", "options"})
"""Members of every send, besides its recipients."""
HELD = (Beat(0, "queued"), Beat(KEPT, "failed", 139))
"""For a send by an inactive definition: it waits until the definition is active, or times out after three days."""
IMPOSSIBLE = (Beat(200, "queued"), Beat(650, "failed", 129))
"""For an impossible number: PhoneNumberValidationFailed."""


class Sending:
    """The batch of a send: what its recipients share."""

    def __init__(self, channel: str, body: Json, desk: Desk) -> None:
        """Raises Refused for an unknown definition, and for a messageKey in the path that is too long."""
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
        """messageKeys, in the order of the recipients."""
        self.used: set[str] = set()
        """messageKeys of recipients read so far."""


def _key_of(recipient: Json) -> str:
    key = recipient.get("messageKey") if isinstance(recipient, dict) else None
    return key if isinstance(key, str) else ""


def _made(desk: Desk) -> str:
    """A generated messageKey: a GUID in base64, 22 characters."""
    return urlsafe_b64encode(UUID(desk.seed.uuid4(desk.number())).bytes).decode().rstrip("=")


def recipients(body: Json) -> list[Json]:
    found: list[Json] = body["recipients"] if "recipients" in body else [body["recipient"]]
    return found


def check(channel: str, body: Json, desk: Desk) -> Iterable[Refusal]:
    """Unknown members. ``recipient`` is only known with a messageKey in the path, ``recipients`` only without."""
    if not isinstance(body, dict):
        return
    known = {*KNOWN, "recipient" if "messageKey" in desk.params else "recipients", *content.OVERRIDES[channel]}
    for name in body:
        if name not in known:
            yield Refusal("unknown_field_name", name, values={"channel": channel, "name": name})


def read(item: Json, index: int, sending: Sending, desk: Desk) -> Draft:
    """The draft for a recipient. Raises Refused for a messageKey that an earlier recipient of this send has."""
    channel, key = sending.channel, sending.keys[index]
    if key in sending.used:
        raise Refused(Refusal("duplicate_message_key", "messageKey"))
    sending.used.add(key)
    attributes = {**_attributes(sending.body), **_attributes(item)}
    text, members = content.of(channel, sending.definition, sending.body, attributes, desk.settings)
    to = _address(item)
    id = desk.seed.uuid4(desk.number())
    extra = {"definitionKey": sending.definition["definitionKey"], "messageKey": key}
    extra |= {name: item[name] for name in ("contactKey", "to") if name in item}
    sender = content.sender(channel, sending.definition)
    route = Channel(channel, id, sender, to, text, {**members, "attributes": attributes})
    fate = _fate(channel, to, sending.definition)
    return Draft(id, to, (route,), extra=extra, item=index, reference=key, fate=fate)


def _attributes(inside: Json) -> Mapping[str, Json]:
    found: Mapping[str, Json] = inside.get("attributes") or {}
    return found


def _address(item: Json) -> str:
    """The recipient: number, e-mail address or first device; without these the contactKey."""
    to = item.get("to") or item.get("contactKey")
    return words(to[0] if isinstance(to, list) else to)


def _fate(channel: str, to: str, definition: Json) -> tuple[Beat, ...] | None:
    """The draft's fate; None: the default life."""
    if not definitions.is_active(definition):
        return HELD
    is_number = channel == "sms" and re.fullmatch(r"\+?\d+", to, re.ASCII)
    return IMPOSSIBLE if is_number and impossible(f"+{to.removeprefix('+')}") else None
