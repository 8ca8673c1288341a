"""Which contacts are in which groups."""

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.phonebook import contacts, groups
from msgsim.providers.messente.phonebook.answers import NOTHING, json_reply


def groups_of(body: Json, desk: Desk) -> Reply:
    """The groups of the contact in the path."""
    _, contact = contacts.mine(desk)
    found = [(id, desk.record(groups.GROUP, id)) for id in contact["groups"]]
    return json_reply({"groups": groups.public(((id, group) for id, group in found if group is not None), desk)})


def added(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``already_member``."""
    (id, _), (number, contact) = groups.mine(desk), contacts.mine(desk)
    if id in contact["groups"]:
        raise Refused(Refusal("already_member", values={"phone": number, "id": id}))
    contacts.keep(number, contact["fields"], [*contact["groups"], id], desk)
    return json_reply({}, 201)


def removed(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``not_a_member``."""
    (id, _), (number, contact) = groups.mine(desk), contacts.mine(desk)
    if id not in contact["groups"]:
        raise Refused(Refusal("not_a_member", values={"phone": number, "id": id}))
    contacts.keep(number, contact["fields"], [other for other in contact["groups"] if other != id], desk)
    return NOTHING
