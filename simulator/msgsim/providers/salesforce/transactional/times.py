"""How this API writes times."""

from msgsim.providers.salesforce.sent import date

ZONE = -21_600_000
"""Offset from UTC in milliseconds: Central Standard Time all year; the zone is not written."""
KEPT = 259_200_000
"""Milliseconds for which a message can be queried, and waits for an inactive definition: three days."""


def local(at: int) -> str:
    return date(at + ZONE)
