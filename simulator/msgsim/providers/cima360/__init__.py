"""CIMA360: OTT, SMS, e-mail and voice. Of voice only the name is public; the endpoint is inferred.

Sources: https://docs.cima360.com/send-ott-21925250e0, …/sendsms-21925251e0,
…/register-an-email-delivery-request-23962637e0, and https://docs.trucontact.co for the SMS service under
another brand. No status route and no callback is documented, so there is none: only the control API shows the
statuses of a message.
"""

from msgsim.contract import Contract
from msgsim.provider import Provider, Send, SendMany
from msgsim.providers.cima360 import answers, device, keys, reading
from msgsim.providers.cima360.formats import FORMATS
from msgsim.providers.cima360.members import documented


def _email(path: str) -> SendMany:
    """The document says ``/deliver``; the other services' paths suggest that the prefix ``/email/v1`` is missing."""
    return SendMany(
        "send-email",
        "POST",
        path,
        "email",
        shape=documented("email"),
        items=reading.recipients,
        shape_item=documented("email-recipient"),
        item_schema="email-recipient",
        read=reading.email,
        answer=answers.email,
        partial=True,
    )


provider = Provider(
    name="cima360",
    title="CIMA360 (voice: inferred)",
    contract=Contract("cima360", FORMATS),
    endpoints=(
        SendMany(
            "send-ott",
            "POST",
            "/ott/v1/deliver",
            "ott",
            shape=documented("ott"),
            items=reading.payload,
            shape_item=documented("ott-item"),
            item_schema="ott-item",
            read=reading.ott,
            answer=answers.ott,
            partial=True,
        ),
        Send(
            "send-sms",
            "POST",
            "/sms/v1/deliver",
            "sms",
            shape=documented("sms"),
            read=reading.sms,
            answer=answers.sms,
        ),
        _email("/deliver"),
        _email("/email/v1/deliver"),
        Send(
            "send-voice",
            "POST",
            "/voice/v1/deliver",
            "voice",
            shape=documented("voice"),
            read=reading.voice,
            answer=answers.voice,
        ),
    ),
    documents="https://docs.cima360.com/sendsms-21925251e0",
    hosts=("api.cima360.com",),
    identify=keys.identify,
    authorize=keys.authorize,
    refuse=answers.refuse,
    credentials=keys.credentials,
    base_url=lambda root: root.rstrip("/"),
    device=device.pieces,
    channels=("whatsapp", "messenger", "telegram", "rcs", "sms", "email", "voice"),
    strict=answers.UNDOCUMENTED,
    secrets=frozenset({"x-api-key"}),
    recipients=frozenset({"recipient", "to"}),
    texts=frozenset({"messagebody", "subject", "templateparameters"}),
)
