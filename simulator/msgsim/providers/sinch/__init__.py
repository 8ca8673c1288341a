"""Sinch (Wavy) for Latin America: SMS single and bulk, status and MO queries, lookups, campaigns; and WhatsApp.

Sources: "Envió de mensajes (MT)" of Sinch's Spanish documentation, its SMS API page
https://docs.sinch.com/technical-documentation/api-and-integrations/sms-api, and its campaigns page; where these are
silent, what deployed clients send and read. A send is read in this order: `members` (normalises the body), the schema,
`rules` (what a schema cannot express), `drafts` (one per message, with the text of its flow or template). `reports` and
`queries` return the statuses.
"""

from urllib.parse import parse_qsl

from msgsim.contract import Contract
from msgsim.model import Call, Credential, Refusal, Refused
from msgsim.provider import Ask, Endpoint, Provider, Send, SendMany, endpoints_of
from msgsim.provider.credentials import knows
from msgsim.provider.desk import Desk
from msgsim.providers.sinch import (
    answers,
    campaigns,
    deliveries,
    drafts,
    inbound,
    members,
    queries,
    rules,
)
from msgsim.providers.sinch.account import Account, account
from msgsim.providers.sinch.email.api import api as email
from msgsim.providers.sinch.email.members import is_base64, is_instant
from msgsim.providers.sinch.limits import limit_requests
from msgsim.providers.sinch.omni.api import api as omni
from msgsim.providers.sinch.schedule import is_local, is_zone
from msgsim.providers.sinch.segments import LENGTHS
from msgsim.providers.sinch.whatsapp import files
from msgsim.providers.sinch.whatsapp.api import api as whatsapp
from msgsim.providers.sinch.whatsapp.members import is_geo_point


def identify(call: Call) -> Credential | None:
    """The headers ``UserName`` and ``AuthenticationToken``; in the query string only for GET of a send."""
    name, token = call.headers.get("username", ""), call.headers.get("authenticationtoken", "")
    if call.method == "GET" and not (name and token) and call.path.endswith("/v1/send-sms"):
        query = {key.lower(): value for key, value in parse_qsl(call.query)}
        name, token = name or query.get("username", ""), token or query.get("authenticationtoken", "")
    return Credential(name, token) if name and token else None


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """Accept any credentials while no users are configured, else the configured users and the sandbox's own.

    Raises Refused with ``unauthorized``, ``forbidden_address`` or ``too_many_requests``.
    """
    issued = desk.issued
    tokens = account(desk).tokens
    if credential is None or not knows(credential, tokens, issued["UserName"], issued["AuthenticationToken"]):
        raise Refused(Refusal("unauthorized"))
    _check_address(desk)
    return credential


def _check_address(desk: Desk) -> None:
    """Raises Refused for a client address that is not allowed, and beyond the rate limit."""
    allowed: list[str] = desk.settings["addresses"]
    if allowed and desk.call.client not in allowed:
        raise Refused(Refusal("forbidden_address"))
    limit_requests(desk)


def credentials(sandbox: str) -> dict[str, str]:
    return {"UserName": f"sinch-{sandbox}", "AuthenticationToken": f"sinch-{sandbox}-token"}


ENDPOINTS = (
    Send(
        "send-sms", "POST", "/v1/send-sms", "send-sms",
        drafts.read, answers.sent, shape=members.of_a_single_send, check=rules.check,
    ),
    Send(
        "send-sms-get", "GET", "/v1/send-sms", "send-sms",
        drafts.read, answers.sent, parse=members.of_a_query, check=rules.check,
    ),
    SendMany(
        "send-bulk-sms", "POST", "/v1/send-bulk-sms", "send-bulk-sms", drafts.items,
        drafts.read_item, answers.sent_bulk, drafts.Batch, shape=members.of_a_bulk, check=rules.check_bulk,
    ),
    Ask("status-search", "POST", "/v1/sms/status/search", queries.searched, "status-search", shape=queries.shape),
    Ask("status-list", "GET", "/v1/sms/status/list", queries.listed),
    Ask("sms-status", "GET", "/v1/sms-status", queries.single),
    Ask("receive-list", "GET", "/v1/sms/receive/list", inbound.listed),
    Ask("receive-search", "GET", "/v1/sms/receive/search", inbound.found),
    Ask("carrier-lookup", "POST", "/v1/carrier/lookup", queries.looked_up, "carrier-lookup", shape=queries.shape),
    Ask("campaigns-list", "GET", "/api/v1/campaigns", campaigns.listed),
    Ask("campaigns-get", "GET", "/api/v1/campaigns/{id}", campaigns.shown),
    Ask("campaigns-get", "GET", "/api/v1/campaign/{id}", campaigns.shown),
    Ask("campaigns-create", "POST", "/api/v1/campaigns", campaigns.created, "campaign"),
    Ask("campaigns-change", "PUT", "/api/v1/campaigns/{id}", campaigns.changed, "campaign-change"),
    Ask("campaigns-delete", "DELETE", "/api/v1/campaigns/{id}", campaigns.deleted),
)  # fmt: skip

APIS = (whatsapp, files.api, email, omni)
FORMATS = {
    "local-date-time": is_local,
    "time-zone": is_zone,
    "geo-point": is_geo_point,
    "base64": is_base64,
    "instant": is_instant,
    **LENGTHS,
}

provider = Provider(
    name="sinch",
    title="Sinch (Wavy)",
    first="Sinch (Wavy) SMS",
    contract=Contract("sinch", FORMATS),
    endpoints=(*ENDPOINTS, *endpoints_of(APIS)),
    apis=APIS,
    documents="https://docs.sinch.com/technical-documentation/api-and-integrations/sms-api",
    hosts=(
        "api-messaging.wavy.global",
        "api-messaging.movile.com",
        "apigw.wavy.global",
        "chatclub-cdn.wavy.global",
    ),
    identify=identify,
    authorize=authorize,
    refuse=answers.refuse,
    credentials=credentials,
    base_url=lambda root: root.rstrip("/"),
    callbacks=deliveries.callbacks,
    compile=Account,
    post=deliveries.post,
    receive=deliveries.receive,
    device=deliveries.pieces,
    channels=("sms", "whatsapp", "voice", "email"),
    strict="bad_request",
    secrets=frozenset({"authenticationtoken"}),
    recipients=frozenset({"destination", "emailaddress"}),
    texts=frozenset({"messagetext", "emailtext", "ttsmessage"}),
)
