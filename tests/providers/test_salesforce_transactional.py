"""Salesforce's Transactional Messaging API: definitions, sends to one and to many, and what became of them."""

from typing import Any

import pytest
from msgsim.testing import Answer

from tests.conftest import Advance, Http

BEARER = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}
TO = "15555550001"


class Client:
    """Asks one channel's endpoints as who may do everything."""

    def __init__(self, http: Http, channel: str = "sms") -> None:
        self._http, self._channel = http, channel
        self._root = f"/messaging/v1/{channel}"

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        more = {"headers": BEARER, **more}
        if body is not None:
            more["json"] = body
        return self._http(method, f"{self._root}/{path}", **more)

    def send(self, key: str, **recipient: Any) -> Answer:
        to = {"to": TO} if self._channel == "sms" else {}
        body = {"definitionKey": f"{self._channel}-order", "recipient": {**to, **recipient}}
        return self("POST", f"messages/{key}", body)

    def batch(self, *recipients: Any, definition: str = "") -> Answer:
        body = {"definitionKey": definition or f"{self._channel}-order", "recipients": list(recipients)}
        return self("POST", "messages/", body)

    def event(self, key: str) -> tuple[str, dict[str, Any]]:
        """What is told of a message without the words that all have, and its info."""
        answer = self("GET", f"messages/{key}").json
        return answer["eventCategoryType"].partition(".")[2], answer.get("info", {})

    def not_sent(self, query: str = "") -> Any:
        return self("GET", "messages/", query=f"type=notSent{query}").json


@pytest.fixture
def sms(http: Http) -> Client:
    return Client(http)


@pytest.fixture
def email(http: Http) -> Client:
    return Client(http, "email")


@pytest.fixture
def push(http: Http) -> Client:
    return Client(http, "push")


DEFINITION = {
    "definitionKey": "sms-shipping",
    "name": "Shipping",
    "content": {"message": "Hello %%FirstName%%, your parcel is on its way."},
    "subscriptions": {"shortCode": "86288", "keyword": "ORDERS"},
}


THREE_FAIL = """
name: three-fail
rules:
  - when: {provider: salesforce, to: "1555555100*"}
    deliver: [{after: 1s, status: failed, err: 16}]
"""


def refused(answer: Answer) -> tuple[int, int]:
    assert answer.json["documentation"] is not None
    return answer.status, answer.json["errorcode"]


def test_a_send_is_taken_on_queued_and_sent(sms: Client, control: Http, advance: Advance) -> None:
    answer = sms.send("order-1", contactKey="ada", attributes={"firstname": "Ada", "OrderNumber": 1001})
    assert (answer.status, answer.json["errorcode"]) == (202, 0)
    assert answer.json["responses"] == [{"messageKey": "order-1"}]
    queued = sms("GET", "messages/order-1").json
    assert list(queued) == ["requestId", "eventCategoryType", "timestamp"]
    assert queued["timestamp"] == "2025-12-31T18:00:00", "Central Standard Time"
    advance("1m")
    told = sms("GET", "messages/order-1/").json
    assert told["eventCategoryType"] == "TransactionalSendEvents.SMSSent"
    assert told["info"] == {"messageKey": "order-1", "contactKey": "ada", "to": TO}
    message = control("GET", "messages").json["messages"][0]
    assert message["channels"][0]["status"] == "SmsDelivered", "event notifications alone would say so"
    assert message["channels"][0]["text"] == "Hello Ada, your order 1001 is on its way."


def test_recipients_of_a_batch_have_errors_of_their_own_in_their_order(sms: Client) -> None:
    answer = sms.batch({"to": TO}, {"contactKey": "no number"}, {"to": TO, "messageKey": "mine"}, {"to": "Ada"})
    assert answer.status == 202
    assert answer.json["errorcode"] == 109001
    assert answer.json["message"] == "MCMS_UTM_ResponsesHasErrors: 2 subscribers failed to queue out of 4"
    assert [entry.get("errorcode") for entry in answer.json["responses"]] == [None, 109106, None, 109121]
    keys = [entry["messageKey"] for entry in answer.json["responses"]]
    assert keys[2] == "mine"
    assert {len(key) for key in keys} == {4, 22}
    assert len(set(keys)) == 4
    assert sms.event(keys[0])[0] == "SMSQueued"
    assert refused(sms("GET", f"messages/{keys[1]}")) == (404, 30003)


def test_a_batch_of_ten_of_which_three_fail_later(sms: Client, advance: Advance, control: Http) -> None:
    assert control("PUT", "scenario", body=THREE_FAIL).status == 200
    numbers = [f"1555555000{digit}" for digit in range(7)] + [f"1555555100{digit}" for digit in range(3)]
    keys = [entry["messageKey"] for entry in sms.batch(*({"to": number} for number in numbers)).json["responses"]]
    advance("1m")
    assert [sms.event(key)[0] for key in keys] == ["SMSSent"] * 7 + ["SMSNotSent"] * 3
    failed = sms.not_sent()
    assert (failed["count"], failed["lastEventID"]) == (3, 3)
    assert [entry["info"]["messageKey"] for entry in failed["messages"]] == keys[7:]
    info = failed["messages"][0]["info"]
    assert (info["statusCode"], info["statusMessage"]) == (16, "InvalidAttributeValue")
    rest = sms.not_sent("&lastEventId=1&$pagesize=1")
    assert [entry["eventID"] for entry in rest["messages"]] == [2]
    assert sms.not_sent("&lastEventId=3") == {"lastEventID": 3, "messages": [], "count": 0}


def test_a_number_that_nobody_has_is_found_out_by_the_network(sms: Client, advance: Advance) -> None:
    assert sms.send("short", to="1555").status == 202
    advance("1m")
    event, info = sms.event("short")
    assert (event, info["statusMessage"]) == ("SMSNotSent", "PhoneNumberValidationFailed")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [("15005551156", 109121), ("+15005551156", 109121), ("15005551142", 50100), ("15005551144", 0)],
)
def test_reserved_numbers_bring_errors_about(sms: Client, recipient: str, code: int) -> None:
    answer = sms.send("k", to=recipient)
    assert (answer.status >= 400, answer.json["errorcode"]) == (True, code)


def test_a_fault_of_the_service_is_none_of_one_recipient(sms: Client, control: Http) -> None:
    answer = sms.batch({"to": TO}, {"to": "15005551142"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")
    assert control("GET", "messages").json["total"] == 0


def test_who_gets_it_depends_on_where_the_key_stands(sms: Client) -> None:
    body = {"definitionKey": "sms-order", "recipient": {"to": TO}}
    answer = sms("POST", "messages", body)
    assert refused(answer) == (400, 109122)
    assert answer.json["message"] == "MCMS_UTM_Validation_UnknownFieldName: Unrecognized sms field name 'recipient'"
    assert refused(sms("POST", "messages/k", {"definitionKey": "sms-order", "recipients": [{"to": TO}]})) == (
        400,
        109122,
    )


def test_keys_are_of_one_request(sms: Client, advance: Advance) -> None:
    twice = sms.batch({"to": TO, "messageKey": "k"}, {"to": TO, "messageKey": "k"}).json["responses"]
    assert [entry.get("errorcode") for entry in twice] == [None, 109110]
    advance("1m")
    assert sms.event("k")[0] == "SMSSent"
    assert sms.send("k", contactKey="again").status == 202
    assert sms.event("k")[0] == "SMSQueued", "that of the newest"
    assert refused(sms.send("x" * 101)) == (400, 109108)
    assert sms.send("msg%2Fkey").json["responses"] == [{"messageKey": "msg/key"}]
    assert sms.event("msg%2Fkey")[0] == "SMSQueued"


def test_limits_of_a_batch(sms: Client) -> None:
    assert refused(sms.batch()) == (400, 109102)
    assert refused(sms.batch({}, {})) == (400, 109103)
    assert refused(sms.batch(*([{"to": TO}] * 2001))) == (400, 109101)
    assert len(sms.batch(*([{"to": TO}] * 2000)).json["responses"]) == 2000


def test_a_message_is_kept_for_three_days(sms: Client, advance: Advance) -> None:
    sms.send("k", to="1555")
    advance("72h")
    assert sms.event("k")[0] == "SMSNotSent"
    assert sms.not_sent()["count"] == 1
    advance("1s")
    assert refused(sms("GET", "messages/k")) == (404, 30003)
    assert sms.not_sent()["count"] == 0


def test_messages_of_other_apis_have_keys_of_their_own(sms: Client, http: Http) -> None:
    sms.send("shared")
    assert http("GET", "/ott/v1/send/shared", headers=BEARER).status == 404


def test_a_definition_is_made_read_changed_and_deleted(sms: Client) -> None:
    made = sms("POST", "definitions/", DEFINITION)
    assert made.status == 201
    assert made.json["createdDate"] == made.json["modifiedDate"] == "2025-12-31T18:00:00"
    assert {name: made.json[name] for name in DEFINITION} == DEFINITION
    assert made.json["status"] == "Active"
    assert refused(sms("POST", "definitions", DEFINITION)) == (409, 30004)
    change = {"status": "inactive", "subscriptions": {"keyword": "PARCELS"}}
    changed = sms("PATCH", "definitions/sms-shipping", change).json
    assert (changed["status"], changed["name"]) == ("Inactive", "Shipping")
    assert changed["subscriptions"] == {"shortCode": "86288", "keyword": "PARCELS"}
    assert sms("GET", "definitions/sms-shipping").json["subscriptions"]["keyword"] == "PARCELS"
    gone = sms("DELETE", "definitions/sms-shipping").json
    assert (gone["message"], len(gone["deletedDefinitionKey"])) == ("Success", 36)
    assert refused(sms("GET", "definitions/sms-shipping")) == (404, 30003)
    assert refused(sms.batch({"to": TO}, definition="sms-shipping")) == (400, 109111)
    assert sms("POST", "definitions", DEFINITION).status == 201, "the key can be used again"


def test_a_definition_of_the_settings_can_be_deleted(sms: Client) -> None:
    assert sms("DELETE", "definitions/sms-order").status == 200
    assert refused(sms.send("k")) == (400, 109111)
    assert sms("GET", "definitions").json["definitions"] == []
    assert sms("POST", "definitions", {**DEFINITION, "definitionKey": "sms-order"}).status == 201
    assert sms.send("k").status == 202


def test_definitions_are_listed_in_pages_by_what_they_are(sms: Client) -> None:
    for number in range(12):
        status = "inactive" if number % 4 == 0 else "active"
        assert (
            sms(
                "POST",
                "definitions",
                {**DEFINITION, "definitionKey": f"d{number:02}", "name": f"N{number:02}", "status": status},
            ).status
            == 201
        )

    def keys(query: str) -> tuple[list[str], int]:
        answer = sms("GET", "definitions/", query=query.replace(" ", "%20")).json
        return [each["definitionKey"] for each in answer["definitions"]], answer["count"]

    assert keys("$filter=status eq inactive") == (["d00", "d04", "d08"], 3)
    assert keys("$pageSize=5&$page=3&$orderBy=definitionKey") == (["d10", "d11", "sms-order"], 3)
    assert keys("$orderBy=name desc&$pagesize=2")[0] == ["sms-order", "d11"]
    assert keys("$filter=status neq Active&$page=2") == ([], 0)
    for bad in ("$page=0", "$filter=status", "$filter=color eq red", "$orderBy=color"):
        assert refused(sms("GET", "definitions", query=bad.replace(" ", "%20"))) == (400, 10005)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": None}, 10002),
        ({"content": {"message": ""}}, 10002),
        ({"subscriptions": {"shortCode": "86288"}}, 10002),
        ({"subscriptions": []}, 10001),
        ({"description": 7}, 10001),
        ({"status": "paused"}, 10005),
        ({"name": "x" * 256}, 10005),
    ],
)
def test_what_is_wrong_with_a_definition(sms: Client, change: dict[str, Any], code: int) -> None:
    assert refused(sms("POST", "definitions", {**DEFINITION, **change})) == (400, code)


def test_an_inactive_definition_holds_what_it_is_sent_until_it_is_active(sms: Client, advance: Advance) -> None:
    sms("PATCH", "definitions/sms-order", {"status": "Inactive"})
    assert sms.send("held").status == 202
    advance("1h")
    assert sms.event("held")[0] == "SMSQueued"
    queue = sms("GET", "definitions/sms-order/queue").json
    assert (queue["count"], queue["ageSeconds"]) == (1, 3600)
    sms("PATCH", "definitions/sms-order", {"status": "Active"})
    advance("1m")
    assert sms.event("held")[0] == "SMSSent"
    assert sms("GET", "definitions/sms-order/queue/").json["count"] == 0


def test_what_is_held_times_out(sms: Client, advance: Advance) -> None:
    sms("PATCH", "definitions/sms-order", {"status": "inactive"})
    sms.send("held")
    advance("72h")
    event, info = sms.event("held")
    assert (event, info["statusMessage"]) == ("SMSNotSent", "TimedoutInQueue")


def test_a_queue_can_be_emptied_while_its_definition_is_inactive(sms: Client, advance: Advance) -> None:
    answer = sms("DELETE", "definitions/sms-order/queue")
    assert refused(answer) == (400, 30001)
    assert "Definition status must be inactive to delete queue" in answer.json["message"]
    sms("PATCH", "definitions/sms-order", {"status": "inactive"})
    sms.send("held")
    assert sms("DELETE", "definitions/sms-order/queue").json["message"] == "Queued"
    assert sms("GET", "definitions/sms-order/queue").json["count"] == 0
    sms("PATCH", "definitions/sms-order", {"status": "active"})
    advance("1m")
    assert sms.event("held")[0] == "SMSNotSent"


def test_each_endpoint_asks_for_its_scope(sms: Client, http: Http) -> None:
    body = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s", "scope": "sms_send"}
    token = http("POST", "/v2/token", json=body).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    send = {"definitionKey": "sms-order", "recipients": [{"to": TO}]}
    assert sms("POST", "messages", send, headers=headers).status == 202
    assert refused(sms("GET", "definitions", headers=headers)) == (403, 20002)
    assert refused(sms("DELETE", "definitions/sms-order", headers=headers)) == (403, 20002)
    assert sms("GET", "definitions", headers={}).status == 401


def test_members_that_are_null_are_left_out(sms: Client) -> None:
    body = {"definitionKey": "sms-order", "recipient": {"to": TO, "contactKey": None}, "subscriptions": None}
    assert sms("POST", "messages/k", body).status == 202
    assert refused(sms("POST", "messages/k", {**body, "definitionKey": None})) == (400, 109107)


ADA = {"FirstName": "Ada", "OrderNumber": "1001"}


def test_an_email_is_drawn_with_its_attributes(email: Client, http: Http, control: Http, advance: Advance) -> None:
    assert email.send("order-1", contactKey="ada", to="ada@example.com", attributes=ADA).status == 202
    advance("1m")
    assert email.event("order-1") == (
        "EmailSent",
        {"messageKey": "order-1", "contactKey": "ada", "to": "ada@example.com"},
    )
    message = control("GET", "messages").json["messages"][0]
    assert message["to"] == "ada@example.com"
    assert message["channels"][0]["content"]["subject"] == "Your order 1001"
    page = http("GET", f"/__sim/messages/{message['id']}").body.decode()
    assert "Your order 1001" in page
    mail = http("GET", f"/__sim/messages/{message['id']}/mail/0").body.decode()
    assert "<h1>Hello Ada</h1>" in mail


def test_an_email_goes_to_its_contact_where_it_has_no_address(email: Client, control: Http) -> None:
    assert email.send("k", contactKey="grace@example.com").status == 202
    assert control("GET", "messages").json["messages"][0]["to"] == "grace@example.com"
    assert refused(email.send("k", to="ada@example.com")) == (400, 109105)
    assert refused(email.send("k", contactKey="ada", to="Ada")) == (400, 109124)
    assert refused(email.send("k", contactKey="ada", to="sim-transactional.invalid-email@example.com")) == (400, 109124)


def test_an_email_whose_content_is_elsewhere_shows_its_attributes(email: Client, http: Http, control: Http) -> None:
    definition = {
        "definitionKey": "d",
        "name": "Mine",
        "content": {"customerKey": "mine"},
        "subscriptions": {"list": "All"},
    }
    made = email("POST", "definitions", definition)
    assert (made.status, len(made.json["definitionId"])) == (201, 36)
    attributes = {"Name": "<script>", "Many": [1]}
    assert email.batch({"contactKey": "a@example.com", "attributes": attributes}, definition="d").status == 202
    channel = control("GET", "messages").json["messages"][0]["channels"][0]
    assert channel["content"]["subject"] == "Mine"
    assert "<td>Name</td><td>&lt;script&gt;</td>" in channel["content"]["html"]
    assert "Many" in channel["text"]


def test_attributes_of_a_batch_are_those_of_all_unless_they_have_their_own(email: Client, control: Http) -> None:
    recipients = [{"contactKey": "a@example.com"}, {"contactKey": "b@example.com", "attributes": {"firstname": "Bob"}}]
    body = {"definitionKey": "email-order", "recipients": recipients, "attributes": {"FirstName": "Customer"}}
    assert email("POST", "messages", body).status == 202
    texts = [message["channels"][0]["text"] for message in control("GET", "messages").json["messages"]]
    assert [text.splitlines()[0] for text in texts] == ["Hello Bob", "Hello Customer"]


def test_a_push_message_goes_to_a_contact_or_to_devices(
    push: Client, http: Http, control: Http, advance: Advance
) -> None:
    assert push.send("one", contactKey="ada", attributes=ADA).status == 202
    answer = push.batch({"to": ["device-1", "device-2"], "messageKey": "two"}, {}, {"to": []}, {"to": "device-1"})
    codes = [entry.get("errorcode") for entry in answer.json["responses"]]
    assert codes == [None, 109105, 109121, 109121]
    advance("1m")
    assert push.event("one")[0] == "PushSent"
    assert push.event("two")[1]["to"] == ["device-1", "device-2"]
    newest, first = control("GET", "messages").json["messages"]
    assert (newest["to"], first["to"]) == ("device-1", "ada")
    page = http("GET", f"/__sim/messages/{first['id']}").body.decode()
    assert "On its way" in page
    assert "https://example.com/orders/1001" in page


def test_an_app_has_a_guid(push: Client) -> None:
    definition = {"definitionKey": "d", "name": "Mine", "content": {"customerKey": "mine"}}
    assert refused(push("POST", "definitions", {**definition, "applicationId": "shop"})) == (400, 10003)
    assert refused(push("POST", "definitions", definition)) == (400, 10002)
    good = {**definition, "applicationId": "1BC7A7D4-6E0B-4E8C-9F0A-3D2E5B6C7A81"}
    assert push("POST", "definitions", good).status == 201


@pytest.mark.parametrize(
    ("channel", "to"), [("email", "SIM-EMAILNOTSENT"), ("push", "SIM-PUSHNOTSENT"), ("push", "SIM-FAILED")]
)
def test_reserved_contacts_are_not_reached(http: Http, advance: Advance, channel: str, to: str) -> None:
    client = Client(http, channel)
    assert client.send("k", contactKey=to).status == 202
    advance("1m")
    event, info = client.event("k")
    assert event.endswith("NotSent")
    assert (info["statusCode"], info["statusMessage"]) == (100, "Error")


def test_channels_have_definitions_and_messages_of_their_own(sms: Client, email: Client) -> None:
    sms.send("k")
    assert refused(email("GET", "messages/k")) == (404, 30003)
    assert refused(email("GET", "definitions/sms-order")) == (404, 30003)
    assert refused(email.batch({"contactKey": "ada"}, definition="sms-order")) == (400, 109111)


def test_who_reads_the_definition_before_each_send_is_told(sms: Client, control: Http) -> None:
    for number in range(3):
        sms("GET", "definitions/sms-order")
        sms.send(f"order-{number}")
        sms.event(f"order-{number}")
        sms.not_sent()
    found = {(each["rule"], each["text"]) for each in control("GET", "lint").json["findings"]}
    assert ("asked-per-send", "asked sms-definition 3 times for 3 sends") in found
    assert ("asked-per-send", "asked sms-not-sent 3 times for 3 sends") in found
    assert not [text for _, text in found if "sms-status" in text], "that is how one learns of a message"


def test_the_type_of_a_list_of_messages_is_not_sent(sms: Client) -> None:
    assert sms("GET", "messages").json == {"lastEventID": 0, "messages": [], "count": 0}
    for query in ("type=sent", "type=notSent&lastEventId=x", "type=notSent&$pagesize=0"):
        assert refused(sms("GET", "messages", query=query)) == (400, 10005)
