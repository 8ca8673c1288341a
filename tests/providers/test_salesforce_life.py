"""What becomes of a message after 201: Salesforce tells whether it was sent, the control API the rest."""

import json
from typing import Any

import pytest
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http

HEADERS = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}
MESSENGER: dict[str, Any] = {
    "messageKey": "order-1001",
    "messageGroupKey": "orders",
    "from": {"senderType": "messenger", "senderId": "503868699681937"},
    "to": {"ottId": "FB1"},
    "message": {"contents": [{"type": "text", "text": "hello"}], "customKeys": [{"messagingType": "RESPONSE"}]},
    "validityPeriod": 30,
}
LINE: dict[str, Any] = {
    **MESSENGER,
    "from": {"senderType": "line", "senderId": "2145435435632435"},
    "to": {"ottId": "U1", "userReference": "a-reply-token"},
}


def send(http: Http, body: Any, **headers: str) -> Any:
    return http("POST", "/ott/v1/send", json=body, headers=HEADERS | headers)


def statuses(control: Http, id: str) -> list[tuple[str, str | None]]:
    return [(channel["to"], channel["status"]) for channel in control("GET", f"messages/{id}").json["channels"]]


def test_a_message_is_delivered(http: Http, control: Http, advance: Advance) -> None:
    id = send(http, MESSENGER).json["ottRequestId"]
    assert control("GET", f"messages/{id}").json["state"] == "queued"
    advance("1m")
    shown = control("GET", f"messages/{id}").json
    assert (shown["state"], shown["to"]) == ("delivered", "FB1")
    assert [step["status"] for step in shown["plan"]] == ["queued", "sent", "delivered"]
    assert shown["callbacks"] == []
    assert shown["extra"]["messageKey"] == "order-1001"


def test_a_messenger_user_reference_goes_before_the_ott_id(http: Http, control: Http) -> None:
    id = send(http, {**MESSENGER, "to": {"ottId": "FB1", "userReference": "a-user-ref"}}).json["ottRequestId"]
    assert statuses(control, id) == [("a-user-ref", None)]


def test_a_valid_reply_token_needs_no_second_attempt(http: Http, control: Http, advance: Advance) -> None:
    id = send(http, LINE).json["ottRequestId"]
    advance("1m")
    assert statuses(control, id) == [("a-reply-token", "delivered"), ("U1", None)]


def test_line_is_tried_again_with_the_ott_id_when_the_reply_token_is_invalid(
    http: Http, control: Http, advance: Advance
) -> None:
    to = {"ottId": "U1", "userReference": "SIM-INVALID-REPLY-TOKEN"}
    id = send(http, {**LINE, "to": to}).json["ottRequestId"]
    advance("1m")
    assert statuses(control, id) == [("SIM-INVALID-REPLY-TOKEN", "invalid_reply_token"), ("U1", "delivered")]
    shown = control("GET", f"messages/{id}").json
    assert [(step["channel"], step["status"]) for step in shown["plan"]] == [
        ("line", "invalid_reply_token"),
        ("line", "queued"),
        ("line", "sent"),
        ("line", "delivered"),
    ]
    first, second = (channel["id"] for channel in shown["channels"])
    assert first == id != second
    assert control("GET", f"messages/{second}").json["id"] == id


@pytest.mark.parametrize(
    ("word", "status"), [("delivered", "delivered"), ("seen", "seen"), ("failed", "failed"), ("expired", "failed")]
)
def test_a_magic_recipient_has_the_fate_it_names(
    http: Http, control: Http, advance: Advance, word: str, status: str
) -> None:
    to = {"ottId": f"SIM-{word.upper()}"}
    ids = [send(http, {**body, "to": to}).json["ottRequestId"] for body in (MESSENGER, LINE)]
    advance("1m")
    assert [statuses(control, id)[0][1] for id in ids] == [status, status]


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("TOKEN-MISPLACED", 401, 40004),
        ("WRONG-STACK", 403, 40002),
        ("FORBIDDEN", 403, 20002),
        ("MALFORMED", 400, 10004),
        ("BAD-REQUEST", 400, 10000),
        ("WRONG-TYPE", 400, 10001),
        ("INVALID-FORMAT", 400, 10003),
        ("INVALID-VALUE", 400, 10005),
        ("CONFLICT", 409, 30002),
        ("TOO-MANY-REQUESTS", 429, 50100),
        ("BLOCKED", 429, 50200),
        ("UNAVAILABLE", 503, 50300),
        ("SERVER-ERROR", 500, 0),
    ],
)
def test_an_error_is_there_by_magic_recipient_and_by_header(
    http: Http, control: Http, key: str, status: int, code: int
) -> None:
    magic = send(http, {**MESSENGER, "to": {"ottId": f"SIM-{key}"}})
    asked = send(http, MESSENGER, **{"X-Sim-Outcome": key.lower().replace("-", "_")})
    assert (magic.status, magic.json["errorcode"]) == (status, code)
    assert (asked.status, asked.json) == (magic.status, magic.json)
    assert control("GET", "messages").json["total"] == 0


def test_throttling_says_when_to_come_back_and_blocking_does_not(http: Http) -> None:
    url = "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm"
    throttled = send(http, {**MESSENGER, "to": {"ottId": "SIM-TOO-MANY-REQUESTS"}})
    assert throttled.headers["retry-after"] == "5"
    assert throttled.json == {
        "message": "Rate limit exceeded",
        "errorcode": 50100,
        "retryAfter": 5,
        "documentation": url,
    }
    blocked = send(http, {**MESSENGER, "to": {"ottId": "SIM-BLOCKED"}})
    assert "retry-after" not in blocked.headers
    assert blocked.json == {
        "message": "Your requests are temporarily blocked.",
        "errorcode": 50200,
        "documentation": url,
    }
    assert send(http, {**MESSENGER, "to": {"ottId": "SIM-UNAVAILABLE"}}).headers["retry-after"]


def test_there_is_no_other_route_for_a_message(http: Http) -> None:
    id = send(http, MESSENGER).json["ottRequestId"]
    assert http("GET", f"/ott/v1/messages/{id}", headers=HEADERS).json["errorcode"] == 30003


def asked(http: Http, id: str) -> Any:
    answer = http("GET", f"/ott/v1/send/{id}", headers=HEADERS)
    assert answer.status == 200, answer.body
    return answer.json


def events(http: Http, id: str) -> list[str]:
    return [entry["event"] for entry in asked(http, id)["status"]]


def test_a_message_is_asked_for_by_its_request_id_and_by_its_key(http: Http, advance: Advance) -> None:
    body = {**MESSENGER, "message": {**MESSENGER["message"], "subject": "Message Name"}}
    id = send(http, body).json["ottRequestId"]
    advance("1m")
    shown = asked(http, id)
    assert shown == {
        "requestBody": {
            "messageKey": "order-1001",
            "ottRequestId": id,
            "messageGroupKey": "orders",
            "from": {"senderType": "messenger", "senderId": "503868699681937"},
            "to": {"ottId": "FB1"},
            "message": {
                "subject": "Message Name",
                "contents": [{"type": "text", "text": "hello", "duration": 0, "isReusable": False}],
                "customKeys": [{"messagingType": "RESPONSE"}],
            },
            "validityPeriod": 30,
        },
        "status": [
            {"event": "Created", "eventDateTime": "2026-01-01T00:00:00"},
            {"event": "Queued", "eventDateTime": "2026-01-01T00:00:00.65"},
            {"event": "Sent", "eventDateTime": "2026-01-01T00:00:00.697"},
        ],
    }
    assert list(shown["requestBody"]) == [
        "messageKey", "ottRequestId", "messageGroupKey", "from", "to", "message", "validityPeriod"
    ]  # fmt: skip
    for spelled in ("order-1001", "ORDER-1001", id.upper()):
        assert asked(http, spelled) == shown
    assert http("GET", f"/OTT/v1/SEND/{id}", headers=HEADERS).json == shown


def test_what_is_told_follows_the_clock(http: Http, control: Http, advance: Advance) -> None:
    id = send(http, MESSENGER).json["ottRequestId"]
    assert events(http, id) == ["Created"]
    advance("650ms")
    assert events(http, id) == ["Created", "Queued"]
    advance("46ms")
    assert events(http, id) == ["Created", "Queued"]
    advance("1ms")
    assert events(http, id) == ["Created", "Queued", "Sent"]
    control("POST", f"messages/{id}/status", json={"status": "seen"})
    assert events(http, id) == ["Created", "Queued", "Sent"]
    control("POST", f"messages/{id}/status", json={"status": "failed"})
    assert events(http, id) == ["Created", "Queued", "Sent", "Error"]


def test_the_second_attempt_of_line_is_told_too(http: Http, advance: Advance) -> None:
    to = {"ottId": "U1", "userReference": "SIM-INVALID-REPLY-TOKEN"}
    line = {key: value for key, value in LINE["message"].items() if key != "customKeys"}
    id = send(http, {**LINE, "to": to, "message": line}).json["ottRequestId"]
    advance("1s")
    assert events(http, id) == ["Created", "Queued", "Error"]
    advance("1m")
    shown = asked(http, id)
    assert [entry["event"] for entry in shown["status"]] == ["Created", "Queued", "Error", "Queued", "Sent"]
    times = [entry["eventDateTime"] for entry in shown["status"]]
    assert times == sorted(times)
    assert shown["requestBody"]["to"] == to
    assert shown["requestBody"]["message"]["customKeys"] == []


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("SIM-DELIVERED", ["Created", "Queued", "Sent"]),
        ("SIM-SEEN", ["Created", "Queued", "Sent"]),
        ("SIM-QUEUED", ["Created"]),
        ("SIM-SENT", ["Created", "Queued", "Sent"]),
        ("SIM-FAILED", ["Created", "Queued", "Sent", "Error"]),
        ("SIM-REJECTED", ["Created", "Queued", "Error"]),
        ("SIM-EXPIRED", ["Created", "Queued", "Error"]),
    ],
)
def test_every_end_has_its_events(http: Http, advance: Advance, to: str, told: list[str]) -> None:
    id = send(http, {**MESSENGER, "to": {"ottId": to}}).json["ottRequestId"]
    advance("1h")
    assert events(http, id) == told


def test_a_key_that_was_used_twice_means_the_newest_send(http: Http) -> None:
    first, second = (send(http, {**MESSENGER, "to": {"ottId": to}}).json["ottRequestId"] for to in ("FB1", "FB2"))
    assert asked(http, "order-1001")["requestBody"]["ottRequestId"] == second
    assert asked(http, first)["requestBody"]["to"] == {"ottId": "FB1"}


def test_a_key_may_have_any_letters(http: Http) -> None:
    id = send(http, {**MESSENGER, "messageKey": "Straße/№ 7 100%"}).json["ottRequestId"]
    assert asked(http, "Stra%C3%9Fe%2F%E2%84%96%207%20100%25")["requestBody"]["ottRequestId"] == id


@pytest.mark.parametrize("id", ["nothing", "6646bf29-414b-4b68-9514-bf839babf949", "SIM-FORBIDDEN", "refused"])
def test_what_was_never_accepted_is_not_found(http: Http, id: str) -> None:
    assert send(http, {**MESSENGER, "messageKey": "refused", "to": {"ottId": "SIM-MALFORMED"}}).status == 400
    answer = http("GET", f"/ott/v1/send/{id}", headers=HEADERS)
    assert (answer.status, answer.json) == (
        404,
        {"message": f"No OTT message exists for id '{id}'.", "errorcode": 30003, "documentation": ""},
    )


def test_a_message_is_told_to_those_who_may_read(http: Http) -> None:
    id = send(http, MESSENGER).json["ottRequestId"]
    assert http("GET", f"/ott/v1/send/{id}").status == 401
    ask = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    for scope, status in (("ott_chat_messaging_send", 403), ("ott_chat_messaging_read", 200)):
        token = http("POST", "/v2/token", json={**ask, "scope": scope}).json["access_token"]
        answer = http("GET", f"/ott/v1/send/{id}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == status
    assert http("DELETE", f"/ott/v1/send/{id}", headers=HEADERS).json["errorcode"] == 30001


# The second attempt of LINE


@pytest.mark.parametrize("word", ["failed", "rejected", "expired"])
def test_line_is_not_tried_again_after_any_other_failure(
    http: Http, control: Http, advance: Advance, word: str
) -> None:
    to = {"ottId": "U1", "userReference": f"SIM-{word.upper()}"}
    id = send(http, {**LINE, "to": to}).json["ottRequestId"]
    advance("1h")
    assert statuses(control, id) == [(f"SIM-{word.upper()}", "failed"), ("U1", None)]
    assert control("GET", f"messages/{id}").json["state"] == "failed"


@pytest.mark.parametrize("how", ["header", "channel"])
def test_a_reply_token_is_invalid_only_where_there_is_one(
    http: Http, control: Http, advance: Advance, how: str
) -> None:
    """Whoever asks for it for all of LINE means the attempt with a token, not the one after it."""
    headers = {"X-Sim-Outcome": "invalid_reply_token"} if how == "header" else {}
    if how == "channel":
        when = "{provider: salesforce, channel: line}"
        rule = f"name: x\nrules:\n  - when: {when}\n    deliver: [{{after: 1s, status: invalid_reply_token}}]\n"
        assert control("PUT", "scenario", body=rule).status == 200
    id = send(http, LINE, **headers).json["ottRequestId"]
    advance("1m")
    assert statuses(control, id) == [("a-reply-token", "invalid_reply_token"), ("U1", "delivered")]


# Numbers for texts


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("messageKey",), "messageKey"),
        (("messageGroupKey",), "messageGroupKey"),
        (("from", "senderId"), "senderId"),
        (("to", "ottId"), "ottId"),
        (("to", "userReference"), "userReference"),
        (("message", "subject"), "subject"),
        (("message", "contents", 0, "text"), "text"),
    ],
)
def test_a_number_for_a_text_is_taken_and_noted(
    http: Http, control: Http, path: tuple[str | int, ...], name: str
) -> None:
    body = json.loads(json.dumps(MESSENGER))
    inner = body
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = 503868699681937
    id = send(http, body).json["ottRequestId"]
    (request,) = control("GET", "requests").json["requests"]
    assert request["notes"] == [f"{name} is a number; the document has a string"]
    shown = asked(http, id)["requestBody"]
    for part in path:
        shown = shown[part]
    assert shown == "503868699681937"
    with Simulator(clock="frozen", strict=True) as strict:
        ask = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        token = call(f"{strict.url}/v2/token", "POST", ask).json["access_token"]
        answer = call(f"{strict.url}/ott/v1/send", "POST", body, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status, answer.json["errorcode"]) == (400, 10000)
        assert name in answer.json["message"]


@pytest.mark.parametrize("value", [True, 1.5, [], {}])
def test_what_is_neither_text_nor_number_is_malformed(http: Http, value: Any) -> None:
    assert send(http, {**MESSENGER, "messageKey": value}).json["errorcode"] == 10004


def test_the_samples_own_numbers_are_no_tolerance(http: Http, control: Http) -> None:
    content = {"type": "image", "url": "https://example.com/a.jpg", "attachmentId": 12345}
    assert send(http, {**MESSENGER, "message": {**MESSENGER["message"], "contents": [content]}}).status == 201
    (request,) = control("GET", "requests").json["requests"]
    assert request.get("notes", []) == []


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({**MESSENGER, "color": 1}, "color"),
        ({**MESSENGER, "from": {**MESSENGER["from"], "name": "x"}}, "from.name"),
        ({**MESSENGER, "to": {"ottId": "FB1", "phone": "x"}}, "to.phone"),
        ({**MESSENGER, "message": {**MESSENGER["message"], "tone": "x"}}, "message.tone"),
    ],
)
def test_members_of_no_document_are_noted(http: Http, control: Http, body: Any, source: str) -> None:
    assert send(http, body).status == 201
    (request,) = control("GET", "requests").json["requests"]
    assert request["notes"] == [f"{source} is no member of the document and is ignored"]
