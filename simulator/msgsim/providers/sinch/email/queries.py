"""Queries for the statuses of e-mails: by id, by period, and consuming."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from msgsim.clock import instant, iso
from msgsim.model import Json, Message, Reply, Step
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.consuming import unread
from msgsim.providers.sinch.email.drafts import CHANNEL

KEPT = 3 * 86_400_000
"""Milliseconds for which statuses can be listed, as for SMS [inferred]."""
MOST = 10_000
"""Most entries of an answer: the event loop serves nobody else during the call [inferred]."""
CURSOR = "email-status-list"
SPARING = "POST /v1/email/status/list gives all that is new in one call"


def searched(body: Json, desk: Desk) -> Reply:
    """E-mails by ids and correlation ids, optionally of a period; without ids, all of a period."""
    start, end = (instant(body[name]) if name in body else None for name in ("startDate", "endDate"))
    sees = _sees(desk)
    ids, references = body.get("ids", ()), dict.fromkeys(body.get("correlationIds", ()))
    if ids or references:
        messages = [desk.message(id.lower()) for id in ids]
        for reference in references:
            messages += islice(desk.referred(reference), MOST)
        found = {message.key: message for message in messages if message is not None and sees(message)}
        listed = [message for _, message in sorted(found.items())]
    elif start is None and end is None:
        listed = []
    else:
        latest, _ = desk.latest((start or 0, 0), desk.now if end is None else min(end, desk.now), MOST, sees)
        listed = [message for _, message in latest]
    fitting = [message for message in listed if _within(message, start, end)]
    return _answer(fitting[-MOST:], desk)


def listed(body: Json, desk: Desk) -> Reply:
    """Statuses that the caller has not got before; each later status is listed again."""
    found = unread(desk, CURSOR, (desk.now - KEPT, desk.now), MOST, _sees(desk))
    return _answer((message for _, message in found), desk)


def _within(message: Message, start: int | None, end: int | None) -> bool:
    return (start is None or message.accepted >= start) and (end is None or message.accepted <= end)


def _sees(desk: Desk) -> Callable[[Message], bool]:
    """Whether a message is an e-mail whose status the caller may see."""
    customer, viewer = account(desk), desk.credential.name

    def sees(message: Message) -> bool:
        is_mail = len(message.channels) == 1 and message.channels[0].name == CHANNEL
        return is_mail and customer.sees(viewer, message.credential, "")

    return sees


def _answer(messages: Iterable[Message], desk: Desk) -> Reply:
    """A bare array; e-mails without a status are left out."""
    entries = (_entry(message, [step for step in message.steps if step.at <= desk.now]) for message in messages)
    return Reply(200, msgspec.json.encode([entry for entry in entries if entry is not None]))


def _entry(message: Message, reached: Sequence[Step]) -> Json:
    """An e-mail's entry; None: no status yet. A delivery implies a successful send, even without such a status."""
    if not reached:
        return None
    by_status = {step.status: step for step in reversed(reached)}
    clicked = by_status.get("CLICKED")
    opened = by_status.get("OPENED") or clicked
    arrived = by_status.get("DELIVERED_SUCCESS") or by_status.get("NOT_DELIVERED")
    first = reached[0]
    sent = by_status.get("SENT_SUCCESS") or by_status.get("INTERNAL_ERROR") or Step(first.at, 0, "SENT_SUCCESS", 2)
    extra = message.extra
    recipient = {"id": message.id, "correlationId": extra.get("correlationId", message.id), "emailAddress": message.to}
    return {
        "recipient": {**recipient, **{name: extra[name] for name in ("emailName", "extraInfo") if name in extra}},
        "fromEmail": extra["fromEmail"],
        "fromName": extra["fromName"],
        **_times("created", message.accepted),
        "sent": sent.status == "SENT_SUCCESS",
        **_status("sent", sent),
        "delivered": arrived is not None and arrived.status == "DELIVERED_SUCCESS",
        **(_status("delivered", arrived) if arrived else {}),
        "opened": opened is not None,
        **(_times("opened", opened.at) if opened else {}),
        "clicked": clicked is not None,
        **(_times("clicked", clicked.at) if clicked else {}),
        **{name: extra[name] for name in ("campaignId", "campaignAlias") if name in extra},
    }


def _status(what: str, step: Step) -> dict[str, Json]:
    return {f"{what}StatusCode": step.code, f"{what}Status": step.status, **_times(what, step.at)}


def _times(what: str, at: int) -> dict[str, Json]:
    return {f"{what}At": at, f"{what}Date": iso(at)}
