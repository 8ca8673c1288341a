"""Contacts: a phone number with names and four custom fields.

A contact that has been in no group for thirty days is deleted for good.
"""

from collections.abc import Iterator
from urllib.parse import parse_qsl

from msgsim.clock import iso
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk, View
from msgsim.providers.messente.phonebook.answers import NOTHING, json_reply, phone, uuid_of

CONTACT = "contact"
"""Kind of the records: ``{"fields": {...}, "groups": [ids], "alone_since": ms or None}`` by number with plus."""
FIELDS = ("email", "firstName", "lastName", "company", "title", "custom", "custom2", "custom3", "custom4")
DAY = 86_400_000
KEPT_ALONE = 30 * DAY
"""Milliseconds after which a contact in no group is deleted."""


def find(number: str, view: View) -> Json:
    """A contact's record; None: there is none, or it has been deleted after thirty days."""
    contact = view.record(CONTACT, number)
    return contact if contact is not None and _is_there(contact, view.now) else None


def every(view: View) -> Iterator[tuple[str, Json]]:
    """(number, record) of each contact that has not been deleted."""
    return ((number, contact) for number, contact in view.records(CONTACT) if _is_there(contact, view.now))


def _is_there(contact: Json, now: int) -> bool:
    return contact["alone_since"] is None or now < _deletion(contact)


def _deletion(contact: Json) -> int:
    """When a contact in no group is deleted: at the beginning of a day (UTC)."""
    return int(contact["alone_since"] + KEPT_ALONE) // DAY * DAY


def mine(desk: Desk) -> tuple[str, Json]:
    """Number and record of the contact in the path. Raises Refused with ``contact_not_found``."""
    number = phone(desk)
    contact = find(number, desk)
    if contact is None:
        raise Refused(Refusal("contact_not_found", values={"phone": number}))
    return number, contact


def keep(number: str, fields: Json, groups: list[str], desk: Desk, alone_since: int | None = None) -> Json:
    """Store a contact and return its record; ``alone_since``: when it left its last group; None: now."""
    since = None if groups else desk.now if alone_since is None else alone_since
    contact = {"fields": fields, "groups": groups, "alone_since": since}
    desk.keep(CONTACT, number, contact)
    return contact


def public(number: str, contact: Json) -> Json:
    deletion = None if contact["alone_since"] is None else iso(_deletion(contact))[:10]
    fields = {name: contact["fields"].get(name) for name in FIELDS}
    return {"phoneNumber": number, **fields, "scheduledDeletionDate": deletion}


def listed(body: Json, desk: Desk) -> Reply:
    """All contacts, or those in any of the groups in ``groupIds``. Raises Refused for an invalid id."""
    named = (value for name, value in parse_qsl(desk.call.query) if name == "groupIds")
    wanted = {uuid_of(value, "groupIds") for value in named}
    found = (pair for pair in every(desk) if not wanted or wanted & set(pair[1]["groups"]))
    return json_reply({"contacts": [public(number, contact) for number, contact in found]})


def created(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``contact_exists``."""
    number = body["phoneNumber"]
    if find(number, desk) is not None:
        raise Refused(Refusal("contact_exists", values={"phone": number}))
    contact = keep(number, {name: body.get(name) for name in FIELDS}, [], desk)
    return json_reply({"contact": public(number, contact)}, 201)


def shown(body: Json, desk: Desk) -> Reply:
    return json_reply({"contact": public(*mine(desk))})


def changed(body: Json, desk: Desk) -> Reply:
    """PATCH: members of the body replace the contact's, also with null."""
    number, contact = mine(desk)
    fields = contact["fields"] | body
    contact = keep(number, fields, contact["groups"], desk, contact["alone_since"])
    return json_reply({"contact": public(number, contact)})


def deleted(body: Json, desk: Desk) -> Reply:
    """Delete a contact; the blacklist is not changed."""
    number, _ = mine(desk)
    desk.forget(CONTACT, number)
    return NOTHING
