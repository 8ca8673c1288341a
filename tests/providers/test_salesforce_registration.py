"""Pages and channels are registered, listed, shown and switched off."""

from typing import Any

import pytest
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Http

HEADERS = {"Authorization": "Bearer YOUR_ACCESS_TOKEN"}
MESSENGER: dict[str, Any] = {
    "applicationId": "app",
    "applicationSecret": "app-secret",
    "pageId": "Page-1",
    "pageName": "A Page",
    "pageAccessToken": "page-token",
    "callbackVerifyToken": "verify",
    "endpointUrl": "https://example.com/hook",
    "isActive": 1,
}
LINE: dict[str, Any] = {
    "channelId": "Channel-1",
    "channelName": "A Channel",
    "channelSecret": "channel-secret",
    "customerConnectSecret": "connect-secret",
    "endpointUrl": "https://example.com/hook",
    "isTransactional": 0,
    "isTestChannel": 1,
    "isActive": True,
}


def asking(sim: Simulator) -> Http:
    """``http`` of a simulator with settings of its own."""
    return lambda method, path, **more: call(f"{sim.url}{path}", method, **more)


def register(http: Http, platform: str, attributes: dict[str, Any]) -> Answer:
    body = {"ottPlatformName": platform, "ottPlatformAttributes": attributes}
    return http("POST", "/ott/v1/registration", json=body, headers=HEADERS)


def send(http: Http, platform: str, sender: str) -> Answer:
    body = {
        "messageKey": "k",
        "from": {"senderType": platform, "senderId": sender},
        "to": {"ottId": "U1"},
        "message": {"contents": [{"type": "text", "text": "hello"}], "customKeys": [{"messagingType": "RESPONSE"}]},
        "validityPeriod": 30,
    }
    return http("POST", "/ott/v1/send", json=body, headers=HEADERS)


def get(http: Http, path: str, query: str = "") -> Any:
    return http("GET", f"/ott/v1/registration/{path}?{query}", headers=HEADERS)


def messages(answer: Any) -> list[str]:
    return [error["message"] for error in answer.json["validationErrors"]]


def test_a_page_is_shown_without_its_secrets(http: Http) -> None:
    answer = register(http, "messenger", MESSENGER)
    assert (answer.status, answer.body) == (201, b"")
    assert "content-type" not in answer.headers
    assert get(http, "messenger/page-1").json == {
        "ottPlatformName": "messenger",
        "ottPlatformAttributes": {
            "applicationId": "app",
            "pageId": "Page-1",
            "pageName": "A Page",
            "endpointUrl": "https://example.com/hook",
            "isTransactional": True,
            "isTestChannel": False,
            "isActive": True,
            "apiVersion": "v2.0",
        },
    }


def test_a_channel_s_numbers_come_back_as_booleans(http: Http) -> None:
    assert register(http, "LINE", LINE).status == 201
    shown = get(http, "Line/CHANNEL-1")
    assert shown.json["ottPlatformName"] == "line"
    assert shown.json["ottPlatformAttributes"] == {
        "channelId": "Channel-1",
        "channelName": "A Channel",
        "endpointUrl": "https://example.com/hook",
        "isTransactional": False,
        "isTestChannel": True,
        "isActive": True,
        "apiVersion": "v2.0",
    }
    assert b"secret" not in shown.body


@pytest.mark.parametrize("off", [0, False])
def test_a_sender_that_is_switched_off_cannot_send_until_it_is_on_again(http: Http, off: int | bool) -> None:
    unregistered = ["Sender Id provided is either unregistered or inactive"]
    assert messages(send(http, "messenger", "Page-1")) == unregistered
    register(http, "messenger", MESSENGER)
    assert send(http, "messenger", "Page-1").status == 201
    assert messages(send(http, "line", "Page-1")) == unregistered
    assert register(http, "messenger", {**MESSENGER, "isActive": off}).status == 201
    assert messages(send(http, "messenger", "Page-1")) == unregistered
    register(http, "messenger", {**MESSENGER, "pageName": "Renamed"})
    assert send(http, "messenger", "Page-1").status == 201
    assert get(http, "messenger/Page-1").json["ottPlatformAttributes"]["pageName"] == "Renamed"


def test_the_senders_of_the_samples_are_there_and_can_be_overridden(http: Http) -> None:
    listed = [get(http, platform).json for platform in ("messenger", "line")]
    assert [page["count"] for page in listed] == [1, 2]
    register(http, "line", {**LINE, "channelId": "2145435435632435", "isActive": 0})
    assert get(http, "line").json["count"] == 2
    assert send(http, "line", "2145435435632435").status == 400
    assert send(http, "line", "503868699681937").status == 201


def test_an_id_may_be_a_number(http: Http, control: Http) -> None:
    assert register(http, "messenger", {**MESSENGER, "pageId": 503868699681999}).status == 201
    (request,) = control("GET", "requests").json["requests"]
    assert request["notes"] == ["pageId is a number; the document has a string"]
    assert get(http, "messenger/503868699681999").json["ottPlatformAttributes"]["pageId"] == "503868699681999"
    assert send(http, "messenger", "503868699681999").status == 201


def test_senders_can_be_configured() -> None:
    mine = {"ottPlatformName": "line", "ottPlatformAttributes": {"channelId": "mine", "isActive": True}}
    with Simulator(clock="frozen", providers={"salesforce": {"senders": [mine]}}) as sim:
        assert send(asking(sim), "line", "mine").status == 201
        assert send(asking(sim), "line", "503868699681937").status == 400


def test_a_list_is_read_page_by_page(http: Http) -> None:
    for number in range(5):
        register(http, "messenger", {**MESSENGER, "pageId": f"page-{number}"})
    first = get(http, "messenger").json
    assert (first["count"], first["page"], first["pageSize"], len(first["items"])) == (6, 1, 50, 6)
    assert first["links"] == {
        "self": {"href": "/v1/registration/messenger?%24page=1&%24pagesize=50"},
        "next": {"href": "/v1/registration/messenger?%24page=2&%24pagesize=50"},
    }
    pages = [get(http, "messenger", f"$page={page}&$pageSize=4").json for page in (1, 2, 3)]
    assert [page["count"] for page in pages] == [6, 6, 6]
    assert [len(page["items"]) for page in pages] == [4, 2, 0]
    assert pages[0]["items"] + pages[1]["items"] == first["items"]
    assert [list(page["links"]) for page in pages] == [
        ["self", "next"], ["self", "previous", "next"], ["self", "previous", "next"]
    ]  # fmt: skip
    assert pages[1]["links"]["previous"]["href"] == "/v1/registration/messenger?%24page=1&%24pagesize=4"
    assert pages[1]["links"]["next"]["href"] == "/v1/registration/messenger?%24page=3&%24pagesize=4"
    assert get(http, "messenger", "%24page=2&%24PAGESIZE=4").json == pages[1]


@pytest.mark.parametrize("query", ["$page=0", "$page=-1", "$pagesize=many", "$pagesize=99999999999"])
def test_a_page_that_cannot_be_is_refused(http: Http, query: str) -> None:
    answer = get(http, "line", query)
    assert (answer.status, answer.json["errorcode"]) == (400, 10005)


def test_what_is_not_registered_is_not_found(http: Http) -> None:
    answer = get(http, "line/Nobody")
    assert (answer.status, answer.json) == (
        404,
        {"message": "No OTT property exists for id 'Nobody'.", "errorcode": 30003, "documentation": ""},
    )
    assert messages(get(http, "viber")) == messages(get(http, "viber/1")) == ["OttPlatformName is invalid"]


def test_everything_that_is_missing_is_listed_in_order(http: Http) -> None:
    assert messages(register(http, "messenger", {"pageId": " ", "pageName": None, "other": 1})) == [
        "EndpointUrl must be provided",
        "IsActive must be provided",
        "ApplicationId must be provided",
        "ApplicationSecret must be provided",
        "PageId must be provided",
        "PageName must be provided",
        "PageAccessToken must be provided",
        "CallbackVerifyToken must be provided",
    ]
    assert messages(register(http, "line", {"isActive": 1})) == [
        "EndpointUrl must be provided",
        "ChannelId must be provided",
        "ChannelName must be provided",
        "ChannelSecret must be provided",
        "isTransactional must be provided",
        "isTestChannel must be provided",
    ]


def test_a_registration_needs_a_platform_and_attributes(http: Http) -> None:
    assert messages(register(http, "viber", LINE)) == ["OttPlatformName is invalid"]
    assert messages(register(http, "viber", {})) == ["OttPlatformName is invalid", "OttPlatformAttributes is invalid"]
    nameless = http(
        "POST", "/ott/v1/registration", json={"ottPlatformAttributes": {"isActive": 1, "pageId": "p"}}, headers=HEADERS
    )
    assert nameless.json == {
        "message": "Please fix the following errors",
        "errorcode": 10006,
        "documentation": "",
        "validationErrors": [
            {"message": "EndpointUrl must be provided", "errorcode": 10002, "documentation": ""},
            {"message": "OttPlatformName must be provided", "errorcode": 10002, "documentation": ""},
        ],
    }
    neither = http("POST", "/ott/v1/registration", json={}, headers=HEADERS)
    assert messages(neither) == ["OttPlatformAttributes is invalid", "OttPlatformName must be provided"]


def test_a_registration_outlives_nothing_but_its_sandbox(http: Http, control: Http) -> None:
    register(http, "messenger", MESSENGER)
    control("POST", "reset")
    assert get(http, "messenger/Page-1").status == 404
