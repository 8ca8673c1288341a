"""What Salesforce answers: one shape for single errors, an envelope for validation, OAuth's for tokens.

Sources: OTTsendMessageToRecipient, error-handling, rate-limiting-errors and access-token-s2s of the Marketing
Cloud developer guides.
"""

from collections.abc import Sequence

import msgspec

from msgsim.contract import Error
from msgsim.model import Json, Message, Refusal, Reply
from msgsim.provider import Desk

MEDIA = "application/json; charset=utf-8"
ENVELOPE = 10006
"""errorcode of the envelope; its message is the title of the errors it holds."""


def json_reply(status: int, body: Json, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, msgspec.json.encode(body), headers, MEDIA)


def accepted(message: Message, body: Json, desk: Desk) -> Reply:
    return json_reply(201, {"ottRequestId": message.id})


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The first error in the order of the catalogue; errors of validation come together, each once."""
    errors = desk.contract.errors
    order = {key: place for place, key in enumerate(errors)}
    found = {_said_here(refusal.key, desk): refusal for refusal in reversed(refusals)}
    listed = sorted(((errors[key], refusal) for key, refusal in found.items()), key=lambda one: order[one[0].key])
    error, refusal = listed[0]
    if isinstance(error.code, str):
        body = oauth(error, text(error, refusal))
    elif error.title:
        body = envelope(error.title, [single(*one) for one in listed])
    else:
        body = single(error, refusal)
    return json_reply(_status(error, desk), body, tuple(error.headers.items()))


def _said_here(key: str, desk: Desk) -> str:
    """A token request that is not JSON, or not strictly so, is told so in OAuth's words."""
    told = key in ("malformed", "bad_request") and desk.call.path.lower().endswith("/v2/token")
    return "invalid_request" if told else key


def _status(error: Error, desk: Desk) -> int:
    return desk.settings["unknown_path_status"] if error.key == "unknown_path" else error.status


def text(error: Error, refusal: Refusal) -> str:
    """The documented text with its gaps filled; a send without a figure is told Messenger's."""
    return error.told(refusal, **{"0": 1, "id": ""})


def envelope(message: str, errors: list[Json]) -> Json:
    return {"message": message, "errorcode": ENVELOPE, "documentation": "", "validationErrors": errors}


def single(error: Error, refusal: Refusal) -> Json:
    body = {"message": text(error, refusal), "errorcode": error.code, **error.extra}
    body.setdefault("documentation", "")
    if error.key == "unauthorized":  # recorded from the wire with its members in this order
        return dict(sorted(body.items()))
    return body


def oauth(error: Error, description: str) -> Json:
    return {"error": error.code, "error_description": description, **error.extra}
