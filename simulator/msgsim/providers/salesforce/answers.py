"""Answers of Salesforce. Errors have three shapes: single, the envelope of validation, and OAuth's for tokens.

Sources: OTTsendMessageToRecipient, error-handling, rate-limiting-errors and access-token-s2s of the Marketing
Cloud developer guides.
"""

from collections.abc import Sequence

import msgspec

from msgsim.contract import Error
from msgsim.model import Json, Message, Refusal, Reply
from msgsim.provider.desk import Desk

MEDIA = "application/json; charset=utf-8"
ENVELOPE = 10006
"""``errorcode`` of the envelope; its ``message`` is the title of the errors in it."""


def json_reply(status: int, body: Json, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, msgspec.json.encode(body), headers, MEDIA)


def accepted(message: Message, body: Json, desk: Desk) -> Reply:
    return json_reply(201, {"ottRequestId": message.id})


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The error that comes first in the catalogue; if that is one of validation, all of them, each once."""
    errors = desk.contract.errors
    order = {key: place for place, key in enumerate(errors)}
    by_key = {_key_here(refusal.key, desk): refusal for refusal in reversed(refusals)}
    listed = [(errors[key], by_key[key]) for key in sorted(by_key, key=order.__getitem__)]
    error, refusal = listed[0]
    if isinstance(error.code, str):
        body = oauth(error, text(error, refusal))
    elif error.title:
        body = envelope(error.title, [single(*pair) for pair in listed])
    else:
        body = single(error, refusal)
    return json_reply(_status(error, desk), body, tuple(error.headers.items()))


def _key_here(key: str, desk: Desk) -> str:
    """The key of a refusal at this path: token requests have an OAuth error for ``malformed`` and ``bad_request``."""
    is_general = key in ("malformed", "bad_request") and desk.call.path.lower().endswith("/v2/token")
    return "invalid_request" if is_general else key


def _status(error: Error, desk: Desk) -> int:
    return desk.settings["unknown_path_status"] if error.key == "unknown_path" else error.status


def text(error: Error, refusal: Refusal) -> str:
    """The documented text with its gaps filled; for an error dictated by a scenario, with Messenger's limit."""
    return error.text_of(refusal, **{"0": 1, "id": "", "field": refusal.source or "field"})


def envelope(message: str, errors: list[Json]) -> Json:
    return {"message": message, "errorcode": ENVELOPE, "documentation": "", "validationErrors": errors}


def single(error: Error, refusal: Refusal) -> Json:
    body = {"message": text(error, refusal), "errorcode": error.code, **error.extra}
    body.setdefault("documentation", "")
    if error.key == "unauthorized":  # A recorded answer has its members in this order.
        return dict(sorted(body.items()))
    return body


def oauth(error: Error, description: str) -> Json:
    return {"error": error.code, "error_description": description, **error.extra}
