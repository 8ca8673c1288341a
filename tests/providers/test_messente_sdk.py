"""Messente's own client from PyPI, unmodified but for the base URL."""

from collections.abc import Iterator
from typing import Any

import pytest
from messente_api import (
    SMS,
    ApiClient,
    BulkMessagingApi,
    BulkOmnimessage,
    Configuration,
    DeliveryReportApi,
    Omnimessage,
    OmnimessageApi,
    OmnimessageMessagesInner,
    Rcs,
    RcsContentInfo,
    Viber,
    ViberVideo,
    WhatsApp,
    WhatsAppComponent,
    WhatsAppCurrency,
    WhatsAppLanguage,
    WhatsAppMedia,
    WhatsAppParameter,
    WhatsAppTemplate,
)
from messente_api.exceptions import (
    ApiException,
    BadRequestException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
from msgsim.testing import Simulator

from tests.conftest import START, Advance

TO = "+37255000001"


@pytest.fixture
def client(sim: Simulator) -> Iterator[Any]:
    with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="secret")) as api:
        yield api


def omnimessage(*contents: Any, **more: Any) -> Any:
    return Omnimessage(**{"to": TO, "messages": [OmnimessageMessagesInner(content) for content in contents], **more})


SMS_ = SMS(sender="MyShop", text="Hello", autoconvert="full", validity=10)
VIBER = Viber(
    sender="MyShop",
    text="Hello",
    image_url="https://example.com/a.png",
    button_text="Go",
    button_url="https://example.com",
)
VIDEO = Viber(
    video=ViberVideo(
        url="https://example.com/v.mp4", thumbnail="https://example.com/t.png", file_size=1000, duration=60
    )
)
WHATSAPP = WhatsApp(
    template=WhatsAppTemplate(
        name="order",
        language=WhatsAppLanguage(code="en", policy="deterministic"),
        components=[
            WhatsAppComponent(
                type="header",
                parameters=[WhatsAppParameter(type="image", image=WhatsAppMedia(link="https://example.com/a.png"))],
            ),
            WhatsAppComponent(
                type="body",
                parameters=[
                    WhatsAppParameter(
                        type="currency",
                        currency=WhatsAppCurrency(fallback_value="1 EUR", code="EUR", amount_1000="1000"),
                    )
                ],
            ),
        ],
    )
)


def test_all_channels_are_sent_and_their_statuses_read(client: Any, advance: Advance) -> None:
    sent = OmnimessageApi(client).send_omnimessage(omnimessage(WHATSAPP, VIBER, SMS_))
    assert [message.channel for message in sent.messages] == ["whatsapp", "viber", "sms"]
    assert [message.sender for message in sent.messages] == ["+37255000002", "MyShop", "MyShop"]
    before = DeliveryReportApi(client).retrieve_delivery_report(sent.omnimessage_id)
    assert [status.status for status in before.statuses] == [None, None, None]
    advance("1m")
    after = DeliveryReportApi(client).retrieve_delivery_report(sent.omnimessage_id)
    assert [status.status for status in after.statuses] == ["DELIVRD", None, None]
    assert after.statuses[0].err == 0
    assert after.statuses[0].price_info.total_price == "0.1"
    assert after.statuses[0].timestamp.isoformat() == "2026-01-01T00:00:01"


def test_a_video_is_sent(client: Any) -> None:
    sent = OmnimessageApi(client).send_omnimessage(omnimessage(VIDEO))
    assert sent.to == TO


def test_rcs_is_sent_where_the_setting_allows_it() -> None:
    """The client writes the members it knows, nothing else: no tolerance is used."""
    with Simulator(clock=f"frozen@{START}", strict=True, providers={"messente": {"extensions": True}}) as sim:
        file = RcsContentInfo(file_url="https://example.com/a.png", force_refresh=False)
        with ApiClient(Configuration(host=f"{sim.url}/v1", username="user", password="secret")) as api:
            sent = OmnimessageApi(api).send_omnimessage(omnimessage(Rcs(sender="MyShop", content_info=file), SMS_))
            assert [message.channel for message in sent.messages] == ["rcs", "sms"]
            sim.control("POST", "clock/advance", {"by": "1m"})
            report = DeliveryReportApi(api).retrieve_delivery_report(sent.omnimessage_id)
            assert [(status.channel, status.status) for status in report.statuses] == [
                ("rcs", "DELIVRD"),
                ("sms", None),
            ]


def test_a_bulk_answers_item_by_item(client: Any) -> None:
    good = omnimessage(SMS_)
    bad = omnimessage(SMS_, to="12")
    sent = BulkMessagingApi(client).send_bulk_omnimessage(BulkOmnimessage(messages=[good, bad]))
    assert sent.messages[0].actual_instance.to == TO
    assert [error.code for error in sent.messages[1].actual_instance.errors] == ["105"]


def test_a_scheduled_message_can_be_cancelled_once(client: Any) -> None:
    api = OmnimessageApi(client)
    sent = api.send_omnimessage(omnimessage(SMS_, time_to_send="2026-01-01T09:05:00"))
    assert api.cancel_scheduled_message(sent.omnimessage_id) == {}
    with pytest.raises(NotFoundException):
        api.cancel_scheduled_message(sent.omnimessage_id)
    report = DeliveryReportApi(client).retrieve_delivery_report(sent.omnimessage_id)
    assert [status.status for status in report.statuses] == ["DELETED"]


def test_a_message_that_was_sent_cannot_be_cancelled(client: Any) -> None:
    api = OmnimessageApi(client)
    sent = api.send_omnimessage(omnimessage(SMS_))
    with pytest.raises(NotFoundException):
        api.cancel_scheduled_message(sent.omnimessage_id)


@pytest.mark.parametrize(
    ("outcome", "expected", "status"),
    [
        ("invalid_data", BadRequestException, 400),
        ("unauthorized", UnauthorizedException, 401),
        ("forbidden", ForbiddenException, 403),
        ("message_not_found", NotFoundException, 404),
        ("server_error", ServiceException, 500),
        ("wrong_method", ApiException, 405),
    ],
)
def test_every_exception_of_the_client(client: Any, outcome: str, expected: type[ApiException], status: int) -> None:
    client.set_default_header("X-Sim-Outcome", outcome)
    with pytest.raises(expected) as raised:
        OmnimessageApi(client).send_omnimessage(omnimessage(SMS_))
    assert raised.value.status == status


def test_the_message_of_another_account_is_not_found(client: Any, sim: Simulator) -> None:
    sent = OmnimessageApi(client).send_omnimessage(omnimessage(SMS_))
    other = Configuration(host=f"{sim.url}/v1", username="other", password="secret")
    with ApiClient(other) as api, pytest.raises(NotFoundException):
        DeliveryReportApi(api).retrieve_delivery_report(sent.omnimessage_id)


def test_without_credentials_there_is_a_challenge(sim: Simulator) -> None:
    anonymous = Configuration(host=f"{sim.url}/v1")
    with ApiClient(anonymous) as api, pytest.raises(UnauthorizedException) as raised:
        OmnimessageApi(api).send_omnimessage(omnimessage(SMS_))
    assert raised.value.headers["WWW-Authenticate"] == 'Basic realm="Messente"'
