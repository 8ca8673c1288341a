"""Who may ask: access tokens and the credentials they are issued for.

Sources: access-token-s2s, requestToken and data-access-permissions of the Marketing Cloud developer guide.
"""

from collections.abc import Sequence
from urllib.parse import quote, unquote

from msgsim.model import Call, Credential, Json, Refusal, Refused, Reply
from msgsim.provider import Ask, Desk, Endpoint, fingerprint, json_of
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.spelling import fold, shape

SCOPES = ("ott_chat_messaging_read", "ott_chat_messaging_send", "ott_channels_read", "ott_channels_write")
NEEDED = {
    "send-ott": "ott_chat_messaging_send",
    "register-property": "ott_channels_write",
    "list-registrations": "ott_channels_read",
    "get-registration": "ott_channels_read",
}
LIFETIME = 1_200_000
ANNOUNCED = 1079
"""Seconds; clients ask anew a good while before the token dies."""
LEGACY_LIFETIME = 3_600_000
TOKEN_PATHS = ("/v2/token", "/v1/requesttoken")


def credentials(sandbox: str) -> dict[str, str]:
    """What the user of a sandbox puts into the client: a package of its own, and a token that needs no asking."""
    client = f"sandbox-{sandbox}"
    return {"client_id": client, "client_secret": f"{client}-secret", "access_token": f"{client}.fixed"}


def identify(call: Call) -> Credential | None:
    """The client behind a bearer token or a token request; the secret is the token or the client's secret."""
    header = call.headers.get("authorization", "")
    if header[:7].lower() == "bearer " and (token := header[7:].strip()):
        client = unquote(token.rpartition(".")[0])
        return Credential(client, token) if client else Credential(token, token, fingerprint("token", token))
    if call.path.lower().endswith(TOKEN_PATHS):
        return _client(call.body)
    return None


def _client(body: bytes) -> Credential | None:
    try:
        asked = fold(json_of(body))
    except Refused:
        return None
    if not isinstance(asked, dict):
        return None
    client, secret = (asked.get(name) or asked.get(legacy) for name, legacy in _PAIR)
    return Credential(client, secret if isinstance(secret, str) else "") if isinstance(client, str) else None


_PAIR = (("client_id", "clientId"), ("client_secret", "clientSecret"))


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """The gateway, in its documented order: token, scope, media type. Whoever asks for a token needs none."""
    if endpoint is None and desk.call.path.lower().endswith(TOKEN_PATHS):
        return Credential("")
    if credential is None:
        raise Refused(Refusal("token_misplaced" if _misplaced(desk.call) else "unauthorized"))
    granted = _granted(credential.secret, desk)
    if granted is None:
        raise Refused(Refusal("unauthorized"))
    if endpoint is not None:
        if NEEDED[endpoint.name] not in granted:
            raise Refused(Refusal("forbidden"))
        if endpoint.schema and not _is_json(desk.call):
            raise Refused(Refusal("unsupported_media_type"))
    return Credential(credential.name, shown=credential.shown)


def _misplaced(call: Call) -> bool:
    return "access_token=" in call.query or b'"access_token"' in call.body


def _is_json(call: Call) -> bool:
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not media or media in ("application/json", "text/json") or media.endswith("+json")


def _granted(token: str, desk: Desk) -> Sequence[str] | None:
    """The scopes of a token; None when it is unknown or dead."""
    if token in desk.settings["fixed_tokens"] or token == desk.issued["access_token"]:
        return None if desk.strict else SCOPES
    issued = desk.record("token", token)
    return issued["scopes"] if issued is not None and desk.now < issued["dies"] else None


def issue(body: Json, desk: Desk) -> Reply:
    """POST /v2/token: client credentials for a token that lives 20 minutes and announces 1079 seconds."""
    package = _package(body["client_id"], body["client_secret"], desk)
    scopes = body["scope"].split() if "scope" in body else package
    if not set(scopes) <= set(package):
        raise Refused(Refusal("invalid_scope", "scope"))
    token = _keep(body["client_id"], scopes, LIFETIME, desk)
    return json_reply(
        200,
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": ANNOUNCED,
            "scope": " ".join(scopes),
            "soap_instance_url": _instance(desk.call.base, "soap"),
            "rest_instance_url": _instance(desk.call.base, "rest"),
        },
    )


def _instance(base: str, service: str) -> str:
    """The same tenant's host for a service where the client asked by the real name; else where it found us."""
    return base.replace(".auth.marketingcloudapis.com", f".{service}.marketingcloudapis.com")


def issue_legacy(body: Json, desk: Desk) -> Reply:
    """POST /v1/requestToken: the same for packages of the older kind. A refresh token only spares asking the user."""
    try:
        scopes = _package(body["clientId"], body["clientSecret"], desk)
    except Refused:
        raise Refused(Refusal("legacy_unauthorized")) from None
    token = _keep(body["clientId"], scopes, LEGACY_LIFETIME, desk)
    answer: dict[str, Json] = {"accessToken": token, "expiresIn": LEGACY_LIFETIME // 1000}
    if "legacy=1" in desk.call.query.lower().split("&"):
        answer["legacyToken"] = desk.seed.digest(desk.number(), f"legacy {desk.now}")
    if body.get("accessType", "").lower() == "offline" or "refreshToken" in body:
        answer["refreshToken"] = desk.seed.digest(desk.number(), f"refresh {desk.now}")
    return json_reply(200, answer)


def _package(client: str, secret: str, desk: Desk) -> Sequence[str]:
    """What the client's package may do. A sandbox's own client knows its secret; the others are as configured."""
    if client == desk.issued["client_id"]:
        if secret != desk.issued["client_secret"]:
            raise Refused(Refusal("invalid_client_secret", "client_secret"))
        return SCOPES
    listed = desk.settings["clients"]
    if not listed:
        return SCOPES
    for package in listed:
        if package["client_id"] == client:
            if package["client_secret"] != secret:
                raise Refused(Refusal("invalid_client_secret", "client_secret"))
            return package.get("scopes", SCOPES)  # type: ignore[no-any-return]
    raise Refused(Refusal("invalid_client", "client_id"))


def _keep(client: str, scopes: Sequence[str], lifetime: int, desk: Desk) -> str:
    token = f"{quote(client, safe='')}.{desk.seed.hex(desk.number(), 32, f'token {desk.now}')}"
    desk.keep("token", token, {"scopes": list(scopes), "dies": desk.now + lifetime})
    return token


ENDPOINTS = (
    Ask("token", "POST", "/v2/token", issue, schema="token", open=True),
    Ask("request-token", "POST", "/v1/requestToken", issue_legacy, schema="request-token", shape=shape, open=True),
)
