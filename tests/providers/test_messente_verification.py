"""Messente's number verification from start to end, asked by its own client from PyPI."""

from collections.abc import Iterator
from typing import Any

import pytest
from messente_api import ApiClient, Configuration, NumberVerificationApi
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http

TO = "+37251000001"


class Verifying:
    """The client, and the phone that reads what it gets."""

    def __init__(self, api: Any, control: Http) -> None:
        self._api = NumberVerificationApi(api)
        self._control = control

    def start(self, **more: str) -> str:
        return str(self._api.verify_number("user", "secret", **{"to": TO, **more}))

    def pin(self, id: str, pin: str, **more: str) -> str:
        return str(self._api.verify_pin("user", "secret", id, pin, **more))

    def sent(self) -> list[Any]:
        """The oldest first."""
        return list(reversed(self._control("GET", f"messages?to={TO.lstrip('+')}").json["messages"]))

    def started(self, **more: str) -> tuple[str, str]:
        """The id, and the PIN as the control API tells it."""
        word, _, id = self.start(**more).partition(" ")
        assert word == "OK"
        extra = self._control("GET", f"messages/{self.sent()[-1]['id']}").json["extra"]
        assert extra["verification_id"] == id
        return id, extra["pin"]


@pytest.fixture
def verifying(sim: Simulator, control: Http) -> Iterator[Verifying]:
    configuration = Configuration(
        host=f"{sim.url}/v1", username="user", password="secret", ignore_operation_servers=True
    )
    with ApiClient(configuration) as api:
        yield Verifying(api, control)


def test_the_pin_that_the_inbox_shows_verifies_the_number(
    sim: Simulator, verifying: Verifying, advance: Advance
) -> None:
    id, pin = verifying.started()
    assert len(pin) == 4
    advance("2s")
    inbox = call(f"{sim.url}/__sim/?to={TO.lstrip('+')}", "GET").body.decode()
    assert f"Your Verification PIN code is {pin}" in inbox
    assert "Verigator" in inbox
    assert verifying.pin(id, pin) == "VERIFIED"
    assert verifying.pin(id, pin) == "ERROR 110", "a session is used once"
    advance("1m")
    assert [message["state"] for message in verifying.sent()] == ["delivered", "cancelled"], "it is not sent again"


def test_who_does_not_answer_gets_the_same_pin_again(verifying: Verifying, advance: Advance) -> None:
    id, pin = verifying.started(max_tries="3", retry_delay="60")
    advance("59s")
    assert [message["state"] for message in verifying.sent()] == ["delivered", "scheduled", "scheduled"]
    advance("62s")
    assert [message["state"] for message in verifying.sent()] == ["delivered"] * 3
    assert {message["channels"][0]["text"] for message in verifying.sent()} == {f"Your Verification PIN code is {pin}"}
    assert verifying.pin(id, pin) == "VERIFIED"


def test_a_text_a_sender_and_a_length_of_ones_own(verifying: Verifying) -> None:
    _, pin = verifying.started(template="<PIN> opens MyShop (<PIN>)", var_from="MyShop", pin_length="16", max_tries="1")
    (message,) = verifying.sent()
    assert len(pin) == 16
    assert message["channels"][0]["text"] == f"{pin} opens MyShop ({pin})"
    assert message["channels"][0]["from"] == "MyShop"


def wrong(pin: str) -> str:
    return "0" * len(pin) if pin != "0" * len(pin) else "1" * len(pin)


def test_wrong_pins_are_invalid_and_then_throttled(verifying: Verifying, advance: Advance) -> None:
    id, pin = verifying.started()
    assert [verifying.pin(id, wrong(pin)) for _ in range(6)] == ["INVALID"] * 5 + ["THROTTLED"]
    assert verifying.pin(id, pin) == "THROTTLED", "the right one comes too late"
    advance("5m")
    assert verifying.pin(id, pin) == "THROTTLED"
    advance("1s")
    assert verifying.pin(id, pin) == "EXPIRED"


def test_how_many_wrong_pins_are_too_many_is_a_setting(verifying: Verifying, control: Http) -> None:
    control("PUT", "settings", {"messente": {"wrong_pins": 1}})
    id, pin = verifying.started()
    assert [verifying.pin(id, wrong(pin)) for _ in range(2)] == ["INVALID", "THROTTLED"]


def test_a_pin_expires_right_or_wrong(verifying: Verifying, advance: Advance) -> None:
    id, pin = verifying.started(validity="60")
    advance("60s")
    assert verifying.pin(id, wrong(pin)) == "INVALID"
    advance("1ms")
    assert [verifying.pin(id, given) for given in (pin, wrong(pin))] == ["EXPIRED"] * 2


def test_a_browser_with_its_cookie_is_known_again(verifying: Verifying) -> None:
    browser = {"browser": "Firefox", "cookie": "c1"}
    id, pin = verifying.started(**browser)
    assert verifying.pin(id, pin, **browser) == "VERIFIED"
    before = len(verifying.sent())
    assert verifying.start(**browser) == "VERIFIED"
    assert len(verifying.sent()) == before, "no PIN is sent"
    assert verifying.start(browser="Firefox", cookie="c2").startswith("OK ")
    assert verifying.start(**browser, to="+37251000002").startswith("OK ")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"template": "No pin"}, "ERROR 109"),
        ({"to": "nobody"}, "ERROR 102"),
        ({"pin_length": "3"}, "ERROR 102"),
        ({"pin_length": "17"}, "ERROR 102"),
        ({"max_tries": "0"}, "ERROR 102"),
        ({"retry_delay": "soon"}, "ERROR 102"),
        ({"validity": "1801"}, "ERROR 102"),
        ({"to": "+15005551161"}, "ERROR 111"),
        ({"to": "+15005551163"}, "ERROR 103"),
        ({"to": "+15005551164"}, "FAILED 209"),
    ],
)
def test_errors_are_texts_with_http_200(verifying: Verifying, parameters: dict[str, str], error: str) -> None:
    assert verifying.start(**parameters) == error
    assert verifying.sent() == []


def test_an_unknown_session_and_a_blank_for_a_plus(verifying: Verifying, http: Http) -> None:
    assert verifying.pin("31874a85-0000-4000-8000-0ae65d814663", "1234") == "ERROR 110"
    for written in ("%2B37251000001", "+37251000001", "37251000001"):
        query = f"username=user&password=secret&to={written}"
        for method, path in (("GET", "/verify/start"), ("POST", "/verify/start/"), ("POST", "/v1/verify/start")):
            assert http(method, path, query=query).body.startswith(b"OK ")
    assert {message["to"] for message in verifying.sent()} == {TO}


def test_a_verification_of_a_blacklisted_number_is_rejected_and_a_pin_costs_money(
    verifying: Verifying, http: Http, advance: Advance
) -> None:
    basic, account = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}, {"username": "user", "password": "secret"}
    verifying.started(max_tries="1")
    advance("1m")
    assert http("GET", "/get_balance", query=account).body == b"OK 99.90"
    http("POST", "/v1/phonebook/blacklist", json={"phoneNumber": TO}, headers=basic)
    verifying.started(max_tries="1")
    advance("1m")
    assert [message["channels"][0]["code"] for message in verifying.sent()] == [0, 8]
