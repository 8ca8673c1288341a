"""From a checked send to drafts, one per message."""

from typing import cast

from msgsim.model import Beat, Channel, Draft, Json, Message
from msgsim.provider import Desk
from msgsim.providers.sinch import campaigns, schedule
from msgsim.providers.sinch.account import Account, account
from msgsim.providers.sinch.carriers import UNKNOWN, Carrier, digits
from msgsim.providers.sinch.members import TEXT_SOURCES
from msgsim.providers.sinch.segments import parts, without_accents

CHANNEL = "sms"
ECHOED = ("correlationId", "extraInfo")
"""Members that every report repeats."""
INVALID_NUMBER = (Beat(160, "INVALID_DESTINATION_NUMBER"),)
WRONG_PARAMS = (Beat(160, "INVALID_MESSAGE_TEXT"),)
WITHOUT_DLR = (Beat(300, "SENT_SUCCESS"),)
"""Lives where no scenario says otherwise; the times are those of recorded traffic."""


def is_sms(message: Message) -> bool:
    """Whether a message came by the SMS API, and not by another that has SMS among its channels."""
    return "carrierId" in message.extra


class Batch:
    """What the messages of one request share; a single send is a batch of one."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.account: Account = account(desk)
        self.seed = desk.seed
        self.first = desk.ticks(len(body.get("messages", ("the only one",))) + 1)
        """The ticks of the batch's own id; those of its messages follow."""
        self.id = desk.seed.uuid1(self.first)
        name = body.get("timeZone")
        where = schedule.zone(name) if name else self.account.zone(desk.credential.name)
        start = schedule.inside(schedule.scheduled(body, where, desk.now), body.get("timeWindow", ()), where)
        self.start = start if start > desk.now else None
        self.expires = schedule.expiry(body, where, desk.now)
        user = self.account.user(desk.credential.name)
        self._sub_account = user.sub_account if user is not None else ""
        self._campaign = campaigns.extra_of(body, desk)
        self._extras: dict[tuple[Carrier, str], dict[str, Json]] = {}

    def extra_of(self, carrier: Carrier, item: dict[str, Json]) -> dict[str, Json]:
        """What is kept of a message for its reports."""
        sub_account = item.get("subAccount") or self._sub_account
        if (extra := self._extras.get((carrier, sub_account))) is None:
            extra = {"carrierId": carrier.id, "carrierName": carrier.name, **self._campaign}
            extra = self._extras[carrier, sub_account] = extra | ({"subAccount": sub_account} if sub_account else {})
        for name in ECHOED:
            if name in item:
                extra = {**extra, name: item[name]}
        return extra


def items(body: Json) -> list[Json]:
    return cast("list[Json]", body["messages"])


def read(body: Json, desk: Desk) -> Draft:
    """A single message: a batch of one. Raises Refused when its flow or template is not there."""
    return _draft(body, 0, "", Batch(body, desk), desk)


def read_item(item: Json, index: int, batch: Batch, desk: Desk) -> Draft:
    """One message of a bulk. Raises Refused when its flow or template is not there."""
    return _draft(item, index, f"messages.{index}.", batch, desk)


def _draft(item: dict[str, Json], index: int, where: str, batch: Batch, desk: Desk) -> Draft:
    """``where``: what stands before a member's name in a refusal."""
    number = item["destination"]
    if not (number.isdecimal() and number.isascii()):
        number = digits(number) or number
        desk.note("destination is not digits only")
    text, fate = _text(item, where, batch, desk)
    carrier = batch.account.carriers.of(number, batch.seed)
    if carrier is None:
        carrier, fate = UNKNOWN, INVALID_NUMBER
    elif not carrier.dlr and fate is None:
        fate = WITHOUT_DLR
    if not text.isascii() and not (carrier.accents and batch.account.settings["accents"]):
        text = without_accents(text)
    id = batch.seed.uuid1(batch.first + 1 + index)
    channel = Channel(CHANNEL, id, batch.account.short_code, "", text, _content(text, item, carrier))
    extra = batch.extra_of(carrier, item)
    reference = item.get("correlationId", "")
    return Draft(id, number, (channel,), batch.start, batch.expires, fate, extra, batch.id, index, reference)


def _text(item: dict[str, Json], where: str, batch: Batch, desk: Desk) -> tuple[str, tuple[Beat, ...] | None]:
    """The text, and the life of a message whose params do not fill it."""
    if TEXT_SOURCES.isdisjoint(item):
        if "params" in item:
            desk.note("params without flowId or template are ignored")
        return item["messageText"], None
    text, complete = batch.account.texts.of(item, where)
    return text, None if complete else WRONG_PARAMS


def _content(text: str, item: dict[str, Json], carrier: Carrier) -> Json:
    """What is shown besides the text: its parts, how it is shown, and where it is from."""
    content = parts(text)
    if "flashSMS" in item or (content["parts"] > 1 and not carrier.concatenation):
        content = content | {"flashSMS": item.get("flashSMS", False), "concatenated": carrier.concatenation}
    if TEXT_SOURCES.isdisjoint(item):
        return content
    return content | {name: value for name, value in item.items() if name in TEXT_SOURCES}
