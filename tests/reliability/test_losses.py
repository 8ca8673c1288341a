"""What is said when something cannot be kept, who may come in, and what is hidden: the single rules."""

import http.client
from pathlib import Path

import pytest
from msgsim import clock
from msgsim.config import Config, guarded, is_local
from msgsim.engine import redaction
from msgsim.model import Inbound
from msgsim.scenarios.yaml import Wrong, parse
from msgsim.storage import store
from msgsim.storage.database import StoreError
from msgsim.testing import Simulator, call
from msgspec.structs import replace

MO = Inbound(1, "id", "messente", "+1", "+2", "hello", 0)


def test_one_failed_write_takes_the_whole_transaction_with_it_and_says_so() -> None:
    told: list[StoreError | None] = []
    kept = store.Store(None)
    kept.told.append(told.append)
    kept.add_inbound(MO)
    kept.add_inbound(MO)
    with pytest.raises(StoreError, match="UNIQUE"):
        kept.commit()
    assert [str(one) for one in told] == ["memory: UNIQUE constraint failed: inbound.key"]
    kept.commit()
    assert kept.inbound_by_key(1) is None
    kept.add_inbound(MO)
    kept.commit()
    assert kept.inbound_by_key(1) == MO
    assert told[1:] == [None]
    kept.close()


def test_a_value_that_no_row_can_hold_is_a_failed_write_too() -> None:
    told: list[StoreError | None] = []
    kept = store.Store(None)
    kept.told.append(told.append)
    kept.add_inbound(replace(MO, at=1 << 63))
    with pytest.raises(StoreError, match="too large"):
        kept.commit()
    assert len(told) == 1
    kept.add_inbound(MO)
    kept.commit()
    assert kept.inbound_by_key(1) == MO
    kept.close()


def test_a_store_that_was_deleted_is_written_back_at_the_next_commit(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    kept = store.Store(path)
    kept.add_inbound(MO)
    kept.commit()
    path.unlink()
    kept.close()
    again = store.Store(path)
    assert again.inbound_by_key(1) == MO
    again.close()


def test_a_store_is_one_servers_by_any_of_its_names_and_after_it_was_written_back(tmp_path: Path) -> None:
    path, link = tmp_path / "store.db", tmp_path / "link.db"
    kept = store.Store(path)
    link.symlink_to(path)
    for name in (path, link):
        with pytest.raises(StoreError, match="another msgsim uses it"):
            store.Store(name)
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    kept.add_inbound(MO)
    kept.commit()
    with pytest.raises(StoreError, match="another msgsim uses it"):
        store.Store(path)
    kept.close()
    again = store.Store(path)
    assert again.inbound_by_key(1) == MO
    again.close()


def test_what_is_written_while_the_log_is_taken_back_is_there(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    kept = store.Store(path)
    for number in range(1, 40_001):
        kept.add_inbound(replace(MO, key=number, text="x" * 2000))
        if number % 50 == 0:
            kept.commit()
    kept.close()
    again = store.Store(path)
    assert len(again.inbound(0)) == 40_000
    again.close()


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
    found = redaction.hidden(shown, frozenset({"pass"}))
    assert found.replace(" ", "") == hidden.replace(" ", "")


def test_far_times_are_shown_as_the_ends_of_the_calendar() -> None:
    assert clock.iso(1 << 60).startswith("9999-12-31T23:59:59")
    assert clock.iso(-(1 << 60)).startswith("0001-01-01T00:00:00")
    assert clock.iso(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a: " + "[" * 600 + "]" * 600, "- " * 600 + "a", "a: !!python/name:os.system []"]
)
def test_yaml_that_would_break_the_reader_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match=r"too deeply|not taken here"):
        parse(text, "bad.yaml")


def test_a_body_above_the_limit_is_refused_by_us_at_every_door() -> None:
    with Simulator(body_limit=1000) as sim:
        for path, method in (("/v1/omnimessage", "POST"), ("/__sim/v1/scenario", "PUT")):
            answer = call(f"{sim.url}{path}", method, body="x" * 1001)
            assert answer.status == 413
            assert "body_limit" in answer.json["detail"]
