"""Messente's balance, prices, statistics and number lookup, asked by its own client from PyPI."""

from collections.abc import Iterator
from typing import Any

import pytest
from messente_api import (
    AccountBalanceApi,
    ApiClient,
    Configuration,
    NumberLookupApi,
    NumbersToInvestigate,
    PricingApi,
    StatisticsApi,
    StatisticsReportSettings,
)
from messente_api.exceptions import (
    ApiException,
    BadRequestException,
    ServiceException,
    UnauthorizedException,
    UnprocessableEntityException,
)
from msgsim.testing import Answer, Simulator
from pydantic import ValidationError

from tests.conftest import Advance, Http

BASIC = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}
ACCOUNT = {"username": "user", "password": "secret"}


@pytest.fixture
def client(sim: Simulator) -> Iterator[Any]:
    """All operations on one host, as the client's documentation says for hosts of one's own."""
    configuration = Configuration(
        host=f"{sim.url}/v1", username="user", password="secret", ignore_operation_servers=True
    )
    with ApiClient(configuration) as api:
        yield api


def send(http: Http, to: str = "+37251000001", text: str = "Hello", **more: Any) -> Answer:
    body = {"to": to, "messages": [{"channel": "sms", "text": text}], **more}
    return http("POST", "/v1/omnimessage", json=body, headers=BASIC)


def outcomes(control: Http) -> list[tuple[str, int]]:
    """Status and number of each message, the oldest first."""
    found = control("GET", "messages").json["messages"]
    return [(message["channels"][0]["status"], message["channels"][0]["code"]) for message in reversed(found)]


# Balance


def test_the_balance_is_less_by_what_was_sent(client: Any, http: Http, advance: Advance) -> None:
    api = AccountBalanceApi(client)
    assert api.get_account_balance("user", "secret") == "OK 100.00"
    send(http)
    send(http, text="x" * 200)
    assert api.get_account_balance("user", "secret") == "OK 99.70", "reserved until something is known"
    advance("1m")
    assert api.get_account_balance_using_post("user", "secret") == "OK 99.70"
    send(http, to="+15005551407")
    advance("1m")
    assert api.get_account_balance("user", "secret") == "OK 99.70", "what is rejected costs nothing"
    assert api.get_account_balance("", "") == "ERROR 101"


@pytest.mark.parametrize("path", ["/get_balance", "/get_balance/", "/v1/get_balance", "/v1/get_balance/"])
def test_credentials_stand_in_the_query_or_in_a_form(http: Http, path: str) -> None:
    form = "username=user&password=secret"
    parts = "\r\n".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in ACCOUNT.items()
    )
    media = {"Content-Type": "application/x-www-form-urlencoded"}
    several = {"Content-Type": "multipart/form-data; boundary=x"}
    asked = [
        http("GET", path, query=ACCOUNT),
        http("POST", path, query=f"{form}&username=second"),
        http("POST", path, body=form, headers=media),
        http("POST", path, body=f"{parts}\r\n--x--\r\n", headers=several),
    ]
    assert [(answer.status, answer.body) for answer in asked] == [(200, b"OK 100.00")] * 4
    assert http("GET", path, headers=BASIC).body == b"ERROR 101", "these hosts know no Basic credentials"


def test_a_password_in_a_query_is_not_written_down(http: Http, control: Http) -> None:
    http("GET", "/get_balance", query={"username": "user", "password": "a-long-secret"})
    assert "a-long-secret" not in str(control("GET", "requests/1").json)


def test_each_host_name_serves_its_own_paths(http: Http) -> None:
    for host in ("api2.messente.com", "api3.messente.com"):
        assert http("GET", "/get_balance", query=ACCOUNT, headers={"Host": host}).body == b"OK 100.00"
        lost = http("POST", "/v1/omnimessage", json={}, headers={**BASIC, "Host": host})
        assert (lost.status, lost.body) == (404, b"Not found")
    there = {**BASIC, "Host": "api.messente.com"}
    assert http("GET", "/v1/phonebook/groups", headers=there).json == {"groups": []}
    lost = http("GET", "/get_balance", query=ACCOUNT, headers=there)
    assert (lost.status, lost.json["errors"][0]["code"]) == (404, "101")


def test_a_prepaid_balance_runs_out_in_a_bulk(http: Http, control: Http, advance: Advance) -> None:
    assert control("PUT", "settings", {"messente": {"prepaid": True, "balance": "0.25"}}).status == 200
    items = [{"to": f"+3725100000{n}", "messages": [{"channel": "sms", "text": "Hello"}]} for n in range(4)]
    assert http("POST", "/v1/omnimessages", json={"messages": items}, headers=BASIC).status == 201
    assert send(http).status == 201, "nothing was said of those before"
    advance("1m")
    assert outcomes(control) == [("DELIVRD", 0)] * 2 + [("REJECTD", 4)] * 3
    assert http("GET", "/get_balance", query=ACCOUNT).body == b"OK 0.05"
    control("PUT", "settings", {"messente": {"prepaid": True, "balance": "1.00"}})
    send(http)
    advance("1m")
    assert outcomes(control)[-1] == ("DELIVRD", 0)


def test_a_long_ledger_is_summed_up_once(http: Http, advance: Advance) -> None:
    items = [{"to": "+37251000001", "messages": [{"channel": "sms", "text": "Hello"}]}] * 300
    http("POST", "/v1/omnimessages", json={"messages": items}, headers=BASIC)
    advance("1m")
    for _ in range(2):
        assert http("GET", "/get_balance", query=ACCOUNT).body == b"OK 70.00"
    send(http)
    assert http("GET", "/get_balance", query=ACCOUNT).body == b"OK 69.90"


# Prices


def test_prices_of_a_country_and_of_all(client: Any) -> None:
    api = PricingApi(client)
    prices = api.get_prices("user", "secret", "EE", "json")
    assert (prices.country, prices.name, prices.prefix) == ("EE", "Estonia", "372")
    first = prices.networks[0]
    assert (first.mccmnc, first.name, first.price) == (24801, "Telia", "0.1")
    lines = api.get_pricelist("user", "secret").splitlines()
    assert lines[0] == "Country,Code,MCCMNC,Network,Price"
    assert "Estonia,EE,24801,Telia,0.1" in lines
    with pytest.raises(ValidationError):
        api.get_prices("user", "secret", "QQ", "json")


def test_prices_in_other_forms(http: Http, control: Http) -> None:
    def asked(**more: str) -> str:
        return http("GET", "/prices", query={**ACCOUNT, **more}).body.decode()

    xml = asked(country="ee", format="xml")
    assert xml.startswith("<?xml version='1.0' encoding='UTF-8' standalone=\"yes\"?><pricing><country>EE</country>")
    assert "<network><mccmnc>24801</mccmnc><name>Telia</name><price>0.1</price></network>" in xml
    answers = [asked(), asked(country="QQ"), asked(country="FJ"), asked(country="EE", format="csv")]
    assert answers == ["ERROR 102", "ERROR 104", "ERROR 105", "ERROR 106"]
    control("PUT", "settings", {"messente": {"price_mccmnc": "string", "part_price": "0.07"}})
    assert '{"mccmnc":"24801","name":"Telia","price":"0.07"}' in asked(country="EE")


# Statistics


def report(client: Any, start: str, end: str, *types: str) -> list[tuple[str, int, str]]:
    settings = StatisticsReportSettings(start_date=start, end_date=end, message_types=list(types) or None)
    reports = StatisticsApi(client).create_statistics_report(settings).reports
    return [(line.country, line.total_messages, line.total_price) for line in reports]


def test_statistics_count_what_was_really_sent(client: Any, http: Http, advance: Advance) -> None:
    send(http)
    send(http, to="+37120000001", text="x" * 200)
    both = {
        "to": "+37251000002",
        "messages": [{"channel": "viber", "text": "x", "ttl": 60}, {"channel": "sms", "text": "x"}],
    }
    http("POST", "/v1/omnimessage", json=both, headers={**BASIC, "X-Sim-Outcome": "failed"})
    assert report(client, "2026-01-01", "2026-01-31") == [], "nothing is known yet"
    advance("1d")
    send(http)
    send(http, time_to_send="2026-02-01T00:00:00")
    advance("1m")
    assert report(client, "2026-01-01", "2026-01-01") == [("Estonia", 3, "0.30000"), ("Latvia", 1, "0.20000")]
    assert report(client, "2026-01-01", "2026-01-01", "viber") == [("Estonia", 1, "0.10000")]
    assert report(client, "2026-01-02", "2026-01-31", "sms") == [("Estonia", 1, "0.10000")]
    advance("40d")
    assert report(client, "2026-02-01", "2026-02-01") == [("Estonia", 1, "0.10000")]


def test_lookups_are_counted_and_paid(client: Any, http: Http) -> None:
    NumberLookupApi(client).fetch_info(NumbersToInvestigate(numbers=["+37251000001", "+37251000002", "12"]))
    assert report(client, "2026-01-01", "2026-01-01", "hlr") == [("Estonia", 2, "0.01000")]
    assert http("GET", "/get_balance", query=ACCOUNT).body == b"OK 99.99"


def test_bad_reports_are_refused(client: Any, http: Http) -> None:
    for start, end in (("2026-02-30", "2026-03-01"), ("2026-02-02", "2026-02-01"), ("yesterday", "2026-02-01")):
        bad = {"start_date": start, "end_date": end}
        answer = http("POST", "/v1/statistics/reports", json=bad, headers=BASIC)
        assert (answer.status, answer.json["errors"][0]["code"]) == (422, "104")
    with pytest.raises(UnprocessableEntityException) as refused:
        report(client, "2026-02-02", "2026-02-01")
    assert refused.value.data.errors[0].details.startswith("end_date: ")
    assert http("POST", "/v1/statistics/reports", json={}, headers=BASIC).json["errors"][0]["code"] == "100"
    client.set_default_header("X-Sim-Outcome", "server_error")
    with pytest.raises(ServiceException):
        report(client, "2026-02-01", "2026-02-01")


# Number lookup


def looked_up(client: Any, *numbers: str) -> list[Any]:
    return list(NumberLookupApi(client).fetch_info(NumbersToInvestigate(numbers=list(numbers))).result)


def test_a_number_is_always_the_same(client: Any) -> None:
    numbers = [f"+3725100000{n}" for n in range(10)]
    first, again = looked_up(client, *numbers), looked_up(client, *numbers)
    assert first == again
    assert [item.number for item in first] == numbers
    assert {item.original_network.country_code for item in first} == {"EE"}
    assert {item.status for item in first} <= {"true", "false"}
    assert all(item.current_network == (item.ported_network or item.original_network) for item in first)


def test_reserved_and_set_numbers_say_what_they_are_for(client: Any, control: Http) -> None:
    absent, unknown, invalid, roaming, ported = looked_up(client, *(f"+1500555142{n}" for n in range(5)))
    assert [item.status for item in (absent, unknown, invalid, roaming, ported)] == [
        "false", "UNKNOWN", "INVALID", "true", "true",
    ]  # fmt: skip
    assert unknown.original_network is None
    assert roaming.roaming is True
    assert roaming.roaming_network.country_code == "LV"
    assert ported.ported is True
    assert ported.ported_network != ported.original_network
    control("PUT", "settings", {"messente": {"lookups": {"+37251000001": {"status": "OFF"}}}})
    assert [item.status for item in looked_up(client, "+37251000001", "+3", "nobody")] == [
        "false",
        "INVALID",
        "INVALID",
    ]


@pytest.mark.parametrize(
    ("agent", "setting", "status"),
    [
        ("OpenAPI-Generator/2.7.0/python", "auto", "false"),
        ("OpenAPI-Generator/3.0.0/python", "auto", "false"),
        ("OpenAPI-Generator/2.6.0/python", "auto", "OFF"),
        ("curl/8", "auto", "OFF"),
        ("curl/8", "true/false", "false"),
        ("OpenAPI-Generator/2.7.0/python", "ON/OFF", "OFF"),
    ],
)
def test_on_and_off_are_spelled_as_the_client_reads_them(
    http: Http, control: Http, agent: str, setting: str, status: str
) -> None:
    control("PUT", "settings", {"messente": {"lookup_status": setting}})
    body = {"numbers": ["+15005551420"]}
    answer = http("POST", "/v1/hlr/sync", json=body, headers={**BASIC, "User-Agent": agent})
    assert answer.json["result"][0]["status"] == status


def test_bad_lookups_are_refused(client: Any, sim: Simulator, http: Http, control: Http) -> None:
    bodies: list[dict[str, Any]] = [{}, {"numbers": []}, {"numbers": ["+37251000001"] * 11}, {"numbers": [1]}]
    for body in bodies:
        answer = http("POST", "/v1/hlr/sync", json=body, headers=BASIC)
        assert (answer.status, answer.json["errors"][0]["error"]["code"]) == (400, 102)
    control("PUT", "settings", {"messente": {"prepaid": True, "balance": "0"}})
    with pytest.raises(ApiException) as poor:
        looked_up(client, "+37251000001")
    assert (poor.value.status, poor.value.data.errors[0].error.code) == (402, 104)
    client.set_default_header("X-Sim-Outcome", "malformed")
    with pytest.raises(BadRequestException):
        looked_up(client, "+37251000001")
    client.set_default_header("X-Sim-Outcome", "unauthorized")
    with pytest.raises(UnauthorizedException):
        looked_up(client, "+37251000001")


LOOKUPS = """
name: lookups
rules:
  - when: {provider: messente, endpoint: number-lookup, body: {"$.numbers[*]": "+37251000009"}}
    respond: {error: crediting_error}
  - when: {provider: messente, endpoint: number-lookup, nth: 1}
    respond: {status: 200, body: {request_id: r, result: [{number: "+37251000001", status: UNKNOWN}]}}
"""


def test_a_scenario_scripts_a_lookup(http: Http, control: Http) -> None:
    chosen = control("PUT", "scenario", {"names": ["lookups"], "texts": {"lookups": LOOKUPS}})
    assert chosen.status == 200, chosen.body
    body = {"numbers": ["+37251000001"]}
    first, second = (http("POST", "/v1/hlr/sync", json=body, headers=BASIC) for _ in range(2))
    assert first.json["result"][0]["status"] == "UNKNOWN"
    assert second.json["result"][0]["status"] in ("ON", "OFF")
    paid = http("POST", "/v1/hlr/sync", json={"numbers": ["+37251000009"]}, headers=BASIC)
    assert (paid.status, paid.json["errors"][0]["error"]["code"]) == (402, 105)
