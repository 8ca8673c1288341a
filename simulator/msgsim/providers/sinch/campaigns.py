"""The campaigns API: what ``campaignAlias`` refers to."""

import msgspec

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.query import number, query

RECORD = "campaign"


def campaigns(desk: Desk) -> dict[int, Json]:
    """Id → ``{id, name, alias}``: campaigns of the settings and those created or changed since; None: deleted."""
    known: dict[int, Json] = {
        number: {"id": number, **campaign} for number, campaign in enumerate(desk.settings["campaigns"], 1)
    }
    known |= {int(key): campaign for key, campaign in desk.records(RECORD)}
    return dict(sorted(known.items()))


def with_alias(alias: str, desk: Desk) -> Json:
    """The campaign with an alias; None: there is none."""
    return next((each for each in campaigns(desk).values() if each and each.get("alias") == alias), None)


def extra_of(body: dict[str, Json], desk: Desk) -> dict[str, Json]:
    """The members of a message's ``extra`` for the campaign that a body names; empty: it names none."""
    if not (alias := body.get("campaignAlias")):
        return {}
    return {"campaignId": (with_alias(alias, desk) or {}).get("id"), "campaignAlias": alias}


def listed(body: Json, desk: Desk) -> Reply:
    """A page of the campaigns whose name contains ``name``."""
    parameters = query(desk, "name", "page", "page_size")
    page, size = number(parameters, "page", 1), number(parameters, "page_size", 10)
    part = parameters.get("name", "").lower()
    found = [each for each in campaigns(desk).values() if each and part in each["name"].lower()]
    headers = (
        ("page-number", str(page)),
        ("per-page", str(size)),
        ("total", str(len(found))),
        ("total-pages", str(-(-len(found) // size))),
    )
    return _reply({"campaigns": found[(page - 1) * size : page * size]}, headers)


def shown(body: Json, desk: Desk) -> Reply:
    return _reply({"campaign": _campaign(desk)})


def created(body: Json, desk: Desk) -> Reply:
    campaign = {"name": body["campaign"]["name"], "id": max(campaigns(desk), default=0) + 1}
    return _stored(campaign, body["campaign"], desk)


def changed(body: Json, desk: Desk) -> Reply:
    campaign = _campaign(desk)
    return _stored({**campaign, "name": body["campaign"].get("name", campaign["name"])}, body["campaign"], desk)


def deleted(body: Json, desk: Desk) -> Reply:
    """Delete a campaign; its id is never used again, so that a later campaign does not inherit its messages."""
    desk.keep(RECORD, str(_campaign(desk)["id"]), None)
    return _reply({})


def _campaign(desk: Desk) -> Json:
    """The campaign in the path. Raises Refused with ``unknown_campaign_id``."""
    id = desk.params["id"]
    campaign = campaigns(desk).get(int(id)) if id.isdecimal() and len(id) < 19 else None
    if campaign is None:
        raise Refused(Refusal("unknown_campaign_id", "id"))
    return campaign


def _stored(campaign: dict[str, Json], change: dict[str, Json], desk: Desk) -> Reply:
    """Store a campaign, with the alias of the change if it has any. Raises Refused with ``campaign_alias_taken``."""
    if alias := change.get("alias"):
        if (other := with_alias(alias, desk)) is not None and other["id"] != campaign["id"]:
            raise Refused(Refusal("campaign_alias_taken", "campaign.alias"))
        campaign = {**campaign, "alias": alias}
    desk.keep(RECORD, str(campaign["id"]), campaign)
    return _reply({"campaign": campaign})


def _reply(members: dict[str, Json], headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(200, msgspec.json.encode({"status": {"error": False}, **members}), headers)
