"""Formats of CIMA360: phone numbers with or without plus, mailboxes."""

import re

from msgsim.contract.formats import impossible, is_email

_PHONE = re.compile(r"\+?[1-9][0-9]{6,14}", re.ASCII)
_NAMED = re.compile(r"[^<>]*<([^<>]+)>")


def is_phone(text: str) -> bool:
    """A phone number: the OTT document writes it without a plus, the SMS document with a plus."""
    return _PHONE.fullmatch(text) is not None


def is_impossible(number: str) -> bool:
    """Whether such a number cannot exist: no such country, or wrong length."""
    return bool(impossible(number if number[0] == "+" else f"+{number}"))


def is_mailbox(text: str) -> bool:
    """An address, alone or as ``Name <address>``."""
    named = _NAMED.fullmatch(text)
    return is_email(named[1] if named else text)


FORMATS = {"phone": is_phone, "mailbox": is_mailbox}
