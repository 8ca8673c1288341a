"""One SMS or a thousand: what is taken on, what is refused, and in which words."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.providers.sinch import provider
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START, Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
SINGLE = "/v1/send-sms"
BULK = "/v1/send-bulk-sms"
HELLO = {"destination": "5511900000000", "messageText": "Hello"}
FLOW = "14f8142d-e731-4971-8220-5a76a12c413f"

CURL = r"""{"destination": "5511900000000" , "messageText": "linha\nquebrada"}"""
CLIENTS = "{\"destination\": \"5511900000000\" ,  \"messageText\": \"linha\\nquebrada\"}"  # fmt: skip
CLIENTS_BULK = (
    '{ "messages":[{ "destination":"5519999999999", "messageText":"First message" },'
    ' { "destination":"5519999999999" }, { "destination":"5519999999999" }],'
    ' "defaultValues":{"messageText":"Default message" }}'
)
EXAMPLE_1 = """{
  "messages":[
    {
      "destination":"5519900001111",
      "messageText":"First message"
    },
    {
      "destination":"5519900002222"
    },
    {
      "destination":"5519900003333"
    }
  ],
  "defaultValues":{
    "messageText":"Default message"
  }
}"""
EXAMPLE_2 = """{
  "messages":[
    {
      "destination":"5519900001111",
      "messageText":"First message"
    },
    {
      "destination":"5519900002222"
    }
  ],
  "timeZone":"America/Sao_Paulo",
  "scheduledDate": "2017-01-28T02:30:43",
  "timeWindow": [12, 15, 20],
  "defaultValues":{
    "messageText":"Default message"
  }
}"""
EXAMPLE_3 = """`
{
  "messages":[
    {
      "destination":"5519900001111",
    },
    {
      "destination":"5519900002222"
    }
  ],
  "defaultValues":{
    "messageText":"Default message",
    "flashSMS":"true"
  }
}"""
EXAMPLE_4 = """{
  "messages":[
    {
      "destination":"5519900001111",
      "params": {
        "param1": "other_value1",
        "param2": "other_value2"
      }
    },
    {
      "destination":"5519900002222"
    }
  ],
  "defaultValues":{
    "params": {
      "param1": "value1",
      "param2": "value2"
    }
  },
  "flowId": "14f8142d-e731-4971-8220-5a76a12c413f"
}"""

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=5),
    st.lists(st.integers(-1, 25), max_size=2),
    st.sampled_from(["2026-01-01T00:00:00", "UTC", "x" * 65, "x" * 256, "x" * 1281]),
    st.dictionaries(st.text(), st.text()),
)
BODIES = st.one_of(
    VALUES, st.dictionaries(st.sampled_from(list(provider.contract.schema("send-sms").document["properties"])), VALUES)
)


def send(http: Http, json: Json = None, path: str = SINGLE, **more: Json) -> Answer:
    return http("POST", path, json=json, headers=HEADERS, **more)


def texts(control: Http, batch: Json) -> list[str]:
    return [control("GET", f"messages/{one['id']}").json["channels"][0]["text"] for one in batch["messages"]]


def error(answer: Answer) -> tuple[int, str]:
    assert answer.json["errorCode"] == answer.status
    assert answer.headers["content-type"].startswith("application/json")
    return answer.status, answer.json["errorMessage"]


@pytest.mark.parametrize("body", [CURL, CLIENTS])
def test_the_documents_single_samples_are_answered_with_an_array_of_one(http: Http, control: Http, body: str) -> None:
    answer = send(http, body=body)
    assert answer.status == 200
    ((id),) = [one["id"] for one in answer.json]
    assert answer.json == [{"id": id}]
    assert UUID(id).version == 1
    shown = control("GET", f"messages/{id}").json
    assert (shown["to"], shown["channels"][0]["text"]) == ("5511900000000", "linha\nquebrada")


def test_the_documents_clients_send_three_to_one_number(http: Http, control: Http) -> None:
    answer = send(http, path=BULK, body=CLIENTS_BULK)
    assert answer.status == 200
    assert texts(control, answer.json) == ["First message", "Default message", "Default message"]


def test_the_documents_bulk_examples(http: Http, control: Http) -> None:
    assert texts(control, send(http, path=BULK, body=EXAMPLE_1).json)[1:] == ["Default message"] * 2
    later = send(http, path=BULK, body=EXAMPLE_2).json
    starts = {control("GET", f"messages/{one['id']}").json["start"] for one in later["messages"]}
    assert starts == {"2026-01-01T15:00:00.000Z"}, "noon in Sao Paulo, years after the scheduled date"
    flow = send(http, path=BULK, body=EXAMPLE_4).json
    assert texts(control, flow) == ["other_value1 and other_value2", "value1 and value2"]


@pytest.mark.parametrize("body", [EXAMPLE_3, EXAMPLE_3.removeprefix("`"), "{'name': 'Bob'}", '{"destination":', "\xff"])
def test_samples_that_are_no_json_are_refused(http: Http, body: str) -> None:
    assert error(send(http, path=BULK, body=body)) == (400, "Bad Request: the body is not valid JSON")


def test_example_3_without_its_slips_is_a_flash_message(http: Http, control: Http) -> None:
    batch = send(http, path=BULK, body=EXAMPLE_3.replace("`", "").replace('1111",', '1111"')).json
    shown = control("GET", f"messages/{batch['messages'][1]['id']}").json["channels"][0]
    assert shown["content"]["flashSMS"] is True


def test_ids_count_up_from_the_batch_and_follow_the_seed(http: Http) -> None:
    batch = send(http, path=BULK, body=EXAMPLE_1).json
    ids = [UUID(batch["id"]), *(UUID(one["id"]) for one in batch["messages"])]
    assert [id.time - ids[0].time for id in ids] == [0, 1, 2, 3]
    assert ids[0].time % 10_000 == 0, "the batch starts a millisecond"
    assert len({id.node for id in ids}) == 1
    single = UUID(send(http, HELLO).json[0]["id"])
    assert single.time % 10_000 == 1, "a single send is a batch of one"
    assert single.time > ids[-1].time
    with Simulator(clock=f"frozen@{START}", seed=1) as again:
        repeated = call(f"{again.url}{BULK}", "POST", body=EXAMPLE_1, headers=HEADERS).json
    with Simulator(clock=f"frozen@{START}", seed=2) as other:
        different = call(f"{other.url}{BULK}", "POST", body=EXAMPLE_1, headers=HEADERS).json
    assert repeated == batch
    assert different != batch


def test_the_correlation_id_is_told_only_when_it_was_given(http: Http) -> None:
    assert list(send(http, HELLO).json[0]) == ["id"]
    assert send(http, {**HELLO, "correlationId": "myId"}).json[0]["correlationId"] == "myId"
    messages = [{**HELLO, "correlationId": "one"}, HELLO, {**HELLO, "correlationId": "one"}]
    batch = send(http, {"messages": messages}, BULK).json
    assert [one.get("correlationId") for one in batch["messages"]] == ["one", None, "one"]


def test_a_setting_gives_the_object_that_clients_read() -> None:
    users = [{"name": "old", "token": "t", "response_shape": "object"}, {"name": "new", "token": "t"}]
    with Simulator(providers={"sinch": {"users": users}}) as sim:
        shapes = [
            type(call(f"{sim.url}{SINGLE}", "POST", HELLO, headers={"username": name, "authenticationtoken": "t"}).json)
            for name in ("old", "new")
        ]
    assert shapes == [dict, list]


def test_a_get_says_everything_in_its_query_string(http: Http, control: Http) -> None:
    query = {
        "destination": "+55(11)900000000",
        "messageText": "Olá & até já",
        "correlationId": "42",
        "flashSMS": "true",
        "delayedInMinutes": "30",
        "timeWindow": "11,12",
        "timeZone": "-0100",
    }
    answer = http("GET", SINGLE, query=query, headers=HEADERS)
    assert answer.status == 200
    assert answer.json[0]["correlationId"] == "42"
    shown = control("GET", f"messages/{answer.json[0]['id']}").json
    assert (shown["to"], shown["start"]) == ("5511900000000", "2026-01-01T12:00:00.000Z")
    assert shown["channels"][0]["text"] == "Olá & até já"
    flow = {"destination": "5511900000000", "flowId": FLOW, "params": '{"param1": "a", "param2": "b"}'}
    id = http("GET", SINGLE, query=flow, headers=HEADERS).json[0]["id"]
    assert control("GET", f"messages/{id}").json["channels"][0]["text"] == "a and b"
    assert error(http("GET", SINGLE, query={"messageText": "x"}, headers=HEADERS))[0] == 400
    assert error(http("GET", SINGLE, query={**flow, "params": "x"}, headers=HEADERS))[0] == 400


def test_only_a_get_may_carry_credentials_in_its_query(http: Http) -> None:
    query = {**HELLO, "username": "acme", "authenticationToken": "secret-token"}
    assert http("GET", SINGLE, query=query).status == 200
    assert http("POST", SINGLE, query={"username": "acme", "authenticationToken": "t"}, json=HELLO).status == 401
    assert http("GET", "/v1/sms/status/list", query={"username": "a", "authenticationToken": "t"}).status == 401


def test_the_user_of_a_sandbox_has_one_token_while_others_may_have_any(http: Http, control: Http) -> None:
    issued = control("GET", "sandboxes/default").json["credentials"]["sinch"]
    body = {"destination": "5511900000000", "messageText": "Hello"}
    for headers, status in (
        (issued, 200),
        ({**issued, "AuthenticationToken": "another"}, 401),
        ({**issued, "UserName": "acme"}, 200),
    ):
        assert http("POST", "/v1/send-sms", json=body, headers=headers).status == status


@pytest.mark.parametrize("name", ["username", "UserName", "userName", "USERNAME"])
@pytest.mark.parametrize("token", ["authenticationtoken", "authenticationToken", "AuthenticationToken"])
def test_header_names_are_read_in_any_case(http: Http, name: str, token: str) -> None:
    assert http("POST", SINGLE, json=HELLO, headers={name: "acme", token: "x"}).status == 200


def test_who_is_not_known_gets_the_one_published_text(http: Http) -> None:
    text = "Authentication Error: No user was found with this combination of username and Authentication token."
    for headers in (
        {},
        {"username": "acme"},
        {"authenticationtoken": "x"},
        {"username": "", "authenticationtoken": "x"},
    ):
        assert error(http("POST", SINGLE, json=HELLO, headers=headers)) == (401, text)


def test_configured_users_have_their_own_rights() -> None:
    users = [
        {"name": "boss", "token": "b", "admin": True},
        {"name": "shop", "email": "shop@example.com", "token": "s", "subAccount": "shop-main"},
    ]
    with Simulator(providers={"sinch": {"users": users}}) as sim:

        def status(name: str, token: str, **more: Json) -> int:
            headers = {"username": name, "authenticationtoken": token}
            return call(f"{sim.url}{SINGLE}", "POST", HELLO | more, headers=headers).status

        assert (
            status("shop", "s") == status("shop@example.com", "s") == status("shop", "s", subAccount="shop-main") == 200
        )
        assert status("shop", "b") == status("nobody", "s") == 401
        assert status("shop", "s", subAccount="another") == 403
        assert status("boss", "b") == 403, "administrators do not send for themselves"
        assert status("boss", "b", messageText=7, destination=None) == 403, "whatever else is wrong"
        assert status("boss", "b", subAccount="shop-main") == 200

        def bulk(name: str, token: str, *items: Json, **root: Json) -> Answer:
            headers = {"username": name, "authenticationtoken": token}
            body = {"messages": [HELLO | item for item in items]} | root
            return call(f"{sim.url}{BULK}", "POST", body, headers=headers)

        mine, other = {"subAccount": "shop-main"}, {"subAccount": "another"}
        assert bulk("shop", "s", {}, mine).status == 200
        for refused in (
            bulk("shop", "s", {}, other),
            bulk("shop", "s", {}, **other),
            bulk("shop", "s", {}, defaultValues=other),
            bulk("boss", "b", {}),
            bulk("boss", "b", mine, {}),
        ):
            assert error(refused) == (403, "Forbidden")
        assert bulk("boss", "b", mine, other).status == 200
        assert bulk("boss", "b", {}, **mine).status == 200
        assert bulk("boss", "b", {}, {}, defaultValues=mine).status == 200
        assert status("sinch-default", "sinch-default-token") == 200, "what the sandbox issued is always good"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"destination": None}, "destination is required"),
        ({"destination": ""}, "destination is required"),
        ({"messageText": None}, "messageText is required"),
        ({"messageText": ""}, "messageText is required"),
        ({"messageText": "x" * 1281}, "messageText must not be longer than 1280 characters"),
        ({"messageText": {"a": 1}}, "messageText must be a string"),
        ({"correlationId": "x" * 65}, "correlationId must not be longer than 64 characters"),
        ({"extraInfo": "x" * 256}, "extraInfo must not be longer than 255 characters"),
        ({"flashSMS": "maybe"}, "flashSMS must be true or false"),
        ({"timeWindow": [24]}, "timeWindow must contain hours from 0 to 23"),
        ({"timeWindow": ["x"]}, "timeWindow must contain hours from 0 to 23"),
        ({"timeWindow": 11}, "timeWindow must be a list of hours"),
        ({"timeZone": "Mars/Olympus"}, "timeZone is unknown"),
        ({"timeZone": "+25:00"}, "timeZone is unknown"),
        ({"timeZone": "../../etc/passwd"}, "timeZone is unknown"),
        ({"scheduledDate": "2030-02-30T10:00:00"}, "scheduledDate must be a date in the format yyyy-MM-dd'T'HH:mm:ss"),
        ({"expiresDate": "2030-01-01T10:00:00Z"}, "expiresDate must be a date in the format yyyy-MM-dd'T'HH:mm:ss"),
        ({"delayedInMinutes": -1}, "delayedInMinutes is out of range"),
        ({"scheduledAt": 10**18}, "scheduledAt is out of range"),
        ({"expiresInMinutes": "soon"}, "expiresInMinutes must be a whole number"),
        ({"params": ["a"]}, "params must be a map of strings"),
        ({"messageText": "😀" * 641}, "messageText must not be longer than 1280 characters"),
        ({"correlationId": "😀" * 33}, "correlationId must not be longer than 64 characters"),
        ({"extraInfo": "x" + "😀" * 128}, "extraInfo must not be longer than 255 characters"),
        ({"flowId": "", "messageText": None}, "flowId must not be empty"),
        ({"templateName": ""}, "templateName must not be empty"),
        ({"campaignAlias": ""}, "campaignAlias must not be empty"),
        ({"campaignAlias": "nowhere"}, "campaignAlias is not registered"),
        (
            {"expiresAt": 1, "expiresDate": "2030-01-01T10:00:00"},
            "expiresAt, expiresInMinutes and expiresDate are mutually exclusive",
        ),
        (
            {"scheduledAt": 1, "delayedInMinutes": 1},
            "scheduledAt, delayedInMinutes and scheduledDate are mutually exclusive",
        ),
    ],
)
def test_every_rule_of_the_table_is_kept(http: Http, control: Http, change: Json, text: str) -> None:
    assert error(send(http, HELLO | change)) == (400, f"Bad Request: {text}")
    assert control("GET", "messages").json["total"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"messageText": "x" * 1280},
        {"correlationId": "x" * 64},
        {"extraInfo": "x" * 255},
        {"messageText": "😀" * 640},
        {"extraInfo": "😀" * 127 + "x"},
        {"flashSMS": True},
        {"flashSMS": "false"},
        {"destination": 5511900000000},
        {"destination": 5511900000000.0},
        {"correlationId": 12},
        {"expiresInMinutes": "30"},
        {"delayedInMinutes": 5.0},
        {"timeWindow": ["11", 12]},
        {"timeWindow": []},
        {"params": {"unused": "x"}},
        {"scheduleDate": "a typo of the documents"},
        {"scheduledDate": "2017-01-28T02:30:43"},
        {"scheduledAt": 1},
        {"extraInfo": '{"name": "Bob"}'},
        {"expiresInMinutes": 5, "delayedInMinutes": 1},
        {"campaignAlias": "first"},
        {"templateID": 1, "params": {"name": "Bob"}, "messageText": None},
        {"templateId": "1", "templateName": "welcome", "params": {"name": 7}},
    ],
)
def test_what_the_documents_and_deployed_clients_send_passes(http: Http, change: Json) -> None:
    assert send(http, HELLO | change).status == 200


def test_a_thousand_pass_and_one_more_refuses_all(http: Http, control: Http) -> None:
    messages = [{"destination": f"55119{number:08d}", "messageText": "Hi"} for number in range(1001)]
    answer = send(http, {"messages": messages}, BULK)
    assert error(answer) == (400, "Bad Request: messages must not contain more than 1000 messages")
    assert control("GET", "messages").json["total"] == 0
    answer = send(http, {"messages": messages[:1000]}, BULK)
    assert len(answer.json["messages"]) == 1000
    assert control("GET", "messages").json["total"] == 1000


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "messages is required"),
        ({"messages": []}, "messages must not be empty"),
        ({"messages": {}}, "messages must be a list"),
        ({"messages": [HELLO, {"destination": "1"}]}, "messageText is required (messages[1])"),
        (
            {"messages": [HELLO, {**HELLO, "messageText": "x" * 1281}]},
            "messageText must not be longer than 1280 characters (messages[1])",
        ),
        ({"messages": [HELLO, 3]}, "messages[1] must be an object"),
        ({"messages": [HELLO | {"params": {"a": []}}]}, "params.a must be a string (messages[0])"),
        ({"messages": [HELLO, {**HELLO, "flowId": ""}]}, "flowId must not be empty (messages[1])"),
        (
            {"messages": [{**HELLO, "messageText": "😀" * 641}]},
            "messageText must not be longer than 1280 characters (messages[0])",
        ),
        ({"messages": [HELLO, {**HELLO, "subAccount": {}}]}, "subAccount must be a string (messages[1])"),
        ({"messages": [HELLO], "defaultValues": []}, "defaultValues must be an object"),
        ({"messages": [HELLO], "timeZone": "Nowhere"}, "timeZone is unknown"),
        ([HELLO], "the body must be an object"),
    ],
)
def test_one_wrong_message_refuses_the_whole_batch(http: Http, control: Http, body: Json, text: str) -> None:
    assert error(send(http, body, BULK)) == (400, f"Bad Request: {text}")
    assert control("GET", "messages").json["total"] == 0


def test_defaults_fill_what_is_missing_and_params_are_merged_key_by_key(http: Http, control: Http) -> None:
    body = {
        "messages": [
            {"destination": "5519900001111", "params": {"param2": "mine"}},
            {"destination": "5519900001111", "flowId": None},
            {"destination": "5519900001111", "flowId": FLOW, "extraInfo": "own"},
        ],
        "defaultValues": {"params": {"param1": "one", "param2": "two"}, "extraInfo": "all", "flashSMS": "true"},
        "flowId": FLOW,
    }
    batch = send(http, body, BULK).json
    assert texts(control, batch) == ["one and mine", "one and two", "one and two"]
    shown = [control("GET", f"messages/{one['id']}").json for one in batch["messages"]]
    assert [one["extra"]["extraInfo"] for one in shown] == ["all", "all", "own"]
    assert all(one["channels"][0]["content"]["flashSMS"] for one in shown)
    assert [one["item"] for one in shown] == [1, 2, 3]
    assert {one["batch"] for one in shown} == {batch["id"]}


def test_the_half_hour_holds_for_scheduled_at_of_a_single_send(http: Http) -> None:
    now = 1_767_225_600
    refused = [now + 1, (now + 60) * 1000, now + 1799]
    passing = [now + 1800, now, now - 60, 0, (now + 1800) * 1000]
    for at in refused:
        told = (400, "Bad Request: scheduledAt must be more than 30 minutes ahead")
        assert error(send(http, {**HELLO, "scheduledAt": at})) == told
        assert http("GET", SINGLE, query={**HELLO, "scheduledAt": str(at)}, headers=HEADERS).status == 400
        assert send(http, {"messages": [HELLO], "scheduledAt": at}, BULK).status == 200
    for at in passing:
        assert send(http, {**HELLO, "scheduledAt": at}).status == 200
    assert send(http, {**HELLO, "scheduledDate": "2026-01-01T00:05:00"}).status == 200
    assert send(http, {**HELLO, "delayedInMinutes": 5}).status == 200
    with Simulator(clock=f"frozen@{START}", providers={"sinch": {"thirty_minute_rule": False}}) as sim:
        body = {**HELLO, "scheduledAt": now + 1}
        assert call(f"{sim.url}{SINGLE}", "POST", body, headers=HEADERS).status == 200


def test_other_paths_and_methods(http: Http) -> None:
    assert error(http("POST", "/v1/send-smss", json=HELLO, headers=HEADERS)) == (404, "Not Found")
    answer = http("DELETE", SINGLE, headers=HEADERS)
    assert error(answer) == (405, "Method Not Allowed")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("key", ["too_many_requests", "server_error", "unavailable", "gateway_timeout", "forbidden"])
def test_what_only_a_scenario_brings_about(http: Http, key: str) -> None:
    answer = http("POST", SINGLE, json=HELLO, headers={**HEADERS, "X-Sim-Outcome": key})
    listed = provider.contract.errors[key]
    assert error(answer) == (listed.status, listed.text)


ERRORS = provider.voice().contract.errors


@pytest.mark.parametrize("key", [key for key, error in ERRORS.items() if error.magic is not None])
def test_every_error_of_a_send_has_a_recipient(http: Http, control: Http, key: str) -> None:
    listed = provider.contract.errors[key]
    number = f"1500555{1000 + (listed.magic or 0)}"
    single = send(http, {**HELLO, "destination": number})
    bulk = send(http, {"messages": [HELLO, {**HELLO, "destination": number}]}, BULK)
    assert error(single)[0] == error(bulk)[0] == listed.status
    assert not re.search(r"[{}]", single.json["errorMessage"])
    assert control("GET", "messages").json["total"] == 0


def test_of_many_wrong_messages_the_first_twenty_are_explained(http: Http, control: Http) -> None:
    messages = [{"destination": "1"}] * 1000
    assert error(send(http, {"messages": messages}, BULK))[1].endswith("(messages[0])")
    (exchange,) = control("GET", "requests").json["requests"]
    assert [one["source"] for one in exchange["refusals"]] == [f"messages.{n}.messageText" for n in range(20)]


@pytest.mark.parametrize("name", ["send-sms", "message"])
@given(body=BODIES)
def test_both_validators_agree(name: str, body: Json) -> None:
    schema = provider.contract.schema(name)
    assert schema.accepts(body) == (schema.violations(body) == [])
