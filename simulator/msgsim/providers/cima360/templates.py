"""Templates of the settings and their gaps: ``{{1}}`` by position, ``{{name}}`` by name. The notation is inferred."""

import re
from collections.abc import Mapping

from msgsim.model import Json

ANY = "*"
_GAP = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def of(id: str, settings: Mapping[str, Json]) -> dict[str, Json] | None:
    """The template of an id, or the one that stands for every id; None: there is no such template."""
    templates: dict[str, dict[str, Json]] = settings["templates"]
    return templates.get(id, templates.get(ANY))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A gap without a value stays, so that one sees it."""
    if "{{" not in text:
        return text
    return _GAP.sub(lambda gap: values.get(gap[1], gap[0]), text)
