"""Texts that are kept at the provider: bot flows and message templates, and what params make of them."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from msgsim.model import Json, Refusal, Refused

ANY = "*"
"""Stands for every flow, or every template, that is not listed."""
_GAP = re.compile(r"\$\{(\w+)\}|\{\{\s*(\w+)\s*\}\}")


class Text(Struct, frozen=True, omit_defaults=True):
    """One text, with gaps such as ``${name}`` or ``{{name}}``."""

    text: str
    """Empty: not known here."""
    id: int = 0
    name: str = ""

    @property
    def gaps(self) -> set[str]:
        return {first or second for first, second in _GAP.findall(self.text)}

    def filled(self, params: Mapping[str, str]) -> str:
        """The text with every gap filled that has a value."""
        return _GAP.sub(lambda gap: params.get(gap[1] or gap[2], gap[0]), self.text)


class Texts:
    """All flows and templates of an account."""

    def __init__(self, flows: Mapping[str, str], templates: Sequence[Text]) -> None:
        self._flows = {id.lower(): Text(text) for id, text in flows.items()}
        self._templates = templates

    def of(self, item: Mapping[str, Json], where: str) -> tuple[str, bool]:
        """The text of a message with a flow or template, and whether its params fill all gaps.

        ``where``: what stands before a member's name in a refusal. Superfluous params do no harm. A text that is not
        known here is what the message itself says, else its params. Raises Refused when there is no such text.
        """
        kept = self._flow(item["flowId"], where) if "flowId" in item else self._template(item, where)
        params = item.get("params", {})
        if not kept.text:
            kept = Text(item.get("messageText") or ", ".join(params.values()))
            return kept.filled(params), True
        return kept.filled(params), kept.gaps <= params.keys()

    def _flow(self, id: str, where: str) -> Text:
        if (found := self._flows.get(id.lower(), self._flows.get(ANY))) is None:
            raise Refused(Refusal("unknown_flow", f"{where}flowId", values={"value": id}))
        return found

    def _template(self, item: Mapping[str, Json], where: str) -> Text:
        id, name = item.get("templateId"), item.get("templateName")
        fitting = [kept for kept in self._templates if id in (None, kept.id) and name in (None, kept.name)]
        fitting = fitting or [kept for kept in self._templates if kept.name == ANY]
        if not fitting:
            raise Refused(Refusal("unknown_template", f"{where}templateName", values={"value": str(name or id)}))
        if len(fitting) > 1:
            raise Refused(Refusal("ambiguous_template", f"{where}templateName", values={"value": name}))
        return fitting[0]
