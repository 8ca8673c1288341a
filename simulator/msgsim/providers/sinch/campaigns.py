"""The campaigns API: what ``campaignAlias`` refers to."""

import msgspec

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider import Desk
from msgsim.providers.sinch.query import number, query

RECORD = "campaign"


def campaigns(desk: Desk) -> dict[int, Json]:
    """Id to ``{id, name, alias}``: those of the settings, as changed and added to since."""
    known: dict[int, Json] = {
        number: {"id": number, **campaign} for number, campaign in enumerate(desk.settings["campaigns"], 1)
    }
    known |= {int(key): campaign for key, campaign in desk.records(RECORD)}
    return dict(sorted(known.items()))


def with_alias(alias: str, desk: Desk) -> Json:
    """The campaign of an alias; None when there is none."""
    return next((each for each in campaigns(desk).values() if each and each.get("alias") == alias), None)


def extra_of(body: dict[str, Json], desk: Desk) -> dict[str, Json]:
    """What is kept of a message whose request names a campaign."""
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
    return _kept(campaign, body["campaign"], desk)


def changed(body: Json, desk: Desk) -> Reply:
    campaign = _campaign(desk)
    return _kept({**campaign, "name": body["campaign"].get("name", campaign["name"])}, body["campaign"], desk)


def deleted(body: Json, desk: Desk) -> Reply:
    """The id stays taken: a later campaign does not inherit its messages."""
    desk.keep(RECORD, str(_campaign(desk)["id"]), None)
    return _reply({})


def _campaign(desk: Desk) -> Json:
    """The campaign of the path. Raises Refused when there is none."""
    id = desk.params["id"]
    campaign = campaigns(desk).get(int(id)) if id.isdecimal() and len(id) < 19 else None
    if campaign is None:
        raise Refused(Refusal("unknown_campaign_id", "id"))
    return campaign


def _kept(campaign: dict[str, Json], change: dict[str, Json], desk: Desk) -> Reply:
    """Keeps a campaign with its new alias, if there is one. Raises Refused when another campaign has it."""
    if alias := change.get("alias"):
        if (other := with_alias(alias, desk)) is not None and other["id"] != campaign["id"]:
            raise Refused(Refusal("campaign_alias_taken", "campaign.alias"))
        campaign = {**campaign, "alias": alias}
    desk.keep(RECORD, str(campaign["id"]), campaign)
    return _reply({"campaign": campaign})


def _reply(members: dict[str, Json], headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(200, msgspec.json.encode({"status": {"error": False}, **members}), headers)
