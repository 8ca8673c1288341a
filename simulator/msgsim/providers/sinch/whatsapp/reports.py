"""Status callbacks of WhatsApp messages; each has all statuses up to then."""

from collections.abc import Iterable

from msgsim.clock import iso
from msgsim.model import Due, Json, Message, Step
from msgsim.providers.sinch.account import Account

KIND = "whatsapp-status"
ECHOED = ("campaignId", "campaignAlias", "flowId", "extraInfo")
DELIVERIES = frozenset({"DELIVERED_SUCCESS", "READ_SUCCESS", "NOT_DELIVERED", "EXPIRED"})
"""Statuses of messages that WhatsApp accepted; all others mean that it did not."""


def callbacks(message: Message, steps: Iterable[Step], customer: Account) -> list[Due]:
    """A callback for each status, where their URL is configured."""
    url = customer.setting(message.credential, "whatsapp_callback_url")
    return [Due(step.at, url, KIND, step) for step in steps] if url else []


def envelope(customer: Account, *entries: Json) -> Json:
    """The envelope of pushed statuses or MOs; in the document it has several entries, here always one."""
    return {"total": len(entries), "data": list(entries), "clientInfo": customer.client_info}


def pushed(message: Message, step: Step, customer: Account) -> Json:
    """The body of a callback."""
    return envelope(customer, _entry(message, step))


def _entry(message: Message, step: Step) -> Json:
    """The statuses of a message at a step; a status that is not reached is false, without code and date."""
    reached = [earlier for earlier in message.steps if earlier.at < step.at] + [step]
    sent = next((earlier for earlier in reached if earlier.status not in DELIVERIES), None)
    arrived = next((earlier for earlier in reached if earlier.status == "DELIVERED_SUCCESS"), None)
    read = step if step.status == "READ_SUCCESS" else None
    last = step if step.status in DELIVERIES else None
    return {
        "id": message.id,
        "correlationId": message.extra.get("correlationId", message.id),
        "destination": message.to,
        "origin": message.channels[0].sender,
        **{name: message.extra[name] for name in ECHOED if name in message.extra},
        **_sent(sent, step),
        **_delivered(last, arrived),
        **_read(read),
        "updatedDate": iso(step.at),
        "updatedAt": step.at,
        "type": "MESSAGE",
    }


def _sent(sent: Step | None, step: Step) -> dict[str, Json]:
    """The members about sending; a delivery implies a successful send, even without such a status."""
    status, code, at = (sent.status, sent.code, sent.at) if sent else ("SENT_SUCCESS", 2, step.at)
    return {
        "sent": status == "SENT_SUCCESS",
        "sentStatusCode": code,
        "sentStatus": status,
        "sentDate": iso(at),
        "sentAt": at,
    }


def _delivered(last: Step | None, arrived: Step | None) -> dict[str, Json]:
    if last is None:
        return {"delivered": False}
    at = (arrived or last).at
    return {
        "delivered": last.status in ("DELIVERED_SUCCESS", "READ_SUCCESS"),
        "deliveredStatusCode": last.code,
        "deliveredStatus": last.status,
        "deliveredDate": iso(at),
        "deliveredAt": at,
    }


def _read(read: Step | None) -> dict[str, Json]:
    return {"read": False} if read is None else {"read": True, "readDate": iso(read.at), "readAt": read.at}
