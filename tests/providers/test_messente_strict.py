"""What Messente's document does not say is noted, refused when strict; and each mistake is told once."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.contract.schema import Schema
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START, Advance, Http
from tests.contract.test_validators import SCHEMAS, broken, places
from tests.providers.test_messente import AUTH, SMS, TEMPLATE, TO, errors, send, statuses

WHATSAPP = {"channel": "whatsapp", "template": TEMPLATE}


def notes(control: Http) -> list[str]:
    found: list[str] = control("GET", "requests").json["requests"][0].get("notes", [])
    return found


@pytest.fixture
def strict() -> Iterator[Simulator]:
    with Simulator(clock=f"frozen@{START}", seed=1, strict=True) as simulator:
        yield simulator


def post(sim: Simulator, body: Any, path: str = "/v1/omnimessage", **headers: str) -> Answer:
    return call(f"{sim.url}{path}", "POST", body, headers={**AUTH, **headers})


# Numbers


@pytest.mark.parametrize(
    ("to", "err"),
    [
        ("+1234567890", 3),
        ("+1234567", 3),
        ("+123456789012345", 3),
        ("+12345678", 3),
        ("+372550000011111", 3),
        ("+3721234567", 0),
        ("+9991234567", 5),
        ("+2101234567", 5),
        ("+37255000001", 0),
    ],
)
def test_a_number_of_the_documented_form_is_taken_and_its_status_tells(
    http: Http, advance: Advance, to: str, err: int
) -> None:
    answer = http("POST", "/v1/omnimessage", json={"to": to, "messages": [SMS]}, headers=AUTH)
    assert (answer.status, answer.json["to"]) == (201, to)
    advance("1m")
    id = answer.json["omnimessage_id"]
    assert statuses(http, id) == [("sms", "FAILED" if err else "DELIVRD", err)]
    (status,) = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json["statuses"]
    assert status["error"] == {0: None, 3: "Invalid number", 5: "Invalid number format"}[err]


@pytest.mark.parametrize(
    "to", ["+123456", "+1234567890123456", "+0123456789", "1234567890", "+12345 67890", "+1234567890\n", "+١٢٣٤٥٦٧٨٩"]
)
def test_a_number_of_another_form_is_refused(http: Http, to: str) -> None:
    answer = http("POST", "/v1/omnimessage", json={"to": to, "messages": [SMS]}, headers=AUTH)
    assert errors(answer) == [("105", "Invalid data", "to")]


def test_every_channel_is_tried_for_a_number_that_nobody_can_have(http: Http, advance: Advance) -> None:
    body = {"to": "+1234567", "messages": [{"channel": "viber", "text": "x"}, SMS]}
    id = http("POST", "/v1/omnimessage", json=body, headers=AUTH).json["omnimessage_id"]
    advance("1m")
    assert statuses(http, id) == [("viber", "FAILED", 3), ("sms", "FAILED", 3)]


def test_a_scenario_goes_before_what_a_number_looks_like(sim: Simulator, http: Http, advance: Advance) -> None:
    rule = 'name: x\nrules:\n  - when: {to: "+1234567"}\n    deliver: [{after: 1s, status: DELIVRD}]\n'
    assert sim.control("PUT", "scenario", body=rule).status == 200
    body = {"to": "+1234567", "messages": [SMS]}
    id = http("POST", "/v1/omnimessage", json=body, headers=AUTH).json["omnimessage_id"]
    advance("1m")
    assert statuses(http, id) == [("sms", "DELIVRD", 0)]
    headers = {**AUTH, "X-Sim-Outcome": "UNDELIV"}
    id = http("POST", "/v1/omnimessage", json={**body, "to": "+9991234567"}, headers=headers).json["omnimessage_id"]
    advance("1m")
    assert statuses(http, id) == [("sms", "UNDELIV", 1)]


# Strict


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({"to": TO, "messages": [SMS], "color": "red"}, "color"),
        ({"to": TO, "messages": [{**SMS, "color": "red"}]}, "messages.0.color"),
        ({"to": TO, "messages": [{**SMS, "image_url": 5}]}, "messages.0.image_url"),
        ({"to": TO, "messages": [{**WHATSAPP, "text": "x"}]}, "messages.0.text"),
        ({"to": TO, "messages": [{**WHATSAPP, "text": {"body": "x"}}]}, "messages.0.text"),
        ({"to": TO, "messages": [{**WHATSAPP, "text": ["x"], "parts": "many"}]}, "messages.0.text"),
        (
            {"to": TO, "messages": [{"channel": "viber", "text": "x", "carousel": 1, "parts": "many"}]},
            "messages.0.carousel",
        ),
        (
            {"to": TO, "messages": [{**WHATSAPP, "template": {**TEMPLATE, "namespace": "x"}}]},
            "messages.0.template.namespace",
        ),
        (
            {"to": TO, "messages": [{**WHATSAPP, "template": {**TEMPLATE, "language": {"code": "en", "x": 1}}}]},
            "messages.0.template.language.x",
        ),
        ({"to": TO, "messages": [{**SMS, "autoconvert": "true"}]}, "messages.0.autoconvert"),
        ({"to": TO, "messages": [{**SMS, "autoconvert": "false"}]}, "messages.0.autoconvert"),
    ],
)
def test_what_the_document_does_not_have_is_ignored_and_noted_and_refused_when_strict(
    http: Http, control: Http, advance: Advance, strict: Simulator, body: Any, source: str
) -> None:
    answer = http("POST", "/v1/omnimessage", json=body, headers=AUTH)
    assert answer.status == 201
    assert any(note.startswith(source) for note in notes(control))
    advance("1m")
    report = http("GET", f"/v1/omnimessage/{answer.json['omnimessage_id']}/status", headers=AUTH).json
    assert [status["status"] for status in report["statuses"]] == ["DELIVRD"]
    refused = post(strict, body)
    assert (refused.status, errors(refused)) == (400, [("105", "Invalid data", source)])


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
def test_another_content_type_is_noted_and_refused_when_strict(
    http: Http, control: Http, strict: Simulator, media: str
) -> None:
    body = {"to": TO, "messages": [SMS]}
    headers = {**AUTH, "Content-Type": media}
    assert http("POST", "/v1/omnimessage", json=body, headers=headers).status == 201
    assert notes(control) == [f"Content-Type is {media or 'missing'}; the document asks for application/json"]
    refused = post(strict, body, **{"Content-Type": media})
    assert (refused.status, errors(refused)) == (400, [("105", "Invalid data", None)])


def test_what_the_document_says_is_no_tolerance(http: Http, control: Http, strict: Simulator) -> None:
    body = {"to": TO, "messages": [{**SMS, "autoconvert": "full"}, {"channel": "viber", "text": "x"}, WHATSAPP]}
    headers = {"Content-Type": "application/JSON; charset=UTF-8"}
    assert http("POST", "/v1/omnimessage", json=body, headers={**AUTH, **headers}).status == 201
    assert notes(control) == []
    assert post(strict, body, **headers).status == 201


def test_a_bulk_is_strict_item_by_item(strict: Simulator) -> None:
    good = {"to": TO, "messages": [SMS]}
    answer = post(strict, {"messages": [good, {**good, "color": 1}, good]}, "/v1/omnimessages")
    assert answer.status == 201
    assert [list(item) for item in answer.json["messages"]] == [
        ["messages", "omnimessage_id", "to"], ["errors"], ["messages", "omnimessage_id", "to"]
    ]  # fmt: skip
    assert answer.json["messages"][1]["errors"][0]["source"] == "color"


# Null, and things that are no objects


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({**SMS, "channel": None}, ("106", "Missing data", "messages.0.channel")),
        ({**SMS, "text": None}, ("106", "Missing data", "messages.0.text")),
        ({"channel": "whatsapp", "template": None}, ("106", "Missing data", "messages.0.template")),
        ({**WHATSAPP, "template": {**TEMPLATE, "name": None}}, ("106", "Missing data", "messages.0.template.name")),
        ({**SMS, "ttl": 60, "validity": None}, ("105", "Invalid data", "messages.0.validity")),
        ({**SMS, "ttl": None, "validity": 1}, ("105", "Invalid data", "messages.0.ttl")),
        ({**SMS, "ttl": 60, "validity": 1}, ("105", "Invalid data", "messages.0.ttl")),
        ({"channel": "viber", "text": None}, ("105", "Invalid data", "messages.0.text")),
        ({"channel": "viber", "text": "x", "image_url": None}, ("105", "Invalid data", "messages.0.image_url")),
        ({"channel": "viber", "image_url": None, "text": "x"}, ("105", "Invalid data", "messages.0.image_url")),
        ({**SMS, "autoconvert": None}, ("105", "Invalid data", "messages.0.autoconvert")),
        ({**SMS, "udh": "0500\n"}, ("105", "Invalid data", "messages.0.udh")),
        (None, ("105", "Invalid data", "messages.0")),
    ],
)
@pytest.mark.parametrize("extensions", [False, True])
def test_a_member_that_is_null_is_one_error(message: Any, expected: tuple[str, str, str], extensions: bool) -> None:
    with Simulator(clock=f"frozen@{START}", providers={"messente": {"extensions": extensions}}) as sim:
        assert errors(post(sim, {"to": TO, "messages": [message]})) == [expected]


@pytest.mark.parametrize("item", [5, "x", None, [], True])
def test_an_item_of_a_bulk_that_is_no_object_is_told_so(http: Http, item: Any) -> None:
    good = {"to": TO, "messages": [SMS]}
    answer = http("POST", "/v1/omnimessages", json={"messages": [good, item]}, headers=AUTH)
    assert answer.status == 201
    assert answer.json["messages"][1]["errors"] == [
        {"code": "105", "detail": "Not a valid object.", "source": None, "title": "Invalid data"}
    ]


@pytest.mark.parametrize("messages", [5, "x", {}, True])
def test_a_recipient_without_plus_is_looked_for_only_where_there_are_some(messages: Any) -> None:
    with Simulator(providers={"messente": {"accept_without_plus": True}}) as sim:
        assert post(sim, {"messages": messages}, "/v1/omnimessages").status == 400
        assert post(sim, {"messages": messages}).status == 400


REQUIRING = [
    *(name for name, schema in SCHEMAS.items() if name.startswith("messente/") and "required" in schema.document),
    "cima360/ott-item",
]


def told(schema: Schema, body: Any, path: tuple[Any, ...], remove: bool) -> list[str]:
    """Keys of what is wrong at a member that is left out, or null."""
    where = ".".join(map(str, path))
    return [one.key for one in schema.violations(broken(body, path, None, remove)) if one.source == where]


@pytest.mark.parametrize("name", REQUIRING)
@given(data=st.data())
def test_null_in_a_required_member_is_a_missing_member(name: str, data: st.DataObject) -> None:
    """Other providers' nulls are taken out before their schemas see them."""
    schema = SCHEMAS[name]
    body = data.draw(st.sampled_from(schema.document["examples"]))
    paths = [path for path in places(body) if path and isinstance(path[-1], str) and told(schema, body, path, True)]
    path = data.draw(st.sampled_from(paths))
    assert told(schema, body, path, False) == told(schema, body, path, True)


# Extensions


@pytest.fixture
def extended() -> Iterator[Simulator]:
    with Simulator(clock=f"frozen@{START}", seed=1, providers={"messente": {"extensions": True}}) as simulator:
        yield simulator


@pytest.mark.parametrize("body", SCHEMAS["messente/omnimessage-extended"].document["examples"])
def test_what_the_published_api_has_beyond_the_document_is_a_setting(
    http: Http, extended: Simulator, body: Any
) -> None:
    assert post(extended, body).status == 201
    answer = http("POST", "/v1/omnimessage", json=body, headers=AUTH)
    carousel = body["messages"][0].get("carousel")
    assert answer.status == (201 if carousel else 400)


CARD = {"card_orientation": "VERTICAL", "thumbnail_image_alignment": "LEFT", "card_content": {"title": "x"}}
FILE = {"file_url": "https://example.com/a.png", "force_refresh": False}
RCS = {"channel": "rcs", "sender": "Shop"}
REPLY = {"reply": {"text": "Yes", "postback_data": "yes"}}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({**RCS, "text": "x"}, None),
        ({**RCS, "content_info": FILE}, None),
        ({**RCS, "rich_card": {"standalone_card": CARD}}, None),
        ({**RCS, "text": "x", "suggestions": [REPLY] * 11}, None),
        ({**RCS, "text": "x" * 3072}, None),
        (RCS, ("105", "messages.0")),
        ({**RCS, "text": "x", "content_info": FILE}, ("105", "messages.0")),
        ({"channel": "rcs", "text": "x"}, ("106", "messages.0.sender")),
        ({**RCS, "text": "x" * 3073}, ("105", "messages.0.text")),
        ({**RCS, "text": "x", "suggestions": [REPLY] * 12}, ("105", "messages.0.suggestions")),
        ({**RCS, "text": "x", "suggestions": [{}]}, ("105", "messages.0.suggestions.0")),
        (
            {**RCS, "text": "x", "suggestions": [{"reply": {"text": "x" * 26, "postback_data": "y"}}]},
            ("105", "messages.0.suggestions.0.reply.text"),
        ),
        ({**RCS, "rich_card": {}}, ("105", "messages.0.rich_card")),
        (
            {**RCS, "rich_card": {"carousel_card": {"card_width": "SMALL", "card_contents": [{}]}}},
            ("105", "messages.0.rich_card.carousel_card.card_contents"),
        ),
        (
            {**RCS, "content_info": {"file_url": "https://example.com"}},
            ("106", "messages.0.content_info.force_refresh"),
        ),
    ],
)
def test_rcs(extended: Simulator, message: Any, expected: tuple[str, str] | None) -> None:
    answer = post(extended, {"to": TO, "messages": [message]})
    if expected is None:
        assert answer.status == 201
    else:
        assert [(code, source) for code, _, source in errors(answer)] == [expected]


def test_rcs_is_seen_and_falls_back(extended: Simulator) -> None:
    rule = "name: x\nrules:\n  - when: {channel: rcs}\n    deliver: [{after: 1s, status: UNDELIV}]\n"
    extended.control("PUT", "scenario", body=rule)
    id = post(extended, {"to": TO, "messages": [{**RCS, "text": "x"}, SMS]}).json["omnimessage_id"]
    extended.control("POST", "clock/advance", {"by": "1m"})
    report = call(f"{extended.url}/v1/omnimessage/{id}/status", "GET", headers=AUTH).json["statuses"]
    assert [(status["channel"], status["status"]) for status in report] == [("rcs", "UNDELIV"), ("sms", "DELIVRD")]
    extended.control("PUT", "scenario", {"names": []})
    id = post(extended, {"to": "+15005551404", "messages": [{**RCS, "text": "x"}]}).json["omnimessage_id"]
    extended.control("POST", "clock/advance", {"by": "1m"})
    (seen,) = call(f"{extended.url}/v1/omnimessage/{id}/status", "GET", headers=AUTH).json["statuses"]
    assert (seen["status"], seen["err"]) == ("SEEN", 10)


CONTENTS: dict[str, Any] = {
    "template": TEMPLATE,
    "text": {"body": "x"},
    **{kind: {"link": "https://example.com/a"} for kind in ("image", "video", "audio", "document", "sticker")},
}


@pytest.mark.parametrize("one", CONTENTS)
@pytest.mark.parametrize("other", CONTENTS)
def test_whatsapp_takes_one_content(extended: Simulator, one: str, other: str) -> None:
    message = {"channel": "whatsapp", one: CONTENTS[one], other: CONTENTS[other]}
    answer = post(extended, {"to": TO, "messages": [message]})
    if one == other:
        assert answer.status == 201
    else:
        assert errors(answer) == [("105", "Invalid data", "messages.0")]


@pytest.mark.parametrize("media", [{}, {"id": "1", "link": "https://example.com"}])
def test_a_whatsapp_medium_has_an_id_or_a_link(extended: Simulator, media: Any) -> None:
    answer = post(extended, {"to": TO, "messages": [{"channel": "whatsapp", "image": media}]})
    assert errors(answer) == [("105", "Invalid data", "messages.0.image")]


# Accounts


@pytest.mark.parametrize(
    ("provider", "path", "body", "headers"),
    [
        ("messente", "/v1/omnimessage", {"to": TO, "messages": [SMS]}, "basic"),
        ("sinch", "/v1/send-sms", {"destination": "5511987654321", "messageText": "x"}, "pair"),
    ],
)
@pytest.mark.parametrize("name", ["ci-17", "default"])
def test_a_sandbox_s_own_name_with_another_secret_is_nobody(
    http: Http, control: Http, provider: str, path: str, body: Any, headers: str, name: str
) -> None:
    if name != "default":
        control("POST", "sandboxes", json={"name": name})
    issued = discover()[provider].credentials(name)
    user, secret = issued.values()

    def as_user(password: str) -> int:
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        given = {"Authorization": f"Basic {basic}"}
        return http(
            "POST",
            path,
            json=body,
            headers=given if headers == "basic" else dict(zip(issued, (user, password), strict=True)),
        ).status

    assert as_user(secret) in (200, 201)
    assert as_user("wrong") == 401


# Prices


def test_a_message_that_was_cancelled_before_it_was_sent_costs_nothing(http: Http) -> None:
    id = send(http, SMS, time_to_send="2026-01-01T09:05").json["omnimessage_id"]
    assert http("DELETE", f"/v1/omnimessage/{id}", headers=AUTH).status == 202
    (status,) = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json["statuses"]
    assert (status["status"], status["price_info"]["total_price"]) == ("DELETED", "0")
