"""WhatsApp of Sinch: one content to many, sessions on the sandbox's clock, templates, statuses, what people write."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgsim.model import Json
from msgsim.providers.sinch import provider
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START
from tests.receiver import Receiver

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
ANN, BOB = "5519900001111", "5516981562820"
NAMESPACE = "whatsapp:hsm:ecommerce:movile"
ORDER: dict[str, Any] = {"namespace": NAMESPACE, "elementName": "order_on_its_way", "parameters": ["Ann", "A-17"]}
PICTURE = {"type": "JPG", "url": "https://example.com/pizza.jpg", "caption": "Tonight"}


class Shop:
    """An application of ours: it sends on WhatsApp, and has URLs for statuses and for what people write."""

    def __init__(self, receiver: Receiver, **settings: Json) -> None:
        self.receiver = receiver
        urls = {"whatsapp_callback_url": f"{receiver.url}/status", "whatsapp_mo_url": f"{receiver.url}/mo"}
        self.sim = Simulator(clock=f"frozen@{START}", seed=1, providers={"sinch": {**urls, **settings}})

    def post(self, json: Json, **more: Json) -> Answer:
        return call(f"{self.sim.url}/v1/whatsapp/send", "POST", json, **{"headers": HEADERS, **more})

    def send(self, *to: str, root: Json = None, **message: Json) -> list[str]:
        """The ids of the messages."""
        destinations = [{"destination": number} for number in to or (ANN,)]
        answer = self.post({"destinations": destinations, "message": message, **(root or {})})
        assert answer.status == 200, answer.body
        return [entry["id"] for entry in answer.json["destinations"]]

    def advance(self, by: str) -> None:
        assert self.sim.control("POST", "clock/advance", {"by": by}).status == 200

    def writes(self, text: str, sender: str = ANN, to: str = "") -> None:
        body = {"provider": "sinch", "from": sender, "to": to or "5519900000000", "text": text}
        assert self.sim.control("POST", "inbound", body).status == 200

    def told(self, path: str = "/status") -> list[Json]:
        """What was pushed, without envelopes."""
        return [post.json["data"][0] for post in self.receiver.posts if post.path == path]

    def ended(self, id: str) -> list[Any]:
        """Statuses and codes of a message."""
        return [(step["status"], step["code"]) for step in self.sim.control("GET", f"messages/{id}").json["plan"]]


@pytest.fixture
def shop(receiver: Receiver) -> Iterator[Shop]:
    one = Shop(receiver)
    with one.sim:
        yield one


def test_the_answer_has_an_entry_per_destination_and_can_be_cut_at_its_colons(shop: Shop) -> None:
    destinations = [{"destination": "+55(19) 900001111", "correlationId": 7}, {"destination": BOB}]
    answer = shop.post({"destinations": destinations, "message": {"hsm": ORDER}})
    text = answer.body.decode()
    batch, first, second = re.findall(r'"id":"([^"]+)"', text)
    assert answer.json == {
        "id": batch,
        "destinations": [
            {"id": first, "correlationId": "7", "destination": ANN},
            {"id": second, "destination": BOB},
        ],
    }
    bare = re.sub(r'["{}\[\]]|id|destinations|destination|correlationId', "", text)
    pieces = re.split(r"[:,]", bare)
    assert [piece for piece in pieces if piece][:2] == [batch, first]


def test_a_body_without_content_type_is_taken(shop: Shop) -> None:
    body = b'{"destinations": [{"destination": "5519900001111"}], "message": {"messageText": "Hello"}}'
    assert shop.post(None, body=body, headers=HEADERS).status == 200


def test_without_a_session_only_templates_arrive(shop: Shop) -> None:
    (text,) = shop.send(messageText="Hello")
    (picture,) = shop.send(image=PICTURE)
    (template,) = shop.send(hsm=ORDER)
    assert shop.ended(text) == shop.ended(picture) == [("INVALID_SESSION", 210)]
    assert shop.ended(template) == [("SENT_SUCCESS", 2), ("DELIVERED_SUCCESS", 4)]


def test_a_person_who_writes_opens_a_session_for_24_hours_and_for_nobody_else(shop: Shop) -> None:
    shop.writes("Hello")
    shop.advance("23h")
    (inside,) = shop.send(messageText="Your pizza")
    (other,) = shop.send(BOB, messageText="Your pizza")
    assert shop.ended(inside)[-1] == ("DELIVERED_SUCCESS", 4)
    assert shop.ended(other) == [("INVALID_SESSION", 210)]
    shop.writes("Thank you")
    shop.advance("23h")
    (longer,) = shop.send(messageText="Another?")
    assert shop.ended(longer)[-1] == ("DELIVERED_SUCCESS", 4)
    shop.advance("1h")
    (late,) = shop.send(messageText="Another?")
    assert shop.ended(late) == [("INVALID_SESSION", 210)]


def test_an_sms_opens_no_session_and_an_mo_of_whatsapp_is_none_of_sms(shop: Shop) -> None:
    shop.writes("Hello", to="27182")
    (id,) = shop.send(messageText="Hello")
    assert shop.ended(id) == [("INVALID_SESSION", 210)]
    shop.writes("Hello on WhatsApp")
    shop.advance("1m")
    listed = call(f"{shop.sim.url}/v1/sms/receive/list", "GET", headers=HEADERS).json
    assert [mo["messageText"] for mo in listed["messages"]] == ["Hello"]
    found = call(f"{shop.sim.url}/v1/sms/status/search", "POST", {"ids": [id]}, headers=HEADERS).json
    assert found["smsStatuses"] == []
    statuses = call(f"{shop.sim.url}/v1/sms/status/list", "GET", headers=HEADERS)
    assert statuses.status == 429 or statuses.json["smsStatuses"] == []


def test_every_callback_repeats_what_is_known_by_then(shop: Shop) -> None:
    root = {"campaignAlias": "first", "flowId": "f-1", "defaultExtraInfo": '{"a":1}'}
    body = {"destinations": [{"destination": ANN, "correlationId": "c-1"}], "message": {"hsm": ORDER}, **root}
    id = shop.post(body).json["destinations"][0]["id"]
    shop.advance("1m")
    sent, delivered = (post.json for post in shop.receiver.posts)
    about = {
        "id": id,
        "correlationId": "c-1",
        "destination": ANN,
        "origin": "5519900000000",
        "campaignId": 1,
        "campaignAlias": "first",
        "flowId": "f-1",
        "extraInfo": '{"a":1}',
        "sent": True,
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentDate": "2026-01-01T00:00:00.300Z",
        "sentAt": 1767225600300,
    }
    assert sent == {
        "total": 1,
        "data": [
            {
                **about,
                "delivered": False,
                "read": False,
                "updatedDate": "2026-01-01T00:00:00.300Z",
                "updatedAt": 1767225600300,
                "type": "MESSAGE",
            }
        ],
        "clientInfo": {"customerId": 42, "subAccountId": 1291, "userId": 1},
    }
    assert delivered["data"][0] == {
        **about,
        "delivered": True,
        "deliveredStatusCode": 4,
        "deliveredStatus": "DELIVERED_SUCCESS",
        "deliveredDate": "2026-01-01T00:00:02.300Z",
        "deliveredAt": 1767225602300,
        "read": False,
        "updatedDate": "2026-01-01T00:00:02.300Z",
        "updatedAt": 1767225602300,
        "type": "MESSAGE",
    }


def test_a_message_that_is_read_says_when_it_was_delivered(shop: Shop) -> None:
    (id,) = shop.send("15005551413", hsm=ORDER)
    shop.advance("1m")
    last = shop.told()[-1]
    assert (last["id"], last["deliveredStatusCode"], last["deliveredStatus"]) == (id, 5, "READ_SUCCESS")
    assert last["deliveredAt"] < last["readAt"]
    assert last["read"] is last["delivered"] is last["sent"] is True


def test_what_was_not_sent_is_told_with_its_code(shop: Shop) -> None:
    shop.send(messageText="Hello")
    shop.advance("1m")
    (told,) = shop.told()
    assert (told["sent"], told["sentStatusCode"], told["sentStatus"]) == (False, 210, "INVALID_SESSION")
    assert "deliveredStatus" not in told


STATUSES = provider.contract.statuses.values()
WHATSAPP = [status for status in STATUSES if "whatsapp" in (status.channels or ("whatsapp",))]


@pytest.mark.parametrize("status", WHATSAPP, ids=lambda status: status.word)
def test_every_status_is_told_with_the_code_that_whatsapp_has_for_it(shop: Shop, status: Any) -> None:
    shop.send(f"15005551{status.magic}", hsm=ORDER)
    shop.advance("1m")
    last = shop.told()[-1]
    code = status.channel_codes.get("whatsapp", status.code)
    pairs = [(last.get(f"{part}Status"), last.get(f"{part}StatusCode")) for part in ("sent", "delivered")]
    assert (status.word, code) in pairs


@pytest.mark.parametrize(("ttl", "days"), [(None, 7), (1, 1), (0, 1), (-5, 1), (30, 30), (31, 30), ("2", 2), (2.5, 2)])
def test_a_template_expires_when_its_phone_stays_off(shop: Shop, ttl: Json, days: int) -> None:
    """Beyond 1 to 30 days the nearest is taken, as documented."""
    message = {"hsm": ORDER} if ttl is None else {"hsm": ORDER, "ttl": ttl}
    answer = shop.post(
        {"destinations": [{"destination": ANN}], "message": message}, headers={**HEADERS, "X-Sim-Outcome": "sent"}
    )
    id = answer.json["destinations"][0]["id"]
    plan = shop.sim.control("GET", f"messages/{id}").json["plan"]
    assert [(step["status"], step["code"]) for step in plan] == [("SENT_SUCCESS", 2), ("EXPIRED", 101)]
    shop.advance(f"{days}d")
    assert shop.told()[-1]["deliveredAt"] == 1767225600000 + days * 86_400_000
    assert shop.told()[-1]["deliveredStatusCode"] == 101


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"hsm": {**ORDER, "parameters": ["Ann"]}}, "NOT_DELIVERED"),
        ({"hsm": {**ORDER, "parameters": ["Ann", "A-17", "more"]}}, "NOT_DELIVERED"),
        ({"hsm": {**ORDER, "elementName": "spring_offer", "parameters": ["Ann"]}}, "NOT_DELIVERED"),
        ({"hsm": {**ORDER, "parameters": ["Ann", "a\nb"]}}, "INVALID_MESSAGE_TEXT"),
        ({"hsm": {**ORDER, "parameters": ["", "A-17"]}}, "INVALID_MESSAGE_TEXT"),
        ({"hsm": {**ORDER, "elementName": "not_listed"}}, "DELIVERED_SUCCESS"),
        (
            {"template": {**ORDER, "elementName": "boarding_pass", "languageCode": "en"}},
            "NOT_DELIVERED",
        ),
        (
            {
                "template": {
                    **ORDER,
                    "elementName": "boarding_pass",
                    "languageCode": "EN",
                    "header": {"element": {"type": "document", "url": "https://example.com/p.pdf"}},
                }
            },
            "DELIVERED_SUCCESS",
        ),
    ],
)
def test_templates_have_to_be_approved_and_filled(shop: Shop, message: Json, status: str) -> None:
    (id,) = shop.send(**message)
    assert shop.ended(id)[-1][0] == status


def test_an_account_without_the_star_has_only_its_own_templates(receiver: Receiver) -> None:
    shop = Shop(receiver, whatsapp_templates=[{"element_name": "hello", "text": "Hello {{1}}!", "language": "pt_BR"}])
    with shop.sim:
        (known,) = shop.send(hsm={"namespace": "n", "elementName": "hello", "parameters": ["Ann"]})
        (other,) = shop.send(hsm=ORDER)
        used = {"namespace": "n", "elementName": "hello", "parameters": ["Ann"], "languageCode": "en"}
        (language,) = shop.send(hsm=used)
        assert shop.ended(known)[-1][0] == "DELIVERED_SUCCESS"
        assert shop.ended(other)[-1] == shop.ended(language)[-1] == ("NOT_DELIVERED", 104)
        message = shop.sim.control("GET", f"messages/{known}").json
        assert message["channels"][0]["text"] == "Hello Ann!"


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"messageText": "x" * 4096}, "DELIVERED_SUCCESS"),
        ({"messageText": "x" * 4097}, "INVALID_MESSAGE_LENGTH"),
        ({"image": PICTURE}, "DELIVERED_SUCCESS"),
        ({"image": {**PICTURE, "type": "BMP"}}, "INVALID_CONTENT"),
        ({"image": {"url": "https://example.com/media/17"}}, "DELIVERED_SUCCESS"),
        ({"audio": {"url": "https://example.com/a.exe"}}, "INVALID_CONTENT"),
        ({"document": {"type": "PDF", "url": "https://files.invalid/a.pdf"}}, "CARRIER_COMMUNICATION_ERROR"),
        ({"video": {"type": "MP4", "url": "https://example.com/a.mp4"}}, "DELIVERED_SUCCESS"),
    ],
)
def test_contents_end_as_whatsapp_takes_them(shop: Shop, message: Json, status: str) -> None:
    shop.writes("Hello")
    (id,) = shop.send(**message)
    assert shop.ended(id)[-1][0] == status


@pytest.mark.parametrize(
    ("lists", "status"),
    [
        ({"OPTOUT": [f"+{ANN}"]}, "DESTINATION_BLOCKED_BY_OPTOUT"),
        ({"BLACKLIST": [ANN]}, "DESTINATION_BLOCKED_BY_OPTOUT"),
        ({"OPTIN": [BOB]}, "DESTINATION_BLOCKED_BY_OPTIN"),
        ({"WHITELIST": [BOB]}, "DESTINATION_BLOCKED_BY_WHITELIST"),
        ({"OPTIN": [ANN], "WHITELIST": [ANN], "OPTOUT": [BOB]}, "DELIVERED_SUCCESS"),
    ],
)
def test_lists_keep_people_out(receiver: Receiver, lists: Json, status: str) -> None:
    shop = Shop(receiver, whatsapp_lists=lists)
    with shop.sim:
        (id,) = shop.send(hsm=ORDER)
        assert shop.ended(id)[-1][0] == status


@pytest.mark.parametrize("number", ["123", "999999999999", "55199000011112222", "not a number", "0" * 30])
def test_a_number_that_is_nobodys_is_told_later(shop: Shop, number: str) -> None:
    (id,) = shop.send(number, hsm=ORDER)
    assert shop.ended(id) == [("INVALID_DESTINATION_NUMBER", 202)]


def test_what_a_person_writes_is_pushed_with_the_message_it_answers(shop: Shop) -> None:
    body = {"destinations": [{"destination": ANN, "correlationId": "c-1"}], "message": {"hsm": ORDER}, "flowId": "f"}
    shop.post(body)
    shop.advance("1m")
    shop.writes("Thanks")
    shop.advance("1s")
    (posted,) = [post.json for post in shop.receiver.posts if post.path == "/mo"]
    item = posted["data"][0]
    assert posted == {"total": 1, "data": [item], "clientInfo": {"customerId": 42, "subAccountId": 1291, "userId": 1}}
    assert item == {
        "id": item["id"],
        "source": ANN,
        "origin": "5519900000000",
        "userProfile": {"name": "Customer 1111", "whatsAppId": ANN},
        "correlationId": "c-1",
        "flowId": "f",
        "mtSentAt": 1767225600000,
        "message": {"type": "TEXT", "messageText": "Thanks"},
        "receivedAt": 1767225660000,
        "receivedDate": "2026-01-01T00:01:00.000Z",
        "session": {"sessionId": item["session"]["sessionId"], "createdAt": "2026-01-01T00:01:00.000Z"},
    }
    shop.writes("Again")
    shop.advance("1s")
    assert shop.told("/mo")[-1]["session"] == item["session"]


ROWS = [{"identifier": 1, "title": "Margherita", "description": ""}, {"identifier": "2", "title": "Calabresa"}]
LIST = {
    "messageInteractiveType": "LIST",
    "body": {"text": "Which one?"},
    "listAction": {"button": "Menu", "sections": [{"rows": ROWS}]},
}
REPLIES = {
    "messageInteractiveType": "REPLY_BUTTON",
    "body": {"text": "Deliver today?"},
    "replyButtonAction": {"buttons": [{"reply": {"title": "Yes", "payload": "deliver-yes"}}]},
}


@pytest.mark.parametrize(
    ("offered", "text", "message"),
    [
        (
            LIST,
            "Margherita",
            {
                "type": "TEXT",
                "messageText": "Margherita",
                "interactive": {"type": "LIST_REPLY", "listReply": {"rowIdentifier": "1", "rowTitle": "Margherita"}},
            },
        ),
        (
            REPLIES,
            "Yes",
            {
                "type": "TEXT",
                "messageText": "Yes",
                "interactive": {"type": "BUTTON_REPLY", "buttonReply": {"payload": "deliver-yes", "title": "Yes"}},
            },
        ),
        (REPLIES, "yes", {"type": "TEXT", "messageText": "yes"}),
        (REPLIES, "geo:-22.89,-47.04", {"location": {"geoPoint": "-22.89,-47.04"}}),
        (
            REPLIES,
            "https://example.com/a/photo.JPG?x=1",
            {"type": "IMAGE", "mediaUrl": "https://example.com/a/photo.JPG?x=1", "mimeType": "image/jpeg"},
        ),
        (REPLIES, "https://example.com/", {"type": "TEXT", "messageText": "https://example.com/"}),
    ],
)
def test_a_choice_a_medium_and_a_place_are_pushed_as_such(shop: Shop, offered: Json, text: str, message: Json) -> None:
    shop.writes("Hello")
    shop.send(interactive=offered)
    shop.advance("1m")
    shop.writes(text)
    shop.advance("1s")
    assert shop.told("/mo")[-1]["message"] == message


def test_an_answer_that_a_scenario_gives_opens_the_session_when_it_comes(receiver: Receiver) -> None:
    rules = """
name: they-answer
rules:
  - when: {provider: sinch, endpoint: whatsapp-send}
    reply: {after: 1h, text: "Yes"}
"""
    shop = Shop(receiver)
    with shop.sim:
        assert shop.sim.control("PUT", "scenario", body=rules).status == 200
        shop.send(hsm=ORDER)
        (early,) = shop.send(messageText="Are you there?", root={"flowId": "x"})
        assert shop.ended(early) == [("INVALID_SESSION", 210)]
        shop.advance("1h")
        assert shop.told("/mo")[0]["message"]["messageText"] == "Yes"
        (late,) = shop.send(messageText="Are you there?")
        assert shop.ended(late)[-1] == ("DELIVERED_SUCCESS", 4)


def test_users_have_urls_of_their_own_and_administrators_do_not_send(receiver: Receiver) -> None:
    users = [
        {"name": "acme", "token": "secret-token", "whatsapp_callback_url": f"{receiver.url}/own"},
        {"name": "boss", "token": "t", "admin": True},
    ]
    shop = Shop(receiver, users=users)
    with shop.sim:
        shop.send(hsm=ORDER)
        shop.advance("1m")
        assert [post.path for post in receiver.posts] == ["/own", "/own"]
        body = {"destinations": [{"destination": ANN}], "message": {"hsm": ORDER}}
        refused = shop.post(body, headers={"UserName": "boss", "AuthenticationToken": "t"})
        assert (refused.status, refused.json) == (403, {"errorCode": 403, "errorMessage": "Forbidden"})


@pytest.mark.parametrize("host", ["api-messaging.wavy.global", "api-messaging.movile.com"])
def test_it_is_served_at_both_names(shop: Shop, host: str) -> None:
    body = {"destinations": [{"destination": ANN}], "message": {"hsm": ORDER}}
    assert shop.post(body, headers={**HEADERS, "Host": host}).status == 200


def test_several_mistakes_are_answered_by_the_first_and_nothing_is_accepted(shop: Shop) -> None:
    body = {"destinations": [{"destination": ANN}, {}], "message": {"image": {"url": "ftp://x"}, "video": {}}}
    answer = shop.post(body)
    assert answer.status == 400
    assert answer.json == {"errorCode": 400, "errorMessage": "Bad Request: destination is required"}
    assert shop.sim.control("GET", "messages").json["total"] == 0


def get(shop: Shop, path: str, headers: dict[str, str] = HEADERS, **query: str) -> Answer:
    return call(f"{shop.sim.url}{path}", "GET", query=query or None, headers=headers)


def fetched(link: str) -> list[list[str]]:
    """The rows of a file, by who has no credentials."""
    answer = call(link, "GET")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return [line.split(";") for line in answer.body.decode().splitlines()]


def test_open_sessions_are_a_file_that_anybody_may_fetch(shop: Shop) -> None:
    link = get(shop, "/v1/session", customerId="42", subAccountId="1291").json["file_url"]
    assert link.startswith(f"{shop.sim.url}/chatclub-cdn/2026/01/01/")
    assert fetched(link) == [["source", "session_created_at"]]
    shop.writes("Hello")
    shop.advance("12h")
    shop.writes("Hello", sender=BOB)
    rows = [[BOB, "2026-01-01 09:00:00"], [ANN, "2025-12-31 21:00:00"]]
    assert fetched(link) == [["source", "session_created_at"], *rows]
    shop.advance("12h")
    assert fetched(link)[1:] == rows[:1]


def test_the_file_of_another_sandbox_is_its_own(shop: Shop) -> None:
    made = shop.sim.control("POST", "sandboxes", {"name": "ci-17"}).json
    theirs = made["credentials"]["sinch"]
    shop.writes("Hello")
    link = get(shop, "/v1/session", theirs, customerId="42").json["file_url"]
    assert fetched(link) == [["source", "session_created_at"]]


def test_lists_are_files_too_and_there_is_none_of_an_empty_one(receiver: Receiver) -> None:
    shop = Shop(receiver, whatsapp_lists={"OPTOUT": [f"+{ANN}", BOB]})
    with shop.sim:
        assert get(shop, "/v1/list/OPTIN", customerId="42").json == {"success": True, "status": 200}
        answer = get(shop, "/v1/list/OPTOUT", customerId="42", subAccountId="0").json
        assert answer == {"success": True, "status": 200, "data": answer["data"]}
        assert re.search(r"/chatclub-cdn/2026/01/01/[0-9a-f-]{36}/list-42-[0-9a-f]{16}\.csv\?", answer["data"])
        rows = [[who, "2025-12-31 21:00:00"] for who in (ANN, BOB)]
        assert fetched(answer["data"]) == [["source", "createdAt"], *rows]
        assert get(shop, "/v1/list/FRIENDS", customerId="42").status == 404
        missing = get(shop, "/v1/list/OPTIN")
        assert (missing.status, missing.json["errorMessage"]) == (400, "Bad Request: customerId is required")


def test_links_lead_to_the_real_host_for_who_came_by_one(shop: Shop) -> None:
    headers = {**HEADERS, "Host": "api-messaging.wavy.global"}
    link = get(shop, "/v1/session", headers, customerId="42").json["file_url"]
    assert link.startswith("http://chatclub-cdn.wavy.global/chatclub-cdn/2026/01/01/")
    path, _, query = link.removeprefix("http://chatclub-cdn.wavy.global").partition("?")
    answer = call(f"{shop.sim.url}{path}", "GET", query=query, headers={"Host": "chatclub-cdn.wavy.global"})
    assert answer.body == b"source;session_created_at\n"


def test_templates_are_listed_by_page_and_part_of_a_name(shop: Shop) -> None:
    every = get(shop, "/api/v1/whatsapp_message_templates").json["data"]
    names = [entry["element_name"] for entry in every]
    assert names == ["order_on_its_way", "boarding_pass", "spring_offer"]
    second = get(shop, "/api/v1/whatsapp_message_templates", page="2", page_size="1").json["data"]
    assert second == every[1:2]
    (found,) = get(shop, "/api/v1/whatsapp_message_templates", element_name="ORDER").json["data"]
    assert found == {
        "id": 22045,
        "element_name": "order_on_its_way",
        "namespace": NAMESPACE,
        "message_type": "SHIPPING_UPDATE",
        "template_type": "body_only",
        "languages": ["EN"],
        "customer_id": 42,
        "sub_account_id": 1291,
        "last_modified": found["last_modified"],
        "messages": [
            {
                "id": found["messages"][0]["id"],
                "language": "EN",
                "status": "approved",
                "text": "Hello {{1}}, your order *{{2}}* is on its way.",
                "header": "",
                "header_type": "none",
                "footer": "",
                "placeholders": ["1", "2"],
                "buttons_type": None,
                "buttons": {"payload": None},
                "last_modified": found["last_modified"],
            }
        ],
    }
    headers = {**HEADERS, "Host": "apigw.wavy.global"}
    assert get(shop, "/api/v1/whatsapp_message_templates", headers).json["data"] == every
