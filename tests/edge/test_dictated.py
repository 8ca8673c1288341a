"""Answers that people dictate: what cannot be sent is refused where it is written, the rest goes out word for word."""

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.cli import main
from msgsim.scenarios.dictated import FRAMING, reply_of, unsendable
from msgsim.testing import Answer, Simulator
from msgsim.web.edge.replies import response_headers

from tests.conftest import Http
from tests.raw import Client, send, status


def choose(control: Http, rule: dict[str, Any]) -> Answer:
    """One rule as the scenario; JSON is YAML."""
    return control("PUT", "scenario", body="# one rule\n" + json.dumps({"name": "x", "rules": [rule]}))


BAD: list[tuple[dict[str, Any], str]] = [
    *(({"status": 200, "headers": {name.title(): "1"}}, "is framing") for name in sorted(FRAMING)),
    ({"status": 200, "headers": {"CONTENT-LENGTH": "5"}}, "is framing"),
    ({"status": 204, "body": {"a": 1}}, "an answer with status 204 has no body"),
    ({"status": 304, "body": "x"}, "an answer with status 304 has no body"),
    ({"status": 200, "headers": {"X-Sim-Exchange": "7"}}, "is what the simulator says itself"),
    ({"status": 200, "headers": {"X-A": "1", "x-a": "2"}}, "x-a is there already as X-A"),
    ({"status": 200, "headers": {"X-A": "a\r\nb"}}, ""),
    ({"status": 200, "headers": {"X-A": "a\n"}}, ""),
    ({"status": 200, "headers": {"X-A": "\u20ac"}}, ""),
    ({"status": 200, "headers": {"X A": "1"}}, ""),
    ({"status": 200, "headers": {"": "1"}}, ""),
]


@pytest.mark.parametrize(("respond", "said"), BAD, ids=str)
def test_what_cannot_be_sent_is_a_mistake_of_the_scenario(control: Http, respond: dict[str, Any], said: str) -> None:
    answer = choose(control, {"respond": respond})
    assert answer.status == 400
    assert said in answer.json["detail"]


@pytest.mark.parametrize(("answer", "said"), BAD, ids=str)
def test_what_cannot_be_sent_is_a_mistake_of_a_sink(control: Http, answer: dict[str, Any], said: str) -> None:
    told = control("PUT", "sinks/mine", {"answers": [answer]})
    assert told.status == 400
    assert said in told.json["detail"]


def test_check_says_where(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "framing.yaml"
    file.write_text(
        "name: framing\nrules:\n"
        "  - respond:\n      error: too_many_requests\n      headers:\n        Content-Length: 5\n"
        "  - respond: {status: 204, body: x}\n"
    )
    with pytest.raises(SystemExit):
        main(["check", str(file)])
    said = "".join(capsys.readouterr())
    assert re.search(r"framing\.yaml:6:\d+: Content-Length is framing", said)
    assert re.search(r"framing\.yaml:7:\d+: an answer with status 204 has no body", said)


def names(head: bytes) -> list[str]:
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:-2]]


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_a_header_goes_out_once_and_as_it_is_written(sim: Simulator, control: Http, method: str) -> None:
    headers = {"X-RateLimit-Limit": "7", "content-TYPE": "text/html", "Retry-After": 3}
    assert choose(control, {"respond": {"status": 429, "body": "<b>", "headers": headers}}).status == 200
    with Client(sim) as client:
        client.socket.sendall(send(method=method))
        head = b"".join(iter(client.file.readline, b"\r\n")) + b"\r\n"
    assert status(head) == (429 if method == "POST" else 405)
    if method == "POST":
        assert b"\r\ncontent-type: text/html\r\n" in head
        assert {"X-RateLimit-Limit", "Retry-After", "X-Sim-Exchange"} <= set(names(head))
    lower = [name.lower() for name in names(head)]
    assert len(lower) == len(set(lower))


def test_a_header_of_an_error_takes_the_place_of_the_providers(sim: Simulator, control: Http) -> None:
    headers = {"content-type": "application/problem+json", "WWW-AUTHENTICATE": "None"}
    assert choose(control, {"respond": {"error": "unauthorized", "headers": headers}}).status == 200
    with Client(sim) as client:
        head, body = client.ask(send())
    assert status(head) == 401
    assert b"\r\nWWW-AUTHENTICATE: None\r\n" in head
    assert b"\r\ncontent-type: application/problem+json\r\n" in head
    lower = [name.lower() for name in names(head)]
    assert len(lower) == len(set(lower))
    assert msgspec.json.decode(body)


@pytest.mark.parametrize("fault", [None, {"kind": "latency", "delay": "1ms"}, {"kind": "drip", "delay": "1ms"}])
@pytest.mark.parametrize("code", [204, 304, 200])
def test_an_answer_without_body_leaves_the_next_one_whole(
    sim: Simulator, control: Http, code: int, fault: dict[str, str] | None
) -> None:
    rule: dict[str, Any] = {"respond": {"status": code, "headers": {"X-One": "1"}}, "times": 1}
    assert choose(control, rule | ({"fault": fault} if fault else {})).status == 200
    with Client(sim) as client:
        head, body = client.ask(send())
        assert (status(head), body) == (code, b"")
        assert b"content-type" not in head
        assert (b"content-length" in head) is (code == 200)
        assert b"X-One: 1\r\n" in head
        assert status(client.ask(send())[0]) == 201


def test_a_sink_answers_word_for_word(sim: Simulator, control: Http) -> None:
    answers = [
        {"status": 429, "headers": {"Retry-After": "1", "CONTENT-type": "text/css"}, "body": {"a": 1}},
        {"status": 204},
        {"status": 200, "body": "x"},
    ]
    assert control("PUT", "sinks/mine", {"answers": answers}).status == 200
    post = b"POST /__sim/sink/mine HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    with Client(sim) as client:
        head, body = client.ask(post)
        assert (status(head), body) == (429, b'{"a":1}')
        assert b"\r\nRetry-After: 1\r\n" in head
        assert head.lower().count(b"content-type: text/css") == head.lower().count(b"content-type") == 1
        assert status(client.ask(post)[0]) == 204
        head, body = client.ask(post)
        assert (status(head), body) == (200, b"x")
        assert b"content-type: text/plain; charset=utf-8\r\n" in head


@given(
    code=st.integers(200, 599),
    headers=st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.integers()), max_size=4),
    body=st.recursive(
        st.one_of(st.none(), st.text(), st.floats(), st.integers(), st.dates()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner)),
        max_leaves=5,
    ),
)
def test_what_is_not_refused_can_be_sent(code: int, headers: dict[str, Any], body: Any) -> None:
    if list(unsendable(code, headers, body)):
        return
    reply = reply_of(code, tuple((name, str(value)) for name, value in headers.items()), body)
    written = response_headers(reply)
    assert all(re.fullmatch(rb"[!-9;-~]+", name) and not re.search(rb"[\r\n\x00]", value) for name, value in written)
    low = [bytes(name).lower() for name, _ in written]
    assert len(low) == len(set(low))
    assert (code in (204, 304)) is (b"content-length" not in low)
