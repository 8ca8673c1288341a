"""Messages from phones, and the small services beside: campaigns and carrier lookups."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START, Http
from tests.receiver import Receiver

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
HELLO = {"destination": "5516981562820", "messageText": "Pizza tonight?"}


def simulator(**settings: Json) -> Simulator:
    return Simulator(clock=f"frozen@{START}", seed=1, providers={"sinch": settings})


@pytest.fixture
def pushing(receiver: Receiver) -> Iterator[Simulator]:
    with simulator(mo_url=f"{receiver.url}/mo") as sim:
        yield sim


def ask(sim: Simulator, path: str, query: dict[str, str] | None = None, user: str = "acme") -> Answer:
    headers = {"username": user, "authenticationtoken": "t"}
    return call(f"{sim.url}/v1/sms/receive/{path}", "GET", query=query, headers=headers)


def phone_writes(sim: Simulator, text: str, to: str = "28128", sender: str = "5516981562820") -> None:
    body = {"provider": "sinch", "from": sender, "to": to, "text": text}
    assert sim.control("POST", "inbound", body).status == 200


def advance(sim: Simulator, by: str) -> None:
    assert sim.control("POST", "clock/advance", {"by": by}).status == 200


def test_an_answer_is_pushed_listed_once_and_found_with_the_message_it_answers(
    pushing: Simulator, receiver: Receiver
) -> None:
    sent = {**HELLO, "correlationId": "1876", "campaignAlias": "first", "subAccount": "iFoodMarketing"}
    id = call(f"{pushing.url}/v1/send-sms", "POST", sent, headers=HEADERS).json[0]["id"]
    advance(pushing, "1m")
    phone_writes(pushing, "I want pizza")
    advance(pushing, "1s")
    (posted,) = receiver.posts
    assert (posted.method, posted.path) == ("POST", "/mo")
    mo = posted.json
    assert UUID(mo["id"]).version == 1
    assert mo == {
        "id": mo["id"],
        "subAccount": "iFoodMarketing",
        "campaignAlias": "first",
        "carrierId": 1,
        "carrierName": "VIVO",
        "source": "5516981562820",
        "shortCode": "28128",
        "messageText": "I want pizza",
        "receivedAt": 1767225660000,
        "receivedDate": "2026-01-01T00:01:00Z",
        "mt": {"id": id, "correlationId": "1876", "username": "acme"},
    }
    listed = ask(pushing, "list").json
    assert listed == {
        "total": 1,
        "start": "2025-12-29T00:01:01Z",
        "end": "2026-01-01T00:01:01Z",
        "messages": [mo],
    }
    assert ask(pushing, "list").json["messages"] == []
    assert ask(pushing, "search").json["messages"] == ask(pushing, "search").json["messages"] == [mo]
    assert ask(pushing, "list", user="other").json["messages"] == [mo]


def test_a_phone_that_was_never_written_to_has_no_mt(pushing: Simulator, receiver: Receiver) -> None:
    phone_writes(pushing, "Hi", to="", sender="+55 (19) 99771-2322")
    advance(pushing, "1s")
    mo = receiver.posts[0].json
    assert (mo["source"], mo["shortCode"], mo["carrierName"]) == ("5519997712322", "27182", "VIVO")
    assert not {"mt", "subAccount", "campaignAlias"} & mo.keys()


def test_a_scenario_answers_after_three_seconds(pushing: Simulator, receiver: Receiver) -> None:
    rule = 'name: one\nrules:\n  - when: {provider: sinch}\n    reply: {after: 3s, text: "1"}\n'
    assert pushing.control("PUT", "scenario", body=rule).status == 200
    id = call(f"{pushing.url}/v1/send-sms", "POST", HELLO, headers=HEADERS).json[0]["id"]
    advance(pushing, "2s")
    assert receiver.posts == []
    assert ask(pushing, "search").json["total"] == 0
    advance(pushing, "1s")
    (mo,) = [post.json for post in receiver.posts]
    assert (mo["messageText"], mo["mt"]["id"], mo["receivedAt"]) == ("1", id, 1767225603000)
    assert mo["shortCode"] == "27182"
    assert ask(pushing, "list").json["messages"] == [mo]


def test_an_mo_may_be_pushed_in_a_query_string(receiver: Receiver) -> None:
    users = [
        {"name": "acme", "token": "secret-token", "email": "acme@example.com", "subAccount": "shop"},
    ]
    with simulator(users=users, mo_url=f"{receiver.url}/mo?key=1", mo_method="GET") as sim:
        call(f"{sim.url}/v1/send-sms", "POST", HELLO, headers=HEADERS)
        phone_writes(sim, "Sim, às 8 & rápido")
        advance(sim, "1s")
        recorded = sim.control("GET", "journal.har").json["log"]["entries"]
    assert [one["request"]["method"] for one in recorded] == ["POST", "GET"]
    (posted,) = receiver.posts
    assert (posted.method, posted.body) == ("GET", b"")
    query = {name: values[0] for name, values in parse_qs(urlsplit(posted.path).query).items()}
    assert query["messageText"] == "Sim, às 8 & rápido"
    assert (query["key"], query["mt.username"], query["mt.email"]) == ("1", "acme", "acme@example.com")
    assert query["subAccount"] == "shop"


def test_the_list_goes_back_three_days_and_the_search_five(pushing: Simulator) -> None:
    for _ in range(7):
        phone_writes(pushing, "again")
        advance(pushing, "1d")
    assert [one["receivedDate"][8:10] for one in ask(pushing, "list").json["messages"]] == ["05", "06", "07"]
    found = ask(pushing, "search").json
    assert [one["receivedDate"][8:10] for one in found["messages"]] == ["03", "04", "05", "06", "07"]
    assert (found["start"], found["end"]) == ("2026-01-03T00:00:00Z", "2026-01-08T00:00:00Z")
    period = {"start": "2026-01-01T00:00:00", "end": "2026-01-04T12:00:00Z"}
    assert [one["receivedDate"][8:10] for one in ask(pushing, "search", period).json["messages"]] == ["03", "04"]
    zoned = {"start": "2026-01-06T21:00:00-03:00"}
    assert ask(pushing, "search", zoned).json["total"] == 1
    assert ask(pushing, "search", {"start": "x"}).status == 400


def test_a_call_of_the_list_gives_a_thousand_at_most(pushing: Simulator) -> None:
    rule = 'name: one\nrules:\n  - when: {provider: sinch}\n    reply: {after: 1s, text: "1"}\n'
    pushing.control("PUT", "scenario", body=rule)
    for size in (1000, 200):
        messages = [{**HELLO, "destination": f"55119{number:08d}"} for number in range(size)]
        call(f"{pushing.url}/v1/send-bulk-sms", "POST", {"messages": messages}, headers=HEADERS)
    pushing.control("PUT", "scenario", {"names": []})
    advance(pushing, "1s")
    pages = [[one["id"] for one in ask(pushing, "list").json["messages"]] for _ in range(3)]
    assert [len(page) for page in pages] == [1000, 200, 0]
    assert len({id for page in pages for id in page}) == 1200


def test_subaccounts_are_kept_apart(receiver: Receiver) -> None:
    users = [
        {"name": "shop", "token": "t", "subAccount": "shop", "mo_url": f"{receiver.url}/shop"},
        {"name": "bank", "token": "t", "subAccount": "bank", "mo_url": f"{receiver.url}/bank"},
        {"name": "boss", "token": "t", "admin": True},
    ]
    with simulator(users=users) as sim:
        headers = {"username": "bank", "authenticationtoken": "t"}
        call(f"{sim.url}/v1/send-sms", "POST", HELLO, headers=headers)
        phone_writes(sim, "mine")
        advance(sim, "1s")
        assert [post.path for post in receiver.posts] == ["/bank"]
        seen = {name: ask(sim, "search", user=name).json["total"] for name in ("shop", "bank", "boss")}
        assert seen == {"shop": 0, "bank": 1, "boss": 1}
        assert ask(sim, "list", {"subAccount": "shop"}, user="boss").json["total"] == 0
        assert ask(sim, "list", {"subAccount": "bank"}, user="boss").json["total"] == 1
        assert ask(sim, "list", {"subAccount": "bank"}, user="shop").status == 403


def test_the_documented_lookup(http: Http) -> None:
    asked = {"destinations": ["+55(19)997712322", "5519997712322", "2312312"]}
    answer = http("POST", "/v1/carrier/lookup", json=asked, headers=HEADERS)
    assert UUID(answer.json["id"]).version == 1
    vivo = {"destination": "5519997712322", "active": True, "carrier": {"name": "VIVO", "countryCode": "BR"}}
    unknown = {"destination": "2312312", "active": False, "carrier": {"name": "UNKNOWN"}}
    assert answer.json["destinations"] == [vivo, vivo, unknown]
    mexico = http("POST", "/v1/carrier/lookup", json={"destinations": [5215512345678]}, headers=HEADERS).json
    assert mexico["destinations"][0]["carrier"] in (
        {"name": "INTERNATIONAL", "countryCode": "MX"},
        {"name": "UNKNOWN"},
    )


def test_campaigns_are_created_listed_changed_and_deleted(http: Http) -> None:
    def ask(method: str, path: str, json: Json = None, **more: Json) -> Answer:
        return http(method, f"/api/v1/{path}", json=json, headers=HEADERS, **more)

    body = {"campaign": {"name": "My Campaign2019", "alias": "mycampaign2019"}}
    created = ask("POST", "campaigns", body)
    campaign = {"name": "My Campaign2019", "id": 2, "alias": "mycampaign2019"}
    assert (created.status, created.json) == (200, {"status": {"error": False}, "campaign": campaign})
    assert ask("GET", "campaigns/2").json == ask("GET", "campaign/2").json == created.json

    listed = ask("GET", "campaigns")
    first = {"name": "My first campaign", "id": 1, "alias": "first"}
    assert listed.json == {"status": {"error": False}, "campaigns": [first, campaign]}
    pages = [listed.headers[name] for name in ("page-number", "per-page", "total", "total-pages")]
    assert pages == ["1", "10", "2", "1"]
    assert ask("GET", "campaigns", query={"name": "FIRST"}).json["campaigns"] == [first]
    second = ask("GET", "campaigns", query={"page": "2", "page_size": "1"})
    assert second.json["campaigns"] == [campaign]
    assert [second.headers["page-number"], second.headers["total-pages"]] == ["2", "2"]
    assert ask("GET", "campaigns", query={"page": "0"}).status == 400

    sent = http("POST", "/v1/send-sms", json={**HELLO, "campaignAlias": "mycampaign2019"}, headers=HEADERS)
    assert sent.status == 200
    changed = ask("PUT", "campaigns/2", {"campaign": {"alias": "renamed"}}).json["campaign"]
    assert changed == campaign | {"alias": "renamed"}
    assert ask("PUT", "campaigns/2", {"campaign": {"alias": "renamed"}}).status == 200, "it may keep its own alias"
    assert ask("PUT", "campaigns/1", {"campaign": {"name": "Other"}}).json["campaign"] == first | {"name": "Other"}
    sent = http("POST", "/v1/send-sms", json={**HELLO, "campaignAlias": "mycampaign2019"}, headers=HEADERS)
    assert sent.status == 400
    taken = ask("PUT", "campaigns/2", {"campaign": {"alias": "first"}})
    assert (taken.status, taken.json["status"]["error"]) == (400, True)
    assert ask("POST", "campaigns", {"campaign": {"name": ""}}).status == 400

    assert ask("DELETE", "campaigns/1").json == {"status": {"error": False}}
    for method in ("GET", "DELETE"):
        gone = ask(method, "campaigns/1")
        assert (gone.status, gone.json) == (404, {"status": {"error": True, "message": "Not Found"}})
    assert ask("GET", "campaigns/x").status == 404
    assert ask("GET", "campaigns").json["campaigns"] == [campaign | {"alias": "renamed"}]
    assert ask("POST", "campaigns", {"campaign": {"name": "Third"}}).json["campaign"] == {"name": "Third", "id": 3}
    assert http("GET", "/api/v1/campaigns").status == 401
