"""When a message leaves: the arithmetic against a slow and obvious reference, and then end to end."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch import provider, schedule
from msgsim.providers.sinch.account import CAPITALS, Account
from msgsim.providers.sinch.segments import parts, without_accents

from tests.conftest import Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
HELLO = {"destination": "5511900000000", "messageText": "Hello"}
MINUTE = 60_000
HOUR = 60 * MINUTE

ZONES = st.sampled_from(
    [
        "UTC",
        "GMT",
        "+03:00",
        "-0100",
        "+05:45",
        "-03",
        "America/Sao_Paulo",
        "America/Santiago",
        "America/St_Johns",
        "America/Mexico_City",
        "Europe/Madrid",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/Havana",
    ]
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 12, 31)).map(  # noqa: DTZ001
    lambda moment: round(moment.replace(tzinfo=UTC).timestamp() * 1000)
)
SHIFTS = st.sampled_from(
    # Clocks change: Sao Paulo both ways, St John's at one past midnight, Lord Howe by half an hour, Apia's lost day.
    ["2018-11-04T00:00:00", "2018-02-18T00:00:00", "2006-10-29T00:00:00", "2024-10-06T00:00:00", "2011-12-30T00:00:00"]
).flatmap(
    lambda day: st.integers(-26 * 3600, 26 * 3600).map(
        lambda aside: round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + aside) * 1000
    )
)
HOURS = st.lists(st.integers(0, 23), min_size=1, max_size=4)


def hour(moment: int, where: tzinfo) -> int:
    return datetime.fromtimestamp(moment / 1000, where).hour


def slow_inside(moment: int, hours: list[int], where: tzinfo) -> int:
    """Ask every minute."""
    while hour(moment, where) not in hours:
        moment = moment // MINUTE * MINUTE + MINUTE
    return moment


def slow_local(text: str, where: tzinfo) -> int:
    """Try every quarter of an hour that any zone may be ahead or behind; else take the offset of the day before."""
    naive = datetime.fromisoformat(text)
    quarters = [naive.replace(tzinfo=UTC) - timedelta(minutes=15 * quarter) for quarter in range(-60, 61)]
    fitting = [one for one in quarters if one.astimezone(where).replace(tzinfo=None) == naive]
    if fitting:
        return round(min(fitting).timestamp()) * 1000
    before = (naive - timedelta(hours=6)).replace(tzinfo=where).utcoffset()
    assert before is not None
    return round((naive - before).replace(tzinfo=UTC).timestamp()) * 1000


@settings(max_examples=400, deadline=None)
@given(st.one_of(MOMENTS, SHIFTS), HOURS, ZONES)
@example(1162089010000, [23], "America/St_Johns")
@example(1162089010000, [23, 5], "America/St_Johns")
def test_the_window_opens_when_a_clock_on_the_wall_says_so(moment: int, hours: list[int], name: str) -> None:
    where = schedule.zone(name)
    assert schedule.inside(moment, hours, where) == slow_inside(moment, hours, where)


@given(st.one_of(MOMENTS, SHIFTS), ZONES)
def test_without_hours_it_is_always_open(moment: int, name: str) -> None:
    assert schedule.inside(moment, [], schedule.zone(name)) == moment


@given(st.one_of(MOMENTS, SHIFTS), ZONES)
def test_local_dates_are_read_by_the_clock_on_the_wall(moment: int, name: str) -> None:
    text = datetime.fromtimestamp(moment // 1000, UTC).isoformat()[:19]
    assert schedule.is_local(text)
    where = schedule.zone(name)
    assert schedule.local(text, where) == slow_local(text, where)


@given(MOMENTS, st.integers(0, 10**6), ZONES)
def test_schedules_never_begin_before_now(now: int, minutes: int, name: str) -> None:
    where = schedule.zone(name)
    assert schedule.scheduled({"delayedInMinutes": minutes}, where, now) == now + minutes * MINUTE
    assert schedule.scheduled({"scheduledAt": now // 1000 - minutes}, where, now) == now
    assert schedule.scheduled({"scheduledAt": now + minutes}, where, now) == now + minutes
    assert schedule.scheduled({}, where, now) == now
    assert schedule.expiry({"expiresInMinutes": minutes}, where, now) == now + minutes * MINUTE
    assert schedule.expiry({"expiresAt": now}, where, 0) == now
    assert schedule.expiry({"expiresAt": now // 1000}, where, 0) == now // 1000 * 1000
    assert schedule.expiry({}, where, now) is None


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("+03:00", 180), ("-0100", -60), ("+05:45", 345), ("UTC", 0), ("GMT", 0), ("-03", -180), ("GMT-03:00", -180),
        ("GMT-3", -180), ("UTC-03:00", -180), ("UTC+5:30", 330), ("UT+1", 60), ("-3", -180), ("+18", 1080), ("Z", 0),
        ("GMT0", 0), ("Etc/GMT+3", -180), ("+03:00:00", 180),
    ],
)  # fmt: skip
def test_offsets(name: str, minutes: int) -> None:
    assert schedule.zone(name).utcoffset(datetime(2026, 1, 1)) == timedelta(minutes=minutes)  # noqa: DTZ001


@pytest.mark.parametrize(
    "name",
    [
        *["", "Nowhere", "America", "america/sao_paulo", "/etc/passwd", "..", "\0"],
        *["+24:00", "+18:01", "-01:60", "UTC+x", "GMT-", "+", "GMT-3h", "−03:00"],
        *["localtime", "posixrules", "Factory", "right/UTC", "posix/UTC", "tzdata.zi", "zone.tab"],
    ],
)
def test_what_is_no_zone(name: str) -> None:
    assert not schedule.is_zone(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "2026-01-01T00:00",
        "2026-1-1T00:00:00",
        "2026-02-29T00:00:00",
        "2026-01-01T24:00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000",
        "2026-01-01 00:00:00",
        "1969-12-31T00:00:00",
        "9999-01-01T00:00:00",
        "٢٠٢٦-01-01T00:00:00",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert not schedule.is_local(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_readers(text: str) -> None:
    assert schedule.is_zone(text) in (True, False)
    assert schedule.is_local(text) in (True, False)


def start(http: Http, control: Http, **more: Json) -> str:
    answer = http("POST", "/v1/send-sms", json=HELLO | more, headers=HEADERS)
    assert answer.status == 200, answer.body
    shown: str = control("GET", f"messages/{answer.json[0]['id']}").json["start"]
    return shown.removesuffix(".000Z")


def test_schedules_and_windows_decide_when_a_message_starts(http: Http, control: Http) -> None:
    assert start(http, control) == "2026-01-01T00:00:00"
    assert start(http, control, scheduledAt=1767229200) == "2026-01-01T01:00:00"
    assert start(http, control, scheduledAt=1767229200000) == "2026-01-01T01:00:00"
    assert start(http, control, delayedInMinutes=90) == "2026-01-01T01:30:00"
    assert start(http, control, scheduledDate="2026-01-02T10:00:00") == "2026-01-02T10:00:00"
    zoned = {"scheduledDate": "2026-01-02T10:00:00", "timeZone": "America/Sao_Paulo"}
    assert start(http, control, **zoned) == "2026-01-02T13:00:00"
    assert start(http, control, **zoned, timeWindow=[9]) == "2026-01-03T12:00:00"
    assert start(http, control, timeWindow=[11, 12, 18]) == "2026-01-01T11:00:00"
    assert start(http, control, timeWindow=[0]) == "2026-01-01T00:00:00"
    assert start(http, control, timeWindow=[21], timeZone="-0300") == "2026-01-01T00:00:00"
    assert start(http, control, scheduledDate="2017-01-28T02:30:43") == "2026-01-01T00:00:00"


def test_the_clocks_go_forward_in_santiago(http: Http, control: Http) -> None:
    """Midnight of 2026-09-06 does not exist there, and by summer time all others come an hour earlier."""
    santiago = {"timeZone": "America/Santiago", "timeWindow": [0]}
    assert start(http, control, scheduledDate="2026-09-05T12:00:00", **santiago) == "2026-09-07T03:00:00"
    assert start(http, control, scheduledDate="2026-09-04T12:00:00", **santiago) == "2026-09-05T04:00:00"
    gap = {"scheduledDate": "2026-09-06T00:30:00", "timeZone": "America/Santiago"}
    assert start(http, control, **gap) == "2026-09-06T04:30:00"


def test_a_message_that_expires_before_it_may_leave_is_never_sent(http: Http, control: Http, advance: Http) -> None:
    expiries: list[dict[str, Json]] = [
        {"expiresInMinutes": 60},
        {"expiresAt": 1767229200},
        {"expiresAt": 1767229200000},
        {"expiresDate": "2025-12-31T22:00:00", "timeZone": "America/Sao_Paulo"},
    ]
    late = [
        http("POST", "/v1/send-sms", json=HELLO | {"timeWindow": [2], "timeZone": "UTC"} | how, headers=HEADERS)
        for how in expiries
    ]
    in_time = http("POST", "/v1/send-sms", json=HELLO | {"timeWindow": [0], "expiresInMinutes": 60}, headers=HEADERS)
    advance("59m")
    assert control("GET", f"messages/{in_time.json[0]['id']}").json["channels"][0]["code"] == 4
    states = [control("GET", f"messages/{answer.json[0]['id']}").json["state"] for answer in late[:3]]
    assert states == ["scheduled"] * 3
    advance("1m")
    shown = [control("GET", f"messages/{answer.json[0]['id']}").json["channels"][0] for answer in late[:3]]
    assert [(one["status"], one["code"]) for one in shown] == [("EXPIRED", 101)] * 3
    assert {one["since"] for one in shown} == {"2026-01-01T01:00:00.000Z"}
    advance("1d")
    assert control("GET", f"messages/{late[3].json[0]['id']}").json["channels"][0]["status"] == "EXPIRED"


def test_the_zone_of_a_request_then_of_the_user_then_of_its_country() -> None:
    users = [
        {"name": "a", "timeZone": "Asia/Kathmandu", "country": "BR"},
        {"name": "b", "country": "BR"},
        {"name": "c"},
    ]
    mine = Account(provider.contract.settings | {"users": users})
    assert [str(mine.zone(name)) for name in ("a", "b", "c", "nobody")] == [
        "Asia/Kathmandu", "America/Sao_Paulo", "UTC", "UTC",
    ]  # fmt: skip
    ours = Account(provider.contract.settings | {"users": users, "timeZone": "-0300"})
    assert [str(ours.zone(name)) for name in ("a", "c")] == ["Asia/Kathmandu", "UTC-03:00"]
    assert isinstance(mine.zone("a"), ZoneInfo)


def test_only_countries_with_a_known_zone_can_be_set() -> None:
    settings = provider.contract.schema("settings").document["properties"]
    assert settings["users"]["items"]["properties"]["country"]["enum"] == list(CAPITALS)
    assert settings["country"]["enum"] == ["", *CAPITALS]
    for wrong in ({"country": "JP"}, {"users": [{"name": "a", "country": "JP"}]}):
        complaint = provider.contract.wrong_settings(wrong)
        assert "country:" in complaint
        assert "BR" in complaint
    for country in CAPITALS:
        mine = Account(provider.contract.settings | {"country": country})
        assert str(mine.zone("nobody")) == CAPITALS[country]


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("", "GSM-7", 1),
        ("x" * 160, "GSM-7", 1),
        ("x" * 161, "GSM-7", 2),
        ("x" * 306, "GSM-7", 2),
        ("x" * 307, "GSM-7", 3),
        ("{}\\^~`\n\r" + "x" * 152, "GSM-7", 1),
        ("[" + "x" * 69, "UCS-2", 1),
        ("]" + "x" * 70, "UCS-2", 2),
        ("|" + "x" * 125, "UCS-2", 2),
        ("|" + "x" * 126, "UCS-2", 3),
        ("á" + "x" * 159, "UCS-2", 3),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("\t", "UCS-2", 1),
    ],
)
def test_parts_of_a_text(text: str, alphabet: str, count: int) -> None:
    told = parts(text)
    assert (told["alphabet"], told["parts"]) == (alphabet, count)


@given(st.text(max_size=700))
def test_parts_against_the_table_written_out(text: str) -> None:
    table = {chr(code) for code in range(0x20, 0x7F)} - set("[]|") | {"\n", "\r"}
    single, joined = (160, 153) if set(text) <= table else (70, 63)
    size = len(text) if single == 160 else sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)
    wanted = 1
    while size > (single if wanted == 1 else joined * wanted):
        wanted += 1
    assert parts(text) == {"alphabet": "GSM-7" if single == 160 else "UCS-2", "characters": size, "parts": wanted}


def test_parts_and_accents_are_seen_in_the_control_api(http: Http, control: Http) -> None:
    def channel(text: str, to: str) -> Json:
        answer = http("POST", "/v1/send-sms", json={"destination": to, "messageText": text}, headers=HEADERS)
        return control("GET", f"messages/{answer.json[0]['id']}").json["channels"][0]

    assert channel("x" * 161, "5511900000000")["content"] == {"alphabet": "GSM-7", "characters": 161, "parts": 2}
    assert channel("Olá", "5511900000000")["content"] == {"alphabet": "UCS-2", "characters": 3, "parts": 1}
    assert without_accents("á Ç ñ 漢") == "a C n 漢"
