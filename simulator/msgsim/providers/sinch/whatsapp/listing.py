"""The list of the account's templates, as the portal's API has it."""

import msgspec

from msgsim.model import Json, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.query import number, query
from msgsim.providers.sinch.whatsapp.templates import ANY, GAP, Template

FIRST_ID, FIRST_MESSAGE = 22045, 33732
"""First ids, as in the document's sample."""
MODIFIED = "2020-06-04T14:52:39.665449"
"""``last_modified``, as in the document's sample; the settings do not have it."""


def listed(body: Json, desk: Desk) -> Reply:
    """A page of the templates whose names contain ``element_name``. Raises Refused for an invalid page."""
    parameters = query(desk, "page", "page_size", "element_name")
    page, size = number(parameters, "page", 1), number(parameters, "page_size", 10)
    part = parameters.get("element_name", "").lower()
    found = [entry for entry in _entries(desk) if part in entry["element_name"].lower()]
    return Reply(200, msgspec.json.encode({"data": found[(page - 1) * size : page * size]}))


def _entries(desk: Desk) -> list[dict[str, Json]]:
    """An entry per name, with all languages of the template."""
    groups: dict[tuple[str, str], list[tuple[int, Template]]] = {}
    for place, template in enumerate(account(desk).whatsapp_templates):
        if template.element_name != ANY:
            groups.setdefault((template.namespace, template.element_name), []).append((place, template))
    client = desk.settings["client_info"]
    return [
        {
            "id": FIRST_ID + place,
            "element_name": name,
            "namespace": namespace,
            "message_type": members[0][1].message_type,
            "template_type": _type(members[0][1]),
            "languages": [template.language.upper() for _, template in members],
            "customer_id": client["customerId"],
            "sub_account_id": client["subAccountId"],
            "last_modified": MODIFIED,
            "messages": [_message(number, template) for number, template in members],
        }
        for place, ((namespace, name), members) in enumerate(groups.items())
    ]


def _type(template: Template) -> str:
    return "header_footer" if template.header_type != "none" or template.footer else "body_only"


def _message(place: int, template: Template) -> Json:
    gaps = list(dict.fromkeys(GAP.findall(template.text)))
    return {
        "id": FIRST_MESSAGE + place,
        "language": template.language.upper(),
        "status": template.status,
        "text": template.text,
        "header": template.header,
        "header_type": template.header_type,
        "footer": template.footer,
        "placeholders": list(template.placeholders) or gaps,
        "buttons_type": template.buttons_type or None,
        "buttons": {"payload": list(template.buttons) or None},
        "last_modified": MODIFIED,
    }
