"""Normalises the members of a WhatsApp send: nulls are dropped, numbers become texts."""

import re

from msgsim.model import Json
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.scalars import as_text, present

_GEO_POINT = re.compile(r"\s*-?\d{1,3}(\.\d{1,20})?\s*,\s*-?\d{1,3}(\.\d{1,20})?\s*", re.ASCII)


def is_geo_point(text: str) -> bool:
    """``-22.894180,-47.047960``: latitude and longitude."""
    if _GEO_POINT.fullmatch(text) is None:
        return False
    latitude, longitude = map(float, text.split(","))
    return abs(latitude) <= 90 and abs(longitude) <= 180


def of_a_send(body: Json, desk: Desk) -> Json:
    """A send without nulls, with numbers as texts. Raises Refused in strict mode."""
    if not isinstance(body, dict):
        return body
    shaped = present(body)
    if isinstance(destinations := shaped.get("destinations"), list):
        shaped["destinations"] = [
            _texts(entry, ("destination", "correlationId"), "destinations", desk) for entry in destinations
        ]
    if isinstance(message := shaped.get("message"), dict):
        shaped["message"] = _message(message, desk)
    return shaped


def _message(message: dict[str, Json], desk: Desk) -> dict[str, Json]:
    shaped = {name: present(value) for name, value in present(message).items()}
    for kind in ("hsm", "template"):
        if isinstance(used := shaped.get(kind), dict):
            shaped[kind] = {name: _listed(value, f"{kind}.{name}", desk) for name, value in used.items()}
    if isinstance(interactive := shaped.get("interactive"), dict):
        shaped["interactive"] = _interactive(interactive, desk)
    ttl = shaped.get("ttl")
    if isinstance(ttl, str) and ttl.isascii() and ttl.isdecimal() and len(ttl) < 8:
        desk.note("ttl is taken from a JSON string")
        shaped["ttl"] = int(ttl)
    return shaped


def _interactive(interactive: dict[str, Json], desk: Desk) -> dict[str, Json]:
    """An interactive content with row identifiers as texts: deployed clients send numbers."""
    action = interactive.get("listAction")
    if not (isinstance(action, dict) and isinstance(action.get("sections"), list)):
        return interactive
    sections = [
        {**section, "rows": [_texts(row, ("identifier",), "rows", desk) for row in section["rows"]]}
        if isinstance(section, dict) and isinstance(section.get("rows"), list)
        else section
        for section in action["sections"]
    ]
    return {**interactive, "listAction": {**action, "sections": sections}}


def _texts(entry: Json, names: tuple[str, ...], where: str, desk: Desk) -> Json:
    """An entry of a list with these members as texts."""
    if not isinstance(entry, dict):
        return entry
    shaped = present(entry)
    for name in names:
        if name in shaped:
            shaped[name] = as_text(shaped[name], f"{where}.{name}", desk)
    return shaped


def _listed(value: Json, name: str, desk: Desk) -> Json:
    return [as_text(inner, name, desk) for inner in value] if isinstance(value, list) else value
