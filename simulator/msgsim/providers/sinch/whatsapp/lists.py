"""Lists of the account: who must not be written to, or who alone may be."""

from collections.abc import Mapping, Sequence

from msgsim.providers.sinch.carriers import digits

KINDS = ("OPTOUT", "OPTIN", "BLACKLIST", "WHITELIST")
_BLOCKED = {
    "OPTOUT": "DESTINATION_BLOCKED_BY_OPTOUT",
    "BLACKLIST": "DESTINATION_BLOCKED_BY_OPTOUT",
    "OPTIN": "DESTINATION_BLOCKED_BY_OPTIN",
    "WHITELIST": "DESTINATION_BLOCKED_BY_WHITELIST",
}
"""What a list brings about; WhatsApp has no status of its own for the black list [inferred]."""
_ALONE = frozenset({"OPTIN", "WHITELIST"})
"""Lists that, once they have entries, keep everybody else out."""


class Lists:
    """Numbers in digits, by the name of their list."""

    def __init__(self, listed: Mapping[str, Sequence[str]]) -> None:
        self._numbers = {kind: dict.fromkeys(map(digits, listed.get(kind, ()))) for kind in KINDS}

    def of(self, kind: str) -> list[str]:
        return list(self._numbers[kind])

    def blocks(self, number: str) -> str | None:
        """The status of a message to a number; None: nothing stands against it."""
        for kind, numbers in self._numbers.items():
            if numbers and (number in numbers) != (kind in _ALONE):
                return _BLOCKED[kind]
        return None
