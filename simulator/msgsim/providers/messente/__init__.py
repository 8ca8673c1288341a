"""Messente Omnichannel API: SMS, Viber and WhatsApp with fallback, schedule, cancel and signed reports.

Source: Messente's Omnichannel API documentation; facts from its other public pages are marked so in
``schemas/messente/``.
"""

from base64 import b64decode
from functools import lru_cache

from msgsim.contract import Contract
from msgsim.model import Call, Credential, Refusal, Refused
from msgsim.provider import Ask, Desk, Endpoint, Provider, Send, SendMany, knows
from msgsim.providers.messente import device
from msgsim.providers.messente.answers import bulk_sent, cancelled, refused, sent, statuses
from msgsim.providers.messente.reading import bulk_item, omnimessage, with_plus
from msgsim.providers.messente.reports import inbound, post, reports


@lru_cache(maxsize=4096)
def _basic(header: str) -> Credential | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no base64, no ASCII, or no UTF-8
        return None
    return Credential(name, password) if separator and name and password else None


def identify(call: Call) -> Credential | None:
    """HTTP Basic: API user name and password."""
    header = call.headers.get("authorization")
    return None if header is None else _basic(header)


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """Anything non-empty is accepted unless accounts are configured; who was issued for the sandbox is held to it."""
    if credential is None:
        raise Refused(Refusal("unauthorized"))
    accounts = {account["username"]: account["password"] for account in desk.settings["accounts"]}
    if not knows(credential, accounts, desk.issued["username"], desk.issued["password"]):
        raise Refused(Refusal("unauthorized"))
    return credential


def credentials(sandbox: str) -> dict[str, str]:
    return {"username": sandbox, "password": f"{sandbox}-password"}


provider = Provider(
    name="messente",
    title="Messente Omnichannel",
    contract=Contract("messente"),
    endpoints=(
        Send("send", "POST", "/v1/omnimessage", schema="omnimessage", shape=with_plus, read=omnimessage, answer=sent),
        SendMany(
            "send-bulk",
            "POST",
            "/v1/omnimessages",
            schema="bulk",
            shape=with_plus,
            items=lambda body: body["messages"],
            item_schema="omnimessage",
            partial=True,
            read=bulk_item,
            answer=bulk_sent,
        ),
        Ask("status", "GET", "/v1/omnimessage/{id}/status", answer=statuses),
        Ask("cancel", "DELETE", "/v1/omnimessage/{id}", answer=cancelled),
    ),
    device=device.pieces,
    channels=("sms", "viber", "whatsapp", "rcs"),
    hosts=("api.messente.com", "api2.messente.com", "api3.messente.com"),
    identify=identify,
    authorize=authorize,
    refuse=refused,
    credentials=credentials,
    base_url=lambda root: f"{root}/v1",
    callbacks=reports,
    post=post,
    receive=inbound,
    success=range(200, 400),
    strict="invalid_data",
    recipients=frozenset({"to"}),
    texts=frozenset({"text"}),
)
