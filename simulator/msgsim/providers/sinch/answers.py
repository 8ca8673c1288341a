"""Answers to sends, and refusals."""

import re
from collections.abc import Sequence

import msgspec

from msgsim.contract import Error
from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.drafts import Batch

_ITEM = re.compile(r"messages\.(\d+)\.")
_INDEX = re.compile(r"\.(\d+)\b")


def sent(message: Message, body: Json, desk: Desk) -> Reply:
    """An array with an entry, as documented, or an object, as deployed clients read it (setting ``response_shape``)."""
    as_object = account(desk).setting(desk.credential.name, "response_shape") == "object"
    return Reply(200, msgspec.json.encode(_accepted(message) if as_object else [_accepted(message)]))


def sent_bulk(results: Sequence[Message | Refused], batch: Batch, desk: Desk) -> Reply:
    """An entry per message, in order."""
    accepted = [_accepted(result) for result in results if isinstance(result, Message)]
    return Reply(200, msgspec.json.encode({"id": batch.id, "messages": accepted}))


def _accepted(message: Message) -> Json:
    if "correlationId" in message.extra:
        return {"id": message.id, "correlationId": message.extra["correlationId"]}
    return {"id": message.id}


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The body of a single error: the first with status 403, else the first."""
    errors = desk.contract.errors
    first = next((refusal for refusal in refusals if errors[refusal.key].status == 403), refusals[0])
    error = errors[first.key]
    message = _text(first, error)
    if desk.call.path.removeprefix("/sinch").startswith("/api/v1/campaign"):
        body: Json = {"status": {"error": True, "message": message}}
    else:
        body = {"errorCode": error.status, "errorMessage": message}
    return Reply(error.status, msgspec.json.encode(body), tuple(error.headers.items()))


def _text(refusal: Refusal, error: Error) -> str:
    """The catalogue's text with its gaps filled; for a message of a bulk also with its index."""
    if refusal.detail is not None:
        return f"Bad Request: {refusal.detail}"
    source = refusal.source or "a field"
    item = _ITEM.match(source)
    field = _INDEX.sub(r"[\1]", source[item.end() :] if item else source)
    text = error.text_of(refusal, field=field, type="of another type", value=field, wanted="another value")
    return f"{text} (messages[{item[1]}])" if item and error.status == 400 else text
