"""Normalises the members of the e-mail API's bodies."""

from base64 import b64decode

from msgsim.clock import instant
from msgsim.model import Json
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.scalars import as_text, present

ALIASES = {"emailHTML": "emailHtml"}
"""Other spelling → documented spelling: the document's table and sample differ."""


def is_base64(text: str) -> bool:
    try:
        b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def is_instant(text: str) -> bool:
    """An ISO 8601 date-time, UTC where it has no zone."""
    try:
        instant(text)
    except ValueError:
        return False
    return True


def of_a_send(body: Json, desk: Desk) -> Json:
    """A send without nulls, with numbers as texts. Raises Refused in strict mode."""
    if not isinstance(body, dict):
        return body
    shaped = {ALIASES.get(name, name): value for name, value in present(body).items()}
    if isinstance(recipients := shaped.get("recipients"), list):
        shaped["recipients"] = [_recipient(recipient, desk) for recipient in recipients]
    if isinstance(values := shaped.get("substitutionData"), dict):
        shaped["substitutionData"] = _values(values, desk)
    return shaped


def _recipient(recipient: Json, desk: Desk) -> Json:
    if not isinstance(recipient, dict):
        return recipient
    shaped = dict(present(recipient))
    if "correlationId" in shaped:
        shaped["correlationId"] = as_text(shaped["correlationId"], "recipients.correlationId", desk)
    if isinstance(values := shaped.get("substitutionData"), dict):
        shaped["substitutionData"] = _values(values, desk)
    return shaped


def _values(values: dict[str, Json], desk: Desk) -> dict[str, Json]:
    return {name: as_text(value, "substitutionData", desk) for name, value in present(values).items()}


def of_a_search(body: Json, desk: Desk) -> Json:
    """A search with ids as texts. Raises Refused in strict mode."""
    if not isinstance(body, dict):
        return body
    shaped = dict(present(body))
    for name in ("ids", "correlationIds"):
        if isinstance(listed := shaped.get(name), list):
            shaped[name] = [as_text(value, name, desk) for value in listed]
    return shaped
