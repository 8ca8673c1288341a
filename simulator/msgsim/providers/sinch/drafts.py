"""Reads drafts from a checked send, one per message."""

from typing import cast

from msgsim.model import Beat, Channel, Draft, Json, Message
from msgsim.provider.desk import Desk
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
"""Fates of drafts; the times are those of recorded traffic."""


def is_sms(message: Message) -> bool:
    """Whether a message was sent by the SMS API, not by another API with SMS among its channels."""
    return "carrierId" in message.extra


class Batch:
    """What the messages of a request share; a single send is a batch of one message."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.account: Account = account(desk)
        self.seed = desk.seed
        self.first = desk.ticks(len(body.get("messages", ("single message",))) + 1)
        """The tick (100 ns) of the batch's id; those of its messages follow."""
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
        """A message's ``extra``: what its reports need."""
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
    """The draft of a single message. Raises Refused for an unknown flow or template."""
    return _draft(body, 0, "", Batch(body, desk), desk)


def read_item(item: Json, index: int, batch: Batch, desk: Desk) -> Draft:
    """The draft of a message of a bulk. Raises Refused for an unknown flow or template."""
    return _draft(item, index, f"messages.{index}.", batch, desk)


def _draft(item: dict[str, Json], index: int, where: str, batch: Batch, desk: Desk) -> Draft:
    """``where``: prefix of a member's name in a refusal, such as ``messages.0.``."""
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
    """The text, and the fate of a message whose params do not fill all gaps; else None."""
    if TEXT_SOURCES.isdisjoint(item):
        if "params" in item:
            desk.note("params without flowId or template are ignored")
        return item["messageText"], None
    text, complete = batch.account.texts.of(item, where)
    return text, None if complete else WRONG_PARAMS


def _content(text: str, item: dict[str, Json], carrier: Carrier) -> Json:
    """A channel's content: segments, flash SMS, and the flow or template of the text."""
    content = parts(text)
    if "flashSMS" in item or (content["parts"] > 1 and not carrier.concatenation):
        content = content | {"flashSMS": item.get("flashSMS", False), "concatenated": carrier.concatenation}
    if TEXT_SOURCES.isdisjoint(item):
        return content
    return content | {name: value for name, value in item.items() if name in TEXT_SOURCES}
