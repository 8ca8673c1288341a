"""The templates in the settings: finding the template of a send, and filling it."""

import re
from collections.abc import Sequence

from msgspec import Struct

from msgsim.model import Json

ANY = "*"
"""The name of a template that stands for every unlisted one."""
APPROVED = "approved"
GAP = re.compile(r"\{\{(\d{1,3})\}\}", re.ASCII)


class Template(Struct, frozen=True, omit_defaults=True):
    """A template in one language."""

    element_name: str
    text: str = ""
    """With gaps {{1}}, {{2}}, …; empty: not configured."""
    namespace: str = ""
    """Empty: any."""
    language: str = ""
    """Empty: any."""
    status: str = APPROVED
    header: str = ""
    header_type: str = "none"
    footer: str = ""
    buttons_type: str = ""
    buttons: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    message_type: str = "ALERT_UPDATE"

    def fits(self, used: "Used") -> bool:
        return (
            self.element_name == used.name
            and self.namespace in ("", used.namespace)
            and ("" in (self.language, used.language) or _language(self.language) == _language(used.language))
        )

    @property
    def gaps(self) -> int:
        """The number of parameters of its text."""
        return max((int(gap) for gap in GAP.findall(self.text)), default=0)


class Used(Struct, frozen=True):
    """The template that a message names, with its parameters."""

    kind: str
    """``hsm`` or ``template``: the member of the message."""
    name: str
    namespace: str
    language: str
    parameters: tuple[str, ...]
    header: Json
    """``{"title", "element"}``; empty: none."""


class Filled(Struct, frozen=True):
    """A filled template."""

    text: str
    parts: dict[str, Json]
    """The other visible parts: header, footer, buttons."""


def used_in(message: dict[str, Json]) -> Used | None:
    """The template that a message names; None: its content is not a template."""
    kind = next((kind for kind in ("hsm", "template") if kind in message), "")
    if not kind:
        return None
    members = message[kind]
    parameters = members.get("parameters", members.get("bodyParameters", ()))
    language = members.get("languageCode", "")
    return Used(
        kind, members["elementName"], members["namespace"], language, tuple(parameters), members.get("header", {})
    )


def find(used: Used, templates: Sequence[Template]) -> Template | None:
    """The approved template that a message names; None: there is none."""
    listed = [template for template in templates if template.fits(used)]
    if not listed:
        return next((template for template in templates if template.element_name == ANY), None)
    return next((template for template in listed if template.status == APPROVED), None)


def matches(used: Used, template: Template) -> bool:
    """Whether the number of parameters is right, and a header is given where the template's has a gap or media."""
    if template.element_name == ANY:
        return True
    if len(used.parameters) != template.gaps:
        return False
    wanted = template.header_type not in ("none", "text") or bool(GAP.search(template.header))
    return bool(used.header) or not wanted


def filled(used: Used, template: Template) -> Filled:
    """A template filled; the text of a template that is not configured consists of the parameters."""
    title = used.header.get("title", "")
    parts: dict[str, Json] = {}
    if heading := _with(template.header, (title,)) if template.header else title:
        parts["header"] = heading
    if template.footer:
        parts["footer"] = template.footer
    if template.buttons:
        parts["buttons"] = list(template.buttons)
    return Filled(_with(template.text, used.parameters) if template.text else ", ".join(used.parameters), parts)


def _with(text: str, values: Sequence[str]) -> str:
    """A text with its gaps filled (``{{1}}`` by the first value); gaps without a value stay."""
    return GAP.sub(lambda gap: values[int(gap[1]) - 1] if 0 < int(gap[1]) <= len(values) else gap[0], text)


def _language(code: str) -> str:
    return code.replace("-", "_").lower()
