"""Reports on SMS: callbacks, delivery reports (DLR), and the entries of queries."""

from collections.abc import Iterable

from msgspec import Struct

from msgsim.contract import Contract
from msgsim.model import Callback, Due, Inbound, Json, Message, Post, Step
from msgsim.provider import callback_body
from msgsim.providers.sinch.account import URLS, Account
from msgsim.providers.sinch.inbound import pushed
from msgsim.providers.sinch.query import date

DELIVERIES = frozenset({"DELIVERED_SUCCESS", "NOT_DELIVERED"})
"""Statuses about the delivery to the handset; all others are about the acceptance by the carrier."""

RECORDING = 250
"""Milliseconds between a status and its ``updatedAt``; the recorded traffic has longer intervals."""


class Known(Struct, frozen=True):
    """The statuses of a message at some time: that of the carrier and, if any, that of the handset."""

    sent: Step
    delivered: Step | None

    @property
    def updated(self) -> int:
        return self.sent.at if self.delivered is None else self.delivered.at


def known(message: Message, now: int) -> Known | None:
    """The statuses at a time; None: no status yet. A delivery implies acceptance by the carrier."""
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
        sent = _taken(delivered)
    return Known(sent, delivered)


def _taken(delivered: Step) -> Step:
    """The acceptance by the carrier that a delivery implies."""
    return Step(delivered.at, delivered.channel, "SENT_SUCCESS", 2)


def callbacks(message: Message, steps: Iterable[Step], customer: Account) -> list[Due]:
    """A callback for each status of the carrier, a DLR for each of the handset, where their URLs are configured."""
    dues = []
    for step in steps if customer.reports else ():
        kind = "dlr" if step.status in DELIVERIES else "callback"
        if url := customer.setting(message.credential, URLS[kind]):
            dues.append(Due(step.at, url, kind, step))
    return dues


def post(callback: Callback, subject: Message | Inbound, customer: Account, contract: Contract) -> Post:
    """The request of a callback; an MO by GET has no body, its members are in the query string."""
    if isinstance(subject, Inbound):
        if callback.kind == "mo-get":
            return Post(b"", (), "GET")
        return Post(callback_body(callback, pushed(subject)))
    step = callback.step
    assert step is not None, "a report has a step"
    return Post(callback_body(callback, dlr(subject, step) if step.status in DELIVERIES else sent(subject, step)))


def sent(message: Message, step: Step) -> Json:
    """The body of a callback; ``campaignId`` is a string here, and a number elsewhere."""
    campaign = {"campaignId": str(message.extra["campaignId"])} if "campaignId" in message.extra else {}
    extra_info = {"extraInfo": message.extra.get("extraInfo", "")}
    return _about(message) | _sent(step, "sentAt", "sentDate") | campaign | extra_info


def dlr(message: Message, step: Step) -> Json:
    """The body of a DLR, with the time of sending under both names that the documents have."""
    before = [earlier for earlier in message.steps if earlier.at <= step.at and earlier.status not in DELIVERIES]
    taken = before[-1] if before else _taken(step)
    times = ("sentStatusAt", "sentStatusDate", "sentAt", "sentDate")
    return (
        _about(message) | _sent(taken, *times) | _delivered(step, "deliveredAt", "deliveredDate") | _optional(message)
    )


def entry(message: Message, status: Known) -> Json:
    """An entry of ``smsStatuses``; unknown members are left out."""
    members = _about(message) | _sent(status.sent, "sentDate", "sentAt")
    if status.delivered is not None:
        members |= _delivered(status.delivered, "deliveredDate", "deliveredAt")
    return members | _times(status.updated + RECORDING, "updatedDate", "updatedAt") | _optional(message)


def legacy(message: Message, status: Known | None) -> Json:
    """The answer of ``sms-status``: flat, with names of its own; ``status`` None: before the first status."""
    members = _about(message)
    del members["correlationId"]
    if status is not None:
        members |= _sent(status.sent, "sentStatusAt", "sentStatusDate")
        if status.delivered is not None:
            members |= _delivered(status.delivered, "deliveredAt", "deliveredDate")
    return members | {name: value for name, value in _optional(message).items() if name == "campaignId"}


# The parts of reports, with members in the order of the documents' samples


def _about(message: Message) -> dict[str, Json]:
    extra = message.extra
    return {
        "id": message.id,
        "correlationId": extra.get("correlationId", message.id),
        "carrierId": extra["carrierId"],
        "carrierName": extra["carrierName"],
        "destination": message.to,
    }


def _sent(step: Step, *times: str) -> dict[str, Json]:
    return {"sentStatusCode": step.code, "sentStatus": step.status, **_times(step.at, *times)}


def _delivered(step: Step, *times: str) -> dict[str, Json]:
    return {"deliveredStatusCode": step.code, "deliveredStatus": step.status, **_times(step.at, *times)}


def _times(at: int, *names: str) -> dict[str, Json]:
    """A time under each name: in milliseconds for names that end in ``At``, else as a date."""
    return {name: at if name.endswith("At") else date(at) for name in names}


def _optional(message: Message) -> dict[str, Json]:
    return {name: message.extra[name] for name in ("campaignId", "extraInfo") if name in message.extra}
