"""Queries for templates: a single template, or a page of a filtered list."""

from urllib.parse import parse_qsl, urlencode

import msgspec

from msgsim.contract.decoding import positive
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.templates.store import TEMPLATE, of_waba, public

PAGE, LARGEST_PAGE = 25, 500
EXACT = ("category", "language", "name", "status")
"""Parameters that filter by an equal member."""


def mine(desk: Desk) -> tuple[str, Json]:
    """Id and record of the template in the path. Raises Refused with ``template_not_found``."""
    id = desk.params["templateId"]
    template = desk.record(TEMPLATE, id)
    if template is None or template["waba"] != desk.params["wabaId"]:
        raise Refused(Refusal("template_not_found", values={"id": id}))
    return id, template


def shown(body: Json, desk: Desk) -> Reply:
    return Reply(200, msgspec.json.encode(public(*mine(desk), desk)))


def listed(body: Json, desk: Desk) -> Reply:
    """A page of templates, by id. Cursors are ids: the page is after ``after``, or before ``before``."""
    query = dict(parse_qsl(desk.call.query))
    limit = positive(query, "limit", PAGE, Refusal("invalid_data", "limit"))
    if limit > LARGEST_PAGE:
        raise Refused(Refusal("invalid_data", "limit"))
    every = [public(id, template, desk) for id, template in of_waba(desk.params["wabaId"], desk)]
    found = [template for template in every if _fits(template, query)]
    if "before" in query:
        ahead = [template for template in found if template["id"] < query["before"]]
        page = ahead[-limit:]
    else:
        page = [template for template in found if template["id"] > query.get("after", "")][:limit]
    return Reply(200, msgspec.json.encode({"templates": page, "paging": _paging(page, found, query, desk)}))


def _fits(template: Json, query: dict[str, str]) -> bool:
    if any(template[name] != query[name] for name in EXACT if name in query):
        return False
    texts = [str(component.get("text") or "") for component in template["components"]]
    return any(query.get("content", "") in text for text in texts)


def _paging(page: list[Json], found: list[Json], query: dict[str, str], desk: Desk) -> Json:
    """The cursors of a page, and the URLs of the pages before and after it, where there are any."""
    if not page:
        return {"cursors": {"before": "", "after": ""}}
    first, last = page[0]["id"], page[-1]["id"]
    paging: Json = {"cursors": {"before": first, "after": last}}
    filters = {name: value for name, value in query.items() if name not in ("before", "after")}
    url = f"{desk.call.base.rstrip('/')}{desk.call.path}?"
    if found[0]["id"] != first:
        paging["previous"] = url + urlencode({**filters, "before": first})
    if found[-1]["id"] != last:
        paging["next"] = url + urlencode({**filters, "after": last})
    return paging
