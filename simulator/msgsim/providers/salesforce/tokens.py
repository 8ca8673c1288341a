"""Authorization: access tokens, and the client credentials they are issued for.

Sources: access-token-s2s, requestToken and data-access-permissions of the Marketing Cloud developer guide.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, quote, unquote

from msgspec import Struct

from msgsim.contract.decoding import json_of
from msgsim.model import Call, Credential, Json, Refusal, Refused, Reply
from msgsim.provider import Ask, Endpoint
from msgsim.provider.credentials import fingerprint
from msgsim.provider.desk import JSON, Desk, body_of, media_of
from msgsim.providers.salesforce import transactional
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.spelling import fold, shape

OLD_CLIENTS_PATH = "/platform/v1/"
"""Below this path FuelSDKs before 1.0 send the token in the query string."""
NEEDED = {
    "send-ott": "ott_chat_messaging_send",
    "get-sent": "ott_chat_messaging_read",
    "register-property": "ott_channels_write",
    "list-registrations": "ott_channels_read",
    "get-registration": "ott_channels_read",
    **transactional.NEEDED,
}
"""Endpoint → the scope that it requires; other endpoints require none."""
LIFETIME = 1_200_000
"""Milliseconds until a token expires."""
ANNOUNCED = 1079
"""``expires_in`` in seconds: less than LIFETIME, as documented, so that clients renew a token in time."""
LEGACY_LIFETIME = 3_600_000
"""Milliseconds until a legacy token expires."""
TOKEN_PATH, LEGACY_PATH = "/v2/token", "/v1/requesttoken"
FORM = "application/x-www-form-urlencoded"
OTHER_GRANTS = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer")
"""Grants that the service has, but which need something that no package here was issued."""


def credentials(sandbox: str) -> dict[str, str]:
    """The credentials of a sandbox: a package of its own, and an access token that never expires."""
    client = f"sandbox-{sandbox}"
    return {"client_id": client, "client_secret": f"{client}-secret", "access_token": f"{client}.fixed"}


def identify(call: Call) -> Credential | None:
    """The client of a bearer token or a token request; the secret is the token, or the client's secret."""
    header = call.headers.get("authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else _in_query(call)
    if token:
        client = unquote(token.rpartition(".")[0])
        return Credential(client, token) if client else Credential(token, token, fingerprint("token", token))
    if call.path.lower().endswith((TOKEN_PATH, LEGACY_PATH)):
        return _client(call)
    return None


def _in_query(call: Call) -> str:
    """The token in the query string; empty where there is none, or the path does not allow it."""
    if not call.path.lower().startswith(OLD_CLIENTS_PATH):
        return ""
    return dict(parse_qsl(call.query)).get("access_token", "")


def _is_form(call: Call) -> bool:
    return media_of(call) == FORM and not call.body.lstrip().startswith(b"{")


def _form(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))


def token_request(desk: Desk) -> Json:
    """The body of a token request: JSON as documented, or a form as deployed clients send. Raises Refused."""
    if not _is_form(desk.call):
        return body_of(desk)
    desk.note(f"the token request is a form; the document asks for {JSON}")
    return _form(desk.call)


def _client(call: Call) -> Credential | None:
    try:
        request = fold(_form(call) if _is_form(call) else json_of(call.body), {})
    except Refused:
        return None
    if not isinstance(request, dict):
        return None
    client, secret = (request.get(name) or request.get(legacy) for name, legacy in _PAIR)
    return Credential(client, secret if isinstance(secret, str) else "") if isinstance(client, str) else None


_PAIR = (("client_id", "clientId"), ("client_secret", "clientSecret"))


def authorize(endpoint: Endpoint | None, credential: Credential | None, desk: Desk) -> Credential:
    """Check token, scope and media type, in the documented order; token requests need no token. Raises Refused."""
    path = desk.call.path.lower()
    if endpoint is None and path.rstrip("/").endswith(LEGACY_PATH):
        raise Refused(Refusal("legacy_not_found"))
    if endpoint is None and path.rstrip("/").endswith(TOKEN_PATH):
        if path.endswith("/"):
            raise Refused(Refusal("unknown_path", detail=f"Service Not Found: {TOKEN_PATH} has no slash at its end"))
        return Credential("")
    if credential is None:
        raise Refused(Refusal("token_misplaced" if _misplaced(desk.call) else "unauthorized"))
    grant = granted(credential.secret, desk)
    if grant is None:
        raise Refused(Refusal("unauthorized"))
    if endpoint is not None:
        if endpoint.name in NEEDED and NEEDED[endpoint.name] not in grant.scopes:
            raise Refused(Refusal("forbidden"))
        if _in_query(desk.call):
            desk.note("the access token stands in the query string; the document asks for the Authorization header")
        if endpoint.schema and not _is_json(desk.call):
            raise Refused(Refusal("unsupported_media_type"))
    return Credential(credential.name, shown=credential.shown)


def _misplaced(call: Call) -> bool:
    return "access_token=" in call.query or b'"access_token"' in call.body


def _is_json(call: Call) -> bool:
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    return not media or media in ("application/json", "text/json") or media.endswith("+json")


class Grant(Struct, frozen=True):
    """What a token permits."""

    scopes: Sequence[str]
    dies: int
    """When the token expires, on the sandbox's clock; of a fixed token always LIFETIME from now."""


def granted(token: str, desk: Desk) -> Grant | None:
    """What a token permits; None: it is unknown or expired."""
    if token in desk.settings["fixed_tokens"] or token == desk.issued["access_token"]:
        return None if desk.strict else Grant(_all_scopes(desk), desk.now + LIFETIME)
    issued = desk.record("token", token)
    return Grant(issued["scopes"], issued["dies"]) if issued is not None and desk.now < issued["dies"] else None


def _all_scopes(desk: Desk) -> Sequence[str]:
    """The scopes of packages without scopes of their own."""
    scopes: list[str] = desk.settings["scopes"]
    return scopes


def issue(body: Json, desk: Desk) -> Reply:
    """POST /v2/token: issue a token for client credentials. Raises Refused."""
    package = _package(body["client_id"], body["client_secret"], desk)
    if package.legacy is True:
        raise Refused(Refusal("legacy_package"))
    if body["grant_type"] in OTHER_GRANTS:
        raise Refused(Refusal("invalid_grant", "grant_type"))
    scopes = list(dict.fromkeys(body["scope"].split())) if "scope" in body else package.scopes
    if not set(scopes) <= set(package.scopes):
        raise Refused(Refusal("invalid_scope", "scope"))
    token = _keep(body["client_id"], scopes, LIFETIME, desk)
    return json_reply(
        200,
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": ANNOUNCED,
            "scope": " ".join(scopes),
            "soap_instance_url": instance(desk.call.base, "soap"),
            "rest_instance_url": instance(desk.call.base, "rest"),
        },
    )


def instance(base: str, service: str) -> str:
    """The URL of a service of the tenant: at the real host name if the client used one, else the simulator's URL."""
    return base.replace(".auth.marketingcloudapis.com", f".{service}.marketingcloudapis.com")


def issue_legacy(body: Json, desk: Desk) -> Reply:
    """POST /v1/requestToken: issue a token for a legacy package, with a refresh token on request. Raises Refused."""
    client = body["clientId"]
    try:
        package = _package(client, body["clientSecret"], desk)
    except Refused:
        raise Refused(Refusal("legacy_unauthorized")) from None
    if package.legacy is False:
        raise Refused(Refusal("enhanced_package"))
    if "refreshToken" in body and desk.record("refresh", body["refreshToken"]) != client:
        raise Refused(Refusal("legacy_unauthorized"))
    token = _keep(client, package.scopes, LEGACY_LIFETIME, desk)
    answer: dict[str, Json] = {"accessToken": token, "expiresIn": LEGACY_LIFETIME // 1000}
    if "legacy=1" in desk.call.query.lower().split("&"):
        answer["legacyToken"] = desk.seed.digest(desk.number(), f"legacy {desk.now}")
    if body.get("accessType", "").lower() == "offline" or "refreshToken" in body:
        answer["refreshToken"] = refresh = desk.seed.digest(desk.number(), f"refresh {desk.now}")
        desk.keep("refresh", refresh, client)
    return json_reply(200, answer)


class Package(Struct, frozen=True):
    """What an installed package may do."""

    scopes: Sequence[str]
    legacy: bool | None = None
    """True: tokens only from the legacy path; False: only from the other; None: from both."""


def _package(client: str, secret: str, desk: Desk) -> Package:
    """The package of a client. The sandbox's own client and configured clients need their secret; without configured
    clients any other client is accepted. Raises Refused.
    """
    if client == desk.issued["client_id"]:
        if secret != desk.issued["client_secret"]:
            raise Refused(Refusal("invalid_client_secret", "client_secret"))
        return Package(_all_scopes(desk))
    listed = desk.settings["clients"]
    if not listed:
        return Package(_all_scopes(desk))
    for package in listed:
        if package["client_id"] == client:
            if package["client_secret"] != secret:
                raise Refused(Refusal("invalid_client_secret", "client_secret"))
            return Package(package.get("scopes", _all_scopes(desk)), package.get("legacy"))
    raise Refused(Refusal("invalid_client", "client_id"))


def _keep(client: str, scopes: Sequence[str], lifetime: int, desk: Desk) -> str:
    """A new token, stored with its scopes and expiry."""
    token = f"{quote(client, safe='')}.{desk.seed.hex(desk.number(), 32, f'token {desk.now}')}"
    desk.keep("token", token, {"scopes": list(scopes), "dies": desk.now + lifetime})
    return token


ENDPOINTS = (
    Ask("token", "POST", "/v2/token", issue, schema="token", parse=token_request, open=True),
    Ask("request-token", "POST", "/v1/requestToken", issue_legacy, "request-token", token_request, shape, open=True),
)
