"""Texts stored at the provider (bot flows and message templates), filled with ``params``."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from msgsim.model import Json, Refusal, Refused

ANY = "*"
"""The name of a flow or template that stands for every unlisted one."""
_GAP = re.compile(r"\$\{(\w+)\}|\{\{\s*(\w+)\s*\}\}")


class Text(Struct, frozen=True, omit_defaults=True):
    """A text with gaps such as ``${name}`` or ``{{name}}``."""

    text: str
    """Empty: the text is not configured."""
    id: int = 0
    name: str = ""

    @property
    def gaps(self) -> set[str]:
        return {first or second for first, second in _GAP.findall(self.text)}

    def filled(self, params: Mapping[str, str]) -> str:
        """The text with its gaps filled; gaps without a value stay."""
        return _GAP.sub(lambda gap: params.get(gap[1] or gap[2], gap[0]), self.text)


class Texts:
    """The flows and templates of an account."""

    def __init__(self, flows: Mapping[str, str], templates: Sequence[Text]) -> None:
        self._flows = {id.lower(): Text(text) for id, text in flows.items()}
        self._templates = templates

    def of(self, item: Mapping[str, Json], where: str) -> tuple[str, bool]:
        """The text of a message with a flow or template, and whether its params fill all gaps.

        ``where``: prefix of a member's name in a refusal. Superfluous params are ignored. For a text that is not
        configured, the message's own text or its params are used. Raises Refused for an unknown flow or template.
        """
        stored = self._flow(item["flowId"], where) if "flowId" in item else self._template(item, where)
        params = item.get("params", {})
        if not stored.text:
            return Text(item.get("messageText") or ", ".join(params.values())).filled(params), True
        return stored.filled(params), stored.gaps <= params.keys()

    def _flow(self, id: str, where: str) -> Text:
        if (found := self._flows.get(id.lower(), self._flows.get(ANY))) is None:
            raise Refused(Refusal("unknown_flow", f"{where}flowId", values={"value": id}))
        return found

    def _template(self, item: Mapping[str, Json], where: str) -> Text:
        id, name = item.get("templateId"), item.get("templateName")
        fitting = [text for text in self._templates if id in (None, text.id) and name in (None, text.name)]
        fitting = fitting or [text for text in self._templates if text.name == ANY]
        if not fitting:
            raise Refused(Refusal("unknown_template", f"{where}templateName", values={"value": str(name or id)}))
        if len(fitting) > 1:
            raise Refused(Refusal("ambiguous_template", f"{where}templateName", values={"value": name}))
        return fitting[0]
