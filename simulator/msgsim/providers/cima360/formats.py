"""What CIMA360 writes its own way: phone numbers with and without plus, moments in UTC, mailboxes."""

import re

from msgsim.clock import instant
from msgsim.contract import is_email, possible_number

_PHONE = re.compile(r"\+?[1-9][0-9]{6,14}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")


def is_phone(text: str) -> bool:
    """The OTT document writes numbers without plus, the SMS document with one."""
    return _PHONE.fullmatch(text) is not None and possible_number(text if text[0] == "+" else f"+{text}")


def moment(text: str) -> int:
    """Milliseconds of an ISO 8601 date and time; without a zone it is UTC. Raises ValueError."""
    if _MOMENT.fullmatch(text) is None:
        raise ValueError(text)
    return instant(text)


def is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def is_mailbox(text: str) -> bool:
    """An address, alone or as ``Name <address>``."""
    named = _NAMED.fullmatch(text)
    return is_email(named[1] if named else text)


FORMATS = {"phone": is_phone, "moment": is_moment, "mailbox": is_mailbox}
