"""The samples of CIMA360's documents, and what each service answers."""

import re
from typing import Any

import pytest

from tests.conftest import Advance, Http

KEY = {"X-API-KEY": "any"}
MESSAGE = {
    "recipient": "573000000000",
    "templateID": "FRiuyt4563234a",
    "templateParameters": ["12356", "897456"],
    "channelType": 3,
}
TEXT = {"recipient": "+573001234567", "messageBody": "Your order has been shipped."}
GUID = "2f1b6c1e-6f0e-4d55-9c6b-0a4d5f1c7e21"
JOURNEY = {
    "journeyID": GUID,
    "templateID": "9d1f9c2a-1b7e-4a3f-8d2c-5e6f7a8b9c0d",
    "templateParams": {"name": "María López", "order": "78910"},
}
MAIL = {"subject": "Hello {{name}}", "from": "shop@example.com", "html": "<p>Dear {{name}},</p><p>thank you.</p>"}


def shown(control: Http, id: str) -> Any:
    """The only channel of a message in the simulator's own view."""
    (channel,) = control("GET", f"messages/{id}").json["channels"]
    return channel


# OTT


def test_the_ott_sample_is_answered_as_documented(http: Http) -> None:
    """Header and body of the document's curl."""
    answer = http(
        "POST",
        "/ott/v1/deliver",
        body=b"""{
    "payload": [
        {
            "recipient": "573000000000",
            "templateID": "FRiuyt4563234a",
            "templateParameters": [
                "12356",
                "897456"
            ],
            "channelType": 3
        }
    ]
}""",
        headers={"X-API-KEY": "<api-key>", "Content-Type": "application/json"},
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    (result,) = answer.json
    assert list(result) == ["recipient", "messageId", "status", "error"]
    assert re.fullmatch("[0-9a-f]{18}", result.pop("messageId"))
    assert result == {"recipient": "573000000000", "status": "queued", "error": None}


def test_an_ott_message_is_shown_with_its_template_filled(http: Http, control: Http) -> None:
    (result,) = http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE]}, headers=KEY).json
    channel = shown(control, result["messageId"])
    assert channel["channel"] == "whatsapp"
    assert channel["text"] == "Your code is 12356 and your order is 897456."
    assert channel["content"]["templateID"] == "FRiuyt4563234a"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"recipient": "12"}, "Invalid recipient"),
        ({"recipient": "not a number"}, "Invalid recipient"),
        ({"recipient": ""}, "Invalid recipient"),
        ({"recipient": 573000000000}, "Malformed message"),
        ({"recipient": None}, "Malformed message"),
        ({"templateID": "other"}, "Template not found"),
        ({"templateID": None}, "Malformed message"),
        ({"templateParameters": ["1"]}, "Template parameters mismatch"),
        ({"templateParameters": ["1", "2", "3"]}, "Template parameters mismatch"),
        ({"templateParameters": None}, "Template parameters mismatch"),
        ({"templateParameters": [1, 2]}, "Malformed message"),
        ({"templateParameters": "1"}, "Malformed message"),
        ({"channelType": 4}, "No route for channel 4"),
        ({"recipient": 57.5}, "Malformed message"),
        ({"channelType": "three"}, "Malformed message"),
        ({"channelType": True}, "Malformed message"),
    ],
)
def test_what_is_wrong_with_an_ott_item_stands_in_its_result(http: Http, change: Any, error: str) -> None:
    answer = http("POST", "/ott/v1/deliver", json={"payload": [{**MESSAGE, **change}, MESSAGE]}, headers=KEY)
    assert answer.status == 200
    wrong, good = answer.json
    recipient = {**MESSAGE, **change}["recipient"]
    assert wrong == {"recipient": recipient, "messageId": None, "status": "error", "error": error}
    assert (good["status"], good["error"]) == ("queued", None)


@pytest.mark.parametrize("item", [1, "message", None, [], {}])
def test_an_item_that_is_no_message_is_malformed(http: Http, item: Any) -> None:
    answer = http("POST", "/ott/v1/deliver", json={"payload": [item]}, headers=KEY)
    assert answer.json == [{"recipient": None, "messageId": None, "status": "error", "error": "Malformed message"}]


def test_a_refused_item_leaves_no_message(http: Http, control: Http) -> None:
    http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE, {**MESSAGE, "channelType": 9}, MESSAGE]}, headers=KEY)
    assert control("GET", "messages").json["total"] == 2


@pytest.mark.parametrize("recipient", ["+573000000000", "573000000000"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ott/v1/deliver", lambda to: {"payload": [{**MESSAGE, "recipient": to}]}),
        ("/sms/v1/deliver", lambda to: {**TEXT, "recipient": to}),
    ],
)
def test_a_recipient_is_taken_with_and_without_plus(
    http: Http, control: Http, path: str, body: Any, recipient: str
) -> None:
    assert http("POST", path, json=body(recipient), headers=KEY).status == 200
    (message,) = control("GET", "messages").json["messages"]
    assert message["to"] == recipient


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "The payload field must be a list of at least one message."),
        ({"payload": []}, "The payload field must be a list of at least one message."),
        ({"payload": MESSAGE}, "The payload field must be a list of at least one message."),
        ({"payload": None}, "The payload field must be a list of at least one message."),
        ({"payload": [MESSAGE] * 1001}, "The payload field must not have more than 1000 messages."),
        ([MESSAGE], "The request body must be a JSON object."),
    ],
)
def test_a_payload_that_is_no_batch_is_refused(http: Http, body: Any, detail: str) -> None:
    answer = http("POST", "/ott/v1/deliver", json=body, headers=KEY)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail}


def test_a_thousand_messages_are_one_batch(http: Http) -> None:
    answer = http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE] * 1000}, headers=KEY)
    ids = [result["messageId"] for result in answer.json]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)


# SMS


def test_the_sms_sample_is_answered_as_documented(http: Http, control: Http) -> None:
    answer = http("POST", "/sms/v1/deliver", json=TEXT, headers=KEY)
    assert answer.status == 200
    assert list(answer.json) == ["smsId", "status"]
    assert re.fullmatch("[0-9a-f]{24}", answer.json["smsId"])
    assert answer.json["status"] == "Queued"
    channel = shown(control, answer.json["smsId"])
    assert (channel["channel"], channel["text"]) == ("sms", TEXT["messageBody"])


def test_a_scheduled_sms_says_when_and_waits(http: Http, control: Http, advance: Advance) -> None:
    answer = http("POST", "/sms/v1/deliver", json={**TEXT, "programmedDate": "2026-01-01T01:00:00Z"}, headers=KEY)
    assert answer.status == 200
    assert answer.json["scheduledFor"] == "2026-01-01T01:00:00Z"
    message = control("GET", f"messages/{answer.json['smsId']}").json
    assert (message["state"], message["start"]) == ("scheduled", "2026-01-01T01:00:00.000Z")
    advance("59m")
    assert shown(control, answer.json["smsId"])["status"] is None
    advance("2m")
    assert shown(control, answer.json["smsId"])["status"] == "DELIVERED"


def test_a_date_that_has_passed_sends_at_once(http: Http, control: Http, advance: Advance) -> None:
    """The documents' own sample date has."""
    answer = http("POST", "/sms/v1/deliver", json={**TEXT, "programmedDate": "2025-07-10T08:00:00Z"}, headers=KEY)
    assert answer.json["scheduledFor"] == "2025-07-10T08:00:00Z"
    advance("2s")
    assert shown(control, answer.json["smsId"])["status"] == "DELIVERED"


@pytest.mark.parametrize(
    ("date", "start"),
    [
        ("2026-07-11T09:00:00Z", "2026-07-11T09:00:00.000Z"),
        ("2026-07-11T09:00Z", "2026-07-11T09:00:00.000Z"),
        ("2026-07-11T09:00:00.1234567Z", "2026-07-11T09:00:00.123Z"),
        ("2026-07-11T09:00:00", "2026-07-11T09:00:00.000Z"),
        ("2026-07-11T09:00:00-05:00", "2026-07-11T14:00:00.000Z"),
    ],
)
def test_forms_of_programmed_date(http: Http, control: Http, date: str, start: str) -> None:
    answer = http("POST", "/sms/v1/deliver", json={**TEXT, "programmedDate": date}, headers=KEY)
    assert answer.json["scheduledFor"] == date
    assert control("GET", f"messages/{answer.json['smsId']}").json["start"] == start


def test_a_flash_message(http: Http, control: Http) -> None:
    answer = http("POST", "/sms/v1/deliver", json={**TEXT, "flashMessage": True}, headers=KEY)
    assert list(answer.json) == ["smsId", "status"]
    assert shown(control, answer.json["smsId"])["content"] == {"flashMessage": True}


def test_a_journey_sends_without_a_text(http: Http, control: Http) -> None:
    answer = http("POST", "/sms/v1/deliver", json={"recipient": "+573001234567", **JOURNEY}, headers=KEY)
    assert answer.status == 200
    channel = shown(control, answer.json["smsId"])
    assert channel["text"] == "María López, 78910"
    assert channel["content"] == JOURNEY


def test_members_that_are_null_count_as_left_out(http: Http) -> None:
    body = {**TEXT, "journeyID": None, "templateID": None, "templateParams": None, "programmedDate": None}
    answer = http("POST", "/sms/v1/deliver", json=body, headers=KEY)
    assert (answer.status, list(answer.json)) == (200, ["smsId", "status"])


NO_TEXT = "The messageBody field is required unless a journey sends the message."
BOTH = "The messageBody field cannot be used together with journeyID, templateID and templateParams."
INCOMPLETE = "A journey needs journeyID, templateID and templateParams."
NO_NUMBER = "The recipient field must be a phone number in international format."
NO_DATE = "The programmedDate field must be an ISO 8601 date and time in UTC."


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"messageBody": "Hello"}, "The recipient field is required."),
        ({"recipient": "+573001234567"}, NO_TEXT),
        ({**TEXT, "messageBody": ""}, NO_TEXT),
        ({**TEXT, "messageBody": None}, NO_TEXT),
        ({**TEXT, **JOURNEY}, BOTH),
        ({**TEXT, "journeyID": JOURNEY["journeyID"]}, BOTH),
        ({"recipient": "+573001234567", "journeyID": JOURNEY["journeyID"]}, INCOMPLETE),
        ({"recipient": "+573001234567", "templateParams": {}, "templateID": JOURNEY["templateID"]}, INCOMPLETE),
        ({"recipient": "+573001234567", **JOURNEY, "templateID": ""}, INCOMPLETE),
        ({"recipient": "+573001234567", **JOURNEY, "templateID": "x"}, "The templateID field must be a GUID."),
        ({"recipient": "+573001234567", **JOURNEY, "journeyID": f"{{{GUID}}}"}, "The journeyID field must be a GUID."),
        ({"recipient": "+573001234567", **JOURNEY, "journeyID": f"{GUID}\n"}, "The journeyID field must be a GUID."),
        ({**TEXT, "recipient": "+57"}, NO_NUMBER),
        ({**TEXT, "recipient": "maria"}, NO_NUMBER),
        ({**TEXT, "programmedDate": "tomorrow"}, NO_DATE),
        ({**TEXT, "programmedDate": "2026-02-30T00:00:00Z"}, NO_DATE),
        ({**TEXT, "programmedDate": "2026-01-01"}, NO_DATE),
        ({**TEXT, "programmedDate": "9999-12-31T23:59:59-05:00"}, NO_DATE),
        ({**TEXT, "flashMessage": "yes"}, "The value of flashMessage has the wrong type."),
        ({**TEXT, "recipient": 573001234567}, "The value of recipient has the wrong type."),
        ({}, f"The recipient field is required. {NO_TEXT}"),
        ([], "The request body must be a JSON object."),
    ],
)
def test_a_wrong_sms_is_refused_with_everything_that_is_wrong(http: Http, body: Any, detail: str) -> None:
    answer = http("POST", "/sms/v1/deliver", json=body, headers=KEY)
    assert answer.status == 400
    assert answer.json == {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail}


# E-mail


@pytest.mark.parametrize("path", ["/deliver", "/email/v1/deliver"])
def test_email_without_a_key_is_registered_for_each_recipient(http: Http, control: Http, path: str) -> None:
    recipients = [{"to": "maria@example.com", "fields": {"name": "María"}}, {"to": "joao@example.com"}]
    answer = http("POST", path, json={**MAIL, "recipients": recipients})
    assert answer.status == 202
    assert list(answer.json) == ["overallStatus", "errors", "recipients"]
    assert (answer.json["overallStatus"], answer.json["errors"]) == ("Accepted", [])
    maria, joao = answer.json["recipients"]
    assert list(maria) == ["id", "to", "success", "errorType", "errorMessage"]
    assert re.fullmatch("[0-9a-f]{24}", maria["id"])
    assert joao == {**maria, "id": joao["id"], "to": "joao@example.com"}
    channel = shown(control, maria["id"])
    assert channel["from"] == "shop@example.com"
    assert channel["text"] == "Dear María,\nthank you."
    assert channel["content"] == {
        "from": "shop@example.com",
        "subject": "Hello María",
        "html": "<p>Dear María,</p><p>thank you.</p>",
    }
    assert shown(control, joao["id"])["content"]["subject"] == "Hello {{name}}"


def test_a_template_is_filled_for_the_inbox(http: Http, control: Http) -> None:
    recipients = [{"to": "maria@example.com", "fields": {"property1": "María", "property2": "Bogotá"}}]
    body = {"subject": "Welcome", "templateId": "welcome", "recipients": recipients}
    (result,) = http("POST", "/deliver", json=body).json["recipients"]
    channel = shown(control, result["id"])
    assert channel["content"]["html"] == "<h1>Welcome, María</h1><p>We have noted: Bogotá.</p>"
    assert channel["text"] == "Welcome, María\nWe have noted: Bogotá."


@pytest.mark.parametrize(
    ("wrong", "told", "message"),
    [
        ({"to": "maria"}, "maria", "The address of the recipient is not valid."),
        ({"to": ""}, "", "The address of the recipient is not valid."),
        ({"to": None}, None, "The recipient has no address."),
        ({"to": 573000000000}, 573000000000, "The recipient has no address."),
        ({}, None, "The recipient has no address."),
        ("maria@example.com", None, "The recipient has no address."),
        (
            {"to": "a@example.com", "fields": {"n": 1}},
            "a@example.com",
            "The fields of the recipient must be texts by name.",
        ),
        ({"to": "a@example.com", "fields": []}, "a@example.com", "The fields of the recipient must be texts by name."),
    ],
)
def test_a_wrong_recipient_spoils_only_itself(http: Http, wrong: Any, told: Any, message: str) -> None:
    answer = http("POST", "/deliver", json={**MAIL, "recipients": [wrong, {"to": "maria@example.com"}]})
    assert answer.status == 202
    assert (answer.json["overallStatus"], answer.json["errors"]) == ("PartiallyAccepted", [])
    refused, accepted = answer.json["recipients"]
    assert refused == {
        "id": None,
        "to": told,
        "success": False,
        "errorType": "ValidationError",
        "errorMessage": message,
    }
    assert accepted["success"] is True


def test_an_unknown_template_is_told_to_every_recipient(http: Http, control: Http) -> None:
    recipients = [{"to": "maria@example.com"}, {"to": "nobody"}, {"to": "joao@example.com"}]
    answer = http("POST", "/deliver", json={"subject": "Hello", "templateId": "other", "recipients": recipients})
    assert answer.status == 202
    assert answer.json["overallStatus"] == "Rejected"
    types = [result["errorType"] for result in answer.json["recipients"]]
    assert types == ["TemplateNotFound", "ValidationError", "TemplateNotFound"]
    assert control("GET", "messages").json["total"] == 0


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"subject": None}, ["The subject field is required."]),
        ({"subject": ""}, ["The subject field is required."]),
        ({"subject": 1}, ["The value of subject has the wrong type."]),
        ({"templateId": "welcome"}, ["Either templateId or html must be given, not both."]),
        ({"html": None}, ["Either templateId or html is required."]),
        ({"html": ""}, ["Either templateId or html is required."]),
        ({"html": None, "templateId": ""}, ["Either templateId or html is required."]),
        ({"from": "nobody"}, ["The from field must be an e-mail address."]),
        ({"subject": None, "html": None}, ["The subject field is required.", "Either templateId or html is required."]),
    ],
)
def test_a_broken_rule_of_the_email_is_still_202(http: Http, control: Http, change: Any, errors: list[str]) -> None:
    recipients = [{"to": "maria@example.com"}, {"to": "joao@example.com"}]
    answer = http("POST", "/deliver", json={**MAIL, "recipients": recipients, **change})
    assert answer.status == 202
    assert answer.json == {
        "overallStatus": "Rejected",
        "errors": errors,
        "recipients": [
            {"id": None, "to": to["to"], "success": False, "errorType": "ValidationError", "errorMessage": errors[0]}
            for to in recipients
        ],
    }
    assert control("GET", "messages").json["total"] == 0


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({**MAIL, "recipients": []}, "At least one recipient is required."),
        (MAIL, "At least one recipient is required."),
        ({**MAIL, "recipients": "maria@example.com"}, "The value of recipients has the wrong type."),
        ([], "The request body must be a JSON object."),
    ],
)
def test_an_email_to_nobody_is_rejected(http: Http, body: Any, error: str) -> None:
    answer = http("POST", "/deliver", json=body)
    assert answer.status == 202
    assert answer.json == {"overallStatus": "Rejected", "errors": [error], "recipients": []}


def test_only_what_is_no_json_is_answered_400(http: Http) -> None:
    answer = http("POST", "/deliver", body=b'{"subject": ')
    assert (answer.status, answer.json["detail"]) == (400, "The request body is not valid JSON.")


def test_a_sender_may_have_a_name(http: Http, control: Http) -> None:
    body = {**MAIL, "from": "The Shop <shop@example.com>", "recipients": [{"to": "maria@example.com"}]}
    (result,) = http("POST", "/deliver", json=body).json["recipients"]
    assert shown(control, result["id"])["from"] == "The Shop <shop@example.com>"


# Voice, all of it inferred


def test_a_call_is_taken_on_like_an_sms(http: Http, control: Http, advance: Advance) -> None:
    answer = http("POST", "/voice/v1/deliver", json={**TEXT, "programmedDate": "2026-01-01T01:00:00Z"}, headers=KEY)
    assert answer.status == 200
    assert answer.json == {
        "voiceId": answer.json["voiceId"],
        "status": "Queued",
        "scheduledFor": "2026-01-01T01:00:00Z",
    }
    advance("2h")
    assert shown(control, answer.json["voiceId"])["status"] == "ANSWERED"


def test_a_call_may_speak_a_template(http: Http, control: Http) -> None:
    body = {"recipient": "+573001234567", "templateID": "x", "templateParams": {"name": "María"}}
    answer = http("POST", "/voice/v1/deliver", json=body, headers=KEY)
    assert shown(control, answer.json["voiceId"])["text"] == "María"


def test_a_call_needs_something_to_say(http: Http) -> None:
    answer = http("POST", "/voice/v1/deliver", json={"recipient": "+573001234567"}, headers=KEY)
    assert (answer.status, answer.json["detail"]) == (400, "Either messageBody or templateID is required.")


# What no service has


@pytest.mark.parametrize("path", ["/ott/v1/deliver", "/sms/v1/deliver", "/deliver", "/email/v1/deliver"])
def test_there_is_nothing_but_post(http: Http, path: str) -> None:
    answer = http("GET", path, headers=KEY)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.json["title"] == "Method Not Allowed"


def test_the_same_seed_gives_the_same_ids(http: Http, control: Http) -> None:
    first = http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE]}, headers=KEY).json
    control("POST", "reset")
    assert http("POST", "/ott/v1/deliver", json={"payload": [MESSAGE]}, headers=KEY).json == first
