"""Registrations of OTT properties (senders): made by request, or configured in the settings.

Sources: OTTregisterProperty and OTTretrieveRegistrationCollection of the Marketing Cloud developer guide.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

from msgsim.contract.decoding import positive
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider import Ask
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.answers import MEDIA, json_reply
from msgsim.providers.salesforce.spelling import shape

PLATFORMS = {"messenger": "pageId", "line": "channelId"}
"""Platform → member with the id of a property."""
PUBLIC = {
    "messenger": ("applicationId", "pageId", "pageName"),
    "line": ("channelId", "channelName"),
}
"""Platform → members of a registration that are returned; all others are secret."""
API_VERSION = "v2.0"
PAGE_SIZE = 50


def register(body: Json, desk: Desk) -> Reply:
    """POST /ott/v1/registration: replaces the registration of a property that has one."""
    platform, attributes = body["ottPlatformName"], body["ottPlatformAttributes"]
    desk.keep("property", _key(platform, attributes[PLATFORMS[platform]]), public(body))
    return Reply(201, b"", media=MEDIA)


def public(registration: Json) -> Json:
    """A registration as stored and returned: without secrets, and with booleans instead of 0 and 1."""
    platform, attributes = registration["ottPlatformName"], registration["ottPlatformAttributes"]
    return {
        "ottPlatformName": platform,
        "ottPlatformAttributes": {
            **{name: attributes[name] for name in PUBLIC[platform] if name in attributes},
            "endpointUrl": attributes.get("endpointUrl", ""),
            "isTransactional": bool(attributes.get("isTransactional", True)),
            "isTestChannel": bool(attributes.get("isTestChannel", False)),
            "isActive": bool(attributes["isActive"]),
            "apiVersion": API_VERSION,
        },
    }


def is_active(platform: str, id: str, desk: Desk) -> bool:
    found = _find(platform, id, desk)
    return found is not None and bool(found["ottPlatformAttributes"]["isActive"])


def get_one(body: Json, desk: Desk) -> Reply:
    """GET /ott/v1/registration/{platform}/{ottPropertyId}"""
    found = _find(_platform(desk), desk.params["ottPropertyId"], desk)
    if found is None:
        raise Refused(Refusal("unknown_property", values={"id": desk.params["ottPropertyId"]}))
    return json_reply(200, public(found))


def get_page(body: Json, desk: Desk) -> Reply:
    """GET /ott/v1/registration/{platform}. Pages count from 1; a page past the end is empty."""
    platform, (page, size) = _platform(desk), page_of(desk)
    registrations = dict(_configured(desk)) | dict(desk.records("property"))
    items = [public(each) for _, each in sorted(registrations.items()) if each["ottPlatformName"] == platform]
    return json_reply(
        200,
        {
            "count": len(items),
            "page": page,
            "pageSize": size,
            "links": _links(platform, page, size),
            "items": items[(page - 1) * size : page * size],
        },
    )


def page_of(desk: Desk) -> tuple[int, int]:
    """The requested page, from 1, and the page size. Raises Refused."""
    query = {name.lower(): value for name, value in parse_qsl(desk.call.query)}
    page = positive(query, "$page", 1, Refusal("invalid_value", "$page"))
    return page, positive(query, "$pagesize", PAGE_SIZE, Refusal("invalid_value", "$pagesize"))


def _links(platform: str, page: int, size: int) -> Json:
    """``next`` even on the last page, as documented; ``previous`` from the second page on."""
    pages = {"self": page, "previous": page - 1, "next": page + 1}
    return {name: _link(platform, number, size) for name, number in pages.items() if number > 0}


def _link(platform: str, page: int, size: int) -> Json:
    """A link to a page; without ``/ott``, as documented."""
    return {"href": f"/v1/registration/{platform}?{urlencode({'$page': page, '$pagesize': size})}"}


def _platform(desk: Desk) -> str:
    platform = desk.params["platform"].lower()
    if platform not in PLATFORMS:
        raise Refused(Refusal("platform_name_invalid", "platform"))
    return platform


def _key(platform: str, id: str) -> str:
    """The record key of a property; in lower case, because clients may write a whole path in lower case."""
    return f"{platform}/{id.lower()}"


def _find(platform: str, id: str, desk: Desk) -> Json:
    """The registration of a property, by request or else in the settings; None: there is neither."""
    key = _key(platform, id)
    return desk.record("property", key) or dict(_configured(desk)).get(key)


def _configured(desk: Desk) -> Iterator[tuple[str, Json]]:
    for registration in desk.settings["senders"]:
        platform = registration["ottPlatformName"]
        yield _key(platform, registration["ottPlatformAttributes"][PLATFORMS[platform]]), registration


ENDPOINTS = (
    Ask("register-property", "POST", "/ott/v1/registration", register, schema="registration", shape=shape),
    Ask("list-registrations", "GET", "/ott/v1/registration/{platform}", get_page),
    Ask("get-registration", "GET", "/ott/v1/registration/{platform}/{ottPropertyId}", get_one),
)
