"""Sends as they are written: the documented samples, every documented message, any case of letters."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgsim.testing import Answer, Simulator, call

from tests.conftest import Http

SAMPLES = Path(__file__).parents[2] / "conformance" / "samples" / "salesforce"
HEADERS = {"Authorization": "Bearer YOUR_ACCESS_TOKEN", "Content-Type": "application/json"}
MESSENGER: dict[str, Any] = {
    "messageKey": "order-1001",
    "from": {"senderType": "messenger", "senderId": "503868699681937"},
    "to": {"ottId": "FB1"},
    "message": {"contents": [{"type": "text", "text": "hello"}], "customKeys": [{"messagingType": "RESPONSE"}]},
    "validityPeriod": 30,
}
LINE: dict[str, Any] = {
    **MESSENGER,
    "from": {"senderType": "line", "senderId": "2145435435632435"},
    "to": {"ottId": "U1"},
    "message": {"contents": [{"type": "text", "text": "hello"}]},
}


def asking(sim: Simulator) -> Http:
    """``http`` of a simulator with settings of its own."""
    return lambda method, path, **more: call(f"{sim.url}{path}", method, **more)


def send(http: Http, body: Any, **more: Any) -> Answer:
    return http("POST", "/ott/v1/send", json=body, headers=HEADERS, **more)


def changed(body: dict[str, Any], path: str, value: Any = None, drop: bool = False) -> dict[str, Any]:
    new = copy.deepcopy(body)
    node: Any = new
    *parents, last = path.split(".")
    for name in parents:
        node = node[_step(name)]
    if drop:
        del node[_step(last)]
    else:
        node[_step(last)] = value
    return new


def _step(name: str) -> str | int:
    return int(name) if name.isdigit() else name


def messages(answer: Any) -> list[str]:
    assert answer.status == 400
    assert answer.json["errorcode"] == 10006
    return [error["message"] for error in answer.json["validationErrors"]]


# The documented samples

PASS = [path.stem for path in sorted(SAMPLES.glob("*.http")) if path.stem not in ("line-audio", "line-native")]


def body_of(name: str) -> str:
    """What stands after the headers of a sample."""
    return (SAMPLES / f"{name}.http").read_text().partition("\n\n")[2]


def sample(http: Http, name: str, repair: tuple[str, str] = ("", "")) -> Answer:
    body = body_of(name)
    assert repair[0] in body
    return http(
        "POST", "/ott/v1/send", body=body.replace(*repair, 1).encode() if repair[0] else body.encode(), headers=HEADERS
    )


def test_there_are_ten_samples_that_pass() -> None:
    assert len(PASS) == 10


@pytest.mark.parametrize("name", PASS)
def test_a_sample_is_accepted_as_it_is_printed(http: Http, name: str) -> None:
    answer = sample(http, name)
    assert answer.status == 201
    assert list(answer.json) == ["ottRequestId"]
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", answer.json["ottRequestId"]
    )
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_the_line_audio_sample_says_messenger_and_lacks_a_messaging_type(http: Http) -> None:
    assert sample(http, "line-audio").json == {
        "message": "Please fix the following errors",
        "errorcode": 10006,
        "documentation": "",
        "validationErrors": [
            {"message": "MessagingType must be provided as a Custom Key", "errorcode": 10002, "documentation": ""}
        ],
    }
    assert sample(http, "line-audio", ('"messenger"', '"line"')).status == 201


def test_the_line_native_sample_is_no_json(http: Http) -> None:
    answer = sample(http, "line-native")
    assert (answer.status, answer.json) == (
        400,
        {"message": "JSON Deserialization Exception: Location Unknown", "errorcode": 10004, "documentation": ""},
    )
    assert sample(http, "line-native", ("}],\n        }],", "}],")).status == 201


# What is said of a send that is wrong

ALONE = [
    (MESSENGER, "messageKey", "Message Key must be provided", 10002),
    (MESSENGER, "from", "From object must be provided", 10002),
    (MESSENGER, "from.senderId", "Sender Id must be provided", 10002),
    (MESSENGER, "from.senderType", "Sender Type must be provided", 10002),
    (MESSENGER, "to", "To object must be provided", 10002),
    (MESSENGER, "message", "Message object must be provided", 10002),
    (MESSENGER, "message.contents", "Message contents must be provided", 10002),
    (MESSENGER, "message.contents.0.type", "Content Type for all message contents must be provided", 10002),
    (MESSENGER, "message.contents.0.text", "Text attribute must be provided for Text type Message Content", 10002),
    (MESSENGER, "validityPeriod", "Validity Period must be provided", 10002),
    (MESSENGER, "message.customKeys", "MessagingType must be provided as a Custom Key", 10002),
    (MESSENGER, "message.customKeys.0.messagingType", "MessagingType must be provided as a Custom Key", 10002),
    (MESSENGER, "to.ottId", "Either OttId or UserReference must be provided in the To object", 10002),
    (LINE, "to.ottId", "OttId must be provided in the To object", 10002),
]


@pytest.mark.parametrize(("body", "path", "message", "code"), ALONE)
@pytest.mark.parametrize("empty", ["missing", "null", "", " \t\u3000"])
def test_what_is_missing_null_or_blank_is_named(
    http: Http, body: dict[str, Any], path: str, message: str, code: int, empty: str
) -> None:
    is_text = path.rpartition(".")[2] not in ("from", "to", "message", "contents", "customKeys")
    if empty in ("missing", "null"):
        broken = changed(body, path, None, drop=empty == "missing")
    elif is_text:
        broken = changed(body, path, empty)
    else:
        broken = changed(body, path, drop=True)
    answer = send(http, broken)
    assert answer.status == 400
    assert answer.json == {
        "message": "Please fix the following errors",
        "errorcode": 10006,
        "documentation": "",
        "validationErrors": [{"message": message, "errorcode": code, "documentation": ""}],
    }


def test_a_sender_is_registered_under_its_type(http: Http) -> None:
    said = "Sender Id provided is either unregistered or inactive"
    for kind, id in (("messenger", "2145435435632435"), ("viber", "503868699681937"), ("line", "1")):
        answer = send(http, {**LINE, "from": {"senderType": kind, "senderId": id}})
        assert said in messages(answer)
        assert [one["errorcode"] for one in answer.json["validationErrors"] if one["message"] == said] == [10005]


@pytest.mark.parametrize("kind", ["image", "audio", "video", "file"])
def test_media_need_a_url(http: Http, kind: str) -> None:
    said = ["Url attribute must be provided for Image, File, Audio and Video type Message Content"]
    for content in ({"type": kind}, {"type": kind, "url": " "}, {"type": kind, "attachmentId": 12345}):
        assert messages(send(http, changed(MESSENGER, "message.contents", [content]))) == said
    assert send(http, changed(MESSENGER, "message.contents", [{"type": kind, "url": "not checked"}])).status == 201


@pytest.mark.parametrize("kind", ["TEXT", "Text", "text"])
def test_words_of_a_list_match_in_any_case(http: Http, kind: str) -> None:
    body = changed(MESSENGER, "message.contents.0.type", kind)
    assert send(http, changed(body, "from.senderType", "Messenger")).status == 201
    assert messages(send(http, changed(body, "message.contents.0", {"type": kind}))) == [
        "Text attribute must be provided for Text type Message Content"
    ]


def test_an_unknown_type_counts_as_none(http: Http) -> None:
    answer = send(http, changed(LINE, "message.contents", [{"type": "sticker"}, {"text": "no type"}]))
    assert messages(answer) == ["Content Type for all message contents must be provided"]


@pytest.mark.parametrize(("body", "limit"), [(MESSENGER, 1), (LINE, 5)])
def test_the_number_of_contents_is_filled_in(http: Http, body: dict[str, Any], limit: int) -> None:
    one = {"type": "text", "text": "hello"}
    assert send(http, changed(body, "message.contents", [one] * limit)).status == 201
    answer = send(http, changed(body, "message.contents", [one] * (limit + 1)))
    assert messages(answer) == [f"Message object cannot contain more than {limit} message objects"]
    assert answer.json["validationErrors"][0]["errorcode"] == 10005


def test_custom_keys_are_looked_for_in_every_element(http: Http) -> None:
    def with_keys(*keys: Any) -> Any:
        return send(http, changed(MESSENGER, "message.customKeys", list(keys)))

    tag = ["Tag must be provided as a Custom Key when MessagingType is provided as MESSAGE_TAG"]
    assert with_keys({"other": 1}, {"messagingType": "UPDATE"}).status == 201
    assert with_keys({"tag": "ACCOUNT_UPDATE"}, {"messagingType": "MESSAGE_TAG"}).status == 201
    assert (
        with_keys({"messagingType": "Message_Tag", "tag": "ACCOUNT_UPDATE", "notificationType": "NO_PUSH"}).status
        == 201
    )
    assert messages(with_keys({"other": 1}, {"messagingType": "Message_TAG"})) == tag
    assert messages(with_keys({"messagingType": "MESSAGE_TAG", "tag": ""})) == tag
    assert messages(with_keys({"tag": "x"})) == ["MessagingType must be provided as a Custom Key"]


def test_line_asks_for_no_custom_keys_and_messenger_for_no_ott_id(http: Http) -> None:
    assert send(http, changed(LINE, "message.customKeys", [])).status == 201
    assert send(http, changed(LINE, "message.customKeys", [{"messagingType": "MESSAGE_TAG"}])).status == 201
    assert send(http, {**MESSENGER, "to": {"userReference": "a-user-ref"}}).status == 201
    assert messages(send(http, {**LINE, "to": {"userReference": "a-reply-token"}})) == [
        "OttId must be provided in the To object"
    ]


@pytest.mark.parametrize("period", [30, 0, "42", "forever", 1.5])
def test_any_validity_period_will_do(http: Http, period: Any) -> None:
    assert send(http, {**LINE, "validityPeriod": period}).status == 201


EVERYTHING = [
    "Message Key must be provided",
    "Sender Id provided is either unregistered or inactive",
    "Content Type for all message contents must be provided",
    "Text attribute must be provided for Text type Message Content",
    "Url attribute must be provided for Image, File, Audio and Video type Message Content",
    "Validity Period must be provided",
    "Message object cannot contain more than 1 message objects",
    "Tag must be provided as a Custom Key when MessagingType is provided as MESSAGE_TAG",
    "Either OttId or UserReference must be provided in the To object",
]
ALL_WRONG: dict[str, Any] = {
    "validityPeriod": "",
    "message": {
        "customKeys": [{"messagingType": "MESSAGE_TAG"}],
        "contents": [{"type": "video"}, {"type": "text"}, {"url": "x"}, {"type": "image", "url": ""}, {"type": "text"}],
    },
    "to": {"ottId": "", "userReference": None},
    "from": {"senderId": "nobody", "senderType": "messenger"},
}


def test_everything_wrong_is_told_once_and_in_the_documented_order(http: Http) -> None:
    assert messages(send(http, ALL_WRONG)) == EVERYTHING
    assert messages(send(http, {})) == [
        "Message Key must be provided",
        "From object must be provided",
        "To object must be provided",
        "Message object must be provided",
        "Validity Period must be provided",
    ]
    assert messages(send(http, {"from": {}, "to": {}, "message": {}})) == [
        "Message Key must be provided",
        "Sender Id must be provided",
        "Sender Type must be provided",
        "Message contents must be provided",
        "Validity Period must be provided",
    ]


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        7,
        None,
        {**LINE, "from": "line"},
        {**LINE, "to": []},
        {**LINE, "message": "hello"},
        {**LINE, "messageKey": True},
        changed(LINE, "message.contents", {"type": "text"}),
        changed(LINE, "message.contents", ["text"]),
        changed(LINE, "message.contents.0.text", {"en": "hello"}),
        changed(LINE, "message.customKeys", {"tag": "x"}),
        {**LINE, "validityPeriod": {"hours": 1}},
        {**MESSENGER, "from": {"senderType": ["messenger"], "senderId": "x"}},
    ],
)
def test_the_wrong_kind_of_json_cannot_be_read(http: Http, body: Any) -> None:
    answer = http("POST", "/ott/v1/send", body=json.dumps(body).encode(), headers=HEADERS)
    assert (answer.status, answer.json["errorcode"]) == (400, 10004)


def test_what_is_asked_before_the_body_is_read(http: Http) -> None:
    xml = {**HEADERS, "Content-Type": "text/xml"}
    answer = http("POST", "/ott/v1/send", body=b"<send/>", headers=xml)
    assert (answer.status, answer.json) == (
        415,
        {
            "message": "Unsupported Media Type",
            "errorcode": 0,
            "documentation": "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm",
        },
    )
    method = http("GET", "/ott/v1/send", headers=HEADERS)
    assert (method.status, method.json["errorcode"], method.json["message"]) == (400, 30001, "Invalid Operation")
    assert method.headers["allow"] == "POST"
    assert http("GET", "/v2/token").json["errorcode"] == 30001


def test_an_unknown_path_is_404_or_596_as_documented(http: Http) -> None:
    answer = http("GET", "/ott/v1/contacts", headers=HEADERS)
    assert (answer.status, answer.json["errorcode"], answer.json["message"]) == (404, 30003, "Service Not Found")
    with Simulator(clock="frozen", providers={"salesforce": {"unknown_path_status": 596}}) as sim:
        assert asking(sim)("GET", "/ott/v1/contacts", headers=HEADERS).status == 596


def test_paths_match_in_any_case(http: Http) -> None:
    assert http("POST", "/OTT/V1/Send", json=LINE, headers=HEADERS).status == 201


# Any case of letters


@st.composite
def recased(draw: st.DrawFn, body: Any) -> Any:
    """The same body with every name's letters in any case, native payloads apart."""
    if isinstance(body, list):
        return [draw(recased(one)) for one in body]
    if not isinstance(body, dict):
        return body
    new = {}
    for name, value in body.items():
        upper = draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
        written = "".join(letter.upper() if up else letter.lower() for letter, up in zip(name, upper, strict=True))
        new[written] = value if name == "nativePayload" else draw(recased(value))
    return new


SHARED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SAMPLE_BODIES = [json.loads(body_of(name)) for name in PASS]


@SHARED
@given(data=st.data())
def test_a_name_in_any_case_is_the_same_name(http: Http, data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(SAMPLE_BODIES).flatmap(recased))
    assert send(http, body).status == 201


@SHARED
@given(body=recased(ALL_WRONG))
def test_mistakes_are_found_under_names_in_any_case(http: Http, body: Any) -> None:
    assert messages(send(http, body)) == EVERYTHING


def test_a_native_payload_stays_as_it_is_written(http: Http, control: Http) -> None:
    payload = {"TYPE": "Sticker", "Url": None, "text": "", "Payload": {"senderTYPE": "X"}}
    for name in ("NATIVEPAYLOAD", "nativePayload"):
        id = send(http, changed(LINE, "message.contents", [{"Type": "native", name: payload}])).json["ottRequestId"]
        (channel,) = control("GET", f"messages/{id}").json["channels"]
        assert channel["content"]["contents"] == [{"type": "native", "nativePayload": payload}]


# Tolerances

TOLERATED = [
    (changed(LINE, "message.contents", [{"type": "native", "payload": {"type": "sticker"}}]), "payload"),
    (changed(LINE, "message.contents", [{"type": "native"}]), "nativePayload"),
    (changed(LINE, "message.contents", [{"type": "image", "url": "u"}]), "altUrl"),
    (changed(LINE, "message.contents", [{"type": "audio", "url": "u"}]), "duration"),
    (changed(LINE, "message.contents", [{"type": "file", "url": "u"}]), "file"),
    (changed(LINE, "message.contents.0.isReusable", True), "isReusable"),
    (changed(MESSENGER, "message.customKeys", [{"messagingType": "WHATEVER"}]), "messagingType"),
    ({**LINE, "messageKey": "k" * 101}, "messageKey"),
]


@pytest.mark.parametrize(("body", "named"), TOLERATED)
def test_a_tolerance_is_put_down_and_refused_when_strict(http: Http, control: Http, body: Any, named: str) -> None:
    assert send(http, body).status == 201
    (request,) = control("GET", "requests").json["requests"]
    assert named in request["notes"][0]
    with Simulator(clock="frozen", strict=True) as strict:
        ask = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
        token = asking(strict)("POST", "/v2/token", json=ask).json["access_token"]
        answer = asking(strict)("POST", "/ott/v1/send", json=body, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status, answer.json["errorcode"]) == (400, 10000)
        assert named in answer.json["message"]
