"""Definitions of sends, by key; those in the settings exist from the start.

Source: the create, get, list, update and delete pages of the Transactional Messaging API reference.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from msgsim.contract.decoding import positive
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk, View
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.transactional.times import local

Answer = Callable[[str, Json, Desk], Reply]
"""Channel, body → answer."""
RECORD = "definition"
"""Kind of the records: definitions by ``<channel>/<key>``; ``{}`` for a deleted definition of the settings.

``{"definitionKey", "name", "status", ..., "at": ms, "changed": ms}``: the members of the request, its status, when it
was created and last changed.
"""
SINCE = 1_557_889_500_000
"""Creation time of the definitions in the settings, in milliseconds: the date of the document's sample."""
PAGE_SIZE = 10
ORDERS = ("definitionKey", "name", "createdDate", "modifiedDate", "status")
_FILTER = re.compile(r"\s*(\w+)\s+(eq|neq)\s+'?(.*?)'?\s*", re.IGNORECASE)
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)
_WORDS = {"active": "Active", "inactive": "Inactive"}


def find(channel: str, key: str, view: View) -> Json:
    """A definition's record; None: there is none, or it was deleted."""
    stored = view.record(RECORD, f"{channel}/{key}")
    return _configured(channel, view).get(key) if stored is None else stored or None


def is_active(definition: Json) -> bool:
    return bool(definition["status"] == _WORDS["active"])


def mine(channel: str, desk: Desk) -> Json:
    """The definition in the path. Raises Refused."""
    key = desk.params["definitionKey"]
    if (definition := find(channel, key, desk)) is None:
        raise Refused(Refusal("object_not_found", values={"id": key}))
    return definition


def created(channel: str, body: Json, desk: Desk) -> Reply:
    """POST /definitions. Raises Refused when the key is taken."""
    key = body["definitionKey"]
    if find(channel, key, desk) is not None:
        raise Refused(Refusal("object_already_exists", "definitionKey", values={"id": key}))
    return json_reply(201, public(channel, keep(channel, _made(body, desk.now), desk), desk))


def shown(channel: str, body: Json, desk: Desk) -> Reply:
    """GET /definitions/{definitionKey}"""
    return json_reply(200, public(channel, mine(channel, desk), desk))


def merged(definition: Json, body: Json, now: int) -> Json:
    """A definition with the members of a change; nested objects are merged. The key cannot change."""
    changed = {**definition, "changed": now}
    for name, value in body.items():
        if name == "status":
            changed[name] = _WORDS[value.lower()]
        elif name != "definitionKey":
            before = definition.get(name)
            both = isinstance(before, dict) and isinstance(value, dict)
            changed[name] = {**before, **value} if both else value
    return changed


def keep(channel: str, definition: Json, desk: Desk) -> Json:
    desk.keep(RECORD, f"{channel}/{definition['definitionKey']}", definition)
    return definition


def deleted(channel: str, body: Json, desk: Desk) -> Reply:
    """DELETE /definitions/{definitionKey}. The key can be used again."""
    key = mine(channel, desk)["definitionKey"]
    if key in _configured(channel, desk):
        desk.keep(RECORD, f"{channel}/{key}", {})
    else:
        desk.forget(RECORD, f"{channel}/{key}")
    number = desk.number()
    answer = {"message": "Success", "requestId": desk.seed.uuid4(number), "deletedDefinitionKey": _guid(key, desk)}
    return json_reply(200, answer)


def listed(channel: str, body: Json, desk: Desk) -> Reply:
    """GET /definitions; ``count`` is the number of items on the page. Raises Refused for an invalid query."""
    query = {name.lower(): value for name, value in parse_qsl(desk.call.query)}
    page = positive(query, "$page", 1, Refusal("invalid_value", "$page"))
    size = positive(query, "$pagesize", PAGE_SIZE, Refusal("invalid_value", "$pagesize"))
    found = [_listed(definition) for definition in _every(channel, desk)]
    if "$filter" in query:
        found = _filtered(found, query["$filter"])
    _sort(found, query.get("$orderby", "name"))
    on_page = found[(page - 1) * size : page * size]
    answer = {"requestId": desk.seed.uuid4(desk.number()), "definitions": on_page, "count": len(on_page)}
    return json_reply(200, {**answer, "page": page, "pageSize": size})


def public(channel: str, definition: Json, desk: Desk) -> Json:
    """A definition as answers have it."""
    more = {name: value for name, value in definition.items() if name not in ("at", "changed")}
    id = {"definitionId": _guid(definition["definitionKey"], desk)} if channel == "email" else {}
    first = {"requestId": desk.seed.uuid4(desk.number()), "name": "", "definitionKey": "", **id, "description": ""}
    return {**first, **_listed(definition), **more}


def _listed(definition: Json) -> dict[str, Json]:
    """A definition as lists have it."""
    times = {"createdDate": local(definition["at"]), "modifiedDate": local(definition["changed"])}
    return {name: definition[name] for name in ("definitionKey", "name", "status")} | times


def _made(body: Json, at: int) -> Json:
    status = _WORDS[body.get("status", "active").lower()]
    return {**body, "status": status, "at": at, "changed": at}


def _configured(channel: str, view: View) -> Mapping[str, Json]:
    """Key → definition, of those in the settings."""
    return {body["definitionKey"]: _made(body, SINCE) for body in view.settings["definitions"].get(channel, ())}


def _every(channel: str, view: View) -> list[Json]:
    stored = {key.partition("/")[2]: value for key, value in view.records(RECORD) if key.startswith(f"{channel}/")}
    return [definition for definition in {**_configured(channel, view), **stored}.values() if definition]


def _filtered(found: list[dict[str, Json]], text: str) -> list[dict[str, Json]]:
    """The definitions that pass a filter such as ``status eq active``. Raises Refused for an invalid filter."""
    wanted = _FILTER.fullmatch(text)
    name = _name(wanted[1] if wanted else "", "$filter")
    assert wanted is not None
    same = wanted[2].lower() == "eq"
    return [each for each in found if (str(each[name]).lower() == wanted[3].lower()) is same]


def _sort(found: list[dict[str, Json]], text: str) -> None:
    """Sort in place by an order such as ``createdDate desc``. Raises Refused for an invalid order."""
    wanted = _ORDER.fullmatch(text)
    name = _name(wanted[1] if wanted else "", "$orderBy")
    assert wanted is not None
    found.sort(key=lambda each: str(each[name]).lower(), reverse=(wanted[2] or "").lower() == "desc")


def _name(written: str, source: str) -> str:
    """A member of ORDERS, written in any case. Raises Refused for any other name."""
    for name in ORDERS:
        if name.lower() == written.lower():
            return name
    raise Refused(Refusal("invalid_value", source))


def _guid(key: str, desk: Desk) -> str:
    digits = desk.seed.digest(0, f"definition {key}")
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
