"""The records of templates, and the state of their review by WhatsApp."""

from collections.abc import Iterator

from msgsim.config import milliseconds
from msgsim.model import Json
from msgsim.provider.desk import View

TEMPLATE = "template"
"""Kind of the records: ``{"waba", "name", "language", "category", "components", "at": ms}`` by id.

``at``: when it was last written or changed, and its review began.
"""
FIRST_ID = 1_000_000_000_000_000
"""Ids have equal length, so that their order is that in which templates were created."""


def status_of(template: Json, at: int, view: View) -> str:
    """``pending`` for the duration ``template_review``, then the result in ``template_reviews``, else ``approved``."""
    if at < template["at"] + milliseconds(view.settings["template_review"]):
        return "pending"
    return str(view.settings["template_reviews"].get(template["name"], "approved"))


def public(id: str, template: Json, view: View) -> Json:
    members = {name: template[name] for name in ("name", "language", "category", "components")}
    return {"id": id, **members, "status": status_of(template, view.now, view)}


def of_waba(waba: str, view: View) -> Iterator[tuple[str, Json]]:
    """(id, record) of each template of a WhatsApp Business Account (WABA), oldest first."""
    return ((id, template) for id, template in view.records(TEMPLATE) if template["waba"] == waba)
