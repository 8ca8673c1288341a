"""What can be asked of this provider: statuses, once or again, and whose numbers are whose."""

from collections.abc import Iterable, Iterator

import msgspec

from msgsim.model import Json, Message, Refusal, Refused, Reply
from msgsim.provider import Desk
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.carriers import UNKNOWN, digits
from msgsim.providers.sinch.query import date, moment, positive, query
from msgsim.providers.sinch.reports import Known, entry, known, legacy

DAY = 86_400_000
KEPT = 3 * DAY
"""Statuses can be asked for this long after their last change."""
CURSOR = "status-list"
RECENT = "status-queries"


def shape(body: Json, desk: Desk) -> Json:
    """Ids as strings, in lower case: they are compared without regard to case."""
    if not isinstance(body, dict):
        return body
    shaped = {name: value for name, value in body.items() if value is not None}
    for name in ("ids", "correlationIds", "destinations"):
        if isinstance(listed := shaped.get(name), list):
            shaped[name] = [str(one) if type(one) is int else one for one in listed]
    return shaped


def limited(desk: Desk) -> None:
    """Count a status query of this address. Raises Refused beyond the documented rate."""
    count(desk, RECENT, desk.settings["status_rate_limit"], "too_many_status_queries")


def count(desk: Desk, kind: str, rate: int, error: str) -> None:
    """Count a request of this address. Raises Refused when there were as many in the second before; 0: never."""
    if not rate:
        return
    recent = [at for at in desk.record(kind, desk.call.client) or [] if desk.now - at < 1000]
    if len(recent) >= rate:
        raise Refused(Refusal(error))
    desk.keep(kind, desk.call.client, [*recent, desk.now])


def _visible(messages: Iterable[Message], desk: Desk) -> Iterator[tuple[Message, Known]]:
    """Messages of those whose statuses the caller may see, with what is known of them and still kept."""
    mine, viewer = account(desk.settings), desk.credential.name
    for message in messages:
        what = known(message, desk.now)
        if what is not None and what.updated >= desk.now - KEPT and mine.shares(viewer, message.credential):
            yield message, what


def searched(body: Json, desk: Desk) -> Reply:
    """Statuses by id and by correlation id; what has none yet is left out."""
    limited(desk)
    found = {one.key: one for id in body.get("ids", ()) if (one := desk.message(id.lower())) is not None}
    if correlations := set(body.get("correlationIds", ())):
        found |= {
            one.key: one
            for one in desk.messages(desk.now - KEPT - 1)
            if one.extra.get("correlationId", one.id) in correlations
        }
    told = [entry(message, what) for message, what in _visible((found[key] for key in sorted(found)), desk)]
    return _answer(told, desk.now - DAY, desk.now)


def listed(body: Json, desk: Desk) -> Reply:
    """Statuses this call has not given before, in the order they came; a later status is given again."""
    limited(desk)
    asked = query(desk)
    most = positive(asked, "limit", 1_000_000)
    start, end = moment(asked, "start"), moment(asked, "end")
    cursor = desk.record(CURSOR, desk.credential.name) or {"at": 0, "given": []}
    since = max(cursor["at"], desk.now - KEPT, start or 0)
    given = set(cursor["given"])
    fresh = [
        (what.updated, message, what)
        for message, what in _visible(desk.messages(since - 1), desk)
        if since <= what.updated <= (desk.now if end is None else end)
        and not (what.updated == cursor["at"] and _mark(message, what) in given)
    ]
    fresh.sort(key=lambda one: (one[0], one[1].key))
    del fresh[most:]
    if fresh:
        last = fresh[-1][0]
        marks = [_mark(message, what) for at, message, what in fresh if at == last]
        desk.keep(
            CURSOR,
            desk.credential.name,
            {"at": last, "given": cursor["given"] + marks if last == cursor["at"] else marks},
        )
    told = [entry(message, what) for _, message, what in fresh]
    return _answer(told, desk.now - DAY if start is None else start, desk.now if end is None else end)


def _mark(message: Message, what: Known) -> str:
    return f"{message.key} {(what.delivered or what.sent).status}"


def _answer(told: list[Json], start: int, end: int) -> Reply:
    envelope = {"total": len(told), "start": date(start), "end": date(end), "smsStatuses": told}
    return Reply(200, msgspec.json.encode(envelope))


def single(body: Json, desk: Desk) -> Reply:
    """The older status query: one message, one flat object."""
    limited(desk)
    id = query(desk).get("id", "")
    if not id:
        raise Refused(Refusal("id_missing", "id"))
    message = desk.message(id.lower())
    if message is None or not account(desk.settings).shares(desk.credential.name, message.credential):
        raise Refused(Refusal("unknown_message", "id"))
    what = known(message, desk.now)
    if what is not None and what.updated < desk.now - KEPT:
        raise Refused(Refusal("unknown_message", "id"))
    return Reply(200, msgspec.json.encode(legacy(message, what)))


def looked_up(body: Json, desk: Desk) -> Reply:
    """Which carrier numbers belong to; those that can be no mobile's are inactive."""
    told = [_carrier(digits(number) or number, desk) for number in body["destinations"]]
    return Reply(200, msgspec.json.encode({"id": desk.seed.uuid1(desk.ticks(1)), "destinations": told}))


def _carrier(number: str, desk: Desk) -> Json:
    carriers = account(desk.settings).carriers
    carrier = carriers.of(number, desk.seed)
    if carrier is None:
        return {"destination": number, "active": False, "carrier": {"name": UNKNOWN.name}}
    names = {"name": carrier.name, "countryCode": carriers.country(number)}
    return {"destination": number, "active": True, "carrier": {name: value for name, value in names.items() if value}}
