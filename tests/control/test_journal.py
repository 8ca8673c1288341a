"""The journal: what it keeps, what it hides, how long it gets, and how it is taken elsewhere."""

from typing import Any

import msgspec
from msgsim.testing import Simulator, call

from tests.conftest import START, Advance, Http
from tests.control.acting import BASIC, refuse, send
from tests.receiver import Receiver


def lines(control: Http) -> list[Any]:
    answer = control("GET", "journal.jsonl")
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [msgspec.json.decode(line) for line in answer.body.splitlines()]


def test_everything_is_a_line_in_order(sim: Simulator, control: Http, advance: Advance, receiver: Receiver) -> None:
    id = send(sim, dlr_url=receiver.url)
    refuse(sim)
    advance("1m")
    control("POST", f"messages/{id}/status", {"status": "UNDELIV"})
    found = lines(control)
    assert [one["number"] for one in found] == [1, 2, 3, 4, 5, 6, 7]
    kinds = ["exchange", "exchange", "attempt", "attempt", "control", "control", "attempt"]
    assert [one["kind"] for one in found] == kinds
    assert (found[0]["messages"], found[1]["status"], found[2]["callback"]) == ([id], 400, 1)
    assert [one["action"] for one in found[4:6]] == ["clock", "force"]


def test_an_empty_journal_has_no_lines(control: Http) -> None:
    assert lines(control) == []
    assert control("GET", "journal.har").json["log"]["entries"] == []


def test_an_archive_has_requests_and_callbacks(
    sim: Simulator, control: Http, advance: Advance, receiver: Receiver
) -> None:
    receiver.answer(503, b"later")
    send(sim, dlr_url=receiver.url)
    advance("500ms")
    log = control("GET", "journal.har").json["log"]
    assert log["version"] == "1.2"
    sent, attempt = log["entries"]
    assert (sent["request"]["method"], sent["request"]["url"]) == ("POST", f"{sim.url}/v1/omnimessage")
    assert (sent["response"]["status"], sent["response"]["statusText"]) == (201, "Created")
    assert sent["request"]["postData"]["mimeType"] == "application/json"
    assert (attempt["request"]["url"], attempt["response"]["status"]) == (receiver.url, 503)
    assert attempt["response"]["content"]["text"] == "later"
    for entry in log["entries"]:
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"} <= set(
            entry["request"]
        )


def test_secrets_are_nowhere(sim: Simulator, control: Http, advance: Advance) -> None:
    send(sim)
    call(f"{sim.url}/ott/v1/deliver", "POST", json={}, headers={"X-API-KEY": "very-secret"})
    call(f"{sim.url}/v1/send-sms", "POST", json={}, headers={"UserName": "u", "AuthenticationToken": "very-secret"})
    call(f"{sim.url}/v2/token", "POST", json={"client_id": "c", "client_secret": "very-secret"})
    call(f"{sim.url}/v1/send-sms?username=u&authenticationToken=very-secret&destination=1", "GET")
    for path in ("journal.jsonl", "journal.har", "requests"):
        body = control("GET", path).body
        assert b"very-secret" not in body, path
        assert BASIC["Authorization"].encode() not in body, path


def test_its_length_is_bounded_per_sandbox() -> None:
    """Trimmed once in a thousand lines, so it may be that much longer for a while."""
    with Simulator(clock=f"frozen@{START}", journal_limit=50) as sim:
        sim.control("POST", "sandboxes", {"name": "other"})
        refuse(sim, "other")
        for _ in range(20):
            sim.control("POST", "sample", {"provider": "messente", "count": 100, "seed": 1})
        numbers = [one["number"] for one in lines(sim.control)]
        assert numbers == list(range(1951, 2001))
        assert sim.control("GET", "requests").json["total"] == 50
        assert sim.control("GET", "requests?sandbox=other").json["total"] == 1
        assert sim.control("GET", "messages").json["total"] > 1000
