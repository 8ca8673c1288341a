"""What becomes of a message after 201: Salesforce tells nobody, the control API does."""

from typing import Any

import pytest

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
    assert [step["status"] for step in shown["plan"]] == ["sent", "delivered"]
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


def test_there_is_no_route_for_the_status_of_a_message(http: Http) -> None:
    id = send(http, MESSENGER).json["ottRequestId"]
    for path in (f"/ott/v1/send/{id}", f"/ott/v1/messages/{id}"):
        assert http("GET", path, headers=HEADERS).json["errorcode"] == 30003
