"""Messente: a folder for each of its APIs; the Omnichannel API is the first."""

from base64 import b64decode
from functools import lru_cache

from msgsim.contract import Contract
from msgsim.model import Call, Credential, Refusal, Refused
from msgsim.provider import Endpoint, Provider, endpoints_of
from msgsim.provider.credentials import knows
from msgsim.provider.desk import Desk
from msgsim.providers.messente import account, lookup, phonebook, statistics, templates, verification
from msgsim.providers.messente.omnichannel import ENDPOINTS, device
from msgsim.providers.messente.omnichannel.answers import refused
from msgsim.providers.messente.omnichannel.reports import inbound, post, reports


@lru_cache(maxsize=4096)
def _basic(header: str) -> Credential | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, separator, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # Not base64, not ASCII, or not UTF-8.
        return None
    return Credential(name, password) if separator and name and password else None


def identify(call: Call) -> Credential | None:
    """HTTP Basic: API user name and password."""
    header = call.headers.get("authorization")
    return None if header is None else _basic(header)


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """Accept any non-empty credentials unless accounts are configured; the sandbox's own user needs its own password.

    Raises Refused with ``unauthorized``.
    """
    if credential is None:
        raise Refused(Refusal("unauthorized", detail="Unauthorized"))
    accounts = {account["username"]: account["password"] for account in desk.settings["accounts"]}
    issued = desk.issued
    if not knows(credential, accounts, issued["username"], issued["password"]):
        raise Refused(Refusal("unauthorized", values={"user": credential.name}))
    return credential


def credentials(sandbox: str) -> dict[str, str]:
    return {"username": sandbox, "password": f"{sandbox}-password"}


APIS = (phonebook.api, lookup.api, statistics.api, account.api, verification.api, templates.api)

provider = Provider(
    name="messente",
    title="Messente",
    first="Messente Omnichannel",
    contract=Contract("messente", {"day": statistics.is_day}),
    endpoints=(*ENDPOINTS, *endpoints_of(APIS)),
    apis=APIS,
    device=device.pieces,
    channels=("sms", "viber", "whatsapp", "rcs"),
    documents="https://messente.com/documentation/omnichannel-api",
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
    secrets=frozenset({"password"}),
    recipients=frozenset({"to"}),
    texts=frozenset({"text"}),
)
