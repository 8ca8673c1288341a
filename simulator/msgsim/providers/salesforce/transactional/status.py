"""Statuses of messages: of a single message by its key, and the list of messages not sent.

Source: the status pages of the Transactional Messaging API reference. Only event notifications, which are not
simulated, report deliveries; the control API shows them.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from msgsim.contract import FAILURES
from msgsim.contract.decoding import positive
from msgsim.model import Json, Message, Refusal, Refused, Reply, Step
from msgsim.provider.desk import Desk, View
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.transactional.times import KEPT, local

PREFIXES = {"sms": "SMS", "email": "Email", "push": "Push"}
PAGE_SIZE = 500
BOUNCED = "SmsBounced"
"""A failure after the send, which this API does not report."""


def shown(channel: str, body: Json, desk: Desk) -> Reply:
    """GET /messages/{messageKey}: the status of the newest message with this key. Raises Refused."""
    key = desk.params["messageKey"]
    message = next((found for found in desk.referred(key) if is_of(channel, found, desk)), None)
    if message is None:
        raise Refused(Refusal("object_not_found", values={"id": key}))
    event, step = event_of(message, desk.now, desk)
    answer: dict[str, Json] = {"requestId": desk.seed.uuid4(desk.number()), "eventCategoryType": _type(channel, event)}
    answer["timestamp"] = local(step.at if step else message.accepted)
    if event != "Queued":
        answer |= {"compositeId": f"{message.id}.1.1.{message.item}.1", "info": _info(message, step, desk)}
    return json_reply(200, answer)


def is_of(channel: str, message: Message, view: View) -> bool:
    """Whether it is a message of this API and channel that is not too old to be queried."""
    has = isinstance(message.extra, dict) and "definitionKey" in message.extra
    return has and message.channels[0].name == channel and view.now - message.accepted <= KEPT


def event_of(message: Message, now: int, view: View) -> tuple[str, Step | None]:
    """``Queued``, ``Sent`` or ``NotSent``, and the step that caused it; None: only the acceptance of the message."""
    event, cause = "Queued", None
    for step in message.steps:
        if step.at > now:
            break
        kind = view.contract.statuses[step.status].kind
        if kind == "queued":
            cause = cause or step
        elif kind in FAILURES and step.status != BOUNCED:
            event, cause = "NotSent", step
        elif event == "Queued":
            event, cause = "Sent", step
    return event, cause


def _type(channel: str, event: str) -> str:
    return f"TransactionalSendEvents.{PREFIXES[channel]}{event}"


def _info(message: Message, step: Step | None, view: View) -> dict[str, Json]:
    """The recipient, and for a failure its code and text."""
    info = {name: message.extra[name] for name in ("messageKey", "contactKey", "to") if name in message.extra}
    if step is not None and view.contract.statuses[step.status].kind in FAILURES:
        code = step.code if step.code is not None else 100
        info |= {"statusCode": code, "statusMessage": view.contract.codes.get(code, "Error")}
    return info


def not_sent(channel: str, body: Json, desk: Desk) -> Reply:
    """GET /messages/?type=notSent: messages not sent, by time of failure, after ``lastEventId``. Raises Refused."""
    query = {name.lower(): value for name, value in parse_qsl(desk.call.query)}
    if "type" not in query:
        desk.note("type is missing; the document has notSent", "type")
    if query.get("type", "notSent").lower() != "notsent":
        raise Refused(Refusal("invalid_value", "type"))
    size = positive(query, "$pagesize", PAGE_SIZE, Refusal("invalid_value", "$pagesize"))
    last = query.get("lasteventid") or "0"
    if not (last.isascii() and last.isdecimal() and len(last) < 16):
        raise Refused(Refusal("invalid_value", "lastEventId"))
    found = sorted(_failed(channel, desk), key=lambda pair: (pair[1].at, pair[0].key))
    page = [(id, *pair) for id, pair in enumerate(found, 1) if id > int(last)][:size]
    listed = [_failure(channel, id, message, step, desk) for id, message, step in page]
    return json_reply(200, {"lastEventID": page[-1][0] if page else int(last), "messages": listed, "count": len(page)})


def _failed(channel: str, desk: Desk) -> Iterator[tuple[Message, Step]]:
    for message in desk.messages():
        if is_of(channel, message, desk):
            event, step = event_of(message, desk.now, desk)
            if event == "NotSent" and step is not None:
                yield message, step


def _failure(channel: str, id: int, message: Message, step: Step, desk: Desk) -> Json:
    head = {"eventCategoryType": _type(channel, "NotSent"), "timestamp": local(step.at)}
    info = {name: value for name, value in _info(message, step, desk).items() if name != "to"}
    return {**head, "definitionKey": message.extra["definitionKey"], "eventID": id, "info": info}
