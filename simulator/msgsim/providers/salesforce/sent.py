"""A sent message and its events: GET /ott/v1/send/{messageId}.

Source: OTTretrieveSentMessage of the Marketing Cloud developer guide. Its events are Created, Queued, Sent and Error;
it does not report deliveries and reads.
"""

from collections.abc import Iterator

from msgsim.clock import iso
from msgsim.contract import FAILURES, Contract
from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.answers import json_reply

ENDPOINT = "send-ott"
"""The endpoint whose messages this route returns."""
FILLED = {"duration": 0, "isReusable": False}
"""Defaults of members that every content has in the answer."""


def get_sent(body: Json, desk: Desk) -> Reply:
    """The message with this ottRequestId, else the newest with this messageKey; case does not matter.

    Raises Refused with ``unknown_message``.
    """
    id = desk.params["messageId"]
    message = desk.message(id.lower())
    if message is None or message.id != id.lower():
        message = next((found for found in desk.referred(id.lower()) if found.endpoint == ENDPOINT), None)
    if message is None or message.endpoint != ENDPOINT:
        raise Refused(Refusal("unknown_message", values={"id": id}))
    events = [{"event": event, "eventDateTime": date(at)} for at, event in history(message, desk.now, desk.contract)]
    return json_reply(200, {"requestBody": request_body(message), "status": events})


def request_body(message: Message) -> Json:
    """The request as sent, with ottRequestId, and its contents with defaults."""
    request, channel = message.extra, message.channels[0]
    group = {"messageGroupKey": request["messageGroupKey"]} if "messageGroupKey" in request else {}
    contents = [
        content | {name: value for name, value in FILLED.items() if name not in content}
        for content in channel.content["contents"]
    ]
    return {
        "messageKey": request["messageKey"],
        "ottRequestId": message.id,
        **group,
        "from": {"senderType": channel.name, "senderId": channel.sender},
        "to": request["to"],
        "message": {**channel.content, "contents": contents, "customKeys": channel.content.get("customKeys", [])},
        "validityPeriod": request["validityPeriod"],
    }


def history(message: Message, now: int, contract: Contract) -> Iterator[tuple[int, str]]:
    """(time, event) of everything up to ``now``, in order.

    Queued always precedes Sent and Error; where the plan has no such step, it has their time.
    """
    yield message.accepted, "Created"
    queued, sent = False, -1
    for step in message.steps:
        if step.at > now:
            return
        kind = contract.statuses[step.status].kind
        if not queued or kind == "queued":
            yield step.at, "Queued"
            queued = True
        if kind in FAILURES:
            yield step.at, "Error"
        elif kind != "queued" and sent < step.channel:
            yield step.at, "Sent"
            sent = step.channel


def date(at: int) -> str:
    """``2018-05-24T13:37:01.29``: UTC without a zone; milliseconds without trailing zeros."""
    return iso(at).removesuffix("Z").rstrip("0").rstrip(".")
