"""The default outcome of a message at Messente: blacklist, credit, impossible numbers, templates."""

from msgspec.structs import replace

from msgsim.contract.formats import impossible
from msgsim.model import Beat, Draft
from msgsim.provider.desk import Desk
from msgsim.providers.messente.ledger import Credit
from msgsim.providers.messente.phonebook.blacklist import is_blacklisted
from msgsim.providers.messente.templates.filling import filled

BLACKLISTED = (Beat(200, "REJECTD", 8),)
"""For a number on the account's blacklist, on every channel."""
NO_CREDIT = (Beat(200, "REJECTD", 4),)
"""For a message that the balance of a prepaid account does not cover."""
UNREACHABLE = {"length": (Beat(200, "FAILED", 3),), "country": (Beat(200, "FAILED", 5),)}
"""For an impossible number: err 3 (Invalid number) or, with an unknown country, err 5 (Invalid number format)."""


def fate_of(draft: Draft, desk: Desk, credit: Credit) -> Draft:
    """The draft with its fate; the price of a draft that is sent is taken from the credit."""
    if is_blacklisted(draft.to, desk):
        return replace(draft, fate=BLACKLISTED)
    if (reason := impossible(draft.to)) in UNREACHABLE:
        return replace(draft, fate=UNREACHABLE[reason])
    return filled(draft, desk) if credit.covers(draft) else replace(draft, fate=NO_CREDIT)
