"""The fixture in tests that fake the time or the files of their process, with the packages people use for it."""

import gc

import pytest
from msgsim.client import Client
from msgsim.testing import Simulator

from tests.client.foreign import run

pytest_plugins = ["pytester"]

YEAR = """
from datetime import UTC, datetime
import gc
import time
from freezegun import freeze_time
import time_machine

BEGUN = datetime.now(UTC)

def year(msgsim):
    return int(msgsim.clock.get()["now"][:4])

def is_right(msgsim):
    now = datetime.fromisoformat(msgsim.clock.get()["now"])
    return abs((now - BEGUN).total_seconds()) < 600
"""
FREEZERS = {
    "freezegun": "freeze_time('2001-01-01')",
    "freezegun that ticks": "freeze_time('2001-01-01', tick=True)",
    "time-machine": "time_machine.travel('2001-01-01T00:00Z')",
    "time-machine that stands": "time_machine.travel('2001-01-01T00:00Z', tick=False)",
}
LOOPS = {"uvloop": "", "asyncio": "import sys\nsys.modules['uvloop'] = None\n"}
"""What stands in conftest.py, so that the server has this loop."""


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("freezer", FREEZERS)
def test_time_that_is_faked_in_a_test_changes_no_clock(project: pytest.Pytester, freezer: str, loop: str) -> None:
    project.makeconftest(LOOPS[loop])
    freeze = FREEZERS[freezer]
    result = run(
        project,
        f"""{YEAR}
@pytest.mark.msgsim(clock="real")
def test_real(msgsim):
    assert is_right(msgsim)
    with {freeze}:
        assert is_right(msgsim)
        send(msgsim, "+37255500001")
        assert is_right(msgsim)
    assert is_right(msgsim)

def test_frozen(msgsim):
    before = msgsim.clock.get()["now"]
    with {freeze}:
        send(msgsim, "+37255500001", dlr_url=msgsim.sink().url)
        assert msgsim.clock.get()["now"] == before
        msgsim.clock.advance("5m")
        assert msgsim.messages.wait(status="delivered")["accepted"] == before
        assert msgsim.sink().wait(count=2, timeout="20s")

def test_waiting_ends(msgsim):
    from msgsim.client import TimedOut
    with {freeze}, pytest.raises(TimedOut):
        msgsim.messages.wait(timeout="20ms")
""",
    )
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("freezer", FREEZERS)
def test_time_may_be_faked_before_the_server_starts(project: pytest.Pytester, freezer: str, loop: str) -> None:
    project.makeconftest(LOOPS[loop])
    result = run(
        project,
        f"""{YEAR}
@pytest.fixture(autouse=True, scope="session")
def frozen():
    with {FREEZERS[freezer]}:
        yield

@pytest.mark.msgsim(clock="real")
def test_real(frozen, msgsim):
    assert time.time() < 1e9
    assert is_right(msgsim)

def test_frozen(frozen, msgsim):
    assert is_right(msgsim)
    send(msgsim, "+37255500001")
    msgsim.clock.run_until_idle()
    assert msgsim.messages.wait(status="delivered")
    assert is_right(msgsim)
""",
    )
    result.assert_outcomes(passed=2)


def test_the_garbage_collector_of_a_test_is_left_as_it_was() -> None:
    before = (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count())
    with Simulator(scenario=["viber-falls-back-to-sms"]) as simulator, Client(simulator.url) as client:
        client.sample(count=4)
        assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before
    assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before


FILES = """
import json
from urllib.request import Request, urlopen

def opened(url, body=None, headers={}):
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **headers} if data else headers
    with urlopen(Request(url, data, sent)) as response:
        return response.read()

def all_that_is_asked(msgsim):
    for path in ("", "start", "errors", "requests", "scenarios", "openapi.json", "docs", "static/style.css"):
        assert opened(f"{msgsim.url}/__sim/{path}?sandbox={msgsim.name}"), path
    assert len(msgsim.sample(count=8)) == 8
    assert {sample["status"] // 100 for sample in msgsim.sample(count=40)} == {2}
    for scenario in msgsim.scenarios():
        msgsim.choose(scenario["name"])
        send(msgsim, "+37255500001")
    msgsim.choose()
    tokens = msgsim.credentials("sinch")
    sms = {"destination": "5511900000001", "messageText": "Hi", "timeZone": "Asia/Tokyo"}
    assert opened(msgsim.base_url("sinch") + "/v1/send-sms", sms, tokens)
    assert msgsim.errors("messente")
    assert msgsim.coverage()
    msgsim.clock.run_until_idle()
    assert msgsim.messages.list(status="delivered")
"""


@pytest.mark.parametrize("order", ["msgsim, fs", "fs, msgsim", "fs_session, msgsim"])
def test_files_that_are_faked_in_a_test_break_no_request(project: pytest.Pytester, order: str) -> None:
    project.makefile(".yaml", late="name: late\nrules: []\n")
    result = run(
        project,
        f"""{FILES}
@pytest.mark.scenario("late.yaml")
def test_own(msgsim):
    pass

@pytest.mark.scenario("late.yaml")
def test_faked({order}):
    import os
    assert not os.path.exists(__file__)
    all_that_is_asked(msgsim)
""",
        *(["-k", "faked"] if "session" in order else []),
    )
    result.assert_outcomes(**{"passed": 1, "deselected": 1} if "session" in order else {"passed": 2})
