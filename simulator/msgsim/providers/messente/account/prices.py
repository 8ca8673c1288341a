"""Prices. Every network has the price of the setting ``part_price``, as every message has."""

import csv
from io import StringIO
from xml.sax.saxutils import escape

import msgspec

from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente.networks import Country, countries, is_country
from msgsim.providers.messente.texts import answer

HEADER = ("Country", "Code", "MCCMNC", "Network", "Price")


def of_a_country(body: Json, desk: Desk) -> Reply:
    """GET /prices. Raises Refused for an unknown country, a country without prices, or an unknown format."""
    code, form = body["country"].upper(), body.get("format", "json").lower()
    if form not in ("json", "xml"):
        raise Refused(Refusal("bad_format", "format"))
    if (country := countries().get(code)) is None:
        raise Refused(Refusal("country_not_supported" if is_country(code) else "country_not_found", "country"))
    price = desk.settings["part_price"]
    if form == "xml":
        return answer(_xml(country, price), "application/xml")
    as_text = desk.settings["price_mccmnc"] == "string"
    networks = [
        {"mccmnc": str(number) if as_text else number, "name": name, "price": price}
        for number, name in country.networks
    ]
    body = {"country": country.code, "name": country.name, "prefix": country.prefix, "networks": networks}
    return Reply(200, msgspec.json.encode(body))


def _xml(country: Country, price: str) -> str:
    networks = "".join(
        f"<network><mccmnc>{number}</mccmnc><name>{escape(name)}</name><price>{price}</price></network>"
        for number, name in country.networks
    )
    head = f"<country>{country.code}</country><name>{escape(country.name)}</name><prefix>{country.prefix}</prefix>"
    declaration = "<?xml version='1.0' encoding='UTF-8' standalone=\"yes\"?>"
    return f"{declaration}<pricing>{head}<networks>{networks}</networks></pricing>"


def of_all(body: Json, desk: Desk) -> Reply:
    """GET /pricelist: a line for each network."""
    text = StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEADER)
    for country in countries().values():
        for number, name in country.networks:
            lines.writerow((country.name, country.code, number, name, desk.settings["part_price"]))
    return answer(text.getvalue(), "text/csv;charset=UTF-8")
