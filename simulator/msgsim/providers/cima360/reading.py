"""Reads drafts from bodies and items that have passed their schemas."""

from msgsim.clock import date_time
from msgsim.engine.device import text_of_html
from msgsim.model import Beat, Channel, Draft, Json, Refusal, Refused
from msgsim.provider.desk import Desk
from msgsim.providers.cima360.formats import is_impossible
from msgsim.providers.cima360.templates import filled, of

UNREACHABLE = (Beat(200, "failed"),)
"""The statuses of a message to an impossible number."""


def payload(body: Json) -> list[Json]:
    items: list[Json] = body["payload"]
    return items


def recipients(body: Json) -> list[Json]:
    items: list[Json] = body["recipients"]
    return items


def ott(item: Json, index: int, body: Json, desk: Desk) -> Draft:
    """An OTT message. Raises Refused for an unknown template, a wrong number of parameters, or an unknown channel."""
    template = of(item["templateID"], desk.settings)
    if template is None:
        raise Refused(Refusal("ott_template", "templateID"))
    parameters: list[str] = item.get("templateParameters") or []
    wanted = template.get("parameters", len(parameters))
    if len(parameters) != (wanted if isinstance(wanted, int) else len(wanted)):
        raise Refused(Refusal("ott_parameters", "templateParameters"))
    channel = desk.settings["channels"].get(str(int(item["channelType"])))
    if channel is None:
        raise Refused(Refusal("ott_channel", "channelType"))
    recipient: str = item["recipient"]
    if recipient[0] == "+":
        desk.note("The OTT document writes recipients without a plus.")
    id = desk.seed.hex(desk.number(), 18)
    content = {name: item[name] for name in ("templateID", "templateParameters", "channelType") if name in item}
    route = Channel(channel, id, text=_by_position(template, parameters), content=content)
    return Draft(id, recipient, (route,), fate=_fate(recipient), item=index)


def _by_position(template: Json, parameters: list[str]) -> str:
    """The template's text, filled by position and, where it names its parameters, by name."""
    if "text" not in template:
        return ", ".join(parameters)
    names = template.get("parameters")
    named = dict(zip(names, parameters, strict=False)) if isinstance(names, list) else {}
    return filled(template["text"], {str(place): value for place, value in enumerate(parameters, 1)} | named)


def sms(body: Json, desk: Desk) -> Draft:
    """A text, or a journey with its template."""
    if body["recipient"][0] != "+":
        desk.note("The SMS document writes recipients with a plus.")
    return _spoken_or_written("sms", body, desk)


def voice(body: Json, desk: Desk) -> Draft:
    """A text or a template that is spoken. Inferred."""
    return _spoken_or_written("voice", body, desk)


def _spoken_or_written(channel: str, body: Json, desk: Desk) -> Draft:
    """A text or a template for a phone; ids have 24 hexadecimal digits in both services."""
    text = body.get("messageBody")
    if text is None:
        template = of(body["templateID"], desk.settings) or {}
        values = {name: str(value) for name, value in body.get("templateParams", {}).items()}
        text = filled(template["text"], values) if "text" in template else ", ".join(values.values())
    content = {name: value for name, value in body.items() if name not in ("recipient", "messageBody")}
    id = desk.seed.hex(desk.number(), 24)
    routes = (Channel(channel, id, text=text, content=content or None),)
    start = _start(body.get("programmedDate"), desk)
    return Draft(id, body["recipient"], routes, start=start, fate=_fate(body["recipient"]))


def _fate(recipient: str) -> tuple[Beat, ...] | None:
    """The draft's fate; None: the default life."""
    return UNREACHABLE if is_impossible(recipient) else None


def _start(date: str | None, desk: Desk) -> int | None:
    """The start of a draft. A past date sends at once, because the document's own sample has a past date."""
    if date is None:
        return None
    if not date.endswith(("Z", "+00:00")):
        desk.note("The document writes programmedDate in UTC, with a Z at its end.")
    return date_time(date)


def email(item: Json, index: int, body: Json, desk: Desk) -> Draft:
    """An e-mail to a recipient. Raises Refused for an unknown template."""
    html = body.get("html")
    if html is None:
        template = of(body["templateId"], desk.settings)
        if template is None:
            raise Refused(Refusal("email_template", "templateId"))
        html = template.get("html", template.get("text", ""))
    fields = item.get("fields") or {}
    html = filled(html, fields)
    subject = filled(body["subject"], fields)
    id = desk.seed.hex(desk.number(), 24)
    sender = body.get("from", "")
    content = {"from": sender, "subject": subject, "html": html}
    return Draft(id, item["to"], (Channel("email", id, sender, text=text_of_html(html), content=content),), item=index)
