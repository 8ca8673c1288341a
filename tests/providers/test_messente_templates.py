"""Messente's WhatsApp templates, asked by its own client from PyPI, and the sends that name them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from messente_api import (
    ApiClient,
    Configuration,
    WhatsappCreateTemplateRequest,
    WhatsAppTemplatesApi,
    WhatsappUpdateTemplateRequest,
)
from messente_api.exceptions import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
)
from msgsim.testing import Simulator, call

from tests.conftest import Advance, Http

BASIC = {"Authorization": "Basic dXNlcjpzZWNyZXQ="}
WABA = "102290129340398"
TO = "+37251000001"
COMPONENTS: list[dict[str, Any]] = [
    {"type": "header", "format": "text", "text": "Order {{1}}"},
    {"type": "body", "text": "Hello {{1}}, {{2}} leaves on {{3}}."},
    {"type": "footer", "text": "MyShop"},
    {"type": "buttons", "buttons": [{"type": "url", "text": "Where is it?", "url": "https://example.com/orders"}]},
]


@pytest.fixture
def client(sim: Simulator) -> Iterator[Any]:
    with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="secret")) as api:
        yield WhatsAppTemplatesApi(api)


def request(name: str = "order_sent", language: str = "en", **more: Any) -> Any:
    document = {"name": name, "language": language, "category": "utility", "components": COMPONENTS, **more}
    return WhatsappCreateTemplateRequest.from_dict(document)


def make(client: Any, name: str = "order_sent", language: str = "en", **more: Any) -> str:
    return str(client.create_whatsapp_template(WABA, request(name, language, **more)).id)


def codes(raised: Any) -> list[str]:
    return [error.code.value for error in raised.value.data.errors]


def test_a_template_is_approved_an_hour_later(client: Any, advance: Advance) -> None:
    made = client.create_whatsapp_template(WABA, request())
    assert (made.status, made.category) == ("pending", "utility")
    advance("59m")
    assert client.get_whatsapp_template_by_id(WABA, made.id).status == "pending"
    advance("1m")
    template = client.get_whatsapp_template_by_id(WABA, made.id)
    assert (template.name, template.language, template.status) == ("order_sent", "en", "approved")
    assert template.components[1].text == COMPONENTS[1]["text"]
    assert client.update_whatsapp_template(WABA, made.id, WhatsappUpdateTemplateRequest(category="marketing"))
    changed = client.get_whatsapp_template_by_id(WABA, made.id)
    assert (changed.category, changed.status) == ("marketing", "pending"), "it is looked at anew"


def test_a_review_may_end_otherwise(client: Any, control: Http, advance: Advance) -> None:
    control("PUT", "settings", {"messente": {"template_review": "1m", "template_reviews": {"sale": "rejected"}}})
    id = make(client, "sale")
    advance("1m")
    assert client.get_whatsapp_template_by_id(WABA, id).status == "rejected"


def test_templates_are_listed_by_what_they_are_and_in_pages(client: Any, http: Http, advance: Advance) -> None:
    names = [f"template_{number}" for number in range(5)]
    for name in names:
        make(client, name, category="marketing" if name.endswith("4") else "utility")
    make(client, "template_0", "et")
    advance("1h")
    make(client, "late")
    assert client.list_whatsapp_templates("1").templates == []

    def found(**more: Any) -> list[str]:
        return [template.name for template in client.list_whatsapp_templates(WABA, **more).templates]

    assert found() == [*names, "template_0", "late"]
    assert found(category="marketing") == ["template_4"]
    assert found(language="et") == ["template_0"]
    assert found(status="pending") == ["late"]
    assert found(name="template_3", content="leaves on") == ["template_3"]
    assert found(content="nowhere") == []
    first = client.list_whatsapp_templates(WABA, limit=3)
    second = client.list_whatsapp_templates(WABA, limit=3, after=first.paging.cursors.after)
    assert [template.name for template in second.templates] == ["template_3", "template_4", "template_0"]
    assert found(limit=3, before=second.paging.cursors.before) == names[:3]
    assert first.paging.previous is None
    following = call(first.paging.next, "GET", headers=BASIC).json["templates"]
    assert [template["name"] for template in following] == ["template_3", "template_4", "template_0"]
    for limit in ("0", "501", "x"):
        answer = http("GET", f"/v1/whatsapp/wabas/{WABA}/templates", query={"limit": limit}, headers=BASIC)
        assert (answer.status, answer.json["errors"][0]["source"]) == (400, "limit")


def test_templates_are_deleted_by_name_or_one_by_one(client: Any, http: Http) -> None:
    english, _ = make(client), make(client, language="et")
    assert client.delete_whatsapp_template(WABA, name="order_sent", hsm_id=english)
    assert [template.language for template in client.list_whatsapp_templates(WABA).templates] == ["et"]
    assert client.delete_whatsapp_template(WABA, name="order_sent")
    with pytest.raises(ApiException) as missing:
        client.delete_whatsapp_template(WABA, name="order_sent")
    assert missing.value.status == 404
    answer = http("DELETE", f"/v1/whatsapp/wabas/{WABA}/templates", headers=BASIC)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "106")


def test_bad_templates_are_refused(client: Any, http: Http) -> None:
    id = make(client)
    with pytest.raises(BadRequestException) as again:
        make(client)
    assert codes(again) == ["105"]
    questions: list[Callable[[], Any]] = [
        lambda: client.get_whatsapp_template_by_id(WABA, "1"),
        lambda: client.get_whatsapp_template_by_id("1", id),
        lambda: client.update_whatsapp_template(WABA, "1", WhatsappUpdateTemplateRequest(category="marketing")),
    ]
    for question in questions:
        with pytest.raises(NotFoundException):
            question()
    with pytest.raises(BadRequestException) as bad:
        make(client, "Not A Name")
    assert codes(bad) == ["105"]
    lacking = {"name": "x", "category": "utility", "language": "en"}
    answer = http("POST", f"/v1/whatsapp/wabas/{WABA}/templates", json=lacking, headers=BASIC)
    assert [(error["code"], error["source"]) for error in answer.json["errors"]] == [("106", "components")]
    for key, kind in (("forbidden", ForbiddenException), ("server_error", ServiceException)):
        client.api_client.set_default_header("X-Sim-Outcome", key)
        with pytest.raises(kind):
            client.list_whatsapp_templates(WABA)


# Sends


def send(http: Http, name: str = "order_sent", language: str = "en", *, sms: bool = False, **more: Any) -> None:
    values = [{"type": "text", "text": "Ann"}, {"type": "text", "text": "A-17"}]
    date = {"type": "date_time", "date_time": {"fallback_value": "Monday"}}
    components = [
        {"type": "header", "parameters": [{"type": "text", "text": "A-17"}]},
        {"type": "body", "parameters": [*values, date]},
    ]
    template = {"name": name, "language": {"code": language}, "components": components}
    messages: list[dict[str, Any]] = [{"channel": "whatsapp", "template": template}]
    messages += [{"channel": "sms", "text": "Hello"}] if sms else []
    answer = http("POST", "/v1/omnimessage", json={"to": TO, "messages": messages, **more}, headers=BASIC)
    assert answer.status == 201, "a template that is none is no error of the request"


def newest(control: Http) -> list[tuple[str, str, int]]:
    """Channel, status and number of the newest message."""
    message = control("GET", "messages?limit=1").json["messages"][0]
    return [(route["channel"], route["status"], route["code"]) for route in message["channels"]]


def test_only_approved_templates_are_delivered_once_there_are_any(
    client: Any, http: Http, control: Http, advance: Advance
) -> None:
    send(http)
    advance("1m")
    assert newest(control) == [("whatsapp", "DELIVRD", 0)], "nobody wrote templates here"
    make(client)
    send(http)
    advance("1m")
    assert newest(control) == [("whatsapp", "FAILED", 1)], "still pending"
    send(http, sms=True)
    advance("1m")
    assert newest(control) == [("whatsapp", "FAILED", 1), ("sms", "DELIVRD", 0)]
    send(http, time_to_send="2026-01-01T02:00:00Z")
    advance("3h")
    assert newest(control) == [("whatsapp", "DELIVRD", 0)], "approved by the time it is sent"
    for name, language in (("order_sent", "et"), ("other", "en")):
        send(http, name, language)
        advance("1m")
        assert newest(control) == [("whatsapp", "FAILED", 1)]
    client.delete_whatsapp_template(WABA, name="order_sent")
    make(client, "other")
    send(http)
    advance("1m")
    assert newest(control) == [("whatsapp", "FAILED", 1)], "deleted"


def test_the_inbox_shows_a_template_filled_in(client: Any, sim: Simulator, http: Http, advance: Advance) -> None:
    make(client)
    advance("1h")
    send(http)
    advance("1m")
    inbox = call(f"{sim.url}/__sim/?to={TO.lstrip('+')}", "GET").body.decode()
    for text in ("Order A-17", "Hello Ann, A-17 leaves on Monday.", "MyShop", "Where is it?"):
        assert text in inbox
    assert "{{" not in inbox
