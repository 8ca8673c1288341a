"""Reads a draft per contact from a checked omni send, with a channel for each step that has a number or address."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from msgsim.contract.formats import impossible, is_email
from msgsim.engine.device import mapping, mappings, text_of_html
from msgsim.model import Beat, Channel, Draft, Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch import campaigns, rules
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.carriers import digits
from msgsim.providers.sinch.scalars import as_text, present
from msgsim.providers.sinch.segments import parts

MINUTE = 60_000
NAMES = {"MT": "sms", "VOICE": "voice", "EMAIL": "email"}
"""Type of a step → its channel."""
RINGS = 1
"""Minutes that a call without ``timeout`` rings [inferred, as is the unit]."""
SMS_WAITS = 24 * 60
"""Minutes that carriers try to deliver an SMS before the next step: usually 24 hours."""
UNREACHABLE = {
    "sms": (Beat(160, "INVALID_DESTINATION_NUMBER"),),
    "voice": (Beat(160, "NOT_DELIVERED"),),
    "email": (Beat(300, "SENT_SUCCESS"), Beat(2300, "NOT_DELIVERED")),
}
"""Channel → its fate for an impossible number or address."""


def shape(body: Json, desk: Desk) -> Json:
    """A body with contacts and steps without nulls, numbers as texts. Raises Refused in strict mode."""
    if not isinstance(body, dict):
        return body
    shaped = dict(present(body))
    if isinstance(contacts := shaped.get("contacts"), list):
        shaped["contacts"] = [_contact(contact, desk) for contact in contacts]
    if isinstance(template := shaped.get("template"), dict) and isinstance(template.get("steps"), list):
        shaped["template"] = {**present(template), "steps": [present(step) for step in template["steps"]]}
    return shaped


def _contact(contact: Json, desk: Desk) -> Json:
    if not isinstance(contact, dict):
        return contact
    shaped = dict(present(contact))
    if isinstance(info := shaped.get("contactInfo"), dict):
        named = present(info).items()
        shaped["contactInfo"] = {name: as_text(value, "contactInfo", desk) for name, value in named}
    return shaped


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """Rules that a schema cannot express: whether the user may send, the campaign, and a destination per contact."""
    if not isinstance(body, dict):
        return
    yield from rules.sender_rules(desk)
    template = body.get("template")
    if not isinstance(template, dict):
        return
    yield from rules.campaign_rules(template, desk)
    fields = [step.get("destinationField") for step in mappings(template.get("steps"))]
    for index, contact in enumerate(mappings(body.get("contacts")) if fields else ()):
        info = mapping(contact.get("contactInfo"))
        if info and not any(isinstance(name, str) and info.get(name) for name in fields):
            yield Refusal("destination_field", f"contacts.{index}.contactInfo")
            return


class OmniBatch:
    """What the messages of a request share."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.steps: list[dict[str, Json]] = body["template"]["steps"]
        self.extra: dict[str, Json] = {"omni": True, **campaigns.extra_of(body["template"], desk)}
        self.size = len(self.steps) + 1
        """Ticks per contact: its message and each step have an id."""
        self.first = desk.ticks(len(body["contacts"]) * self.size + 1)
        self.id = desk.seed.uuid1(self.first)


def read_item(item: Json, index: int, batch: OmniBatch, desk: Desk) -> Draft:
    """The draft for a contact, with the steps for which it has a number or an address."""
    info = item["contactInfo"]
    first = batch.first + 1 + index * batch.size
    reachable = [step for step in batch.steps if info.get(step["destinationField"])]
    channels = tuple(
        _channel(step, info, desk.seed.uuid1(first + 1 + place), desk) for place, step in enumerate(reachable)
    )
    channels = (*channels[:-1], replace(channels[-1], ttl=None)) if channels[-1].name != "voice" else channels
    fates = {place: UNREACHABLE[channel.name] for place, channel in enumerate(channels) if not _can_be(channel)}
    reference = item.get("correlationId", "")
    extra = {**batch.extra, "correlationId": reference} if reference else batch.extra
    return Draft(
        desk.seed.uuid1(first),
        channels[0].to,
        channels,
        extra=extra,
        batch=batch.id,
        item=index,
        reference=reference,
        fates=fates,
    )


def _can_be(channel: Channel) -> bool:
    """Whether its number or address can exist."""
    return is_email(channel.to) if channel.name == "email" else not impossible(f"+{channel.to}")


def _channel(step: dict[str, Json], info: dict[str, str], id: str, desk: Desk) -> Channel:
    name, to = NAMES[step["type"]], info[step["destinationField"]]
    number = to if name == "email" else digits(to) or to
    code = account(desk).short_code
    if name == "sms":
        text = step["messageText"]
        content = {**parts(text), "flashSMS": step.get("flashSms", False)}
        return Channel(name, id, code, number, text, content, SMS_WAITS * MINUTE)
    if name == "voice":
        return Channel(name, id, code, number, step["ttsMessage"], None, step.get("timeout", RINGS) * MINUTE)
    return _email(step, info, id, number)


def _email(step: dict[str, Json], info: dict[str, str], id: str, to: str) -> Channel:
    sender, named = step["fromEmail"], step.get("fromName")
    html = step.get("emailHtml", "")
    content = {
        "subject": step["subject"],
        "from": f"{named} <{sender}>" if named else sender,
        **({"html": html} if html else {}),
        **{name: step[name] for name in ("replyTo",) if name in step},
        **({"recipientName": who} if (who := info.get(step.get("recipientName", ""), "")) else {}),
    }
    return Channel("email", id, sender, to, step.get("emailText") or text_of_html(html), content)


def sent(results: Sequence[Message | Refused], batch: OmniBatch, desk: Desk) -> Reply:
    """Only the id of the request, as in the document's table and sample; its prose promises an id per message."""
    return Reply(200, msgspec.json.encode({"id": batch.id}))
