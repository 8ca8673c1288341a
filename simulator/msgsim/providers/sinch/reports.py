"""What is told about a message: callback, delivery report (DLR), and the entries of queries."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from msgsim.contract import Contract
from msgsim.model import Callback, Due, Inbound, Json, Message, Post, Step
from msgsim.providers.sinch.account import URLS, account
from msgsim.providers.sinch.inbound import pushed
from msgsim.providers.sinch.query import date

DELIVERIES = frozenset({"DELIVERED_SUCCESS", "NOT_DELIVERED"})
"""Statuses that the handset decides; all others say whether the carrier took the message."""

RECORDING = 250
"""Milliseconds from a status to its record, which ``updatedAt`` tells; longer in the recorded traffic."""


class Known(Struct, frozen=True):
    """What is known of a message up to some time."""

    sent: Step
    delivered: Step | None

    @property
    def updated(self) -> int:
        return self.sent.at if self.delivered is None else self.delivered.at


def known(message: Message, now: int) -> Known | None:
    """None while there is no status yet. A delivery says that the carrier took it, even where nobody said so."""
    sent = delivered = None
    for step in message.steps:
        if step.at > now:
            break
        if step.status in DELIVERIES:
            delivered = step
        else:
            sent = step
    if sent is None:
        if delivered is None:
            return None
        sent = Step(delivered.at, delivered.channel, "SENT_SUCCESS", 2)
    return Known(sent, delivered)


def callbacks(message: Message, steps: Iterable[Step], settings: dict[str, Json]) -> list[Due]:
    """A callback for what the carrier said, a DLR for what the handset said, where a URL is set for them."""
    mine, dues = account(settings), []
    for step in steps if mine.reports else ():
        kind = "dlr" if step.status in DELIVERIES else "callback"
        if url := mine.says(message.credential, URLS[kind]):
            dues.append(Due(step.at, url, kind, step))
    return dues


def post(callback: Callback, subject: Message | Inbound, settings: dict[str, Json], contract: Contract) -> Post:
    """One JSON object per message; an MO by GET has all in its query string."""
    if isinstance(subject, Inbound):
        if callback.kind == "mo-get":
            return Post(b"", (), "GET")
        body = msgspec.json.encode(pushed(subject))
    else:
        step = callback.step
        assert step is not None, "a report has a step"
        told = dlr(subject, step) if step.status in DELIVERIES else sent(subject, step)
        body = msgspec.json.encode(told)
    return Post(body[: len(body) // 2] if "corrupt" in callback.twists else body)


def _about(message: Message) -> dict[str, Json]:
    extra = message.extra
    return {
        "id": message.id,
        "correlationId": extra.get("correlationId", message.id),
        "carrierId": extra["carrierId"],
        "carrierName": extra["carrierName"],
        "destination": message.to,
    }


def sent(message: Message, step: Step) -> Json:
    """The callback; ``campaignId`` is a string here and a number everywhere else."""
    about = _about(message) | {
        "sentStatusCode": step.code,
        "sentStatus": step.status,
        "sentAt": step.at,
        "sentDate": date(step.at),
    }
    if "campaignId" in message.extra:
        about["campaignId"] = str(message.extra["campaignId"])
    return about | {"extraInfo": message.extra.get("extraInfo", "")}


def dlr(message: Message, step: Step) -> Json:
    """The delivery report; the documents name the time of sending in two ways, so both are there."""
    before = [one for one in message.steps if one.at <= step.at and one.status not in DELIVERIES]
    first = before[-1] if before else Step(step.at, step.channel, "SENT_SUCCESS", 2)
    return (
        _about(message)
        | {
            "sentStatusCode": first.code,
            "sentStatus": first.status,
            "sentStatusAt": first.at,
            "sentStatusDate": date(first.at),
            "sentAt": first.at,
            "sentDate": date(first.at),
            "deliveredStatusCode": step.code,
            "deliveredStatus": step.status,
            "deliveredAt": step.at,
            "deliveredDate": date(step.at),
        }
        | _optional(message)
    )


def entry(message: Message, what: Known) -> Json:
    """One of the ``smsStatuses``: what is not known is left out."""
    told = _about(message) | {
        "sentStatusCode": what.sent.code,
        "sentStatus": what.sent.status,
        "sentDate": date(what.sent.at),
        "sentAt": what.sent.at,
    }
    if (step := what.delivered) is not None:
        told |= {
            "deliveredStatusCode": step.code,
            "deliveredStatus": step.status,
            "deliveredDate": date(step.at),
            "deliveredAt": step.at,
        }
    recorded = what.updated + RECORDING
    return told | {"updatedDate": date(recorded), "updatedAt": recorded} | _optional(message)


def legacy(message: Message, what: Known | None) -> Json:
    """The answer of ``sms-status``: flat, with its own names, and there before the first status."""
    told = _about(message)
    del told["correlationId"]
    if what is not None:
        told |= {
            "sentStatusCode": what.sent.code,
            "sentStatus": what.sent.status,
            "sentStatusAt": what.sent.at,
            "sentStatusDate": date(what.sent.at),
        }
        if (step := what.delivered) is not None:
            told |= {
                "deliveredStatusCode": step.code,
                "deliveredStatus": step.status,
                "deliveredAt": step.at,
                "deliveredDate": date(step.at),
            }
    return told | {name: value for name, value in _optional(message).items() if name == "campaignId"}


def _optional(message: Message) -> dict[str, Json]:
    return {name: message.extra[name] for name in ("campaignId", "extraInfo") if name in message.extra}
