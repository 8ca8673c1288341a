"""MO (messages from phones): pushed when they arrive, listed once (for three days), searchable for five days."""

from collections.abc import Iterator
from itertools import islice, takewhile
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from msgsim.clock import EARLIEST
from msgsim.model import Due, Inbound, Json, Message, Refusal, Refused, Reply
from msgsim.provider.desk import Desk, View
from msgsim.providers.sinch.account import account
from msgsim.providers.sinch.carriers import UNKNOWN, digits
from msgsim.providers.sinch.drafts import is_sms
from msgsim.providers.sinch.query import date, moment, query

DAY = 86_400_000
LISTED = 3 * DAY
"""Milliseconds for which an MO can be listed."""
FOUND = 5 * DAY
"""Milliseconds for which an MO can be searched."""
MOST = 1000
"""Most MOs in an answer of the list."""
MOST_FOUND = 10_000
"""Most MOs in an answer of the search: the event loop serves nobody else during the call [inferred]."""
CURSOR = "mo-list"
ON_WHATSAPP = "whatsapp"
"""Member of ``extra`` that marks an MO on WhatsApp."""


def receive(inbound: Inbound, message: Message | None, view: View) -> tuple[Inbound, list[Due]]:
    """An MO in the provider's shape, and its push to the user who sent the message that it replies to."""
    customer = account(view)
    number = digits(inbound.sender) or inbound.sender
    carrier = customer.carriers.of(number, view.seed) or UNKNOWN
    extra: dict[str, Json] = {"carrierId": carrier.id, "carrierName": carrier.name}
    owner = inbound.credential or next((user.name for user in customer.users if user.mo_url), "")
    if message is not None and is_sms(message):
        extra |= {name: message.extra[name] for name in ("subAccount", "campaignAlias") if name in message.extra}
        extra["mt"] = _answered(message, view)
    if (user := customer.user(owner)) is not None and user.sub_account:
        extra = {"subAccount": user.sub_account, **extra}
    taken = replace(
        inbound,
        id=view.seed.uuid1(view.ticks(1)),
        sender=number,
        to=inbound.to or customer.short_code,
        credential=owner,
        extra=extra,
    )
    if not (url := customer.setting(owner, "mo_url")):
        return taken, []
    if customer.setting(owner, "mo_method") == "GET":
        given = url.partition("#")[0]
        joined = f"{given}{'&' if '?' in given else '?'}{urlencode(_flat(pushed(taken)))}"
        return taken, [Due(taken.at, joined, "mo-get")]
    return taken, [Due(taken.at, url, "mo")]


def _answered(message: Message, view: View) -> Json:
    user = account(view).user(message.credential)
    email = user.email if user else message.credential if "@" in message.credential else ""
    answered = {
        "id": message.id,
        "correlationId": message.extra.get("correlationId", message.id),
        "username": user.name if user else message.credential,
    }
    return answered | {"email": email} if email else answered


def pushed(inbound: Inbound) -> Json:
    """An MO as it is pushed and listed."""
    extra = inbound.extra
    members = {
        "id": inbound.id,
        "subAccount": extra.get("subAccount"),
        "campaignAlias": extra.get("campaignAlias"),
        "carrierId": extra["carrierId"],
        "carrierName": extra["carrierName"],
        "source": inbound.sender,
        "shortCode": inbound.to,
        "messageText": inbound.text,
        "receivedAt": inbound.at,
        "receivedDate": date(inbound.at),
        "mt": extra.get("mt"),
    }
    return {name: value for name, value in members.items() if value is not None}


def _flat(members: dict[str, Json]) -> dict[str, Json]:
    """The members for a query string: those of ``mt`` as ``mt.id`` and so on."""
    mt = {f"mt.{name}": value for name, value in members.get("mt", {}).items()}
    return {name: value for name, value in members.items() if name != "mt"} | mt


def _visible(desk: Desk, wanted: str | None, since: int, key: int = 0) -> Iterator[Inbound]:
    """The MOs that the caller may see, after a time and key; ``wanted``: only of this subaccount.

    Raises Refused when the caller may not see that subaccount.
    """
    customer, viewer = account(desk), desk.credential.name
    user = customer.user(viewer)
    if wanted and user is not None and not user.admin and wanted != user.sub_account:
        raise Refused(Refusal("forbidden_subaccount", "subAccount"))
    return (
        inbound
        for inbound in desk.inbound(since, key)
        if ON_WHATSAPP not in inbound.extra
        and (wanted is None or inbound.extra.get("subAccount") == wanted)
        and (not inbound.credential or customer.sees(viewer, inbound.credential, inbound.extra.get("subAccount", "")))
    )


def listed(body: Json, desk: Desk) -> Reply:
    """MOs that the caller has not got by this call before."""
    wanted = query(desk, "subAccount").get("subAccount")
    place = f"{desk.credential.name} {wanted or ''}"
    cursor = desk.record(CURSOR, place) or {"at": EARLIEST, "last": [EARLIEST, 0]}
    since, key = max(cursor["last"], [desk.now - LISTED - 1, 0])
    new = list(islice(_visible(desk, wanted, since, key), MOST))
    if new:
        desk.keep(CURSOR, place, {"at": desk.now, "last": [new[-1].at, new[-1].key]})
    return _answer(new, max(cursor["at"], desk.now - LISTED), desk.now)


def found(body: Json, desk: Desk) -> Reply:
    """All MOs of a period, however often they were returned before."""
    parameters = query(desk, "start", "end", "subAccount")
    start, end = moment(parameters, "start"), moment(parameters, "end")
    earliest = desk.now - FOUND
    start = earliest if start is None else max(start, earliest)
    end = desk.now if end is None else end
    fitting = takewhile(lambda inbound: inbound.at <= end, _visible(desk, parameters.get("subAccount"), start - 1))
    return _answer(list(islice(fitting, MOST_FOUND)), start, end)


def _answer(messages: list[Inbound], start: int, end: int) -> Reply:
    entries = [pushed(inbound) for inbound in messages]
    envelope = {"total": len(entries), "start": date(start), "end": date(end), "messages": entries}
    return Reply(200, msgspec.json.encode(envelope))
