"""Answers of the Phonebook API. Its errors have no ``source``, unlike those of the Omnichannel API."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from msgsim.contract.formats import is_e164
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk

NOTHING = Reply(204, b"")
_encode = msgspec.json.Encoder().encode


def json_reply(body: Json, status: int = 200) -> Reply:
    return Reply(status, _encode(body))


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The error envelope; the status and the headers are those of the first error."""
    first = desk.contract.errors[refusals[0].key]
    body = {"errors": [_error(refusal, desk) for refusal in refusals]}
    return Reply(first.status, _encode(body), tuple(first.headers.items()))


def _error(refusal: Refusal, desk: Desk) -> Json:
    error = desk.contract.errors[refusal.key]
    field = f"{refusal.source}: " if refusal.source else ""
    return {"code": error.code, "detail": field + error.text_of(refusal), "title": error.title}


def uuid_of(text: str, source: str) -> str:
    """A group's id in canonical form. Raises Refused with ``invalid_data`` for an invalid UUID."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Refused(Refusal("invalid_data", source, "Not a valid UUID.")) from None


def phone(desk: Desk) -> str:
    """The phone number in the path, with plus. Raises Refused with ``invalid_data`` for an invalid number."""
    written = desk.params["phoneNumber"].strip()  # A client that decodes "+" as in a query sends a blank.
    number = f"+{written.removeprefix('+')}"
    if not is_e164(number):
        raise Refused(Refusal("invalid_data", "phoneNumber", "Invalid phone number"))
    return number
