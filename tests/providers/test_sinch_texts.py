"""Flows and templates: any is taken until some are listed, and params that are missing spoil their own message."""

import pytest
from msgsim.model import Json
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Advance, Http

HEADERS = {"UserName": "acme", "AuthenticationToken": "secret-token"}
TO = {"destination": "5519900001111"}
FLOW = "14f8142d-e731-4971-8220-5a76a12c413f"
MINE = "0f5f6c3e-4c1c-4d3a-9a55-2f6a1a6d9b10"


def send(url: str, **more: Json) -> Answer:
    return call(f"{url}/v1/send-sms", "POST", TO | more, headers=HEADERS)


def shown(sim: Simulator, **more: Json) -> Json:
    """The channel of an accepted message after a minute."""
    answer = send(sim.url, **more)
    assert answer.status == 200, answer.body
    sim.control("POST", "clock/advance", {"by": "1m"})
    return sim.control("GET", f"messages/{answer.json[0]['id']}").json["channels"][0]


@pytest.mark.parametrize("source", [{"flowId": MINE}, {"templateId": 77}, {"templateName": "mine"}])
def test_a_users_own_texts_work_without_being_listed(sim: Simulator, source: Json) -> None:
    channel = shown(sim, **source, params={"name": "Bob", "order": "7"})
    assert (channel["text"], channel["code"]) == ("Bob, 7", 4)
    assert channel["content"].items() >= source.items(), "the inbox tells where the text is from"
    said = shown(sim, **source, params={"name": "Bob"}, messageText="Hello ${name}")
    assert said["text"] == "Hello Bob"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"flowId": MINE}, "flowId is unknown"),
        ({"templateName": "mine"}, "template mine is unknown"),
        ({"templateId": 77}, "template 77 is unknown"),
        ({"templateId": 1, "templateName": "mine"}, "template mine is unknown"),
    ],
)
def test_they_are_checked_once_some_are_listed(change: Json, text: str) -> None:
    listed = {"flows": {FLOW: "Hello"}, "templates": [{"id": 1, "name": "welcome", "text": "Welcome"}]}
    with Simulator(clock="frozen", providers={"sinch": listed}) as sim:
        answer = send(sim.url, **change)
        assert (answer.status, answer.json["errorMessage"]) == (400, f"Bad Request: {text}")
        bulk = {"messages": [TO | {"messageText": "x"}, TO | change]}
        answer = call(f"{sim.url}/v1/send-bulk-sms", "POST", bulk, headers=HEADERS)
        assert answer.json["errorMessage"] == f"Bad Request: {text} (messages[1])"
        assert sim.control("GET", "messages").json["total"] == 0
        assert shown(sim, flowId=FLOW.upper())["text"] == "Hello"
        assert shown(sim, templateId=1, templateName="welcome")["text"] == "Welcome"


def test_a_star_stands_for_all_that_are_not_listed() -> None:
    listed = {
        "flows": {FLOW: "Hello", "*": "A flow for ${name}"},
        "templates": [{"id": 1, "name": "welcome", "text": "Welcome"}, {"name": "*", "text": "A template"}],
    }
    with Simulator(clock="frozen", providers={"sinch": listed}) as sim:
        assert shown(sim, flowId=FLOW)["text"] == "Hello"
        assert shown(sim, flowId=MINE, params={"name": "Bob"})["text"] == "A flow for Bob"
        assert shown(sim, flowId=MINE)["code"] == 207
        assert shown(sim, templateName="mine")["text"] == "A template"


def test_missing_params_spoil_their_own_message_and_superfluous_ones_none(
    http: Http, control: Http, advance: Advance
) -> None:
    params: list[Json] = [
        {"params": {"param1": "a", "param2": "b"}},
        {"params": {"param1": "a"}},
        {"params": {"param1": "a", "param2": "b", "param3": "c"}},
        {},
    ]
    body = {"messages": [TO | one for one in params], "flowId": FLOW}
    batch = http("POST", "/v1/send-bulk-sms", json=body, headers=HEADERS).json
    advance("1m")
    codes = [control("GET", f"messages/{one['id']}").json["channels"][0]["code"] for one in batch["messages"]]
    assert codes == [4, 207, 4, 207]


def test_an_ambiguous_template_name_is_told() -> None:
    templates = [{"id": 1, "name": "twice", "text": "a"}, {"id": 2, "name": "twice", "text": "{{ who }}"}]
    with Simulator(providers={"sinch": {"templates": templates}}) as sim:
        answer = send(sim.url, templateName="twice")
        assert answer.json["errorMessage"] == "Bad Request: more than one template is called twice"
        assert send(sim.url, templateName="twice", templateId=2, params={"who": "Bob"}).status == 200
