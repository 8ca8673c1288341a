"""Platform routes: endpoints of the tenant, the context of a token, and the user of a token.

Sources: endpoints and tokenContext of the Marketing Cloud REST reference, and its page on userinfo. None needs a scope.
Ids are derived from the sandbox's seed; the user's names and places are inferred, their shapes documented.
"""

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider import Ask
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce import tokens
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.registry import page_of

BELOW = {"soap": "Service.asmx", "rest": "", "ftp": ""}
"""Kind of endpoint → path below the address that the client used, so that no URL leads to the real service."""
ZONE = {"longName": "(GMT-06:00) Central Time (No Daylight Saving)", "shortName": "CST", "offset": -6.0, "dst": False}


def get_endpoint(body: Json, desk: Desk) -> Reply:
    """GET /platform/v1/endpoints/{type}: ``{"type", "url"}``. Raises Refused for an unknown type."""
    kind = desk.params["type"]
    if kind not in BELOW:
        raise Refused(Refusal("unknown_endpoint", values={"id": kind}))
    return json_reply(200, _endpoint(kind, desk))


def list_endpoints(body: Json, desk: Desk) -> Reply:
    """GET /platform/v1/endpoints: all of them, in pages."""
    page, size = page_of(desk)
    items = [_endpoint(kind, desk) for kind in BELOW]
    on_page = items[(page - 1) * size : page * size]
    return json_reply(200, {"page": page, "pageSize": size, "count": len(items), "items": on_page})


def _endpoint(kind: str, desk: Desk) -> Json:
    return {"type": kind, "url": f"{tokens.instance(desk.call.base, kind)}{BELOW[kind]}"}


def token_context(body: Json, desk: Desk) -> Reply:
    """GET /platform/v1/tokenContext: the business unit and the user that the token belongs to.

    The document's sample prints 202; 200 is inferred as usual for a GET, and clients accept any 2xx.
    """
    organization = _id("organization", desk)
    user = _id(f"user {desk.credential.name}", desk)
    return json_reply(
        200, {"enterprise": {"id": organization}, "organization": {"id": organization}, "user": {"id": user}}
    )


def user_info(body: Json, desk: Desk) -> Reply:
    """GET /v2/userinfo. It checks its token itself, because its errors have the shape of OAuth's."""
    claimed = tokens.identify(desk.call)
    if claimed is None:
        raise Refused(Refusal("userinfo_without_token"))
    grant = tokens.granted(claimed.secret, desk)
    if grant is None:
        raise Refused(Refusal("userinfo_invalid_token"))
    base, organization, client = desk.call.base, _id("organization", desk), claimed.name
    place = {"region": "US", "locale": "en-US", "zoneinfo": "America/Chicago", "timezone": ZONE}
    return json_reply(
        200,
        {
            "exp": grant.dies // 1000,
            "iss": "https://mc.exacttarget.com",
            "user": {
                "sub": str(_id(f"user {client}", desk)),
                "name": f"{client} app user",
                "preferred_username": client,
                "email": "app.user@example.com",
                "locale": "en-US",
                "zoneinfo": "America/Chicago",
                "timezone": ZONE,
            },
            "organization": {
                "member_id": organization,
                "enterprise_id": organization,
                "enterprise_name": "Sample Enterprise",
                "account_type": "Enterprise 2.0",
                "stack_key": "S4",
                **place,
            },
            "rest": {
                "rest_instance_url": tokens.instance(base, "rest"),
                "soap_instance_url": tokens.instance(base, "soap"),
            },
            "application": {
                "id": desk.seed.digest(_id(f"user {client}", desk), "application"),
                "name": client,
                "redirectUrl": "",
                "appScopes": list(grant.scopes),
            },
            "permissions": [],
        },
    )


def _id(of: str, desk: Desk) -> int:
    """An id of eight digits that stays the same in a sandbox."""
    return 10_000_000 + int(desk.seed.digest(0, of)[:13], 16) % 90_000_000


ENDPOINTS = (
    Ask("get-endpoint", "GET", "/platform/v1/endpoints/{type}", get_endpoint),
    Ask("list-endpoints", "GET", "/platform/v1/endpoints", list_endpoints),
    Ask(
        "token-context",
        "GET",
        "/platform/v1/tokenContext",
        token_context,
        also=(("GET", "/platform/v1/tokenContext/"),),
    ),
    Ask("user-info", "GET", "/v2/userinfo", user_info, open=True),
)
