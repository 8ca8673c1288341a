"""What Messente itself makes of a message, where no scenario says otherwise."""

from msgspec.structs import replace

from msgsim.contract.formats import impossible
from msgsim.model import Beat, Draft
from msgsim.provider import Desk
from msgsim.providers.messente.ledger import Credit
from msgsim.providers.messente.phonebook.blacklist import is_blacklisted
from msgsim.providers.messente.templates.filling import filled

BLACKLISTED = (Beat(200, "REJECTD", 8),)
"""What becomes of a number that the account has on its blacklist, on each channel."""
NO_CREDIT = (Beat(200, "REJECTD", 4),)
"""What becomes of a message that the balance of a prepaid account does not cover."""
UNREACHABLE = {"length": (Beat(200, "FAILED", 3),), "country": (Beat(200, "FAILED", 5),)}
"""What becomes of a number that nobody can have: Invalid number, or Invalid number format without a country."""


def fate_of(draft: Draft, desk: Desk, credit: Credit) -> Draft:
    """The draft with its fate, and its price taken from the credit where it will go out."""
    if is_blacklisted(draft.to, desk):
        return replace(draft, fate=BLACKLISTED)
    if (reason := impossible(draft.to)) in UNREACHABLE:
        return replace(draft, fate=UNREACHABLE[reason])
    return filled(draft, desk) if credit.covers(draft) else replace(draft, fate=NO_CREDIT)
