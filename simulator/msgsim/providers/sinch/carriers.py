"""Which numbers are mobile numbers, and which carrier a number belongs to."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from msgspec import Struct

from msgsim.seed import Seed

_NO_DIGITS = re.compile(r"\D", re.ASCII)
_RESERVED = r"1500555\d{4}"
"""The simulator's reserved recipients."""
_PREFIXES = {"52": "521?"}
"""Mexican mobile numbers had a 1 after the country code until 2019, and are still written with it."""

COUNTRIES = {
    "1": "US", "34": "ES", "351": "PT", "51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO",
    "58": "VE", "502": "GT", "503": "SV", "504": "HN", "505": "NI", "506": "CR", "507": "PA", "591": "BO",
    "593": "EC", "595": "PY", "598": "UY",
}  # fmt: skip
"""Calling code → country (ISO 3166) where this API is sold. Inferred from its documents and its vendor's offices."""


class Carrier(Struct, frozen=True, eq=False):
    """A mobile network."""

    id: int
    name: str
    country: str = ""
    """ISO 3166; empty: of all countries without carriers of their own."""
    share: int = 1
    """Its share of a country's numbers, relative to the other carriers."""
    dlr: bool = True
    """It reports deliveries to handsets."""
    accents: bool = True
    concatenation: bool = True
    """It joins the segments of a long text."""


UNKNOWN = Carrier(0, "UNKNOWN", dlr=False)
"""The carrier of numbers without a configured carrier; named as in the document's lookup sample."""


class Carriers:
    """The carriers of numbers: configured, else drawn from the seed for each block of ten thousand numbers."""

    def __init__(self, listed: Sequence[Carrier], pinned: dict[str, str]) -> None:
        self._by_country: dict[str, list[Carrier]] = {}
        for carrier in listed:
            self._by_country.setdefault(carrier.country, []).append(carrier)
        named = {carrier.name: carrier for carrier in listed}
        self._pinned = {digits(number): named.get(name) for number, name in pinned.items()}
        more = {_calling_code(country): country for country in self._by_country if country not in COUNTRIES.values()}
        self._countries = COUNTRIES | {code: country for code, country in more.items() if code}
        self._blocks: dict[tuple[int, str], Carrier] = {}

    def of(self, number: str, seed: Seed) -> Carrier | None:
        """The carrier of a number (digits only); None: it is not a mobile number."""
        if (pinned := self._pinned.get(number)) is not None:
            return pinned
        if number not in self._pinned and self._mobile.fullmatch(number) is None:
            return None
        place = seed.value, number[:-4]
        if (found := self._blocks.get(place)) is None:
            if len(self._blocks) >= 100_000:
                self._blocks.clear()
            found = self._blocks[place] = self._draw(number, seed)
        return found

    def country(self, number: str) -> str:
        """ISO 3166 code of a number's country; empty: this API is not sold there."""
        return next((self._countries[number[:size]] for size in (3, 2, 1) if number[:size] in self._countries), "")

    @cached_property
    def _mobile(self) -> re.Pattern[str]:
        return mobiles(frozenset(self._countries))

    def _draw(self, number: str, seed: Seed) -> Carrier:
        listed = self._by_country.get(self.country(number)) or self._by_country.get("", [UNKNOWN])
        drawn = seed.fraction(0, f"carrier {number[:-4]}") * sum(carrier.share for carrier in listed)
        for carrier in listed:
            drawn -= carrier.share
            if drawn < 0:
                return carrier
        return listed[-1]


def digits(number: str) -> str:
    """``+55(19)997712322`` as ``5519997712322``."""
    return _NO_DIGITS.sub("", number)


@lru_cache(maxsize=16)
def mobiles(codes: frozenset[str]) -> re.Pattern[str]:
    """A pattern for mobile numbers, and those that may be mobile, of these calling codes according to phonenumbers.

    It joins that library's patterns, because calling the library for each number takes fifty times as long.
    """
    from phonenumbers import PhoneMetadata, region_codes_for_country_code  # Slow to import, and seldom needed.

    plans = [_RESERVED]
    for code in sorted(codes):
        regions = map(PhoneMetadata.metadata_for_region, region_codes_for_country_code(int(code)))
        descriptions = [region.mobile for region in regions if region is not None and region.mobile is not None]
        numbers = "|".join(description.national_number_pattern or "(?!)" for description in descriptions)
        plans.append(f"{_PREFIXES.get(code, code)}(?:{numbers})")
    return re.compile("|".join(plans), re.ASCII)


def _calling_code(country: str) -> str:
    """The calling code of a country; empty: not a country."""
    if not country:
        return ""
    from phonenumbers import country_code_for_region  # Slow to import, and seldom needed.

    return str(country_code_for_region(country) or "")
