"""Whose number it is: no mobile's is accepted and told later, and the documents' own samples are somebody's."""

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch import provider
from msgsim.providers.sinch.account import Account
from msgsim.providers.sinch.carriers import COUNTRIES, Carrier, Carriers, mobiles
from msgsim.seed import Seed
from phonenumbers import PhoneNumberType

from tests.conftest import Advance, Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
CARRIERS = Account(provider.contract.settings).carriers
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
SAMPLES = [
    "5511900000000", "5511900009999", "5511999998888", "5515997915209", "5516981562820", "5519900001111",
    "5519900002222", "5519900003333", "5519997712322", "5519999999999",
]  # fmt: skip
"""Of the documents and of recorded traffic."""
ABROAD = [
    "5215512345678", "525512345678", "573001234567", "56987654321", "51987654321", "5491123456789", "584121234567",
    "59899123456", "59171234567", "593991234567", "595981123456", "50688881234", "50370001234", "12125551234",
    "18095551234", "34600123456", "351912345678",
]  # fmt: skip
FORGOTTEN = [
    f"{area}{rest}"
    for area in (11, 19, 21, 27, 31, 41, 47, 61, 71, 81, 84, 85, 91, 98)
    for rest in (999998888, 987654321)
]
"""Brazilian mobiles without their country code, some of which are somebody's where this API is not sold."""
LANDLINES = ["551133334444", "576012345678", "56212345678", "541143211234", "5117654321", "34912345678", "351212345678"]
IMPOSSIBLE = [
    "5511000000000", "5511100000000", "551187654321", "55997712322", "55197915209", "2312312", "1", "", "19997712322",
    "52155123456789", "57300123456", "0055119999988", "٥٥١١٩٠٠٠٠٠٠٠٠",
]  # fmt: skip


def answers(number: str, http: Http, control: Http, advance: Advance) -> tuple[Json, Json]:
    """What the search and the lookup say of a number."""
    sent = http("POST", "/v1/send-sms", json={"destination": number, "messageText": "Hello"}, headers=HEADERS)
    assert sent.status == 200, sent.body
    advance("1m")
    search = {"ids": [sent.json[0]["id"]]}
    (entry,) = http("POST", "/v1/sms/status/search", json=search, headers=HEADERS).json["smsStatuses"]
    (found,) = http("POST", "/v1/carrier/lookup", json={"destinations": [number]}, headers=HEADERS).json["destinations"]
    return entry, found


@pytest.mark.parametrize("number", ["5511900000000", "5215512345678"])
def test_a_mobile_is_sent_to(number: str, http: Http, control: Http, advance: Advance) -> None:
    entry, found = answers(number, http, control, advance)
    assert entry["sentStatusCode"] == 2
    assert found["active"]


@pytest.mark.parametrize("number", ["11999998888", "19997712322", "551133334444", "576012345678", "5511000000000"])
def test_no_mobile_is_accepted_and_told_later(number: str, http: Http, control: Http, advance: Advance) -> None:
    entry, found = answers(number, http, control, advance)
    assert (entry["sentStatusCode"], entry["carrierId"], entry["carrierName"]) == (202, 0, "UNKNOWN")
    assert not {name for name in entry if name.startswith("delivered")}
    assert found == {"destination": number, "active": False, "carrier": {"name": "UNKNOWN"}}


@pytest.mark.parametrize("number", [*SAMPLES, *ABROAD, "15005551000", "15005551999"])
def test_whose_numbers_are_mobiles(number: str) -> None:
    assert CARRIERS.of(number, Seed(1)) is not None


@pytest.mark.parametrize("number", [*FORGOTTEN, *LANDLINES, *IMPOSSIBLE])
def test_whose_numbers_are_none(number: str) -> None:
    assert CARRIERS.of(number, Seed(1)) is None


@given(st.sampled_from(sorted(COUNTRIES)), st.from_regex(r"[1-9]\d{6,10}", fullmatch=True))
@example("1", "2125551234")
@example("56", "212345678")
def test_the_phone_library_says_the_same(code: str, rest: str) -> None:
    """But for a trunk prefix behind the country code, which the library forgives."""
    number = f"{code}{rest}"
    parsed = phonenumbers.parse(f"+{number}")
    if f"{parsed.country_code}{parsed.national_number}" == number:
        wanted = phonenumbers.number_type(parsed) in MOBILE
        old_mexican = (
            number.startswith("521") and phonenumbers.number_type(phonenumbers.parse(f"+52{rest[1:]}")) in MOBILE
        )
        reserved = number.startswith("1500555") and len(number) == 11
        assert (mobiles(frozenset(COUNTRIES)).fullmatch(number) is not None) == (wanted or old_mexican or reserved)


def test_settings_say_whose_numbers_exist_besides() -> None:
    carriers = Carriers(
        [Carrier(1, "VIVO", "BR"), Carrier(7, "ELISA", "EE")], {"+55 11 3333 4444": "VIVO", "12": "GONE"}
    )
    assert carriers.of("551133334444", Seed(1)) == carriers.of("5511900000000", Seed(1))
    twelve = carriers.of("12", Seed(1))
    assert twelve is not None, "a number of the settings is somebody's, whatever its carrier"
    estonian = carriers.of("37255000001", Seed(1))
    assert estonian is not None, "a carrier in a country sells there"
    assert (estonian.name, carriers.country("37255000001")) == ("ELISA", "EE")
    assert carriers.of("37261234567", Seed(1)) is None, "a landline"
    assert CARRIERS.of("37255000001", Seed(1)) is None
