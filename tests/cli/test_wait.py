"""`msgsim wait` waits for what is new, and says what it waits for."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from msgsim.provider import discover
from msgsim.testing import Simulator

from tests.cli.conftest import Run
from tests.conftest import Advance, Http
from tests.samples import headers

TO = "+37255500001"
Sms = Callable[[str], None]


@pytest.fixture
def sms(http: Http) -> Sms:
    """``sms("Hello")`` sends it to TO."""

    def send(text: str) -> None:
        body = {"to": TO, "messages": [{"channel": "sms", "text": text, "sender": "MyShop"}]}
        answer = http("POST", "/v1/omnimessage", json=body, headers=headers(discover()["messente"], "default"))
        assert answer.status == 201

    return send


def awaited(sim: Simulator, *arguments: str, meanwhile: Callable[[], object]) -> list[str]:
    """The lines that a ``msgsim wait`` prints, during which something happens again and again."""
    command = [sys.executable, "-m", "msgsim", "wait", *arguments, "--timeout", "60s"]
    environment = {**os.environ, "MSGSIM_URL": sim.url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8") as running:
        while True:
            try:
                out, _ = running.communicate(timeout=0.05)
            except subprocess.TimeoutExpired:
                meanwhile()
            else:
                assert running.returncode == 0
                return out.splitlines()


def test_a_message_that_was_there_before_is_not_waited_for(msgsim: Run, sim: Simulator, sms: Sms) -> None:
    sms("before")
    missed = msgsim("wait", "--to", TO, "--timeout", "10ms")
    assert (missed.returncode, missed.stdout) == (4, "")
    waited, told = missed.stderr.splitlines()[:2]
    assert waited == f"waiting for 1 new message with to {TO}, for at most 10ms"
    assert "no new messages with to=" in told
    assert "it fitted before the wait began" in missed.stderr
    lines = awaited(sim, "--to", TO, meanwhile=lambda: sms("after"))
    assert lines
    assert all(line.endswith("after") for line in lines)


def test_requests_and_callbacks_too(sim: Simulator, msgsim: Run, sms: Sms) -> None:
    sms("before")
    for what in ("requests", "callbacks"):
        assert msgsim("wait", what, "--timeout", "10ms").returncode == 4
    lines = awaited(sim, "requests", "--status", "201", meanwhile=lambda: sms("after"))
    assert lines
    assert all(int(line.split()[0]) > 1 for line in lines)


def test_a_status_that_is_reached_later_is_new(sim: Simulator, sms: Sms, advance: Advance) -> None:
    def deliver() -> None:
        sms("later")
        advance("1m")

    sms("before")
    advance("1m")
    lines = awaited(sim, "--status", "delivered", "--count", "2", meanwhile=deliver)
    assert len(lines) >= 2
    assert all("later" in line for line in lines)


@pytest.mark.parametrize(
    ("since", "count"),
    [("start", 2), ("1d", 2), ("30m", 1), ("2026-01-01T00:30:00Z", 1), ("2026-01-01T02:30+02:00", 1)],
)
def test_since_says_from_when_on_it_counts(msgsim: Run, sms: Sms, advance: Advance, since: str, count: int) -> None:
    sms("early")
    advance("1h")
    sms("late")
    for what in ("messages", "requests"):
        done = msgsim("wait", what, "--since", since, "--count", str(count))
        assert len(done.stdout.splitlines()) == count, done.stderr
        assert msgsim("wait", what, "--since", since, "--count", str(count + 1), "--timeout", "10ms").returncode == 4


@pytest.mark.parametrize("since", ["tomorrow", "5", "2026-13-01", "-5m", "5w"])
def test_a_since_that_is_no_time_is_told_with_ones_that_are(msgsim: Run, since: str) -> None:
    done = msgsim("wait", "--since", since)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"since: {since!r} is no time: write 2026-01-01T00:00:00Z, or 5m for so long ago" in done.stderr
