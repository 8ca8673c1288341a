"""E-mail of Sinch: one text to many with values of their own, and what is told of them; and the omni API."""

from typing import Any

import pytest
from msgsim.model import Json
from msgsim.testing import Answer

from tests.conftest import Advance, Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
MAIL: dict[str, Any] = {
    "fromEmail": "shop@example.org",
    "fromName": "MyShop",
    "recipients": [{"emailAddress": "ann@example.com", "correlationId": 5678, "substitutionData": {"name": "Ann"}}],
    "subject": "Your order, {{name}}",
    "emailHTML": "<h1>Hello {{name}}</h1><p>{{product}} &amp; {{nothing}}</p>",
    "substitutionData": {"name": "you", "product": "A book"},
}


def post(http: Http, path: str, json: Json = None) -> Answer:
    return http("POST", path, json=json, headers=HEADERS)


def send(http: Http, to: str = "ann@example.com", **more: Json) -> str:
    answer = post(http, "/v1/email/send", {**MAIL, "recipients": [{"emailAddress": to, **more}]})
    assert answer.status == 200, answer.body
    id: str = answer.json["recipients"][0]["id"]
    return id


def test_each_recipient_gets_its_own_values(http: Http, control: Http) -> None:
    recipients = [*MAIL["recipients"], {"emailAddress": "bob@example.com"}]
    answer = post(http, "/v1/email/send", {**MAIL, "recipients": recipients})
    first, second = answer.json["recipients"]
    assert answer.json == {
        "id": answer.json["id"],
        "recipients": [{"correlationId": "5678", "id": first["id"]}, {"id": second["id"]}],
    }
    shown = [control("GET", f"messages/{entry['id']}").json["channels"][0] for entry in (first, second)]
    assert [channel["text"] for channel in shown] == [
        "Hello Ann\nA book & {{nothing}}",
        "Hello you\nA book & {{nothing}}",
    ]
    assert shown[0]["content"] == {
        "subject": "Your order, Ann",
        "from": "MyShop <shop@example.org>",
        "html": "<h1>Hello Ann</h1><p>A book &amp; {{nothing}}</p>",
    }


def test_a_search_tells_everything_with_the_codes_of_e_mail(http: Http, advance: Advance) -> None:
    id = send(http, correlationId="c-1", emailName="Ann Silva", extraInfo="VIP")
    assert post(http, "/v1/email/status/search", {"ids": [id]}).json == []
    advance("1m")
    (entry,) = post(http, "/v1/email/status/search", {"ids": [id.upper()]}).json
    assert entry == {
        "recipient": {
            "id": id,
            "correlationId": "c-1",
            "emailAddress": "ann@example.com",
            "emailName": "Ann Silva",
            "extraInfo": "VIP",
        },
        "fromEmail": "shop@example.org",
        "fromName": "MyShop",
        "createdAt": 1767225600000,
        "createdDate": "2026-01-01T00:00:00.000Z",
        "sent": True,
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentAt": 1767225600300,
        "sentDate": "2026-01-01T00:00:00.300Z",
        "delivered": True,
        "deliveredStatusCode": 3,
        "deliveredStatus": "DELIVERED_SUCCESS",
        "deliveredAt": 1767225602300,
        "deliveredDate": "2026-01-01T00:00:02.300Z",
        "opened": False,
        "clicked": False,
    }


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("sim-opened@example.com", {"opened": True, "clicked": False, "deliveredStatusCode": 3}),
        ("sim-clicked@example.com", {"opened": True, "clicked": True, "deliveredStatusCode": 3}),
        ("sim-not_delivered@example.com", {"delivered": False, "deliveredStatusCode": 103}),
        ("sim-internal_error@example.com", {"sent": False, "sentStatusCode": 301}),
        ("nobody at all", {"delivered": False, "deliveredStatusCode": 103}),
    ],
)
def test_reserved_addresses_bring_about_each_status(http: Http, advance: Advance, to: str, told: Json) -> None:
    id = send(http, to.replace("_", "-") if to.startswith("sim-") else to)
    advance("1m")
    (entry,) = post(http, "/v1/email/status/search", {"ids": [id]}).json
    assert {name: entry[name] for name in told} == told


def test_the_list_gives_each_status_once(http: Http, control: Http, advance: Advance) -> None:
    ids = [send(http, f"p{number}@example.com") for number in range(3)]
    http("POST", "/v1/send-sms", json={"destination": "5519900001111", "messageText": "Hello"}, headers=HEADERS)
    assert post(http, "/v1/email/status/list").json == []
    advance("1m")
    listed = post(http, "/v1/email/status/list").json
    assert sorted(entry["recipient"]["id"] for entry in listed) == sorted(ids)
    assert post(http, "/v1/email/status/list").json == []
    assert control("POST", f"messages/{ids[1]}/status", {"status": "OPENED"}).status == 200
    (again,) = post(http, "/v1/email/status/list").json
    assert (again["recipient"]["id"], again["opened"]) == (ids[1], True)


def test_a_period_is_of_when_they_were_sent_and_correlation_ids_are_found(http: Http, advance: Advance) -> None:
    early = send(http, correlationId="c")
    advance("1h")
    late = send(http, correlationId="c")
    advance("1m")

    def found(**asked: Json) -> list[str]:
        return [entry["recipient"]["id"] for entry in post(http, "/v1/email/status/search", asked).json]

    assert found(correlationIds=["c"]) == [early, late]
    assert found(endDate="2026-01-01T00:30:00Z") == [early]
    assert found(startDate="2026-01-01T00:30:00Z") == [late]
    assert found(correlationIds=["c"], startDate="2026-01-01T00:30:00Z") == [late]
    assert found(ids=[]) == []


OMNI: dict[str, Any] = {
    "contacts": [
        {"contactInfo": {"phone1": "+55(19)900001111", "phone2": "5511900000000", "email": "a@example.com", "n": "Ann"}}
    ],
    "template": {
        "steps": [
            {"type": "MT", "destinationField": "phone1", "messageText": "Your table", "flashSms": True},
            {"type": "VOICE", "destinationField": "phone2", "ttsMessage": "Your table", "timeout": 3},
            {
                "type": "EMAIL",
                "destinationField": "email",
                "recipientName": "n",
                "subject": "Your table",
                "fromEmail": "shop@example.org",
                "fromName": "MyShop",
                "emailHtml": "<p>Is ready</p>",
            },
        ]
    },
}


def omni(http: Http, control: Http, body: Json, outcome: str = "") -> Json:
    """The one message that came of it."""
    headers = {**HEADERS, **({"X-Sim-Scenario": outcome} if outcome else {})}
    answer = http("POST", "/v1/omni/send", json=body, headers=headers)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["id"]
    newest = control("GET", "messages", query={"limit": "1"}).json["messages"][0]
    return control("GET", f"messages/{newest['id']}").json


def plan(message: Json) -> list[tuple[str, str]]:
    return [(step["channel"], step["status"]) for step in message["plan"]]


def test_steps_are_tried_until_one_arrives(http: Http, control: Http) -> None:
    message = omni(http, control, OMNI)
    assert [channel["channel"] for channel in message["channels"]] == ["sms", "voice", "email"]
    assert plan(message) == [("sms", "SENT_SUCCESS"), ("sms", "DELIVERED_SUCCESS")]


def test_a_number_that_is_nobodys_goes_on_with_the_call_and_that_with_the_e_mail(http: Http, control: Http) -> None:
    contact = {**OMNI["contacts"][0]["contactInfo"], "phone1": "12", "phone2": "34"}
    message = omni(http, control, {**OMNI, "contacts": [{"contactInfo": contact}]})
    assert plan(message) == [
        ("sms", "INVALID_DESTINATION_NUMBER"),
        ("voice", "NOT_DELIVERED"),
        ("email", "SENT_SUCCESS"),
        ("email", "DELIVERED_SUCCESS"),
    ]


def test_a_contact_without_a_field_skips_its_step_and_one_without_any_is_refused(http: Http, control: Http) -> None:
    message = omni(http, control, {**OMNI, "contacts": [{"contactInfo": {"email": "a@example.com"}}]})
    assert plan(message) == [("email", "SENT_SUCCESS"), ("email", "DELIVERED_SUCCESS")]
    contacts = [*OMNI["contacts"], {"contactInfo": {"fax": "1"}}]
    refused = post(http, "/v1/omni/send", {**OMNI, "contacts": contacts})
    assert refused.status == 400
    assert refused.json["errorMessage"].startswith("Bad Request: contacts[1].contactInfo has no")


def test_neither_is_told_by_queries_or_callbacks_of_sms(http: Http, control: Http, advance: Advance) -> None:
    settings = {"sinch": {"callback_url": "http://127.0.0.1:1/", "status_rate_limit": 0}}
    assert control("PUT", "settings", settings).status == 200
    message = omni(http, control, OMNI)
    mail = send(http)
    advance("1m")
    found = post(http, "/v1/sms/status/search", {"ids": [message["id"], mail]})
    assert found.json["smsStatuses"] == []
    assert http("GET", "/v1/sms/status/list", headers=HEADERS).json["smsStatuses"] == []
    assert control("GET", "callbacks").json["callbacks"] == []
    assert [entry["recipient"]["id"] for entry in post(http, "/v1/email/status/list").json] == [mail]
