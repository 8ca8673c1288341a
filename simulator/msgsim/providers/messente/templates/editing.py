"""Creating, changing and deleting templates; WhatsApp reviews a template again after each change."""

from urllib.parse import parse_qsl

import msgspec

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.templates.reading import mine
from msgsim.providers.messente.templates.store import FIRST_ID, TEMPLATE, of_waba, status_of

DONE = Reply(200, b'{"success":true}')


def created(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``template_exists`` where the name is taken in this language."""
    waba, name, language = desk.params["wabaId"], body["name"], body["language"]
    if any((each["name"], each["language"]) == (name, language) for _, each in of_waba(waba, desk)):
        raise Refused(Refusal("template_exists", "name", values={"name": name, "language": language}))
    members = {member: body[member] for member in ("name", "language", "category", "components")}
    id, template = str(FIRST_ID + desk.number()), {"waba": waba, **members, "at": desk.now}
    desk.keep(TEMPLATE, id, template)
    answer = {"id": id, "status": status_of(template, desk.now, desk), "category": template["category"]}
    return Reply(200, msgspec.json.encode(answer))


def changed(body: Json, desk: Desk) -> Reply:
    """Change category or components; the template is pending again."""
    id, template = mine(desk)
    members = {member: body[member] for member in ("category", "components") if body.get(member) is not None}
    desk.keep(TEMPLATE, id, {**template, **members, "at": desk.now})
    return DONE


def deleted(body: Json, desk: Desk) -> Reply:
    """Delete all languages of ``name``, or only the template with the id ``hsmId``.

    Raises Refused with ``template_not_found``, and ``missing_data`` without ``name``.
    """
    query = dict(parse_qsl(desk.call.query))
    if not (name := query.get("name")):
        raise Refused(Refusal("missing_data", "name"))
    only = query.get("hsmId")
    ids = [id for id, each in of_waba(desk.params["wabaId"], desk) if each["name"] == name and only in (None, id)]
    if not ids:
        raise Refused(Refusal("template_not_found", values={"id": only or name}))
    for id in ids:
        desk.forget(TEMPLATE, id)
    return DONE
