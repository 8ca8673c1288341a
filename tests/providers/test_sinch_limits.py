"""Limits per second count on the clock that moves; the tests hold the machine's still and move it by hand."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch.limits import recent
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
HELLO = {"destination": "5519900001111", "messageText": "Hello"}
TOO_MANY = (429, {"errorCode": 429, "errorMessage": "Too Many Requests"})
TIMES = st.integers(0, 5000)
MOMENTS = st.lists(st.tuples(TIMES, TIMES), max_size=5)


class Machine:
    """The machine's time, which stands still."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000_000
        monkeypatch.setattr("msgsim.clock.machine", lambda: self.now)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def limited(machine: Machine) -> Iterator[Simulator]:
    """One status query and three requests a second, on a frozen clock."""
    with Simulator(clock=f"frozen@{START}", providers={"sinch": {"rate_limit": 3}}) as simulator:
        yield simulator


def ask(sim: Simulator, method: str, path: str, json: Json = None, query: Json = None) -> Answer:
    return call(f"{sim.url}{path}", method, json, headers=HEADERS, query=query)


def listed(sim: Simulator) -> Answer:
    return ask(sim, "GET", "/v1/sms/status/list")


def test_one_status_query_a_second_whichever_it_is(limited: Simulator) -> None:
    id = ask(limited, "POST", "/v1/send-sms", HELLO).json[0]["id"]
    queries = [
        ("POST", "/v1/sms/status/search", {"ids": [id]}, None),
        ("GET", "/v1/sms/status/list", None, None),
        ("GET", "/v1/sms-status", None, {"id": id}),
    ]
    for method, path, body, query in queries:
        limited.control("POST", "clock/advance", {"by": "1s"})
        assert ask(limited, method, path, body, query).status == 200
        again = listed(limited)
        assert (again.status, again.json) == TOO_MANY


def test_so_many_requests_a_second_from_one_address(limited: Simulator) -> None:
    for _ in range(2):
        answers = [ask(limited, "POST", "/v1/send-sms", HELLO) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json == TOO_MANY[1]
        limited.control("POST", "clock/advance", {"by": "1s"})


def test_a_poller_that_keeps_to_one_a_second_passes_on_a_frozen_clock(limited: Simulator, machine: Machine) -> None:
    for _ in range(5):
        assert listed(limited).status == 200
        machine.now += 999
        assert listed(limited).status == 429
        machine.now += 1


def test_a_clock_that_is_set_back_refuses_nobody(limited: Simulator) -> None:
    assert listed(limited).status == 200
    limited.control("POST", "clock/set", {"to": "2025-01-01T00:00:00Z"})
    assert listed(limited).status == 200


@given(MOMENTS, TIMES, TIMES)
def test_a_second_is_over_when_either_clock_says_so(moments: list[tuple[int, int]], sandbox: int, machine: int) -> None:
    kept = recent(moments, (sandbox, machine))
    assert kept == [one for one in moments if one in kept]
    for one in moments:
        assert (one in kept) == (sandbox - 1000 < one[0] <= sandbox and machine - 1000 < one[1] <= machine)
