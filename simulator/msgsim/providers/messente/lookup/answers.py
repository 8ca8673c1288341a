"""Results of lookups: from the setting ``lookups``, else drawn from the sandbox's seed."""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from msgsim.contract.formats import impossible, is_e164
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.ledger import balance, note_lookups
from msgsim.providers.messente.networks import Country, countries, country_of

ABSENT, ROAMING, PORTED = 0.1, 0.05, 0.15
"""Shares of numbers whose phone is off, roaming, or ported to another network."""
ABROAD = ("LV", "FI", "DE", "GB")
"""Countries in which phones roam."""
_encode = msgspec.json.Encoder().encode
_CLIENT = re.compile(r"OpenAPI-Generator/(\d+)\.(\d+)")
NETWORKS = ("roamingNetwork", "currentNetwork", "originalNetwork", "portedNetwork")
UNUSABLE = dict.fromkeys(("roaming", "ported", *NETWORKS, "error"))


def looked_up(body: Json, desk: Desk) -> Reply:
    """POST /v1/hlr/sync. Raises Refused with ``no_credit`` for a prepaid account without balance."""
    if desk.settings["prepaid"] and balance(desk) <= 0:
        raise Refused(Refusal("no_credit"))
    items = [_item(number, desk) for number in body["numbers"]]
    found = Counter(_country(item["number"]) for item in items if item["status"] != "INVALID")
    note_lookups(found, desk)
    spelling = _spelling(desk)
    for item in items:
        item["status"] = spelling.get(item["status"], item["status"])
    return Reply(200, _encode({"request_id": desk.seed.uuid4(desk.number()), "result": items}))


def _country(number: str) -> str:
    country = country_of(number)
    return country.code if country else ""


def _spelling(desk: Desk) -> dict[str, str]:
    """Documented status → status in this answer: ON and OFF, or ``"true"`` and ``"false"`` for the newest clients.

    Clients from version 2.7 on can only read the latter.
    """
    spelling = desk.settings["lookup_status"]
    if spelling == "auto":
        version = _CLIENT.match(desk.call.headers.get("user-agent", ""))
        newest = version is not None and (int(version[1]), int(version[2])) >= (2, 7)
        spelling = "true/false" if newest else "ON/OFF"
    return {"ON": "true", "OFF": "false"} if spelling == "true/false" else {}


def _item(written: str, desk: Desk) -> Json:
    number = f"+{written.removeprefix('+')}"
    known = desk.settings["lookups"].get(number, {})
    country = country_of(number) if is_e164(number) else None
    status = known.get("status") or _status(number, country, desk)
    if status == "INVALID" or country is None:
        return {"number": written, **UNUSABLE, "status": "INVALID"}
    if status == "UNKNOWN":
        return {"number": written, **UNUSABLE, "status": "UNKNOWN"}
    return {"number": written, **_networks(number, country, known, desk), "status": status, "error": None}


def _status(number: str, country: Country | None, desk: Desk) -> str:
    if country is None or impossible(number):
        return "INVALID"
    return "OFF" if _chance(number, "absent", desk) < ABSENT else "ON"


def _chance(number: str, what: str, desk: Desk) -> float:
    return desk.seed.fraction(int(number[1:]), what)


def _networks(number: str, country: Country, known: Json, desk: Desk) -> Json:
    """The original, the current, the ported and the roaming network of a number."""
    ported = known.get("ported", _chance(number, "ported", desk) < PORTED)
    roaming = known.get("roaming", _chance(number, "roaming", desk) < ROAMING)
    at_first = int(_chance(number, "network", desk) * len(country.networks)) if country.networks else 0
    original, other = (_network(country, at_first + step) for step in (0, 1))
    abroad = next(code for code in ABROAD if code != country.code)
    return {
        "roaming": roaming,
        "ported": ported,
        "roamingNetwork": _network(countries()[abroad], at_first) if roaming else None,
        "currentNetwork": other if ported else original,
        "originalNetwork": original,
        "portedNetwork": other if ported else None,
    }


def _network(country: Country, place: int) -> Json:
    """A network of a country; None where no networks are known. ``place``: any whole number, taken modulo."""
    if not country.networks:
        return None
    number, name = country.networks[place % len(country.networks)]
    return {
        "mccmnc": str(number),
        "networkName": name,
        "countryName": country.name,
        "countryPrefix": country.prefix,
        "countryCode": country.code,
    }


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The error body of this API: one level deeper than in the others, with whole numbers as codes."""
    first = desk.contract.errors[refusals[0].key]
    listed = [
        {"error": {"code": error.code, "description": error.text_of(refusal)}}
        for refusal in refusals
        for error in [desk.contract.errors[refusal.key]]
    ]
    return Reply(first.status, _encode({"errors": listed}), tuple(first.headers.items()))
