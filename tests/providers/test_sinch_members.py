"""What is read in another way than documented, and what is ignored: noted, explained, linted, refused when strict."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch.members import COMMON, OF_A_BULK, OF_A_MESSAGE, OF_A_REQUEST, OF_A_SINGLE_SEND, Members
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
SINGLE, BULK = "/v1/send-sms", "/v1/send-bulk-sms"
HELLO: dict[str, Json] = {"destination": "5511900000000", "messageText": "Hello"}
TYPO = "scheduleDate is no member of the document and is ignored; did you mean 'scheduledDate'?"
INSIDE = "scheduledDate belongs at the root and is ignored inside a message"
AT_ROOT = "extraInfo belongs into messages or defaultValues and is ignored at the root"
SOON = "2026-06-01T00:00:00"
VALUES: list[Json] = [SOON, 7, None, [], {}, True]
IGNORED: list[tuple[str, Json, str]] = [
    *((SINGLE, HELLO | {"scheduleDate": value}, TYPO) for value in VALUES),
    *((BULK, {"messages": [HELLO], "scheduleDate": value}, TYPO) for value in VALUES),
    *((BULK, {"messages": [HELLO | {"scheduledDate": value}]}, INSIDE) for value in VALUES),
    (BULK, {"messages": [HELLO], "defaultValues": {"scheduledDate": "soon"}}, INSIDE),
    *((BULK, {"messages": [HELLO], "extraInfo": value}, AT_ROOT) for value in VALUES),
    (BULK, {"messages": [HELLO | {"colour": "red"}]}, "colour is no member of the document and is ignored"),
    (BULK, {"messages": [HELLO], "defaultValues": {"x": 1}}, "x is no member of the document and is ignored"),
]


@pytest.fixture(scope="module")
def strict() -> Iterator[Simulator]:
    with Simulator(clock="frozen", strict=True) as simulator:
        yield simulator


def post(sim: Simulator, path: str, body: Json) -> Answer:
    return call(f"{sim.url}{path}", "POST", body, headers=HEADERS)


@pytest.mark.parametrize(("path", "body", "note"), IGNORED)
def test_ignored_members_are_noted_explained_and_refused_when_strict(
    sim: Simulator, strict: Simulator, path: str, body: Json, note: str
) -> None:
    assert post(sim, path, body).status == 200
    (exchange,) = sim.control("GET", "requests").json["requests"]
    assert exchange["notes"] == [note]
    prose = sim.control("GET", f"requests/{exchange['number']}/explain").json["prose"]
    assert f"A strict reading would have refused it: {note}" in prose
    answer = post(strict, path, body)
    assert (answer.status, answer.json["errorMessage"]) == (400, f"Bad Request: {note}")


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "note"),
    [
        ("GET", "/v1/sms/status/list", {"limt": "1"}, None, "limt is no parameter of the document and is ignored"),
        ("GET", "/v1/sms/receive/list", {"start": "x"}, None, "start is no parameter of the document and is ignored"),
        ("GET", "/v1/sms/receive/search", {"from": "x"}, None, "from is no parameter of the document and is ignored"),
        ("GET", "/api/v1/campaigns", {"size": "1"}, None, "size is no parameter of the document and is ignored"),
        ("POST", "/v1/sms/status/search", {}, {"ids": ["x"], "id": "y"}, "id is no member of the document and is"),
        ("POST", "/v1/sms/status/search", {}, {"correlationIds": [7]}, "correlationIds is taken from a JSON list of"),
        ("POST", "/v1/carrier/lookup", {}, {"destinations": [5511900000000]}, "destinations is taken from a JSON list"),
        ("POST", "/v1/carrier/lookup", {}, {"destinations": ["1"], "x": 1}, "x is no member of"),
        ("POST", "/api/v1/campaigns", {}, {"campaign": {"name": "n", "size": 1}}, "campaign.size is no member of"),
    ],
)
def test_queries_ignore_nothing_in_silence(
    sim: Simulator, strict: Simulator, method: str, path: str, query: Json, body: Json, note: str
) -> None:
    sim.control("POST", "clock/advance", {"by": "1s"})
    assert call(f"{sim.url}{path}", method, body, headers=HEADERS, query=query).status == 200
    (exchange,) = sim.control("GET", "requests").json["requests"]
    assert len(exchange["notes"]) == 1
    assert exchange["notes"][0].startswith(note)
    strict.control("POST", "clock/advance", {"by": "1s"})
    assert call(f"{strict.url}{path}", method, body, headers=HEADERS, query=query).status == 400


def test_lint_tells_what_only_a_tolerant_reading_took(sim: Simulator) -> None:
    assert sim.control("GET", "lint").json["findings"] == []
    post(sim, SINGLE, HELLO)
    assert sim.control("GET", "lint").json["findings"] == []
    post(sim, SINGLE, HELLO | {"scheduleDate": 7})
    post(sim, BULK, {"messages": [HELLO | {"scheduledDate": "x", "colour": 1}]})
    (finding,) = sim.control("GET", "lint").json["findings"]
    assert (finding["rule"], finding["provider"], finding["times"]) == ("undocumented", "sinch", 2)
    assert finding["requests"] == [2, 3]
    assert TYPO in finding["text"]
    assert INSIDE in finding["text"]


def test_an_ignored_member_has_no_effect(http: Http, control: Http) -> None:
    item = {**HELLO, "scheduledDate": "2026-06-01T00:00:00", "timeZone": "Nowhere", "campaignAlias": "nowhere"}
    body = {"messages": [item], "delayedInMinutes": 60, "messageText": 7}
    id = http("POST", BULK, json=body, headers=HEADERS).json["messages"][0]["id"]
    assert control("GET", f"messages/{id}").json["start"] == "2026-01-01T01:00:00.000Z"
    assert len(control("GET", "requests").json["requests"][0]["notes"]) == 4


def test_an_unknown_parameter_of_a_query_is_noted(http: Http, control: Http) -> None:
    query = HELLO | {"callback": "jQuery1", "delayedInMinutes": "5", "flashSMS": "TRUE"}
    assert http("GET", SINGLE, query=query, headers=HEADERS).status == 200
    (exchange,) = control("GET", "requests").json["requests"]
    assert exchange["notes"] == ["callback is no member of the document and is ignored"], "texts are no tolerance here"


def test_other_scalars_are_noted_and_refused_when_strict(http: Http, control: Http, strict: Simulator) -> None:
    body = {"destination": "+55 11 90000-0000", "messageText": "Hello", "correlationId": 7, "flashSMS": "TRUE"}
    assert http("POST", SINGLE, json=body, headers=HEADERS).status == 200
    assert control("GET", "requests").json["requests"][0]["notes"] == [
        "correlationId is taken from a JSON number",
        "flashSMS is taken from a JSON string",
        "destination is not digits only",
    ]
    for name in body.keys() - {"messageText"}:
        assert post(strict, SINGLE, HELLO | {name: body[name]}).status == 400


def test_strict_accepts_what_the_document_itself_writes(strict: Simulator) -> None:
    defaults = {"messageText": "Default message", "flashSMS": "true"}
    assert post(strict, BULK, {"messages": [{"destination": "5519900001111"}], "defaultValues": defaults}).status == 200
    assert post(strict, SINGLE, HELLO | {"flashSMS": "false", "extraInfo": None}).status == 200
    assert post(strict, SINGLE, HELLO | {"templateID": 1, "params": {"name": "Bob"}}).status == 200


def test_many_ignored_members_are_told_in_part(http: Http, control: Http) -> None:
    body = {"messages": [HELLO | {f"x{number}": number} for number in range(1000)]}
    assert http("POST", BULK, json=body, headers=HEADERS).status == 200
    assert len(control("GET", "requests").json["requests"][0]["notes"]) == 20


@given(
    st.dictionaries(
        st.sampled_from(sorted(OF_A_SINGLE_SEND | OF_A_BULK | {"scheduleDate", ""})),
        st.none() | st.text() | st.integers(),
    ),
    st.sampled_from([OF_A_MESSAGE, OF_A_BULK, OF_A_SINGLE_SEND]),
)
def test_nothing_is_ignored_in_silence(item: dict[str, Json], known: frozenset[str]) -> None:
    members = Members(known)
    documented = members.documented(item)
    ignored = [tolerance for tolerance in members.tolerances if "is ignored" in tolerance]
    assert len(ignored) == len(item.keys() - known)
    assert documented.keys() == {name for name, value in item.items() if name in known and value is not None}


def test_every_member_has_its_place() -> None:
    assert not OF_A_MESSAGE & OF_A_REQUEST
    assert COMMON < OF_A_MESSAGE
