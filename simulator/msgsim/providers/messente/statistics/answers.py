"""Reports on the messages of the sandbox, by the day (sandbox's clock, UTC) on which a channel was tried."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from msgsim.clock import iso
from msgsim.model import Json, Refusal, Refused, Reply
from msgsim.plan import begins
from msgsim.provider.desk import Desk
from msgsim.providers.messente.ledger import LOOKUPS
from msgsim.providers.messente.networks import countries, country_of
from msgsim.providers.messente.price import charges

TYPES = ("sms", "viber", "whatsapp", "rcs", "hlr")
_encode = msgspec.json.Encoder().encode


def is_day(text: str) -> bool:
    """Whether a text is a date such as ``2026-01-31``."""
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def reported(body: Json, desk: Desk) -> Reply:
    """An entry per country, by name. Raises Refused with ``end_before_start``."""
    start, end = body["start_date"], body["end_date"]
    if end < start:
        raise Refused(Refusal("end_before_start", "end_date"))
    counts: Counter[str] = Counter()
    prices: defaultdict[str, Decimal] = defaultdict(Decimal)
    for day, kind, country, count, price in _charged(desk):
        if start <= day <= end and kind in body.get("message_types", TYPES):
            counts[country] += count
            prices[country] += price
    lines = [
        {"total_messages": counts[country], "total_price": f"{prices[country]:.5f}", "country": country}
        for country in sorted(counts)
    ]
    return Reply(200, _encode({"reports": lines}))


def _charged(desk: Desk) -> Iterator[tuple[str, str, str, int, Decimal]]:
    """(day, type, name of the country, count, price) of everything sent or looked up."""
    names: dict[str, str] = {}
    for message in desk.messages():
        if message.to not in names:
            country = country_of(message.to)
            names[message.to] = country.name if country else "Unknown"
        for channel, price in charges(message, desk.now, desk.settings, desk.contract):
            at = begins(message, message.channels.index(channel))
            yield iso(message.start if at is None else at)[:10], channel.name, names[message.to], 1, price
    for key, record in desk.records(LOOKUPS):
        day, _, code = key.partition(" ")
        country = countries().get(code)
        price = Decimal(desk.settings["lookup_price"]) * record["count"]
        yield day, "hlr", country.name if country else code, record["count"], price


def refuse(refusals: Sequence[Refusal], desk: Desk) -> Reply:
    """The error body of this API: with ``details`` where the others have ``detail``."""
    first = desk.contract.errors[refusals[0].key]
    listed = [_error(refusal, desk) for refusal in refusals]
    return Reply(first.status, _encode({"errors": listed}), tuple(first.headers.items()))


def _error(refusal: Refusal, desk: Desk) -> Json:
    error = desk.contract.errors[refusal.key]
    field = f"{refusal.source}: " if refusal.source else ""
    return {"code": error.code, "details": field + error.text_of(refusal), "title": error.title}
