"""The blacklist. A send to a number on it is accepted and then rejected (REJECTD, err 8)."""

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk, View
from msgsim.providers.messente.phonebook.answers import NOTHING, json_reply, phone

BLACKLISTED = "blacklisted"
"""Kind of the records; their keys are the numbers with plus."""


def is_blacklisted(number: str, view: View) -> bool:
    return view.record(BLACKLISTED, number) is not None


def listed(body: Json, desk: Desk) -> Reply:
    return json_reply({"phoneNumbers": [number for number, _ in desk.records(BLACKLISTED)]})


def added(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``already_blacklisted``."""
    if is_blacklisted(body["phoneNumber"], desk):
        raise Refused(Refusal("already_blacklisted", values={"phone": body["phoneNumber"]}))
    desk.keep(BLACKLISTED, body["phoneNumber"], {"at": desk.now})
    return NOTHING


def checked(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``not_blacklisted``."""
    _listed(desk)
    return NOTHING


def removed(body: Json, desk: Desk) -> Reply:
    """Later sends are delivered again; rejected messages stay rejected. Raises Refused with ``not_blacklisted``."""
    desk.forget(BLACKLISTED, _listed(desk))
    return NOTHING


def _listed(desk: Desk) -> str:
    """The number in the path. Raises Refused with ``not_blacklisted``."""
    number = phone(desk)
    if not is_blacklisted(number, desk):
        raise Refused(Refusal("not_blacklisted", values={"phone": number}))
    return number
