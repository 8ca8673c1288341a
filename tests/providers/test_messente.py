"""The Messente documents' rules, line by line, over a real socket."""

import base64
from typing import Any

import pytest
from msgsim.testing import Answer, Simulator, call

from tests.conftest import START, Advance, Http

TO = "+37255000001"
AUTH = {"Authorization": "Basic " + base64.b64encode(b"user:secret").decode()}
SMS = {"channel": "sms", "text": "Hello"}
VIDEO = {"url": "https://example.com/v.mp4", "thumbnail": "https://example.com/t.png", "file_size": 1, "duration": 1}
TEMPLATE = {"name": "order", "language": {"code": "en"}}


def send(http: Http, *messages: Any, **more: Any) -> Answer:
    return http("POST", "/v1/omnimessage", json={"to": TO, "messages": list(messages), **more}, headers=AUTH)


def errors(answer: Answer) -> list[tuple[str, str, str | None]]:
    return [(error["code"], error["title"], error["source"]) for error in answer.json["errors"]]


def statuses(http: Http, id: str) -> list[tuple[str, str | None, int | None]]:
    report = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json
    return [(one["channel"], one["status"], one["err"]) for one in report["statuses"]]


def test_an_acceptance_has_its_members_in_alphabetical_order(http: Http) -> None:
    answer = send(http, {**SMS, "sender": "MyShop"})
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json) == ["messages", "omnimessage_id", "to"]
    assert list(answer.json["messages"][0]) == ["channel", "message_id", "sender"]
    assert answer.json["messages"][0]["message_id"] != answer.json["omnimessage_id"]


INVALID = ("105", "Invalid data")
MISSING = ("106", "Missing data")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": [SMS]}, (*MISSING, "to")),
        ({"to": None, "messages": [SMS]}, (*MISSING, "to")),
        ({"to": 37255000001, "messages": [SMS]}, (*INVALID, "to")),
        ({"to": "37255000001", "messages": [SMS]}, (*INVALID, "to")),
        ({"to": "+0", "messages": [SMS]}, (*INVALID, "to")),
        ({"to": "+3725500000111112", "messages": [SMS]}, (*INVALID, "to")),
        ({"to": TO}, (*MISSING, "messages")),
        ({"to": TO, "messages": []}, (*INVALID, "messages")),
        ({"to": TO, "messages": {}}, (*INVALID, "messages")),
        ({"to": TO, "messages": [SMS, SMS]}, (*INVALID, "messages")),
        ({"to": TO, "messages": ["sms"]}, (*INVALID, "messages.0")),
        ({"to": TO, "messages": [{"text": "x"}]}, (*MISSING, "messages.0.channel")),
        ({"to": TO, "messages": [{**SMS, "channel": "telegram"}]}, (*INVALID, "messages.0.channel")),
        ({"to": TO, "messages": [{**SMS, "channel": "rcs"}]}, (*INVALID, "messages.0.channel")),
        ({"to": TO, "messages": [{"channel": "sms"}]}, (*MISSING, "messages.0.text")),
        ({"to": TO, "messages": [{"channel": "sms", "text": ""}]}, (*INVALID, "messages.0.text")),
        ({"to": TO, "messages": [{"channel": "sms", "text": 1}]}, (*INVALID, "messages.0.text")),
        ({"to": TO, "messages": [{**SMS, "autoconvert": "yes"}]}, (*INVALID, "messages.0.autoconvert")),
        ({"to": TO, "messages": [{**SMS, "udh": "05000"}]}, (*INVALID, "messages.0.udh")),
        ({"to": TO, "messages": [{**SMS, "ttl": 0}]}, (*INVALID, "messages.0.ttl")),
        ({"to": TO, "messages": [{**SMS, "ttl": "60"}]}, (*INVALID, "messages.0.ttl")),
        ({"to": TO, "messages": [{**SMS, "validity": -1}]}, (*INVALID, "messages.0.validity")),
        ({"to": TO, "messages": [{**SMS, "ttl": 60, "validity": 1}]}, (*INVALID, "messages.0.ttl")),
        ({"to": TO, "messages": [SMS], "dlr_url": "example"}, (*INVALID, "dlr_url")),
        ({"to": TO, "messages": [SMS], "text_store": "md5"}, (*INVALID, "text_store")),
        ({"to": TO, "messages": [SMS], "priority": "urgent"}, (*INVALID, "priority")),
        ({"to": TO, "messages": [SMS], "time_to_send": "tomorrow"}, (*INVALID, "time_to_send")),
        ({"to": TO, "messages": [SMS], "time_to_send": "2026-02-30T10:00"}, (*INVALID, "time_to_send")),
        ({"to": TO, "messages": [{"channel": "viber"}]}, (*INVALID, "messages.0")),
        ({"to": TO, "messages": [{"channel": "viber", "text": "x" * 1001}]}, (*INVALID, "messages.0.text")),
        (
            {"to": TO, "messages": [{"channel": "viber", "video": {**VIDEO, "file_size": 209715201}}]},
            (*INVALID, "messages.0.video.file_size"),
        ),
        (
            {"to": TO, "messages": [{"channel": "viber", "video": {**VIDEO, "duration": 601}}]},
            (*INVALID, "messages.0.video.duration"),
        ),
        (
            {"to": TO, "messages": [{"channel": "viber", "video": {"url": "https://example.com"}}]},
            (*MISSING, "messages.0.video.thumbnail"),
        ),
        ({"to": TO, "messages": [{"channel": "whatsapp"}]}, (*MISSING, "messages.0.template")),
        ({"to": TO, "messages": [{"channel": "whatsapp", "text": {"body": "x"}}]}, (*MISSING, "messages.0.template")),
        (
            {"to": TO, "messages": [{"channel": "whatsapp", "template": {"name": "x"}}]},
            (*MISSING, "messages.0.template.language"),
        ),
        (
            {
                "to": TO,
                "messages": [
                    {
                        "channel": "whatsapp",
                        "template": {
                            **TEMPLATE,
                            "components": [
                                {
                                    "type": "body",
                                    "parameters": [
                                        {
                                            "type": "currency",
                                            "currency": {"code": "EUR", "fallback_value": "1", "amount_1000": 1000},
                                        }
                                    ],
                                }
                            ],
                        },
                    }
                ],
            },
            (*INVALID, "messages.0.template.components.0.parameters.0.currency.amount_1000"),
        ),
    ],
)
def test_what_is_refused_and_where(http: Http, body: Any, expected: tuple[str, str, str]) -> None:
    answer = http("POST", "/v1/omnimessage", json=body, headers=AUTH)
    assert answer.status == 400
    assert expected in errors(answer)


@pytest.mark.parametrize("body", ["", "{", "[1]", '"x"', "null", '{"to": NaN}', "\udcff"])
def test_a_body_that_is_no_object(http: Http, body: str) -> None:
    answer = http("POST", "/v1/omnimessage", body=body.encode(errors="surrogateescape"), headers=AUTH)
    assert answer.status == 400
    assert errors(answer) == [("105", "Invalid data", None)]


def test_everything_that_is_wrong_is_told_at_once(http: Http) -> None:
    answer = http("POST", "/v1/omnimessage", json={"messages": [{"channel": "sms"}], "priority": 1}, headers=AUTH)
    assert {source for _, _, source in errors(answer)} == {"to", "messages.0.text", "priority"}


IMAGE, BUTTON = {"image_url": "https://example.com/a.png"}, {"button_text": "Go", "button_url": "https://example.com"}
TEXT = {"text": "x"}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (TEXT, 201),
        (IMAGE, 201),
        ({**TEXT, **BUTTON}, 201),
        ({**TEXT, **IMAGE, **BUTTON}, 201),
        ({"video": VIDEO}, 201),
        ({"video": VIDEO, **TEXT}, 201),
        ({"video": VIDEO, **TEXT, "button_text": "Go"}, 201),
        ({"video": VIDEO, **TEXT, **BUTTON}, 201),
        ({**TEXT, **IMAGE}, 400),
        (BUTTON, 400),
        ({**IMAGE, **BUTTON}, 400),
        ({**TEXT, "button_text": "Go"}, 400),
        ({**TEXT, "button_url": "https://example.com"}, 400),
        ({"video": VIDEO, **IMAGE}, 400),
        ({"video": VIDEO, "button_text": "Go"}, 400),
        ({"video": VIDEO, **TEXT, "button_url": "https://example.com"}, 400),
        ({"template": {"id": "1", "lang": "en"}}, 400),
    ],
)
def test_viber_takes_the_documented_combinations_only(http: Http, content: Any, status: int) -> None:
    assert send(http, {"channel": "viber", **content}).status == status


@pytest.mark.parametrize("how", ["on", "full", "off", "true", "false"])
def test_all_five_values_of_autoconvert(http: Http, how: str) -> None:
    assert send(http, {**SMS, "autoconvert": how}).status == 201


@pytest.mark.parametrize(
    ("text", "udh", "how", "parts"),
    [
        ("a" * 160, "", "on", 1),
        ("a" * 161, "", "on", 2),
        ("a" * 306, "", "on", 2),
        ("a" * 307, "", "on", 3),
        ("€" * 80, "", "on", 1),
        ("€" * 81, "", "on", 2),
        ("õ" * 70, "", "on", 1),
        ("õ" * 71, "", "on", 2),
        ("õ" * 134, "", "on", 2),
        ("õ" * 135, "", "on", 3),
        ("õ" * 71, "", "full", 1),
        ("😀" * 35, "", "on", 1),
        ("😀" * 36, "", "on", 2),
        ("a" * 153, "050003cc0201", "on", 1),
        ("a" * 154, "050003cc0201", "on", 2),
    ],
)
def test_parts_are_counted_as_the_networks_count_them(
    http: Http, advance: Advance, text: str, udh: str, how: str, parts: int
) -> None:
    id = send(http, {"channel": "sms", "text": text, "autoconvert": how, **({"udh": udh} if udh else {})}).json[
        "omnimessage_id"
    ]
    advance("1m")
    (status,) = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json["statuses"]
    assert status["price_info"] == {"part_price": "0.1", "parts_count": parts, "total_price": f"0.{parts}"}


@pytest.mark.parametrize(
    ("form", "due"),
    [
        ("2026-01-01T09:05", "09:05"),
        ("2026-01-01T09:05:00Z", "09:05"),
        ("2026-01-01T09:05:00+00:00", "09:05"),
        ("2026-01-01T09:05:00+04:00", "05:05"),
        ("2026-01-01T09:05:00.000+00:00", "09:05"),
        ("2026-01-01T09:05:00.000Z", "09:05"),
        ("2026-01-01T09:05:00", "09:05"),
    ],
)
def test_time_to_send_in_every_form(sim: Simulator, http: Http, form: str, due: str) -> None:
    id = send(http, SMS, time_to_send=form).json["omnimessage_id"]
    hours, minutes = map(int, due.split(":"))
    sim.control("POST", "clock/advance", {"by": f"{hours * 60 + minutes - 1}m"})
    assert statuses(http, id) == [("sms", None, None)]
    sim.control("POST", "clock/advance", {"by": "2m"})
    assert statuses(http, id) == [("sms", "DELIVRD", 0)]


def test_a_time_in_the_past_is_sent_at_once(http: Http, advance: Advance) -> None:
    id = send(http, SMS, time_to_send="2018-06-22T09:05").json["omnimessage_id"]
    advance("1s")
    assert statuses(http, id) == [("sms", "DELIVRD", 0)]


def test_cancelled_before_it_was_due_nothing_more_happens(http: Http, advance: Advance) -> None:
    id = send(http, {"channel": "viber", "text": "x"}, SMS, time_to_send="2026-01-01T09:05").json["omnimessage_id"]
    answer = http("DELETE", f"/v1/omnimessage/{id}", headers=AUTH)
    assert (answer.status, answer.body) == (202, b"{}")
    advance("1d")
    assert statuses(http, id) == [("viber", "DELETED", 1), ("sms", "DELETED", 1)]
    assert http("DELETE", f"/v1/omnimessage/{id}", headers=AUTH).status == 404


@pytest.mark.parametrize("limit", [{"ttl": 60}, {"validity": 1}, {}])
def test_a_channel_that_stays_silent_expires_and_the_next_is_tried(
    sim: Simulator, http: Http, advance: Advance, limit: Any
) -> None:
    sim.control("PUT", "scenario", body=SILENT_VIBER)
    id = send(http, {"channel": "viber", "text": "x", **limit}, SMS).json["omnimessage_id"]
    advance("59s" if limit else "359m")
    assert statuses(http, id) == [("viber", "ACK", 0), ("sms", None, None)]
    advance("2m")
    assert statuses(http, id) == [("viber", "EXPIRED", 2), ("sms", "DELIVRD", 0)]


SILENT_VIBER = """
name: silent-viber
rules:
  - when: {provider: messente, channel: viber}
    deliver: [{after: 200ms, status: ACK}]
"""


@pytest.mark.parametrize(
    ("status", "err"),
    [
        ("ACK", 0), ("ACCEPTD", 0), ("UNKNOWN", 999), ("DELIVRD", 0), ("SEEN", 10), ("UNDELIV", 1), ("FAILED", 1),
        ("FAILED", 2), ("FAILED", 3), ("FAILED", 5), ("REJECTD", 4), ("REJECTD", 6), ("REJECTD", 7), ("REJECTD", 8),
        ("REJECTD", 9), ("NACK", 1), ("EXPIRED", 2), ("DELETED", 1),
    ],
)  # fmt: skip
def test_every_status_and_every_number_is_reachable(
    sim: Simulator, http: Http, advance: Advance, status: str, err: int
) -> None:
    step = f"{{after: 1s, status: {status}, err: {err}}}"
    rule = f"name: one\nrules:\n  - when: {{provider: messente}}\n    deliver: [{step}]\n"
    assert sim.control("PUT", "scenario", body=rule).status == 200
    id = send(http, {"channel": "viber", "text": "x"}).json["omnimessage_id"]
    advance("2s")
    assert statuses(http, id) == [("viber", status, err)]


def test_seen_comes_after_delivered(http: Http, advance: Advance) -> None:
    answer = http(
        "POST",
        "/v1/omnimessage",
        json={"to": "+15005551008", "messages": [{"channel": "viber", "text": "x"}]},
        headers=AUTH,
    )
    happened = advance("1m")
    assert [thing["status"] for thing in happened] == ["ACK", "DELIVRD", "SEEN"]
    (status,) = http("GET", f"/v1/omnimessage/{answer.json['omnimessage_id']}/status", headers=AUTH).json["statuses"]
    assert (status["err"], status["error"]) == (10, None)


def test_a_report_has_all_ten_members(http: Http) -> None:
    id = send(http, SMS).json["omnimessage_id"]
    report = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json
    assert list(report) == ["omnimessage_id", "statuses", "to"]
    assert report["statuses"][0].keys() == {
        "channel", "err", "error", "message_id", "omnimessage_id", "price_info", "sender", "status", "timestamp", "to"
    }  # fmt: skip


def test_a_rejected_message_costs_nothing(http: Http, advance: Advance) -> None:
    body = {"to": "+15005551407", "messages": [SMS]}
    id = http("POST", "/v1/omnimessage", json=body, headers=AUTH).json["omnimessage_id"]
    advance("1m")
    (status,) = http("GET", f"/v1/omnimessage/{id}/status", headers=AUTH).json["statuses"]
    assert (status["status"], status["error"], status["price_info"]["total_price"]) == ("REJECTD", "Unroutable", "0")


def test_wrong_method_wrong_path_wrong_id(http: Http) -> None:
    answer = http("GET", "/v1/omnimessage", headers=AUTH)
    assert (answer.status, answer.headers["allow"], errors(answer)) == (
        405,
        "POST",
        [("107", "Method not allowed", None)],
    )
    assert http("POST", "/v1/omnimessage/x/y", json={}, headers=AUTH).status == 404
    assert errors(http("GET", "/v1/omnimessage/not-a-uuid/status", headers=AUTH)) == [("101", "Not found", None)]


def test_an_unknown_path_comes_before_the_credentials(http: Http) -> None:
    assert http("GET", "/v1/omnimessage/x/y").status == 404
    assert http("GET", "/v1/omnimessage").status == 405
    assert http("GET", "/v1/omnimessage/x/status").status == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b":x").decode()])
def test_credentials_that_are_none(http: Http, header: str) -> None:
    answer = http("POST", "/v1/omnimessage", json={}, headers={"Authorization": header})
    assert answer.status == 401
    assert answer.json == {
        "errors": [{"code": "103", "detail": "Unauthorized", "source": None, "title": "Unauthorized"}]
    }


def test_configured_accounts_are_the_only_ones() -> None:
    accounts = [{"username": "shop", "password": "right", "sender": "Shop"}]
    with Simulator(providers={"messente": {"accounts": accounts}}) as sim:

        def as_user(pair: bytes) -> Answer:
            headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
            return call(f"{sim.url}/v1/omnimessage", "POST", {"to": TO, "messages": [SMS]}, headers=headers)

        assert as_user(b"shop:wrong").status == 401
        assert as_user(b"shop:right").json["messages"][0]["sender"] == "Shop"


def test_settings_for_numbers_timestamps_and_extensions() -> None:
    settings = {"accept_without_plus": True, "timestamp_zone": True, "extensions": True}
    with Simulator(clock=f"frozen@{START}", providers={"messente": settings}) as sim:

        def post(body: Any) -> Answer:
            return call(f"{sim.url}/v1/omnimessage", "POST", body, headers=AUTH)

        answer = post({"to": "37255000001", "messages": [{"channel": "viber", "template": {"id": "1", "lang": "en"}}]})
        assert (answer.status, answer.json["to"]) == (201, TO)
        assert post({"to": TO, "messages": [{"channel": "whatsapp", "text": {"body": "x"}}]}).status == 201
        sim.control("POST", "clock/advance", {"by": "1m"})
        id = answer.json["omnimessage_id"]
        report = call(f"{sim.url}/v1/omnimessage/{id}/status", "GET", headers=AUTH).json
        assert report["statuses"][0]["timestamp"] == "2026-01-01T00:00:01.000000+00:00"


def test_bulk_keeps_the_order_and_one_bad_item_spoils_nothing(http: Http, control: Http) -> None:
    good = {"to": TO, "messages": [SMS]}
    answer = http("POST", "/v1/omnimessages", json={"messages": [good, {"to": "x"}, good, 5]}, headers=AUTH)
    assert answer.status == 201
    assert [sorted(item) for item in answer.json["messages"]] == [
        ["messages", "omnimessage_id", "to"], ["errors"], ["messages", "omnimessage_id", "to"], ["errors"],
    ]  # fmt: skip
    assert [error["source"] for error in answer.json["messages"][1]["errors"]] == ["messages", "to"]
    assert control("GET", "messages").json["total"] == 2


@pytest.mark.parametrize("body", [{}, {"messages": None}, {"messages": []}, {"messages": 1}])
def test_a_bulk_without_messages_is_refused_whole(http: Http, body: Any) -> None:
    assert http("POST", "/v1/omnimessages", json=body, headers=AUTH).status == 400


def test_content_type_on_requests_without_a_body_is_no_offence(http: Http) -> None:
    headers = {**AUTH, "Content-Type": "application/json"}
    id = send(http, SMS).json["omnimessage_id"]
    assert http("GET", f"/v1/omnimessage/{id}/status", headers=headers).status == 200
