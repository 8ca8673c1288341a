"""Countries and their mobile networks."""

from functools import cache

from msgspec import Struct

from msgsim.config import data_folder
from msgsim.contract import load_yaml


class Country(Struct, frozen=True):
    code: str
    """ISO 3166, two letters."""
    name: str
    prefix: str
    """Calling code in digits."""
    networks: tuple[tuple[int, str], ...]
    """(MCC and MNC as one number, name) of each network."""


@cache
def countries() -> dict[str, Country]:
    """ISO code → country, for the countries in ``networks.yaml``."""
    import phonenumbers  # For start-up time.

    listed = load_yaml(data_folder("schemas") / "messente" / "networks.yaml")
    return {
        code: Country(
            code, entry["name"], str(phonenumbers.country_code_for_region(code)), tuple(entry["networks"].items())
        )
        for code, entry in listed.items()
    }


@cache
def is_country(code: str) -> bool:
    """Whether two letters are the ISO code of a country, in ``networks.yaml`` or not."""
    import phonenumbers  # For start-up time.

    return code in phonenumbers.SUPPORTED_REGIONS


def country_of(number: str) -> Country | None:
    """The country of a number in E.164; None for an unknown calling code."""
    import phonenumbers  # For start-up time.

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    code = phonenumbers.region_code_for_number(parsed)
    code = code or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return countries().get(code) or Country(code, code, str(parsed.country_code), ())
