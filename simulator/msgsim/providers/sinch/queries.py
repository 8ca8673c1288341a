"""Queries: statuses (consuming, or by id), and the carriers of numbers."""

from collections.abc import Callable
from itertools import islice

import msgspec

from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.carriers import UNKNOWN, digits
from msgsim.providers.sinch.consuming import unread
from msgsim.providers.sinch.drafts import is_sms
from msgsim.providers.sinch.limits import limit_queries
from msgsim.providers.sinch.query import date, moment, number, query
from msgsim.providers.sinch.reports import entry, known, legacy

DAY = 86_400_000
KEPT = 3 * DAY
"""Milliseconds for which statuses can be queried after their last change."""
CURSOR = "status-list"
MOST_LISTED = 1000
"""Most entries in an answer of the list, as for the list of MOs; the next call continues [inferred]."""
MOST_FOUND = 10_000
"""Most entries of a search, and per correlation id: the event loop serves nobody else meanwhile [inferred]."""


def shape(body: Json, desk: Desk) -> Json:
    """A body with ids and phone numbers as texts. Raises Refused for JSON numbers in strict mode."""
    if not isinstance(body, dict):
        return body
    shaped = {name: value for name, value in body.items() if value is not None}
    for name in ("ids", "correlationIds", "destinations"):
        if isinstance(listed := shaped.get(name), list) and any(type(value) is int for value in listed):
            desk.note(f"{name} is taken from a JSON list of numbers")
            shaped[name] = [str(value) if type(value) is int else value for value in listed]
    return shaped


def _may_see(desk: Desk) -> Callable[[Message], bool]:
    """Whether a message is an SMS whose statuses the caller may see."""
    customer, viewer = account(desk), desk.credential.name

    def sees(message: Message) -> bool:
        return is_sms(message) and customer.sees(viewer, message.credential, message.extra.get("subAccount", ""))

    return sees


def searched(body: Json, desk: Desk) -> Reply:
    """Statuses by id and by correlation id; messages without a status are left out."""
    limit_queries(desk)
    ids, references = body.get("ids", ()), dict.fromkeys(body.get("correlationIds", ()))
    messages = [desk.message(id.lower()) for id in ids]
    for reference in references:
        messages += islice(desk.referred(reference), MOST_FOUND)
        # The correlation id of a message that was sent without any is its id.
        messages += [own for own in [desk.message(reference)] if own and own.id == reference and not own.reference]
    may_see = _may_see(desk)
    found = {message.key: message for message in messages if message is not None and may_see(message)}
    statuses = [(message, known(message, desk.now)) for _, message in sorted(found.items())]
    entries = [entry(message, status) for message, status in statuses if status and status.updated >= desk.now - KEPT]
    return _answer(entries[-MOST_FOUND:], desk.now - DAY, desk.now)


def listed(body: Json, desk: Desk) -> Reply:
    """Statuses that the caller has not got by this call before, by time; each later status is listed again."""
    limit_queries(desk)
    parameters = query(desk, "limit", "start", "end")
    most = min(number(parameters, "limit", MOST_LISTED), MOST_LISTED)
    start, end = moment(parameters, "start"), moment(parameters, "end")
    window = (desk.now - KEPT if start is None else max(start, desk.now - KEPT), desk.now if end is None else end)
    latest = unread(desk, CURSOR, window, most, _may_see(desk), look=start is not None)
    statuses = ((message, known(message, desk.now)) for _, message in latest)
    entries = [entry(message, status) for message, status in statuses if status is not None]
    return _answer(entries, desk.now - DAY if start is None else start, desk.now if end is None else end)


def _answer(entries: list[Json], start: int, end: int) -> Reply:
    envelope = {"total": len(entries), "start": date(start), "end": date(end), "smsStatuses": entries}
    return Reply(200, msgspec.json.encode(envelope))


def single(body: Json, desk: Desk) -> Reply:
    """The older status query: a single message as a flat object. Raises Refused."""
    limit_queries(desk)
    id = query(desk, "id").get("id", "")
    if not id:
        raise Refused(Refusal("id_missing", "id"))
    message = desk.message(id.lower())
    if message is None or not _may_see(desk)(message):
        raise Refused(Refusal("unknown_message", "id"))
    status = known(message, desk.now)
    if status is not None and status.updated < desk.now - KEPT:
        raise Refused(Refusal("unknown_message", "id"))
    return Reply(200, msgspec.json.encode(legacy(message, status)))


def looked_up(body: Json, desk: Desk) -> Reply:
    """POST carrier/lookup: the carriers of numbers; those that are not mobile numbers are inactive."""
    found = [_carrier(digits(number) or number, desk) for number in body["destinations"]]
    return Reply(200, msgspec.json.encode({"id": desk.seed.uuid1(desk.ticks(1)), "destinations": found}))


def _carrier(number: str, desk: Desk) -> Json:
    carriers = account(desk).carriers
    carrier = carriers.of(number, desk.seed)
    if carrier is None:
        return {"destination": number, "active": False, "carrier": {"name": UNKNOWN.name}}
    names = {"name": carrier.name, "countryCode": carriers.country(number)}
    return {"destination": number, "active": True, "carrier": {name: value for name, value in names.items() if value}}
