"""Templates in sends: whether a template is approved when the message starts, and its filled text."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from msgspec.structs import replace

from msgsim.engine.device import mapping, mappings, words
from msgsim.model import Beat, Channel, Draft, Json
from msgsim.provider.desk import View
from msgsim.providers.messente.templates.store import TEMPLATE, status_of

UNUSABLE = (Beat(1000, "FAILED", 1),)
"""For a message whose template is unknown or not approved."""
_GAP = re.compile(r"\{\{(\d{1,3})\}\}", re.ASCII)


class _Used(NamedTuple):
    """The template that a message names."""

    name: str
    language: str
    components: list[dict[str, Json]]


def filled(draft: Draft, view: View) -> Draft:
    """A draft with its WhatsApp templates filled.

    Channels with an unusable template fail, unless the sandbox has no templates at all: then any template is accepted.
    """
    used = {place: name for place, channel in enumerate(draft.channels) if (name := _used(channel)) is not None}
    if not used or not (known := [template for _, template in view.records(TEMPLATE)]):
        return draft
    at = view.now if draft.start is None else max(draft.start, view.now)
    channels, fates = list(draft.channels), dict(draft.fates)
    for place, name in used.items():
        template = _find(name, known, at, view)
        if template is None:
            fates[place] = UNUSABLE
        else:
            channels[place] = _filled(channels[place], template, name)
    return replace(draft, channels=tuple(channels), fates=fates)


def _used(channel: Channel) -> _Used | None:
    if channel.name != "whatsapp":
        return None
    template = mapping(channel.content).get("template")
    if not isinstance(template, dict):
        return None
    language = words(mapping(template.get("language")).get("code"))
    return _Used(words(template.get("name")), language, mappings(template.get("components")))


def _find(used: _Used, known: list[Json], at: int, view: View) -> Json:
    """The template of this name and language that is approved at a time; None: there is none."""
    fitting = (each for each in known if (each["name"], each["language"]) == used[:2])
    return next((each for each in fitting if status_of(each, at, view) == "approved"), None)


def _filled(channel: Channel, template: Json, used: _Used) -> Channel:
    """A channel with the filled body as its text, and the other filled parts in ``filled`` of its content."""
    values = {
        words(component.get("type")).lower(): [_value(each) for each in mappings(component.get("parameters"))]
        for component in used.components
    }
    parts: dict[str, Json] = {}
    for component in mappings(template["components"]):
        kind = words(component.get("type"))
        if kind == "buttons":
            parts["buttons"] = [
                {"text": words(each.get("text")), "url": words(each.get("url"))}
                for each in mappings(component.get("buttons"))
            ]
        elif written := words(component.get("text")):
            parts[kind] = _with(written, values.get(kind, []))
    text = str(parts.pop("body", ""))
    return replace(channel, text=text, content={**channel.content, "filled": parts})


def _value(parameter: Mapping[str, Json]) -> str:
    """The visible text of a parameter: its text, or the fallback of an amount or a date."""
    inner = mapping(parameter.get(words(parameter.get("type"))))
    return words(parameter.get("text")) or words(inner.get("fallback_value"))


def _with(text: str, values: list[str]) -> str:
    """A text with its gaps filled (``{{1}}`` by the first value); gaps without a value stay."""
    return _GAP.sub(lambda gap: values[int(gap[1]) - 1] if 0 < int(gap[1]) <= len(values) else gap[0], text)
