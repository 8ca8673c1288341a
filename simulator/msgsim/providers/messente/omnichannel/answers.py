"""Answers of the Omnichannel API. Members are in alphabetical order, as in its samples."""

from collections.abc import Iterable, Sequence

import msgspec

from msgsim.contract import Contract
from msgsim.model import Channel, Json, Message, Refusal, Refused, Reply, Step
from msgsim.plan import cut, state
from msgsim.provider.desk import Desk
from msgsim.providers.messente.price import price_info
from msgsim.providers.messente.timestamps import timestamp

_encode = msgspec.json.Encoder().encode


def _accepted(message: Message) -> Json:
    return {
        "messages": [
            {"channel": channel.name, "message_id": channel.id, "sender": channel.sender}
            for channel in message.channels
        ],
        "omnimessage_id": message.id,
        "to": message.to,
    }


def sent(message: Message, body: Json, desk: Desk) -> Reply:
    """The answer to an accepted omnimessage."""
    return Reply(201, _encode(_accepted(message)))


def bulk_sent(results: Sequence[Message | Refused], body: Json, desk: Desk) -> Reply:
    """201 with an acceptance or an error envelope per item, even when every item was refused."""
    listed = [
        _accepted(result) if isinstance(result, Message) else _envelope(result.refusals, desk.contract)
        for result in results
    ]
    return Reply(201, _encode({"messages": listed}))


def refused(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The error envelope; the status and the headers are those of the first error."""
    error = desk.contract.errors[refusals[0].key]
    body = _envelope(refusals, desk.contract) if error.code is not None else {}
    return Reply(error.status, _encode(body), tuple(error.headers.items()))


def _envelope(refusals: Iterable[Refusal], contract: Contract) -> Json:
    return {"errors": [_error(refusal, contract) for refusal in refusals]}


def _error(refusal: Refusal, contract: Contract) -> Json:
    error = contract.errors[refusal.key]
    return {
        "code": error.code,
        "detail": error.text_of(refusal),
        "source": refusal.source if error.status == 400 else None,
        "title": error.title,
    }


def statuses(body: Json, desk: Desk) -> Reply:
    """GET status: a report per channel in the order of sending; members of an untried channel are null."""
    message = _mine(desk)
    current = state(message, desk.now)
    reports = [
        report(message, channel, step, desk.settings, desk.contract)
        for channel, step in zip(message.channels, current, strict=True)
    ]
    return Reply(200, _encode({"omnimessage_id": message.id, "statuses": reports, "to": message.to}))


def cancelled(body: Json, desk: Desk) -> Reply:
    """DELETE: 202 while the message is scheduled. Raises Refused with ``message_not_found`` afterwards."""
    message = _mine(desk)
    if message.start <= desk.now:
        raise Refused(Refusal("message_not_found"))
    deleted = desk.contract.statuses["DELETED"]
    steps = (Step(desk.now, place, deleted.word, deleted.code) for place in range(len(message.channels)))
    desk.rewrite(cut(message, desk.now, *steps), reports=False)
    return Reply(202, b"{}")


def _mine(desk: Desk) -> Message:
    """The caller's message in the path. Raises Refused with ``message_not_found``."""
    message = desk.message(desk.params["id"])
    if message is None or message.id != desk.params["id"] or message.credential != desk.credential.name:
        raise Refused(Refusal("message_not_found"))
    return message


def report(
    message: Message, channel: Channel, step: Step | None, settings: dict[str, Json], contract: Contract
) -> Json:
    """A channel's delivery report, the same in answers and callbacks; ``step``: None for an untried channel."""
    return {
        "status": step.status if step else None,
        "sender": channel.sender,
        "err": step.code if step else None,
        "message_id": channel.id,
        "to": message.to,
        "channel": channel.name,
        "error": _error_text(step, contract) if step else None,
        "omnimessage_id": message.id,
        "timestamp": timestamp(step.at, "+00:00" if settings["timestamp_zone"] else "") if step else None,
        "price_info": price_info(channel, step, settings, contract) if step else None,
    }


def _error_text(step: Step, contract: Contract) -> str | None:
    return None if step.code in (0, 10) else contract.codes.get(step.code or 0)
