"""Times as this API writes them."""

from msgsim.providers.salesforce.sent import date

ZONE = -21_600_000
"""Milliseconds: Central Standard Time all the year round, without a zone behind it."""
KEPT = 259_200_000
"""Milliseconds that a message can be asked for, and that an inactive definition holds one: three days."""


def local(at: int) -> str:
    return date(at + ZONE)
