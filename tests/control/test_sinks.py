"""Callbacks can be tested without a receiver of one's own."""

from urllib.request import urlopen

import pytest
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http
from tests.control.acting import Meanwhile, send


def test_callbacks_are_collected(sim: Simulator, control: Http, advance: Advance) -> None:
    id = send(sim, dlr_url=f"{sim.url}/__sim/sink/reports")
    advance("1m")
    found = control("GET", "sinks/reports").json
    assert [(one["json"]["omnimessage_id"], one["json"]["status"]) for one in found["posts"]] == [
        (id, "ACK"),
        (id, "DELIVRD"),
    ]
    assert [one["at"][14:23] for one in found["posts"]] == ["00:00.200", "00:01.000"]
    assert control("GET", "sinks").json["sinks"] == [{"name": "reports", "total": 2}]


def test_it_answers_as_it_is_told(sim: Simulator, control: Http) -> None:
    answers = [
        {"status": 503, "headers": {"Retry-After": "1"}},
        {"status": 202, "body": {"ok": True}},
        {"status": 400, "body": "no", "times": 2},
    ]
    assert len(control("PUT", "sinks/x", {"answers": answers}).json["answers"]) == 3
    got = [call(f"{sim.url}/__sim/sink/x", "POST", json={"n": n}) for n in range(5)]
    assert [one.status for one in got] == [503, 202, 400, 400, 200]
    assert (got[0].headers["retry-after"], got[1].json, got[2].body) == ("1", {"ok": True}, b"no")
    assert [one["answered"] for one in control("GET", "sinks/x").json["posts"]] == [503, 202, 400, 400, 200]


def test_an_answer_may_hold_for_ever_and_may_take_its_time(sim: Simulator, control: Http) -> None:
    control("PUT", "sinks/x", {"answers": [{"status": 500, "times": 0, "delay": "1ms"}]})
    assert [call(f"{sim.url}/__sim/sink/x", "PUT").status for _ in range(2)] == [500, 500]
    control("PUT", "sinks/x", {"answers": [{"delay": "10m"}]})
    with pytest.raises(TimeoutError):
        urlopen(f"{sim.url}/__sim/sink/x", b"", timeout=0.1)


@pytest.mark.parametrize("answer", [{"status": 99}, {"status": "200"}, {"delay": "soon"}, {"times": -1}, {"colour": 1}])
def test_what_cannot_be_answered_is_told(control: Http, answer: dict[str, object]) -> None:
    assert control("PUT", "sinks/x", {"answers": [answer]}).status == 400


def test_posts_are_waited_for(sim: Simulator, control: Http) -> None:
    with Meanwhile(lambda: control("GET", "sinks/x?count=2&wait=60s")) as waiting:
        call(f"{sim.url}/__sim/sink/x/below?q=1", "POST", body="plain")
        call(f"{sim.url}/__sim/sink/x", "DELETE")
        first, second = waiting.result().json["posts"]
        assert (first["method"], first["path"], first["query"], first["body"]) == ("POST", "below", "q=1", "plain")
        assert (first["json"], second["method"]) == (None, "DELETE")


def test_posts_that_do_not_come_are_explained(sim: Simulator, control: Http) -> None:
    send(sim, dlr_url=f"{sim.url}/__sim/sink/other")
    answer = control("GET", "sinks/x?wait=10ms")
    assert answer.status == 408
    assert "the next callback is due at 2026-01-01T00:00:00.200Z" in answer.json["near"][0]["text"]


def test_sinks_belong_to_a_sandbox_and_are_emptied_with_it(sim: Simulator, control: Http) -> None:
    control("POST", "sandboxes", {"name": "ci"})
    call(f"{sim.url}/__sim/sink/x?sandbox=ci", "POST", body="1")
    assert control("GET", "sinks/x").json["total"] == 0
    assert control("GET", "sinks/x?sandbox=ci").json["total"] == 1
    control("POST", "reset?sandbox=ci")
    assert control("GET", "sinks/x?sandbox=ci").json["total"] == 0


def test_a_sink_is_bounded(sim: Simulator, control: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msgsim.web.control.sink_routes.BODY_KEPT", 10)
    call(f"{sim.url}/__sim/sink/x", "POST", body="0123456789 and more")
    assert control("GET", "sinks/x").json["posts"][0]["body"] == "0123456789"
    for number in range(105):
        status = call(f"{sim.url}/__sim/sink/s{number}", "POST").status
    assert status == 400
    assert control("DELETE", "sinks/x").status == 204
    assert call(f"{sim.url}/__sim/sink/y", "POST").status == 200


def test_secrets_in_headers_are_not_kept(sim: Simulator, control: Http) -> None:
    call(f"{sim.url}/__sim/sink/x", "POST", headers={"Authorization": "Bearer very-secret"})
    assert b"very-secret" not in control("GET", "sinks/x").body
