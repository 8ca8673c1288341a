"""Groups of contacts."""

from collections import Counter
from collections.abc import Iterable

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.phonebook import contacts
from msgsim.providers.messente.phonebook.answers import NOTHING, json_reply, uuid_of
from msgsim.providers.messente.timestamps import timestamp

GROUP = "group"
"""Kind of the records: ``{"name": ..., "at": ms}`` by id."""


def mine(desk: Desk) -> tuple[str, Json]:
    """Id and record of the group in the path. Raises Refused with ``group_not_found``, and for an invalid id."""
    id = uuid_of(desk.params["id"], "groupId")
    if (group := desk.record(GROUP, id)) is None:
        raise Refused(Refusal("group_not_found", values={"id": id}))
    return id, group


def public(groups: Iterable[tuple[str, Json]], desk: Desk) -> list[Json]:
    counts = Counter(id for _, contact in contacts.every(desk) for id in contact["groups"])
    return [
        {"id": id, "name": group["name"], "createdOn": timestamp(group["at"], "Z"), "contactsCount": counts[id]}
        for id, group in groups
    ]


def listed(body: Json, desk: Desk) -> Reply:
    return json_reply({"groups": public(desk.records(GROUP), desk)})


def _reply(id: str, group: Json, desk: Desk, status: int = 200) -> Reply:
    return json_reply({"group": public([(id, group)], desk)[0]}, status)


def created(body: Json, desk: Desk) -> Reply:
    id, group = desk.seed.uuid4(desk.number()), {"name": body["name"], "at": desk.now}
    desk.keep(GROUP, id, group)
    return _reply(id, group, desk, 201)


def shown(body: Json, desk: Desk) -> Reply:
    return _reply(*mine(desk), desk)


def changed(body: Json, desk: Desk) -> Reply:
    id, group = mine(desk)
    group = {**group, "name": body["name"]}
    desk.keep(GROUP, id, group)
    return _reply(id, group, desk)


def deleted(body: Json, desk: Desk) -> Reply:
    """Delete a group; its contacts stay. The thirty days of contacts without another group begin now."""
    id, _ = mine(desk)
    desk.forget(GROUP, id)
    for number, contact in list(contacts.every(desk)):
        if id in contact["groups"]:
            contacts.keep(number, contact["fields"], [other for other in contact["groups"] if other != id], desk)
    return NOTHING
