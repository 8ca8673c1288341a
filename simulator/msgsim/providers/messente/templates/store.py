"""Templates as the sandbox keeps them, and how far WhatsApp is with each."""

from collections.abc import Iterator

from msgsim.config import milliseconds
from msgsim.model import Json
from msgsim.provider import View

TEMPLATE = "template"
"""Kind of the records: ``{"waba", "name", "language", "category", "components", "at": ms}`` by id.

``at``: when it was written or changed last: from then on WhatsApp looks at it.
"""
FIRST_ID = 1_000_000_000_000_000
"""Ids are digits of one length: in their order templates were made."""


def status_of(template: Json, at: int, view: View) -> str:
    """``pending`` for as long as the setting ``template_review`` says, then what ``template_reviews`` has for it."""
    if at < template["at"] + milliseconds(view.settings["template_review"]):
        return "pending"
    return str(view.settings["template_reviews"].get(template["name"], "approved"))


def public(id: str, template: Json, view: View) -> Json:
    members = {name: template[name] for name in ("name", "language", "category", "components")}
    return {"id": id, **members, "status": status_of(template, view.now, view)}


def of_waba(waba: str, view: View) -> Iterator[tuple[str, Json]]:
    """Id and record of each template of a WhatsApp business account, the oldest first."""
    return ((id, template) for id, template in view.records(TEMPLATE) if template["waba"] == waba)
