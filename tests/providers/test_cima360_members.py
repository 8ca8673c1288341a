"""Names in another case, numbers as text and members of no document: noted, and refused when strict, item by item."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Http
from tests.providers.test_cima360 import JOURNEY, KEY, MAIL, MESSAGE, TEXT

TO = {"to": "maria@example.com", "fields": {"Name": "María", "name": "maria"}}
BODIES: dict[str, Any] = {
    "/ott/v1/deliver": {"payload": [MESSAGE]},
    "/sms/v1/deliver": TEXT,
    "/deliver": {**MAIL, "recipients": [TO]},
    "/voice/v1/deliver": {"recipient": "+573001234567", "messageBody": "Hello"},
}
CASES = st.lists(st.booleans(), min_size=8, max_size=8)


@pytest.fixture(scope="module")
def lenient() -> Iterator[Simulator]:
    with Simulator(clock="frozen") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def strict() -> Iterator[Simulator]:
    with Simulator(clock="frozen", strict=True) as simulator:
        yield simulator


def send(sim: Simulator, path: str, body: Json) -> Answer:
    return call(f"{sim.url}{path}", "POST", body, headers=KEY)


def recased(name: str, upper: list[bool]) -> str:
    """The same letters in another case."""
    flags = (upper * len(name))[: len(name)]
    return "".join(letter.upper() if flag else letter.lower() for letter, flag in zip(name, flags, strict=True))


def accepted(path: str, answer: Answer) -> bool:
    if path == "/ott/v1/deliver":
        return answer.status == 200 and answer.json[0]["status"] == "queued"
    return answer.json["overallStatus"] == "Accepted" if path == "/deliver" else answer.status == 200


@pytest.mark.parametrize("path", BODIES)
@settings(max_examples=20, deadline=None)
@given(upper=CASES)
def test_names_are_taken_in_any_case(lenient: Simulator, path: str, upper: list[bool]) -> None:
    body = {
        recased(name, upper): [{recased(n, upper): v for n, v in item.items()} for item in value]
        if name in ("payload", "recipients")
        else value
        for name, value in BODIES[path].items()
    }
    answer = send(lenient, path, body)
    assert accepted(path, answer), answer.body
    newest = lenient.control("GET", "requests", query={"limit": "1"}).json["requests"][0]
    written = {*body} | {name for value in body.values() if isinstance(value, list) for name in value[0]}
    known = {*BODIES[path]} | {name for value in BODIES[path].values() if isinstance(value, list) for name in value[0]}
    assert len(newest.get("notes", [])) == len(written - known)


def test_what_is_read_is_noted_and_refused_when_strict(sim: Simulator, strict: Simulator) -> None:
    item = {"Recipient": "573000000000", "TemplateID": "FRiuyt4563234a", "templateParameters": ["1", "2"]}
    body = {"payload": [MESSAGE, item | {"channelType": "3"}]}
    assert [result["status"] for result in send(sim, "/ott/v1/deliver", body).json] == ["queued", "queued"]
    assert sim.control("GET", "requests").json["requests"][0]["notes"] == [
        "Recipient is written recipient in the document",
        "TemplateID is written templateID in the document",
        "channelType is a number in the document, and is taken from a text",
    ]
    good, bad = send(strict, "/ott/v1/deliver", body).json
    assert good["status"] == "queued", "a batch is a partial success in strict mode too"
    assert bad == {
        "recipient": "573000000000",
        "messageId": None,
        "status": "error",
        "error": "Recipient is written recipient in the document",
    }
    as_text = send(strict, "/ott/v1/deliver", {"payload": [MESSAGE | {"channelType": "3"}]}).json
    assert as_text[0]["error"] == "channelType is a number in the document, and is taken from a text"
    whole = send(strict, "/ott/v1/deliver", {"Payload": [MESSAGE]})
    assert (whole.status, whole.json["detail"]) == (400, "Payload is written payload in the document")


def test_an_item_is_answered_by_what_it_says_in_any_case(http: Http) -> None:
    """A numeric recipient is none, and is echoed as it came."""
    items: list[dict[str, Any]] = [
        {"Recipient": 573000000000},
        {"RECIPIENT": "573000000000", "templateId": "FRiuyt4563234a"},
    ]
    items[1] |= {"templateParameters": ["1", "2"], "ChannelType": "9"}
    results = http("POST", "/ott/v1/deliver", json={"payload": items}, headers=KEY).json
    assert [(result["recipient"], result["error"]) for result in results] == [
        (573000000000, "Malformed message"),
        ("573000000000", "No route for channel 9"),
    ]


def test_email_is_always_answered_202(strict: Simulator) -> None:
    bad = {"To": "joao@example.com"}
    answer = send(strict, "/deliver", {**MAIL, "recipients": [TO, bad]})
    assert (answer.status, answer.json["overallStatus"]) == (202, "PartiallyAccepted")
    refused = answer.json["recipients"][1]
    assert (refused["to"], refused["errorType"]) == ("joao@example.com", "ValidationError")
    assert refused["errorMessage"] == "To is written to in the document"
    answer = send(strict, "/deliver", {**MAIL, "Recipients": [TO, bad]})
    assert (answer.status, answer.json["overallStatus"]) == (202, "Rejected")
    assert answer.json["errors"] == ["Recipients is written recipients in the document"]
    assert [one["to"] for one in answer.json["recipients"]] == ["maria@example.com", "joao@example.com"]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("value", ["x", 7, None, {}, []])
def test_a_member_of_no_document_is_noted_whatever_it_is(
    sim: Simulator, strict: Simulator, path: str, value: Json
) -> None:
    body = BODIES[path] | {"colour": value}
    assert accepted(path, send(sim, path, body))
    note = "colour is no member of the document and is ignored"
    assert sim.control("GET", "requests").json["requests"][0]["notes"] == [note]
    assert note in send(strict, path, body).body.decode()
    assert accepted(path, send(strict, path, BODIES[path]))


def test_names_inside_maps_are_the_users_own(http: Http, control: Http) -> None:
    body = {"recipient": "+573001234567", **JOURNEY, "templateParams": {"Name": "a", "name": "b", "ORDER": "c"}}
    id = http("POST", "/sms/v1/deliver", json=body, headers=KEY).json["smsId"]
    assert control("GET", f"messages/{id}").json["channels"][0]["text"] == "a, b, c"
    assert "notes" not in control("GET", "requests").json["requests"][0]


def test_the_last_spelling_of_a_member_counts(http: Http, control: Http) -> None:
    body = '{"recipient": "+573001234567", "messageBody": "first", "MessageBody": "second"}'
    id = http("POST", "/sms/v1/deliver", body=body, headers=KEY).json["smsId"]
    assert control("GET", f"messages/{id}").json["channels"][0]["text"] == "second"


def test_a_member_that_is_nearly_one_of_the_document_is_told_its_name(http: Http, control: Http) -> None:
    items = [MESSAGE, {**MESSAGE, "templateParam": ["1"], "Kind": 3}]
    assert http("POST", "/ott/v1/deliver", json={"payload": items, "payloads": []}, headers=KEY).status == 200
    assert control("GET", "requests").json["requests"][0]["notes"] == [
        "payloads is no member of the document and is ignored; did you mean 'payload'?",
        "templateParam is no member of the document and is ignored; did you mean 'templateParameters'?",
        "Kind is no member of the document and is ignored",
    ]


def test_many_unknown_members_are_counted(http: Http, control: Http) -> None:
    body = TEXT | {f"x{number}": number for number in range(2000)}
    assert http("POST", "/sms/v1/deliver", json=body, headers=KEY).status == 200
    notes = control("GET", "requests").json["requests"][0]["notes"]
    assert notes[-1] == "1980 more are no members of the document and are ignored"
    assert len(notes) == 21
