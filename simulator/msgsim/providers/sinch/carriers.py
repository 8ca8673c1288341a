"""Numbers, and the carriers they belong to."""

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from msgsim.contract import possible_number
from msgsim.seed import Seed

_NO_DIGITS = re.compile(r"\D", re.ASCII)
_BRAZIL = re.compile(r"55[1-9][1-9]\d{8,9}", re.ASCII)
"""Country, area, and eight or nine digits: libraries also call local numbers without an area possible."""

COUNTRIES = {
    "1": "US", "34": "ES", "351": "PT", "51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO",
    "58": "VE", "502": "GT", "503": "SV", "504": "HN", "505": "NI", "506": "CR", "507": "PA", "591": "BO",
    "593": "EC", "595": "PY", "598": "UY",
}  # fmt: skip
"""Calling codes where this API is sold."""


class Carrier(Struct, frozen=True, eq=False):
    """A mobile network."""

    id: int
    name: str
    country: str = ""
    """ISO 3166; empty: any country that has no carriers of its own."""
    share: int = 1
    """How many of a country's numbers are its, relative to the others."""
    dlr: bool = True
    """Whether it reports deliveries to handsets."""
    accents: bool = True
    concatenation: bool = True
    """Whether it joins the parts of a long text."""


UNKNOWN = Carrier(0, "UNKNOWN", dlr=False)


class Carriers:
    """Which carrier a number belongs to: pinned, or by the block of ten thousand numbers it is in."""

    def __init__(self, listed: Sequence[Carrier], pinned: dict[str, str]) -> None:
        self._by_country: dict[str, list[Carrier]] = {}
        for carrier in listed:
            self._by_country.setdefault(carrier.country, []).append(carrier)
        named = {carrier.name: carrier for carrier in listed}
        self._pinned = {digits(number): named.get(name, UNKNOWN) for number, name in pinned.items()}
        self._blocks: dict[tuple[int, str], Carrier] = {}

    def of(self, number: str, seed: Seed) -> Carrier:
        """The carrier of a number that can exist; the same for the same seed."""
        if (pinned := self._pinned.get(number)) is not None:
            return pinned
        place = seed.value, number[:-4]
        if (found := self._blocks.get(place)) is None:
            if len(self._blocks) >= 100_000:
                self._blocks.clear()
            found = self._blocks[place] = self._draw(number, seed)
        return found

    def _draw(self, number: str, seed: Seed) -> Carrier:
        listed = self._by_country.get(country(number)) or self._by_country.get("", [UNKNOWN])
        drawn = seed.fraction(0, f"carrier {number[:-4]}") * sum(carrier.share for carrier in listed)
        for carrier in listed:
            drawn -= carrier.share
            if drawn < 0:
                return carrier
        return listed[-1]


def digits(number: str) -> str:
    """``+55(19)997712322`` as ``5519997712322``."""
    return _NO_DIGITS.sub("", number)


def exists(number: str) -> bool:
    """Whether digits can be somebody's number: by their length in their country."""
    if number.startswith("55"):
        return _BRAZIL.fullmatch(number) is not None
    return number.isdecimal() and number.isascii() and _possible(number[:6], len(number))


@lru_cache(maxsize=65536)
def _possible(head: str, length: int) -> bool:
    return possible_number(f"+{head:0<{length}}")


def country(number: str) -> str:
    """ISO 3166 code of a number's country; empty when it is not in the table."""
    return next((COUNTRIES[number[:size]] for size in (3, 2, 1) if number[:size] in COUNTRIES), "")
