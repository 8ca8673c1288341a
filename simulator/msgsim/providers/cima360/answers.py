"""Answers. Results per item come with 200 (OTT) or 202 (e-mail), even when every item was refused."""

from collections.abc import Sequence

import msgspec

from msgsim.contract import Contract, Error
from msgsim.contract.decoding import json_of
from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.cima360.members import as_it_came, listed

PROBLEM = "application/problem+json"
OTT = "/ott/v1/deliver"
EMAIL = ("/deliver", "/email/v1/deliver")
UNDOCUMENTED = "undocumented"
"""The error of strict mode. In a batch it refuses the item only, elsewhere the whole request."""

_encode = msgspec.json.encode


def ott(results: Sequence[Message | Refused], body: Json, desk: Desk) -> Reply:
    """One result per item, in order. Raises Refused when an item's error is one of the whole request."""
    whole_requests(results, desk)
    items = zip(body["payload"], results, strict=True)
    return Reply(200, _encode([_ott_result(item, result, desk.contract) for item, result in items]))


def _ott_result(item: Json, result: Message | Refused, contract: Contract) -> Json:
    if isinstance(result, Message):
        return {"recipient": result.to, "messageId": result.id, "status": "queued", "error": None}
    error = text(result.refusals[0], contract, channel=as_it_came(item, "channelType"))
    return {"recipient": as_it_came(item, "recipient"), "messageId": None, "status": "error", "error": error}


def sms(message: Message, body: Json, desk: Desk) -> Reply:
    """200, or for a scheduled SMS the setting ``sms_scheduled_status``: the document has both without saying when."""
    scheduled = "programmedDate" in body
    status = desk.settings["sms_scheduled_status"] if scheduled else 200
    return Reply(status, _encode(_queued("smsId", message, body)))


def voice(message: Message, body: Json, desk: Desk) -> Reply:
    """Inferred, by analogy with SMS."""
    return Reply(200, _encode(_queued("voiceId", message, body)))


def _queued(id: str, message: Message, body: Json) -> Json:
    scheduled = {"scheduledFor": body["programmedDate"]} if "programmedDate" in body else {}
    return {id: message.id, "status": "Queued", **scheduled}


def email(results: Sequence[Message | Refused], body: Json, desk: Desk) -> Reply:
    """One result per recipient, in order. Raises Refused when a recipient's error is one of the whole request."""
    whole_requests(results, desk)
    items = zip(body["recipients"], results, strict=True)
    return _envelope([_email_result(item, result, desk.contract) for item, result in items], [])


def _email_result(item: Json, result: Message | Refused, contract: Contract) -> Json:
    if isinstance(result, Message):
        return {"id": result.id, "to": result.to, "success": True, "errorType": None, "errorMessage": None}
    refusal = result.refusals[0]
    return {
        "id": None,
        "to": as_it_came(item, "to"),
        "success": False,
        "errorType": contract.errors[refusal.key].extra.get("errorType", "InternalError"),
        "errorMessage": text(refusal, contract),
    }


def _envelope(results: list[Json], errors: list[str]) -> Reply:
    accepted = sum(result["success"] for result in results)
    overall = "Rejected" if not accepted else "Accepted" if accepted == len(results) else "PartiallyAccepted"
    return Reply(202, _encode({"overallStatus": overall, "errors": errors, "recipients": results}))


def whole_requests(results: Sequence[Message | Refused], desk: Desk) -> None:
    """Raises Refused when a scenario gave an item an error with an HTTP status of its own: it refuses the request."""
    for result in results:
        if isinstance(result, Refused) and _is_of_a_request(desk.contract.errors[result.refusals[0].key]):
            raise result


def _is_of_a_request(error: Error) -> bool:
    return error.status >= 400 and error.key != UNDOCUMENTED


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """A problem document; for errors that the API reports inside a success, that success with nothing accepted."""
    error = desk.contract.errors[refusals[0].key]
    path = desk.call.path.removeprefix("/cima360")
    if path in EMAIL and not _is_of_a_request(error):
        return _nothing_accepted(refusals, desk)
    if error.status < 400 and path == OTT:
        items = listed(_body(desk), "payload")
        return Reply(200, _encode([_ott_result(item, Refused(refusals[0]), desk.contract) for item in items]))
    return _problem(error, " ".join(_texts(refusals, desk.contract)))


def _nothing_accepted(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The answer to an e-mail that breaks a rule as a whole: every recipient failed, ``errors`` has the reasons."""
    items = listed(_body(desk), "recipients")
    results = [_email_result(item, Refused(refusals[0]), desk.contract) for item in items]
    return _envelope(results, _texts(refusals, desk.contract))


def _problem(error: Error, detail: str) -> Reply:
    """A problem document (RFC 7807) as .NET services answer, because no error body is public. Status 400 by default."""
    status = max(error.status, 400)
    body = {"type": "about:blank", "title": error.title or "Bad Request", "status": status, "detail": detail}
    return Reply(status, _encode(body), tuple(error.headers.items()), PROBLEM)


def text(refusal: Refusal, contract: Contract, **values: Json) -> str:
    """The catalogue's text with its gaps filled."""
    return contract.errors[refusal.key].text_of(refusal, **values)


def _texts(refusals: Sequence[Refusal], contract: Contract) -> list[str]:
    """The texts of the refusals, each once: several missing members have the same text."""
    return list(dict.fromkeys(text(refusal, contract) for refusal in refusals))


def _body(desk: Desk) -> Json:
    """The request's body; None where it is not JSON."""
    try:
        return json_of(desk.call.body)
    except Refused:
        return None
