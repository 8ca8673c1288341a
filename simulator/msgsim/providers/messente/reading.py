"""Omnimessages to drafts."""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgsim.clock import instant
from msgsim.model import Channel, Draft, Json, Refusal, Refused
from msgsim.provider import Desk, body_of
from msgsim.providers.messente.sms import convert, parts

RETRY_WINDOW = 21_600_000
"""Milliseconds a channel is tried where neither ttl nor validity is given: six hours, as for SMS."""
_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII | re.IGNORECASE)
_COMMON = frozenset(("channel", "sender", "ttl", "validity", "text"))
_EXTENSIONS = {
    "viber": frozenset(("carousel", "template")),
    "whatsapp": frozenset(("text", "image", "video", "audio", "document", "sticker")),
}


def parse(desk: Desk) -> Json:
    """The JSON body; where the setting says so, recipients get the plus they lack."""
    body = body_of(desk)
    if desk.settings["accept_without_plus"] and isinstance(body, dict):
        for one in body.get("messages") or [] if "to" not in body else [body]:
            if isinstance(one, dict) and isinstance(one.get("to"), str) and one["to"].isdigit():
                one["to"] = f"+{one['to']}"
    return body


@lru_cache(maxsize=1024)
def moment(text: str) -> int:
    """ISO 8601 as milliseconds; no zone is UTC. Raises ValueError."""
    if not _FORM.fullmatch(text):
        raise ValueError(text)
    return instant(text.upper())


def is_iso_date_time(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def omnimessage(body: Json, desk: Desk) -> Draft:
    """One omnimessage that has passed its schema, with one channel per message in it."""
    return _draft(body, 0, desk)


def bulk_item(item: Json, index: int, body: Json, desk: Desk) -> Draft:
    """One omnimessage of a bulk."""
    return _draft(item, index, desk)


def _draft(item: Json, index: int, desk: Desk) -> Draft:
    settings = desk.settings
    account = _account(desk)
    sender = str(account.get("sender") or settings["sender"])
    messages = item["messages"]
    omnimessage_id, *ids = desk.seed.uuid4s(desk.number(), 1 + len(messages))
    channels = tuple([_channel(message, place, ids[place], sender, settings) for place, message in enumerate(messages)])
    time_to_send = item.get("time_to_send")
    extra = {"dlr_url": item.get("dlr_url") or str(account.get("dlr_url") or settings["dlr_url"])}
    if "text_store" in item:
        extra["text_store"] = item["text_store"]
    if "priority" in item:
        extra["priority"] = item["priority"]
    return Draft(
        id=omnimessage_id,
        to=item["to"],
        channels=channels,
        start=None if time_to_send is None else moment(time_to_send),
        extra=extra,
        item=index,
    )


def _channel(message: Json, place: int, id: str, sender: str, settings: Mapping[str, Json]) -> Channel:
    name = message["channel"]
    if not settings["extensions"] and name in _EXTENSIONS:
        _refuse_extensions(message, name, place)
    text = message.get("text", "")
    content: dict[str, Json] = {}
    if not message.keys() <= _COMMON:
        content = {key: value for key, value in message.items() if key not in _COMMON}
    if name == "sms":
        text = convert(text, message.get("autoconvert", "on"))
        content |= parts(text, message.get("udh", ""))
    elif not isinstance(text, str):
        content["text"], text = text, text["body"]
    if "ttl" in message:
        ttl = message["ttl"] * 1000
    else:
        ttl = message["validity"] * 60_000 if "validity" in message else RETRY_WINDOW
    return Channel(name, id, message.get("sender") or sender, text=text, content=content or None, ttl=ttl)


def _refuse_extensions(message: Json, name: str, place: int) -> None:
    if _EXTENSIONS[name].isdisjoint(message):
        return
    if name == "viber":
        raise Refused(Refusal("illegal_combination", f"messages.{place}", rule="setting messente.extensions"))
    if "template" not in message:
        raise Refused(Refusal("missing_data", f"messages.{place}.template", rule="setting messente.extensions"))


def _account(desk: Desk) -> Mapping[str, Json]:
    for account in desk.settings["accounts"]:
        if account["username"] == desk.credential.name:
            return account  # type: ignore[no-any-return]
    return {}
