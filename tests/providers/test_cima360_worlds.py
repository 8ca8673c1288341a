"""CIMA360 under settings, scenarios and a moving clock; what holds for any batch."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http

KEY = {"X-API-KEY": "any"}
MESSAGE = {
    "recipient": "573000000000",
    "templateID": "FRiuyt4563234a",
    "templateParameters": ["12356", "897456"],
    "channelType": 3,
}
TEXT = {"recipient": "+573001234567", "messageBody": "Your order has been shipped."}
MAIL = {"subject": "Hello", "html": "<p>Hello</p>"}
BODIES: dict[str, Any] = {
    "/ott/v1/deliver": {"payload": [MESSAGE]},
    "/sms/v1/deliver": TEXT,
    "/deliver": {**MAIL, "recipients": [{"to": "maria@example.com"}]},
    "/email/v1/deliver": {**MAIL, "recipients": [{"to": "maria@example.com"}]},
    "/voice/v1/deliver": TEXT,
}
SUCCESS = {
    "/ott/v1/deliver": 200,
    "/sms/v1/deliver": 200,
    "/deliver": 202,
    "/email/v1/deliver": 202,
    "/voice/v1/deliver": 200,
}


def post(sim: Simulator, path: str, body: Any, key: str | None = "any") -> tuple[int, Any]:
    answer = call(f"{sim.url}{path}", "POST", body, headers={} if key is None else {"X-API-KEY": key})
    return answer.status, answer.json


def statuses(control: Http) -> list[str | None]:
    """Of every message, oldest first."""
    listed = sorted(control("GET", "messages").json["messages"], key=lambda message: message["number"])
    return [message["channels"][0]["status"] for message in listed]


# Keys


@pytest.mark.parametrize("path", ["/ott/v1/deliver", "/sms/v1/deliver", "/voice/v1/deliver"])
@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": ""}])
def test_without_a_key_nothing_but_email_is_taken(http: Http, path: str, headers: dict[str, str]) -> None:
    answer = http("POST", path, json=BODIES[path], headers=headers)
    assert answer.status == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The X-API-KEY header is missing.",
    }


KEYS = {"for-all": ["send_ott", "send_sms", "send_email", "send_voice"], "for-sms": ["send_sms"]}


@pytest.fixture(scope="module")
def keyed() -> Iterator[Simulator]:
    with Simulator(providers={"cima360": {"keys": KEYS}}) as sim:
        yield sim


@pytest.mark.parametrize("path", BODIES)
def test_a_configured_key_may_do_what_it_is_permitted(keyed: Simulator, path: str) -> None:
    assert post(keyed, path, BODIES[path], "for-all")[0] == SUCCESS[path]
    status, said = post(keyed, path, BODIES[path], "for-sms")
    if path == "/sms/v1/deliver":
        assert status == 200
    else:
        assert (status, said["title"]) == (403, "Forbidden")


@pytest.mark.parametrize("path", BODIES)
def test_a_key_that_is_not_configured_is_unknown(keyed: Simulator, path: str) -> None:
    status, said = post(keyed, path, BODIES[path], "other")
    assert (status, said["title"], said["detail"]) == (401, "Unauthorized", "The API key is not valid.")


@pytest.mark.parametrize("path", BODIES)
def test_the_key_of_the_sandbox_is_always_good(keyed: Simulator, path: str) -> None:
    assert post(keyed, path, BODIES[path], "cima360-default")[0] == SUCCESS[path]


def test_email_may_still_come_without_a_key(keyed: Simulator) -> None:
    assert post(keyed, "/deliver", BODIES["/deliver"], None)[0] == 202


def test_email_can_be_made_to_ask_for_a_key() -> None:
    with Simulator(providers={"cima360": {"email_key_required": True}}) as sim:
        assert post(sim, "/deliver", BODIES["/deliver"], None)[0] == 401
        assert post(sim, "/deliver", BODIES["/deliver"])[0] == 202


def test_the_key_is_never_shown(http: Http, control: Http) -> None:
    http("POST", "/sms/v1/deliver", json=TEXT, headers={"X-API-KEY": "very-secret"})
    (request,) = control("GET", "requests").json["requests"]
    assert request["headers"]["x-api-key"] != "very-secret"


# Other settings


def test_templates_and_channels_come_from_the_settings() -> None:
    chosen = {
        "templates": {
            "named": {"parameters": ["code", "order"], "text": "{{code}} of {{order}}, {{1}} of {{2}}"},
            "free": {},
            "letter": {"html": "<p>Dear {{name}}</p>"},
        },
        "channels": {"1": "telegram", "3": "whatsapp"},
    }
    with Simulator(providers={"cima360": chosen}) as sim:
        items = [
            {**MESSAGE, "templateID": "named", "channelType": 1},
            {**MESSAGE, "templateID": "free", "templateParameters": None},
            MESSAGE,
        ]
        results = post(sim, "/ott/v1/deliver", {"payload": items})[1]
        assert [result["error"] for result in results] == [None, None, "Template not found"]
        body = {"subject": "Hello", "templateId": "letter", "recipients": [{"to": "maria@example.com"}]}
        assert post(sim, "/deliver", body)[1]["overallStatus"] == "Accepted"
        listed = sim.control("GET", "messages").json["messages"]
        assert {message["channels"][0]["channel"] for message in listed} == {"telegram", "whatsapp", "email"}
        assert "12356 of 897456, 12356 of 897456" in [message["channels"][0]["text"] for message in listed]


def test_one_template_can_stand_for_all() -> None:
    with Simulator(providers={"cima360": {"templates": {"*": {}}}}) as sim:
        assert post(sim, "/ott/v1/deliver", {"payload": [{**MESSAGE, "templateID": "whatever"}]})[1][0]["error"] is None


def test_a_scheduled_sms_can_be_answered_with_202() -> None:
    with Simulator(providers={"cima360": {"sms_scheduled_status": 202}}) as sim:
        assert post(sim, "/sms/v1/deliver", {**TEXT, "programmedDate": "2026-02-01T00:00:00Z"})[0] == 202
        assert post(sim, "/sms/v1/deliver", TEXT)[0] == 200


def test_voice_can_be_switched_off() -> None:
    with Simulator(providers={"cima360": {"voice": False}}) as sim:
        assert post(sim, "/voice/v1/deliver", TEXT)[0] == 404
        assert post(sim, "/sms/v1/deliver", TEXT)[0] == 200


def test_in_strict_mode_each_document_is_taken_at_its_word() -> None:
    with Simulator(strict=True) as sim:
        assert post(sim, "/ott/v1/deliver", {"payload": [MESSAGE]})[0] == 200
        assert post(sim, "/sms/v1/deliver", TEXT)[0] == 200
        assert post(sim, "/deliver", BODIES["/deliver"], None)[0] == 202
        status, said = post(sim, "/sms/v1/deliver", {**TEXT, "recipient": "573001234567"})
        assert (status, said["detail"]) == (400, "The SMS document writes recipients with a plus.")
        plus = {"payload": [MESSAGE, {**MESSAGE, "recipient": "+573000000000"}]}
        status, results = post(sim, "/ott/v1/deliver", plus)
        assert (status, [result["status"] for result in results]) == (200, ["queued", "error"])
        assert results[1]["error"] == "The OTT document writes recipients without a plus."
        local = {**TEXT, "programmedDate": "2026-02-01T00:00:00-05:00"}
        assert post(sim, "/sms/v1/deliver", local)[0] == 400


# Scenarios


def test_the_second_item_fails_because_a_scenario_says_so(http: Http, control: Http) -> None:
    rule = "name: second\nrules:\n  - when: {provider: cima360, item: 2}\n    respond: {error: %s}\n"
    choose(http, rule % "ott_channel")
    results = http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE] * 3}, headers=KEY).json
    assert [result["error"] for result in results] == [None, "No route for channel 3", None]
    choose(http, rule % "email_internal")
    recipients = [{"to": "maria@example.com"}, {"to": "joao@example.com"}, {"to": "ana@example.com"}]
    answer = http("POST", "/deliver", json={**MAIL, "recipients": recipients})
    assert answer.json["overallStatus"] == "PartiallyAccepted"
    assert [result["errorType"] for result in answer.json["recipients"]] == [None, "InternalError", None]
    assert control("GET", "messages").json["total"] == 4


def choose(http: Http, text: str) -> None:
    assert http("PUT", "/__sim/v1/scenario", body=text.encode()).status == 200


@pytest.mark.parametrize("path", ["/ott/v1/deliver", "/deliver"])
def test_an_error_with_a_status_of_its_own_refuses_the_batch(http: Http, control: Http, path: str) -> None:
    choose(http, "name: second\nrules:\n  - when: {item: 2}\n    respond: {error: server_error}\n")
    (name, (item,)) = next((name, value) for name, value in BODIES[path].items() if isinstance(value, list))
    answer = http("POST", path, json={**BODIES[path], name: [item, item]}, headers=KEY)
    assert (answer.status, answer.json["title"]) == (500, "Internal Server Error")
    assert control("GET", "messages").json["total"] == 0


def test_a_whole_batch_can_be_given_an_item_error(http: Http) -> None:
    asked = {**KEY, "X-Sim-Outcome": "ott_channel"}
    answer = http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE, {**MESSAGE, "channelType": 8}]}, headers=asked)
    assert answer.status == 200
    assert [result["error"] for result in answer.json] == ["No route for channel 3", "No route for channel 8"]
    answer = http("POST", "/cima360/ott/v1/deliver", body=b"{", headers=asked)
    assert (answer.status, answer.json) == (200, [])


def test_every_item_can_have_a_life_of_its_own(http: Http, control: Http, advance: Advance) -> None:
    choose(
        http,
        """
name: lives
rules:
  - when: {provider: cima360, item: 1}
    deliver: [{after: 1s, status: sent}, {after: 2s, status: delivered}, {after: 3s, status: seen}]
  - when: {provider: cima360, item: 2}
    deliver: [{after: 1s, status: failed}]
  - when: {provider: cima360, item: 3}
    deliver: []
""",
    )
    http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE] * 4}, headers=KEY)
    advance("1m")
    assert statuses(control) == ["READ", "FAILED", None, "DELIVERED"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/ott/v1/deliver", ["QUEUED", "SENT", "DELIVERED", "READ", "FAILED", "REJECTED", "EXPIRED"]),
        ("/sms/v1/deliver", ["QUEUED", "SENT", "DELIVERED", None, "FAILED", "REJECTED", "EXPIRED"]),
        ("/deliver", ["QUEUED", "SENT", "DELIVERED", "OPENED", "BOUNCED", "REJECTED", "EXPIRED"]),
        ("/voice/v1/deliver", ["QUEUED", "RINGING", "ANSWERED", None, "BUSY", "REJECTED", "NO_ANSWER"]),
    ],
)
def test_neutral_words_mean_something_on_each_channel(
    http: Http, control: Http, advance: Advance, path: str, words: list[str | None]
) -> None:
    neutral = ["queued", "sent", "delivered", "seen", "failed", "rejected", "expired"]
    for word, expected in zip(neutral, words, strict=True):
        if expected is None:
            continue
        control("POST", "reset")
        choose(
            http, f"name: one\nrules:\n  - when: {{provider: cima360}}\n    deliver: [{{after: 1s, status: {word}}}]\n"
        )
        assert http("POST", path, json=BODIES[path], headers=KEY).status == SUCCESS[path]
        advance("1m")
        assert statuses(control) == [expected]


@pytest.mark.parametrize(
    ("path", "to", "status"),
    [
        ("/ott/v1/deliver", "15005551400", "READ"),
        ("/sms/v1/deliver", "+15005551401", "FAILED"),
        ("/voice/v1/deliver", "+15005551406", "BUSY"),
        ("/voice/v1/deliver", "+15005551407", "NO_ANSWER"),
        ("/sms/v1/deliver", "+15005551406", "DELIVERED"),
        ("/deliver", "sim-bounced@example.com", "BOUNCED"),
        ("/deliver", "Sim-Opened@example.com", "OPENED"),
        ("/deliver", "sim-failed@example.com", "BOUNCED"),
    ],
)
def test_magic_recipients(http: Http, control: Http, advance: Advance, path: str, to: str, status: str) -> None:
    body = json.loads(json.dumps(BODIES[path]).replace("573000000000", to).replace("maria@example.com", to))
    if "recipient" in body:
        body["recipient"] = to
    assert http("POST", path, json=body, headers=KEY).status == SUCCESS[path]
    advance("1m")
    assert statuses(control) == [status]


def test_magic_recipients_of_errors(http: Http) -> None:
    results = http(
        "POST",
        "/ott/v1/deliver",
        json={"payload": [MESSAGE, {**MESSAGE, "recipient": "15005551114"}]},
        headers=KEY,
    ).json
    assert [result["error"] for result in results] == [None, "Template not found"]
    answer = http("POST", "/sms/v1/deliver", json={**TEXT, "recipient": "+15005551105"}, headers=KEY)
    assert answer.status == 500
    recipients = [{"to": "sim-email-internal@example.com"}, {"to": "maria@example.com"}]
    answer = http("POST", "/deliver", json={**MAIL, "recipients": recipients})
    assert [result["errorType"] for result in answer.json["recipients"]] == ["InternalError", None]


def test_nothing_but_sending_exists(http: Http, control: Http) -> None:
    """No status route and no callback is documented, so none is there."""
    (result,) = http("POST", "/ott/v1/deliver", json=BODIES["/ott/v1/deliver"], headers=KEY).json
    for path in (f"/ott/v1/deliver/{result['messageId']}", f"/ott/v1/status/{result['messageId']}"):
        assert http("GET", path, headers=KEY).status == 404
    assert control("GET", "callbacks").json["total"] == 0


# Any batch


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=5), st.lists(st.text(), max_size=2))


def changed(good: dict[str, Any], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Items that are good, wrong in some members, lack some, or are something else."""
    some = st.fixed_dictionaries({}, optional={name: st.one_of(how, ANYTHING) for name, how in members.items()})
    merged = some.map(lambda change: {**good, **change})
    lacking = st.tuples(merged, st.sets(st.sampled_from(sorted(good)))).map(
        lambda both: {name: value for name, value in both[0].items() if name not in both[1]}
    )
    return st.one_of(st.just(good), merged, lacking, ANYTHING)


OTT_ITEMS = changed(
    MESSAGE,
    recipient=st.sampled_from(["573000000001", "+573000000002", "12", "x"]),
    templateID=st.sampled_from(["FRiuyt4563234a", "welcome", "other"]),
    templateParameters=st.lists(st.text(max_size=3), max_size=3),
    channelType=st.integers(0, 5),
)
EMAIL_ITEMS = changed(
    {"to": "maria@example.com", "fields": {"name": "María"}},
    to=st.sampled_from(["joao@example.com", "nobody", "a@b", "@example.com"]),
    fields=st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=3), st.integers()), max_size=2),
)


def without_id(result: dict[str, Any]) -> dict[str, Any]:
    """Everything of a result but the id, and whether there is one."""
    return {name: value is not None if name in ("id", "messageId") else value for name, value in result.items()}


@settings(max_examples=60, deadline=None)
@given(items=st.lists(OTT_ITEMS, min_size=1, max_size=6))
def test_each_ott_result_stands_in_its_place_and_depends_on_its_item_alone(world: Simulator, items: list[Any]) -> None:
    status, results = post(world, "/ott/v1/deliver", {"payload": items})
    assert status == 200
    assert len(results) == len(items)
    alone = [post(world, "/ott/v1/deliver", {"payload": [item]})[1][0] for item in items]
    assert [without_id(result) for result in results] == [without_id(result) for result in alone]
    for item, result in zip(items, results, strict=True):
        said = item.get("recipient") if isinstance(item, dict) else None
        assert result["recipient"] == (said if type(said) in (str, int) else None)
        assert (result["messageId"] is None) == (result["status"] == "error") == (result["error"] is not None)


@settings(max_examples=60, deadline=None)
@given(items=st.lists(EMAIL_ITEMS, min_size=1, max_size=6), template=st.sampled_from([None, "welcome", "other"]))
def test_each_email_result_stands_in_its_place_and_depends_on_its_recipient_alone(
    world: Simulator, items: list[Any], template: str | None
) -> None:
    body = MAIL if template is None else {"subject": "Hello", "templateId": template}
    status, said = post(world, "/deliver", {**body, "recipients": items})
    assert status == 202
    results = said["recipients"]
    assert len(results) == len(items)
    alone = [post(world, "/deliver", {**body, "recipients": [item]})[1]["recipients"][0] for item in items]
    assert [without_id(result) for result in results] == [without_id(result) for result in alone]
    accepted = sum(result["success"] for result in results)
    whole = "Rejected" if accepted == 0 else "Accepted" if accepted == len(items) else "PartiallyAccepted"
    assert (said["overallStatus"], said["errors"]) == (whole, [])
    for result in results:
        assert (result["id"] is not None) == result["success"] == (result["errorType"] is None)
