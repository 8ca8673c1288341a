"""What is told of a message afterwards: callbacks, delivery reports, and status queries."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from msgsim.model import Json
from msgsim.providers.sinch import provider
from msgsim.providers.sinch.account import Account
from msgsim.seed import Seed
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START
from tests.receiver import Receiver

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
HELLO = {"destination": "5519900001111", "messageText": "Hello"}
FLOW = "14f8142d-e731-4971-8220-5a76a12c413f"
STATUSES = {
    word: status for word, status in provider.contract.statuses.items() if "sms" in (status.channels or ("sms",))
}
SENT = [one for one in STATUSES.values() if one.code not in (4, 104)]


class Sinch:
    """An application of ours: it sends, and has two URLs for reports."""

    def __init__(self, receiver: Receiver, **settings: Json) -> None:
        urls = {"callback_url": f"{receiver.url}/callback", "dlr_url": f"{receiver.url}/dlr"}
        self.receiver = receiver
        self.settings = urls | {"status_rate_limit": 0} | settings
        self.sim = Simulator(clock=f"frozen@{START}", seed=1, providers={"sinch": self.settings})

    def call(self, method: str, path: str, json: Json = None, **more: Json) -> Answer:
        return call(f"{self.sim.url}{path}", method, json, **{"headers": HEADERS, **more})

    def send(self, **more: Json) -> str:
        id: str = self.call("POST", "/v1/send-sms", HELLO | more).json[0]["id"]
        return id

    def advance(self, by: str) -> None:
        assert self.sim.control("POST", "clock/advance", {"by": by}).status == 200

    def search(self, *ids: str, headers: Json = HEADERS, **more: Json) -> Json:
        answer = self.call("POST", "/v1/sms/status/search", {"ids": ids, **more}, headers=headers)
        assert answer.status == 200, answer.body
        return answer.json

    def listed(self, query: dict[str, str] | None = None, **more: Json) -> Json:
        return self.call("GET", "/v1/sms/status/list", query=query, **more).json

    def told(self, path: str) -> list[Json]:
        return [post.json for post in self.receiver.posts if post.path == path]


@pytest.fixture
def sinch(receiver: Receiver) -> Iterator[Sinch]:
    one = Sinch(receiver)
    with one.sim:
        yield one


def test_a_callback_and_a_delivery_report_have_exactly_their_fields(sinch: Sinch) -> None:
    id = sinch.send(correlationId="client-id", extraInfo="order 7", campaignAlias="first")
    sinch.advance("1m")
    (callback,), (dlr,) = sinch.told("/callback"), sinch.told("/dlr")
    assert callback == {
        "id": id,
        "correlationId": "client-id",
        "carrierId": 5,
        "carrierName": "TIM",
        "destination": "5519900001111",
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentAt": 1767225600300,
        "sentDate": "2026-01-01T00:00:00Z",
        "campaignId": "1",
        "extraInfo": "order 7",
    }
    assert dlr == {
        "id": id,
        "correlationId": "client-id",
        "carrierId": 5,
        "carrierName": "TIM",
        "destination": "5519900001111",
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentStatusAt": 1767225600300,
        "sentStatusDate": "2026-01-01T00:00:00Z",
        "sentAt": 1767225600300,
        "sentDate": "2026-01-01T00:00:00Z",
        "deliveredStatusCode": 4,
        "deliveredStatus": "DELIVERED_SUCCESS",
        "deliveredAt": 1767225602300,
        "deliveredDate": "2026-01-01T00:00:02Z",
        "campaignId": 1,
        "extraInfo": "order 7",
    }
    assert all(post.method == "POST" for post in sinch.receiver.posts)
    assert all(post.headers["content-type"] == "application/json" for post in sinch.receiver.posts)


def test_what_was_not_given_is_the_id_an_empty_text_or_not_there(sinch: Sinch) -> None:
    id = sinch.send()
    sinch.advance("1m")
    (callback,), (dlr,) = sinch.told("/callback"), sinch.told("/dlr")
    assert (callback["correlationId"], callback["extraInfo"], "campaignId" in callback) == (id, "", False)
    assert dlr["correlationId"] == id
    assert not {"extraInfo", "campaignId"} & dlr.keys()


@pytest.mark.parametrize("status", SENT, ids=lambda one: one.word)
def test_every_sent_status_is_told_once(sinch: Sinch, status: Json) -> None:
    sinch.send(destination=f"1500555{1000 + status.magic}")
    sinch.advance("1d")
    (callback,) = sinch.told("/callback")
    assert (callback["sentStatus"], callback["sentStatusCode"]) == (status.word, status.code)
    assert sinch.told("/dlr") == []


@pytest.mark.parametrize("word", ["DELIVERED_SUCCESS", "NOT_DELIVERED"])
def test_both_delivered_statuses_follow_a_success(sinch: Sinch, word: str) -> None:
    id = sinch.send(destination=f"1500555{1000 + (STATUSES[word].magic or 0)}")
    sinch.advance("1d")
    ((callback,), (dlr,)) = sinch.told("/callback"), sinch.told("/dlr")
    assert callback["sentStatusCode"] == dlr["sentStatusCode"] == 2
    assert (dlr["deliveredStatus"], dlr["deliveredStatusCode"]) == (word, STATUSES[word].code)
    (entry,) = sinch.search(id)["smsStatuses"]
    assert (entry["sentStatusCode"], entry["deliveredStatusCode"]) == (2, STATUSES[word].code)


@pytest.mark.parametrize("word", STATUSES)
def test_every_status_can_be_written_in_a_scenario(sinch: Sinch, word: str) -> None:
    rule = f"name: one\nrules:\n  - when: {{provider: sinch}}\n    deliver:\n      - {{after: 1s, status: {word}}}\n"
    if STATUSES[word].after:
        rule = rule.replace("      - {after: 1s,", "      - {after: 200ms, status: sent}\n      - {after: 1s,")
    chosen = sinch.sim.control("PUT", "scenario", body=rule)
    assert chosen.status == 200, chosen.body
    sinch.send()
    sinch.advance("1d")
    last = sinch.receiver.posts[-1].json
    assert STATUSES[word].code in (last.get("deliveredStatusCode"), last["sentStatusCode"])


def test_invalid_numbers_are_accepted_and_told_later(sinch: Sinch) -> None:
    numbers = ["55197915209", "2312312", "no number", "0", "5500999999999"]
    batch = sinch.call(
        "POST", "/v1/send-bulk-sms", {"messages": [HELLO | {"destination": number} for number in numbers]}
    ).json
    sinch.advance("1m")
    told = sinch.told("/callback")
    assert {one["id"] for one in told} == {one["id"] for one in batch["messages"]}
    assert {(one["sentStatusCode"], one["sentStatus"]) for one in told} == {(202, "INVALID_DESTINATION_NUMBER")}
    assert {one["carrierId"] for one in told} == {0}
    assert sinch.told("/dlr") == []
    (entry, *_) = sinch.search(batch["messages"][0]["id"])["smsStatuses"]
    assert not {name for name in entry if name.startswith("delivered")}


@pytest.mark.parametrize(("name", "text"), [("OI", "Olá"), ("SERCOMTEL", "Ola")])
def test_carriers_without_delivery_reports(receiver: Receiver, name: str, text: str) -> None:
    one = Sinch(receiver, numbers={"5543999990000": name})
    with one.sim:
        id = one.send(destination="+55 43 99999-0000", messageText="Olá")
        one.advance("1d")
        (callback,) = one.told("/callback")
        assert (callback["carrierName"], callback["sentStatusCode"]) == (name, 2)
        assert one.told("/dlr") == []
        assert one.sim.control("GET", f"messages/{id}").json["channels"][0]["text"] == text


def test_a_users_own_urls_come_before_the_accounts(receiver: Receiver) -> None:
    users = [{"name": "acme", "token": "secret-token", "callback_url": f"{receiver.url}/mine"}, {"name": "b"}]
    one = Sinch(receiver, users=users)
    with one.sim:
        one.send()
        one.advance("1m")
    assert [post.path for post in receiver.posts] == ["/mine", "/dlr"]


def test_without_urls_nothing_is_told(receiver: Receiver) -> None:
    one = Sinch(receiver, callback_url="", dlr_url="")
    with one.sim:
        id = one.send()
        one.advance("1m")
        assert one.sim.control("GET", "callbacks").json["total"] == 0
        assert one.search(id)["total"] == 1


def test_a_receiver_that_fails_is_told_again_with_the_status_of_then(sinch: Sinch) -> None:
    sinch.receiver.answer(500, times=2)
    sinch.send()
    sinch.advance("5m")
    assert [post.path for post in sinch.receiver.posts] == ["/callback", "/callback", "/callback", "/dlr"]
    assert len({post.body for post in sinch.receiver.posts[:3]}) == 1


def test_a_corrupt_callback_is_half_of_one(sinch: Sinch) -> None:
    rule = "name: one\nrules:\n  - when: {provider: sinch}\n    callbacks: [corrupt]\n"
    assert sinch.sim.control("PUT", "scenario", body=rule).status == 200
    sinch.send()
    sinch.advance("1m")
    assert sinch.receiver.posts[0].body.startswith(b'{"id":')
    assert not sinch.receiver.posts[0].body.endswith(b"}")


def test_a_search_finds_ids_in_any_case_and_correlation_ids(sinch: Sinch) -> None:
    first, second, other = sinch.send(correlationId="2468"), sinch.send(correlationId="2468"), sinch.send()
    assert sinch.search(first, second)["smsStatuses"] == [], "what has no status yet is left out"
    sinch.advance("500ms")
    found = sinch.search(first.upper(), correlationIds=["2468", other])
    assert found["total"] == 3
    assert [one["id"] for one in found["smsStatuses"]] == [first, second, other]
    assert (found["start"], found["end"]) == ("2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z")
    assert found["smsStatuses"][0] == {
        "id": first,
        "correlationId": "2468",
        "carrierId": 5,
        "carrierName": "TIM",
        "destination": "5519900001111",
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentDate": "2026-01-01T00:00:00Z",
        "sentAt": 1767225600300,
        "updatedDate": "2026-01-01T00:00:00Z",
        "updatedAt": 1767225600550,
    }
    sinch.advance("1m")
    body = {"correlationIds": [2468], "ids": None}
    again = sinch.call("POST", "/v1/sms/status/search", body).json
    assert [one["deliveredAt"] for one in again["smsStatuses"]] == [1767225602300] * 2
    assert [one["updatedAt"] for one in again["smsStatuses"]] == [1767225602550] * 2, "recorded after the delivery"
    assert sinch.search("00000000-0000-1000-8000-000000000000")["total"] == 0


def test_the_list_gives_each_status_once_and_a_later_one_again(sinch: Sinch) -> None:
    first = sinch.send(campaignAlias="first", extraInfo="x")
    assert sinch.listed()["smsStatuses"] == []
    sinch.advance("500ms")
    (entry,) = sinch.listed()["smsStatuses"]
    assert (entry["id"], entry["campaignId"], entry["extraInfo"]) == (first, 1, "x")
    assert sinch.listed()["total"] == 0
    sinch.advance("1500ms")
    second = sinch.send()
    sinch.advance("500ms")
    listed = sinch.listed()["smsStatuses"]
    assert [(one["id"], "deliveredAt" in one) for one in listed] == [(first, True), (second, False)]
    assert sinch.listed()["total"] == 0
    assert sinch.search(first)["total"] == 1, "a search consumes nothing"


def test_the_list_is_consumed_by_each_user_for_itself_and_page_by_page(sinch: Sinch) -> None:
    ids = [sinch.send() for _ in range(5)]
    sinch.advance("1m")
    pages = [[one["id"] for one in sinch.listed({"limit": "2"})["smsStatuses"]] for _ in range(4)]
    assert pages == [ids[:2], ids[2:4], ids[4:], []]
    sinch.sim.control("POST", f"messages/{ids[0]}/status", {"status": "NOT_DELIVERED"})
    assert [one["id"] for one in sinch.listed()["smsStatuses"]] == [ids[0]]
    other = {"username": "other", "authenticationtoken": "x"}
    assert [one["id"] for one in sinch.listed(headers=other)["smsStatuses"]] == [*ids[1:], ids[0]]
    assert sinch.call("GET", "/v1/sms/status/list", query={"limit": "0"}).status == 400


def test_the_list_gives_a_thousand_at_a_time_and_misses_none(sinch: Sinch) -> None:
    numbers = [{"destination": f"55119{number:08}", "messageText": "x"} for number in range(1000)]
    for some in (numbers, numbers[:5]):
        assert sinch.call("POST", "/v1/send-bulk-sms", {"messages": some}).status == 200
    sinch.advance("1m")
    pages = [[status["id"] for status in sinch.listed()["smsStatuses"]] for _ in range(3)]
    assert [len(page) for page in pages] == [1000, 5, 0]
    assert len({*pages[0], *pages[1]}) == 1005


def test_a_status_that_follows_at_the_same_time_is_listed_too(sinch: Sinch) -> None:
    """A clock that stands still gives all that happens the same time."""
    ids = [sinch.send() for _ in range(3)]
    sinch.advance("1m")
    assert sinch.listed()["total"] == 3
    for place, status in ((2, "NOT_DELIVERED"), (0, "NOT_DELIVERED"), (1, "NOT_DELIVERED"), (0, "DELIVERED_SUCCESS")):
        sinch.sim.control("POST", f"messages/{ids[place]}/status", {"status": status})
        (entry,) = sinch.listed()["smsStatuses"]
        assert (entry["id"], entry["deliveredStatus"]) == (ids[place], status)
        assert sinch.listed()["total"] == 0


def test_the_list_of_a_period(sinch: Sinch) -> None:
    early = sinch.send()
    sinch.advance("1h")
    late = sinch.send()
    sinch.advance("1h")
    until = sinch.listed({"end": "2026-01-01T00:30:00Z"})
    assert [one["id"] for one in until["smsStatuses"]] == [early]
    assert (until["start"], until["end"]) == ("2025-12-31T02:00:00Z", "2026-01-01T00:30:00Z")
    since = sinch.listed({"start": "2026-01-01T00:30:00Z", "limit": "100"})
    assert [one["id"] for one in since["smsStatuses"]] == [late]
    assert since["start"] == "2026-01-01T00:30:00Z"
    assert sinch.listed({"start": "2026-01-01T00:30:00Z"})["total"] == 0


def test_statuses_are_kept_for_three_days(sinch: Sinch) -> None:
    id = sinch.send()
    sinch.advance("3d")
    assert sinch.search(id)["total"] == 1
    assert sinch.call("GET", "/v1/sms-status", query={"id": id}).status == 200
    sinch.advance("2301ms")
    assert sinch.search(id)["total"] == 0
    assert sinch.listed()["total"] == 0
    assert sinch.call("GET", "/v1/sms-status", query={"id": id}).status == 404


def test_the_older_query_has_its_own_flat_form(sinch: Sinch) -> None:
    id = sinch.send(campaignAlias="first")
    about = {"id": id, "carrierId": 5, "carrierName": "TIM", "destination": "5519900001111", "campaignId": 1}
    assert sinch.call("GET", "/v1/sms-status", query={"id": id}).json == about
    sinch.advance("1m")
    assert sinch.call("GET", "/v1/sms-status", query={"id": id.upper()}).json == about | {
        "sentStatusCode": 2,
        "sentStatus": "SENT_SUCCESS",
        "sentStatusAt": 1767225600300,
        "sentStatusDate": "2026-01-01T00:00:00Z",
        "deliveredStatusCode": 4,
        "deliveredStatus": "DELIVERED_SUCCESS",
        "deliveredAt": 1767225602300,
        "deliveredDate": "2026-01-01T00:00:02Z",
    }


def test_an_account_is_restricted_to_addresses(receiver: Receiver) -> None:
    for addresses, status in ((["127.0.0.1"], 200), (["192.0.2.1", "192.0.2.2"], 403)):
        one = Sinch(receiver, addresses=addresses)
        with one.sim:
            assert one.call("POST", "/v1/send-sms", HELLO).status == status
            wrong = one.call("POST", "/v1/send-sms", HELLO, headers={})
            assert wrong.status == 401


def test_users_see_what_is_of_their_subaccount(receiver: Receiver) -> None:
    users: list[Json] = [
        {"name": "a", "token": "t", "subAccount": "shop"},
        {"name": "b", "token": "t", "subAccount": "shop"},
        {"name": "c", "token": "t", "subAccount": "bank"},
        {"name": "d", "email": "d@example.com", "token": "t"},
        {"name": "boss", "token": "t", "admin": True},
    ]
    one = Sinch(receiver, users=users)
    with one.sim:

        def headers(name: str) -> dict[str, str]:
            return {"username": name, "authenticationtoken": "t"}

        def seen(id: str) -> set[str]:
            for user in "abcd":
                status = one.call("GET", "/v1/sms-status", query={"id": id}, headers=headers(user)).status
                assert status == (200 if one.search(id, headers=headers(user))["total"] else 404)
            return {user["name"] for user in users if one.search(id, headers=headers(user["name"]))["total"]}

        def sent(name: str, **more: Json) -> str:
            id: str = one.call("POST", "/v1/send-sms", HELLO | more, headers=headers(name)).json[0]["id"]
            one.advance("1m")
            return id

        assert seen(sent("a")) == {"a", "b", "boss"}
        assert seen(sent("boss", subAccount="bank")) == {"c", "boss"}, "the message's subaccount, not the sender's"
        assert seen(sent("d@example.com")) == {"d", "boss"}, "by either name"
        assert seen(sent("boss", subAccount="closed")) == {"boss"}
        bulk = {"messages": [HELLO, HELLO | {"subAccount": "shop"}], "defaultValues": {"subAccount": "bank"}}
        ids = [
            one["id"] for one in one.call("POST", "/v1/send-bulk-sms", bulk, headers=headers("boss")).json["messages"]
        ]
        one.advance("1m")
        assert [seen(id) for id in ids] == [{"c", "boss"}, {"a", "b", "boss"}]
        assert {entry["id"] for entry in one.listed(headers=headers("c"))["smsStatuses"]} >= {ids[0]}


def test_a_thousand_messages_tell_one_story_in_callbacks_and_queries(sinch: Sinch) -> None:
    messages = [
        {"destination": f"55119{number:08d}" if number % 10 else f"55{number}", "correlationId": f"c{number}"}
        for number in range(1000)
    ]
    body = {"messages": messages, "defaultValues": {"messageText": "Hi", "extraInfo": "all"}}
    batch = sinch.call("POST", "/v1/send-bulk-sms", body).json
    assert [one["correlationId"] for one in batch["messages"]] == [f"c{number}" for number in range(1000)]
    assert [UUID(one["id"]).time for one in batch["messages"]] == [UUID(batch["id"]).time + n for n in range(1, 1001)]
    sinch.advance("1m")
    callbacks = {one["correlationId"]: one for one in sinch.told("/callback")}
    reports = {one["correlationId"]: one for one in sinch.told("/dlr")}
    assert len(sinch.told("/callback")) == len(callbacks) == 1000
    assert len(sinch.told("/dlr")) == len(reports)
    assert {one["sentStatusCode"] for one in callbacks.values()} == {2, 202}
    assert sum(one["sentStatusCode"] == 202 for one in callbacks.values()) == 100
    found = sinch.search(correlationIds=list(callbacks))
    listed = sinch.listed()
    assert found["total"] == listed["total"] == 1000
    entries = {one["correlationId"]: one for one in listed["smsStatuses"]}
    assert entries == {one["correlationId"]: one for one in found["smsStatuses"]}
    for place, entry in entries.items():
        callback, report = callbacks[place], reports.get(place, {})
        shared = ("id", "carrierId", "carrierName", "destination", "sentStatusCode", "sentStatus", "sentAt", "sentDate")
        assert [entry[name] for name in shared] == [callback[name] for name in shared]
        for name in ("deliveredStatusCode", "deliveredStatus", "deliveredAt", "deliveredDate"):
            assert entry.get(name) == report.get(name)
        if place not in reports:
            assert entry["sentStatusCode"] == 202 or entry["carrierName"] in ("OI", "SERCOMTEL")


def test_the_carrier_of_a_number_follows_the_seed(receiver: Receiver) -> None:
    numbers = [f"55{area}9{block}0000" for area in (11, 21, 31) for block in range(1000, 1040)]

    def carriers(seed: int) -> list[str]:
        with Simulator(seed=seed) as sim:
            answer = call(f"{sim.url}/v1/carrier/lookup", "POST", {"destinations": numbers}, headers=HEADERS)
            return [one["carrier"]["name"] for one in answer.json["destinations"]]

    assert carriers(1) == carriers(1) != carriers(2)
    assert {"VIVO", "CLARO", "TIM"} <= set(carriers(1))


def test_one_account_in_two_worlds_has_two_sets_of_carriers() -> None:
    carriers = Account(provider.contract.settings).carriers
    numbers = [f"55119{block}0000" for block in range(1000, 1200)]
    first, second = ([carriers.of(number, Seed(value)) for number in numbers] for value in (1, 2))
    assert first != second
    assert first == [carriers.of(number, Seed(1)) for number in numbers]


def test_urls_are_set_through_the_control_api(receiver: Receiver) -> None:
    one = Sinch(receiver, callback_url="", dlr_url="")
    with one.sim:
        one.send()
        users = [{"name": "acme", "token": "secret-token", "dlr_url": f"{receiver.url}/mine"}]
        chosen = {"sinch": {"callback_url": f"{receiver.url}/new", "users": users}}
        assert one.sim.control("PUT", "settings", chosen).status == 200
        one.send()
        one.advance("1m")
        mistakes: list[Json] = [{"callback_url": "ftp://x"}, {"timeZone": "Nowhere"}, {"users": [{}]}, {"unheard": 1}]
        for wrong in mistakes:
            assert one.sim.control("PUT", "settings", {"sinch": wrong}).status == 400
    assert [post.path for post in receiver.posts] == ["/new", "/mine"]
