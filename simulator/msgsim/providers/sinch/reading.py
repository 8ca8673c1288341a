"""From a request to drafts: lenient scalars, defaults merged, rules a schema cannot say."""

from collections.abc import Iterable, Iterator
from typing import cast
from urllib.parse import parse_qsl

from msgspec.structs import replace

from msgsim.model import Beat, Channel, Draft, Json, Refusal, Refused
from msgsim.provider import Desk, json_of
from msgsim.providers.sinch import campaigns, schedule
from msgsim.providers.sinch.account import Account, Text, account
from msgsim.providers.sinch.carriers import UNKNOWN, Carrier, digits
from msgsim.providers.sinch.segments import parts, without_accents

TEXTS = frozenset({"flowId", "templateId", "templateName"})
"""Where a text may come from besides ``messageText``; a bulk says it for all of them at its root."""
INTEGERS = frozenset({"expiresAt", "expiresInMinutes", "scheduledAt", "delayedInMinutes", "templateId"})
ROOT_ONLY = frozenset(
    {"timeZone", "scheduledDate", "scheduledAt", "delayedInMinutes", "expiresAt", "expiresInMinutes", "expiresDate"}
    | {"timeWindow", "campaignAlias"}
)
"""Discarded inside the messages of a bulk."""
MAPS = frozenset({"messages", "defaultValues", "params", "timeWindow"})
LOOK_AT = INTEGERS | ROOT_ONLY | MAPS | {"flashSMS", "templateID"}
OWN = ("correlationId", "extraInfo")
"""Members that are told again in every report."""
MOST = 1000
"""Messages in a bulk."""
MOST_EXPLAINED = 20
CREDENTIALS = frozenset({"username", "authenticationtoken"})

INVALID_NUMBER = (Beat(160, "INVALID_DESTINATION_NUMBER"),)
WRONG_PARAMS = (Beat(160, "INVALID_MESSAGE_TEXT"),)
WITHOUT_DLR = (Beat(200, "SENT_SUCCESS"),)
"""Where no scenario says otherwise."""


class Batch:
    """What the messages of one request share; a single send is a batch of one."""

    def __init__(self, body: Json, desk: Desk) -> None:
        self.account: Account = account(desk.settings)
        self.seed = desk.seed
        self.first = desk.ticks(len(body.get("messages", ("one",))) + 1)
        self.id = desk.seed.uuid1(self.first)
        name = body.get("timeZone")
        where = schedule.zone(name) if name else self.account.zone(desk.credential.name)
        start = schedule.inside(schedule.scheduled(body, where, desk.now), body.get("timeWindow", ()), where)
        self.start = start if start > desk.now else None
        self.expires = schedule.expiry(body, where, desk.now)
        self._extras: dict[Carrier, dict[str, Json]] = {}
        self.extra: dict[str, Json] = {}
        if alias := body.get("campaignAlias"):
            campaign = campaigns.with_alias(alias, desk) or {}
            self.extra = {"campaignId": campaign.get("id"), "campaignAlias": alias}
        if reference := body.get("subAccount"):
            self.extra["subAccount"] = reference

    def extra_of(self, carrier: Carrier) -> dict[str, Json]:
        """What all messages to a carrier say besides their own."""
        if (found := self._extras.get(carrier)) is None:
            found = self._extras[carrier] = {"carrierId": carrier.id, "carrierName": carrier.name, **self.extra}
        return found


def shape(body: Json, desk: Desk) -> Json:
    """A single message with its scalars as documented."""
    if type(body) is not dict:
        return body
    tolerances: dict[str, None] = {}
    shaped = _tidy(body, tolerances, frozenset())
    _note(tolerances, desk)
    return shaped


def _note(tolerances: Iterable[str], desk: Desk) -> None:
    for tolerance in tolerances:
        desk.note(tolerance)


def shape_bulk(body: Json, desk: Desk) -> Json:
    """Every message complete: its own members, then ``defaultValues``, then the text source of the root."""
    if type(body) is not dict:
        return body
    tolerances: dict[str, None] = {}
    root = _tidy(body, tolerances, frozenset())
    defaults = root.get("defaultValues")
    if isinstance(defaults, dict):
        defaults = root["defaultValues"] = _tidy(defaults, tolerances, ROOT_ONLY)
    else:
        defaults = {}
    common = {name: root[name] for name in TEXTS if name in root} | defaults
    if isinstance(messages := root.get("messages"), list):
        root["messages"] = [_merged(item, common, tolerances) for item in messages]
    _note(tolerances, desk)
    return root


def _merged(item: Json, common: dict[str, Json], tolerances: dict[str, None]) -> Json:
    if type(item) is not dict:
        return item
    item = _tidy(item, tolerances, ROOT_ONLY)
    if not common:
        return item
    merged = {**common, **item}
    if "params" in item and isinstance(both := common.get("params"), dict) and isinstance(item["params"], dict):
        merged["params"] = {**both, **item["params"]}
    return merged


def _tidy(item: dict[str, Json], tolerances: dict[str, None], discarded: frozenset[str]) -> dict[str, Json]:
    """The item itself when there is nothing to do: this is asked a thousand times per bulk."""
    for name, value in item.items():
        if type(value) is not str or name in LOOK_AT:
            return dict(_documented(item, tolerances, discarded))
    return item


def _documented(
    item: dict[str, Json], tolerances: dict[str, None], discarded: frozenset[str]
) -> Iterator[tuple[str, Json]]:
    for spelled, value in item.items():
        name = "templateId" if spelled == "templateID" else spelled
        if value is None:
            continue
        if name in discarded:
            tolerances[f"{name} belongs at the root and is discarded inside a message"] = None
            continue
        taken = _taken(name, value)
        if taken is not value:
            tolerances[f"{name} is taken from a JSON {_kind(value)}"] = None
        yield name, taken


def _taken(name: str, value: Json) -> Json:
    """A number as a string, ``"30"`` as a number, ``"true"`` as a truth value: as deployed clients send them."""
    kind = type(value)
    if name in INTEGERS:
        if kind is str and value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 20:
            return int(value)
        return int(value) if kind is float and value.is_integer() else value
    if name == "flashSMS":
        return {"true": True, "false": False}.get(value.lower(), value) if kind is str else value
    if name == "timeWindow" and kind is list:
        hours = [int(hour) if isinstance(hour, str) and _is_hour(hour) else hour for hour in value]
        return hours if hours != value else value
    if name == "params" and kind is dict:
        params = {key: _text(one) for key, one in value.items()}
        return params if params != value else value
    return value if name in MAPS else _text(value)


def _is_hour(text: str) -> bool:
    return text.isascii() and text.strip().isdecimal() and len(text) < 5


def _text(value: Json) -> Json:
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value) if type(value) in (int, float) else value


def _kind(value: Json) -> str:
    named: dict[type, str] = {str: "string", list: "list of strings", dict: "map of numbers"}
    return named.get(type(value), "number")


def parse(desk: Desk) -> Json:
    """The members of a single message from a query string, where everything is text."""
    query: dict[str, Json] = {}
    for name, value in parse_qsl(desk.call.query, keep_blank_values=True):
        if name.lower() in CREDENTIALS:
            continue
        if name == "timeWindow":
            query.setdefault(name, []).extend(value.strip("[] ").split(","))
        else:
            query[name] = _map(value) if name == "params" else value
    return _tidy(query, {}, frozenset())


def _map(text: str) -> Json:
    try:
        return json_of(text.encode(errors="replace"))
    except Refused:
        return text


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """The rules of a single message that need the clock or the account."""
    if not isinstance(body, dict):
        return
    yield from _account_rules(body, desk)
    at = body.get("scheduledAt")
    if (
        type(at) is int
        and 0 < schedule.unix(at) - desk.now < schedule.HALF_HOUR
        and desk.settings["thirty_minute_rule"]
    ):
        yield Refusal("schedule_too_soon", "scheduledAt")


def check_bulk(body: Json, desk: Desk) -> Iterable[Refusal]:
    """The rules of a bulk that need the account, and those of each message."""
    if not isinstance(body, dict):
        return
    yield from _account_rules(body, desk)
    messages = body.get("messages")
    if isinstance(messages, list) and len(messages) <= MOST:
        yield from _message_rules(messages, desk)


def _message_rules(messages: list[Json], desk: Desk) -> Iterator[Refusal]:
    """Explaining takes long: only wrong messages are, and of many only the first."""
    schema, told = desk.contract.schema("message"), 0
    if schema.accepts_all(messages):
        return
    for index, item in enumerate(messages):
        if schema.accepts(item):
            continue
        for refusal in schema.violations(item):
            yield replace(refusal, source=".".join(filter(None, ("messages", str(index), refusal.source))))
        told += 1
        if told == MOST_EXPLAINED:
            return


def _account_rules(body: dict[str, Json], desk: Desk) -> Iterator[Refusal]:
    """Who may send for whom, and whether the campaign is registered."""
    user, reference = account(desk.settings).user(desk.credential.name), body.get("subAccount")
    if user is not None and user.admin and not reference:
        yield Refusal("forbidden")
    elif user is not None and not user.admin and reference not in (None, user.sub_account):
        yield Refusal("forbidden_subaccount", "subAccount")
    alias = body.get("campaignAlias")
    if isinstance(alias, str) and campaigns.with_alias(alias, desk) is None:
        yield Refusal("unknown_campaign", "campaignAlias")


def items(body: Json) -> list[Json]:
    return cast("list[Json]", body["messages"])


def read(body: Json, desk: Desk) -> Draft:
    """A single message: a batch of one."""
    return _draft(body, None, Batch(body, desk), desk)


def read_item(item: Json, index: int, batch: Batch, desk: Desk) -> Draft:
    """One message of a bulk."""
    return _draft(item, index, batch, desk)


def _draft(item: dict[str, Json], index: int | None, batch: Batch, desk: Desk) -> Draft:
    """One message; index None: the whole body is. Raises Refused when its flow or template is not there."""
    number = item["destination"]
    if not (number.isdecimal() and number.isascii()):
        number = digits(number) or number
        desk.note("destination is not digits only")
    fate: tuple[Beat, ...] | None = None
    if TEXTS.isdisjoint(item):
        text = item["messageText"]
        if "params" in item:
            desk.note("params without flowId or template are ignored")
    else:
        text, right = _composed(item, index, batch.account)
        fate = None if right else WRONG_PARAMS
    carrier = batch.account.carriers.of(number, batch.seed)
    if carrier is None:
        carrier, fate = UNKNOWN, INVALID_NUMBER
    elif not carrier.dlr and fate is None:
        fate = WITHOUT_DLR
    if not text.isascii() and not (carrier.accents and batch.account.settings["accents"]):
        text = without_accents(text)
    content = parts(text)
    if "flashSMS" in item or (content["parts"] > 1 and not carrier.concatenation):
        content = content | {"flashSMS": item.get("flashSMS", False), "concatenated": carrier.concatenation}
    extra = batch.extra_of(carrier)
    for name in OWN:
        if name in item:
            extra = {**extra, name: item[name]}
    place = index or 0
    id = batch.seed.uuid1(batch.first + 1 + place)
    channel = Channel("sms", id, batch.account.short_code, "", text, content)
    reference = item.get("correlationId", "")
    return Draft(id, number, (channel,), batch.start, batch.expires, fate, extra, batch.id, place, reference)


def _composed(item: dict[str, Json], index: int | None, mine: Account) -> tuple[str, bool]:
    """The text of a flow or template, and whether the params are exactly those it asks for."""
    where = "" if index is None else f"messages.{index}."
    text = _flow(item["flowId"], where, mine) if "flowId" in item else _template(item, where, mine)
    params = item.get("params", {})
    return text.filled(params), text.gaps == params.keys()


def _flow(id: str, where: str, mine: Account) -> Text:
    if (found := mine.flows.get(id.lower())) is None:
        raise Refused(Refusal("unknown_flow", f"{where}flowId", values={"value": id}))
    return found


def _template(item: dict[str, Json], where: str, mine: Account) -> Text:
    id, name = item.get("templateId"), item.get("templateName")
    fitting = [one for one in mine.templates if id in (None, one.id) and name in (None, one.name)]
    if not fitting:
        raise Refused(Refusal("unknown_template", f"{where}templateName", values={"value": str(name or id)}))
    if len(fitting) > 1:
        raise Refused(Refusal("ambiguous_template", f"{where}templateName", values={"value": name}))
    return fitting[0]
