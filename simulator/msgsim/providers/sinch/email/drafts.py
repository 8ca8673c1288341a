"""Reads a draft per recipient from a checked send, and answers it."""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from msgsim.contract.formats import is_email
from msgsim.engine.device import text_of_html
from msgsim.model import Beat, Channel, Draft, Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch import campaigns, rules

CHANNEL = "email"
_TAG = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_ECHOED = ("correlationId", "emailName", "extraInfo")
NOT_DELIVERED = (Beat(300, "SENT_SUCCESS"), Beat(2300, "NOT_DELIVERED"))
"""The fate of an e-mail to an invalid address."""


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """Rules that a schema cannot express: whether the user may send, and whether the campaign exists."""
    if isinstance(body, dict):
        yield from rules.sender_rules(desk)
        yield from rules.campaign_rules(body, desk)


class MailBatch:
    """What the e-mails of a request share."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.body: dict[str, Json] = body
        self.first = desk.ticks(len(body["recipients"]) + 1)
        """The tick (100 ns) of the batch's id; those of its e-mails follow."""
        self.id = desk.seed.uuid1(self.first)
        self.extra: dict[str, Json] = {"fromEmail": body["fromEmail"], "fromName": body["fromName"]}
        self.extra |= campaigns.extra_of(body, desk)
        files = [{"name": file["name"], "type": file.get("type", "")} for file in body.get("attachments", ())]
        self.attached: dict[str, Json] = {"attachments": files} if files else {}


def read_item(item: Json, index: int, batch: MailBatch, desk: Desk) -> Draft:
    """The draft for a recipient; tags are replaced by the recipient's values, else by those for all recipients."""
    body = batch.body
    values = {**body.get("substitutionData", {}), **item.get("substitutionData", {})}
    html, text = _filled(body.get("emailHtml", ""), values), _filled(body.get("emailText", ""), values)
    content = {
        "subject": _filled(body.get("subject", ""), values),
        "from": f"{body['fromName']} <{body['fromEmail']}>",
        **({"html": html} if html else {}),
        **({"replyTo": body["replyTo"]} if "replyTo" in body else {}),
        **batch.attached,
    }
    id = desk.seed.uuid1(batch.first + 1 + index)
    channel = Channel(CHANNEL, id, body["fromEmail"], "", text or text_of_html(html), content)
    extra = {**batch.extra, **{name: item[name] for name in _ECHOED if name in item}}
    to, reference = item["emailAddress"], item.get("correlationId", "")
    fate = None if is_email(to) else NOT_DELIVERED
    return Draft(id, to, (channel,), None, None, fate, extra, batch.id, index, reference)


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its tags replaced; tags without a value stay visible."""
    return _TAG.sub(lambda tag: values.get(tag[1], tag[0]), text)


def sent(results: Sequence[Message | Refused], batch: MailBatch, desk: Desk) -> Reply:
    """An entry per recipient, in order."""
    recipients = [_accepted(result) for result in results if isinstance(result, Message)]
    return Reply(200, msgspec.json.encode({"id": batch.id, "recipients": recipients}))


def _accepted(message: Message) -> Json:
    given = {"correlationId": message.extra["correlationId"]} if "correlationId" in message.extra else {}
    return {**given, "id": message.id}
