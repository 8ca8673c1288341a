"""What is said when something cannot be kept, who may come in, and what is hidden: the single rules."""

import http.client

import pytest
from msgsim import clock
from msgsim.config import Config, guarded, is_local
from msgsim.engine import redaction
from msgsim.scenarios.yaml import BadFile, parse
from msgsim.testing import Simulator, call


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:8080", "[::1]:1", "::1", "a.localhost"])
def test_names_of_this_machine(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "127.0.0.1.example", "localhost.example", "10.0.0.1", "127.1"])
def test_names_of_others(host: str) -> None:
    assert not is_local(host)


def test_a_token_is_made_up_beyond_loopback_only() -> None:
    made = [guarded(Config(host="0.0.0.0")).token for _ in range(2)]
    assert made[0] != made[1]
    assert [len(token) for token in made] == [32, 32]
    assert guarded(Config()).token == ""
    assert guarded(Config(host="0.0.0.0", token="mine")).token == "mine"


def test_a_browser_comes_in_by_the_printed_link_and_stays_by_a_cookie() -> None:
    with Simulator(host="0.0.0.0") as sim:
        connection = http.client.HTTPConnection("127.0.0.1", sim.port)
        connection.request("GET", f"/__sim/v1/clock?token={sim.config.token}")
        welcome = connection.getresponse()
        welcome.read()
        connection.close()
        cookie = welcome.headers["set-cookie"]
        assert (welcome.status, welcome.headers["location"]) == (303, "/__sim/v1/clock")
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        url = f"http://127.0.0.1:{sim.port}/__sim/v1/clock"
        assert call(url, "GET", headers={"Cookie": cookie.partition(";")[0]}).status == 200
        assert call(url, "GET").status == 401
        assert call(f"{url}?token=wrong", "GET").status == 401


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        ('{"pass": "x", "b": 1}', '{"pass":"***", "b": 1}'),
        ('{"PASS" : "a\\"b&c", "b": "y"}', '{"PASS" :"***", "b": "y"}'),
        ('{"pass": 12345}', '{"pass":"***"}'),
        ('{"pass": "cut off', '{"pass":"***"'),
        ("pass=x&b=1", "pass=***&b=1"),
        ("?a=1&Pass=x", "?a=1&Pass=***"),
        ('{"passage": "seen"}', '{"passage": "seen"}'),
    ],
)
def test_secrets_are_hidden_whole_and_nothing_else_is(shown: str, hidden: str) -> None:
    found = redaction.Secrets(frozenset({"pass"})).by_name(shown)
    assert found.replace(" ", "") == hidden.replace(" ", "")


def test_far_times_are_shown_as_the_ends_of_the_calendar() -> None:
    assert clock.iso(1 << 60).startswith("9999-12-31T23:59:59")
    assert clock.iso(-(1 << 60)).startswith("0001-01-01T00:00:00")
    assert clock.iso(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a: " + "[" * 600 + "]" * 600, "- " * 600 + "a", "a: !!python/name:os.system []"]
)
def test_yaml_that_would_break_the_reader_is_refused(text: str) -> None:
    with pytest.raises(BadFile, match=r"too deeply|not taken here"):
        parse(text, "bad.yaml")


def test_a_body_above_the_limit_is_refused_by_us_at_every_door() -> None:
    with Simulator(body_limit=1000) as sim:
        for path, method in (("/v1/omnimessage", "POST"), ("/__sim/v1/scenario", "PUT")):
            answer = call(f"{sim.url}{path}", method, body="x" * 1001)
            assert answer.status == 413
            assert "body_limit" in answer.json["detail"]
