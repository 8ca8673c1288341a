"""Templates of the settings. Gaps are ``{{1}}`` by position or ``{{name}}`` by name; the notation is inferred."""

import re
from collections.abc import Mapping

from msgsim.model import Json

ANY = "*"
"""The id of a template that stands for every unlisted id."""
_GAP = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def of(id: str, settings: Mapping[str, Json]) -> dict[str, Json] | None:
    """The template of an id, else the template `ANY`; None: there is neither."""
    templates: dict[str, dict[str, Json]] = settings["templates"]
    return templates.get(id, templates.get(ANY))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its gaps filled; gaps without a value stay visible."""
    if "{{" not in text:
        return text
    return _GAP.sub(lambda gap: values.get(gap[1], gap[0]), text)
