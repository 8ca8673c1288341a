"""Reads drafts from a checked send, one per destination."""

from collections.abc import Iterable

from msgsim.contract.formats import impossible
from msgsim.model import Channel, Draft, Json, Refusal
from msgsim.provider.desk import Desk
from msgsim.providers.sinch import campaigns, rules
from msgsim.providers.sinch.account import Account, account
from msgsim.providers.sinch.carriers import digits
from msgsim.providers.sinch.whatsapp import sessions
from msgsim.providers.sinch.whatsapp.contents import Fate, content_of, rejected

CHANNEL = "whatsapp"


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """Rules that a schema cannot express: whether the user may send, the campaign, and the number of rows of a list."""
    if not isinstance(body, dict):
        return
    yield from rules.sender_rules(desk)
    yield from _row_rules(body)
    yield from rules.campaign_rules(body, desk)


def _row_rules(body: dict[str, Json]) -> Iterable[Refusal]:
    found: Json = body
    for name in ("message", "interactive", "listAction", "sections"):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list):
        return
    groups = [section.get("rows") for section in found if isinstance(section, dict)]
    rows = sum(len(group) for group in groups if isinstance(group, list))
    if found and not 1 <= rows <= 10:
        yield Refusal("rows", "message.interactive.listAction.sections")


class Mailing:
    """What the messages of a request share."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.account: Account = account(desk)
        self.content = content_of(body["message"], desk)
        self.first = desk.ticks(len(body["destinations"]) + 1)
        """The tick (100 ns) of the batch's id; those of its messages follow."""
        self.id = desk.seed.uuid1(self.first)
        self.extra = campaigns.extra_of(body, desk)
        for given, name in (("flowId", "flowId"), ("defaultExtraInfo", "extraInfo")):
            if given in body:
                self.extra[name] = body[given]


def read_item(item: Json, index: int, mailing: Mailing, desk: Desk) -> Draft:
    """The draft for a destination."""
    number = digits(item["destination"]) or item["destination"]
    content, sender = mailing.content, mailing.account.whatsapp_number
    id = desk.seed.uuid1(mailing.first + 1 + index)
    channel = Channel(CHANNEL, id, sender, "", content.text, content.shown or None, content.ttl)
    reference = item.get("correlationId", "")
    extra = {**mailing.extra, "correlationId": reference} if reference else mailing.extra
    fate = _fate(number, mailing, desk)
    return Draft(id, number, (channel,), None, None, fate, extra, mailing.id, index, reference)


def _fate(number: str, mailing: Mailing, desk: Desk) -> Fate | None:
    """The draft's fate; None: the default life."""
    if impossible(f"+{number}"):
        return rejected("INVALID_DESTINATION_NUMBER")
    if (status := mailing.account.lists.blocks(number)) is not None:
        return rejected(status)
    if mailing.content.fate is None and mailing.content.ttl is None and not sessions.is_open(number, desk):
        return rejected("INVALID_SESSION")
    return mailing.content.fate
