"""The account's lists of numbers: excluded ones, or the only allowed ones."""

from collections.abc import Mapping, Sequence

from msgsim.providers.sinch.carriers import digits

KINDS = ("OPTOUT", "OPTIN", "BLACKLIST", "WHITELIST")
_BLOCKED = {
    "OPTOUT": "DESTINATION_BLOCKED_BY_OPTOUT",
    "BLACKLIST": "DESTINATION_BLOCKED_BY_OPTOUT",
    "OPTIN": "DESTINATION_BLOCKED_BY_OPTIN",
    "WHITELIST": "DESTINATION_BLOCKED_BY_WHITELIST",
}
"""List → status of a blocked message; WhatsApp has no status of its own for the blacklist [inferred]."""
_ALONE = frozenset({"OPTIN", "WHITELIST"})
"""Lists that allow only their numbers, unless they are empty."""


class Lists:
    """The lists; numbers are compared by their digits."""

    def __init__(self, listed: Mapping[str, Sequence[str]]) -> None:
        self._numbers = {kind: dict.fromkeys(map(digits, listed.get(kind, ()))) for kind in KINDS}

    def of(self, kind: str) -> list[str]:
        return list(self._numbers[kind])

    def blocks(self, number: str) -> str | None:
        """The status of a message to a blocked number; None: the number is not blocked."""
        for kind, numbers in self._numbers.items():
            if numbers and (number in numbers) != (kind in _ALONE):
                return _BLOCKED[kind]
        return None
