"""The operations of an OpenAPI document, the control API's or a provider's, in the form that a page draws."""

import re
from collections.abc import Iterator

from msgspec import Struct

from msgsim.model import Json
from msgsim.web.control.description import operations
from msgsim.web.pages.members import Member, limits_of, members, type_of
from msgsim.web.pages.raw_text import pretty

_KEYED = re.compile(r"`([\w.-]+)`: (.*)")
"""A line in the description of a response: the key of a catalogue error, and when the provider answers it."""
CHOICES = ("true", "false")
"""The values of a parameter of type boolean."""


class Listed(Struct, frozen=True):
    """An operation in a list."""

    id: str
    method: str
    path: str
    summary: str
    tag: str
    words: str
    """The text that the filter of the list searches."""
    destroys: str
    """What it deletes, in words; empty: nothing."""


class Parameter(Struct, frozen=True):
    """A parameter of an operation."""

    name: str
    place: str
    """``path``, ``query``, ``header`` or ``cookie``."""
    required: bool
    type: str
    limits: str
    hint: str
    """Its default, else its limits: shown in the empty field."""
    said: str
    """Its description; empty: none."""
    options: list[str]
    """All its possible values if it is an enumeration or a boolean; else none."""


class RequestBody(Struct, frozen=True):
    """The body of a request in one media type."""

    media: str
    required: bool
    members: list[Member]
    examples: list[str]


class KeyedError(Struct, frozen=True):
    """An error of a provider's catalogue."""

    key: str
    said: str
    """When the provider answers it."""
    text: str
    """An example of its body; empty: it has none."""


class PossibleAnswer(Struct, frozen=True):
    """An answer with one status and media type."""

    status: int
    said: str
    """Its description; empty: it is described by ``errors``."""
    media: str
    """Empty: it has no body."""
    headers: list[tuple[str, str]]
    """(name, example)."""
    members: list[Member]
    examples: list[str]
    errors: list[KeyedError]


class Drawn(Struct, frozen=True):
    """An operation with its parameters, bodies and answers."""

    listed: Listed
    description: str
    parameters: list[Parameter]
    bodies: list[RequestBody]
    answers: list[PossibleAnswer]
    """By status, successes first."""
    is_stream: bool
    """Whether its answer is a stream of events, which ends when the client disconnects."""
    download: str
    """The name under which its answer is saved as a file; empty: it is shown."""


class Description:
    """An OpenAPI document."""

    def __init__(self, document: dict[str, Json]) -> None:
        self.document = document
        self._found = operations(document)

    def listed(self) -> list[Listed]:
        return [_listed(method, path, operation) for (method, path), operation in self._found.items()]

    def groups(self) -> list[tuple[str, str, list[Listed]]]:
        """(tag, its description, its operations); operations without a tag come first, with an empty tag."""
        said = {"": ""} | {tag["name"]: tag["description"] for tag in self.document.get("tags", ())}
        said |= {one.tag: "" for one in self.listed() if one.tag not in said}
        by_tag = [(tag, words, [one for one in self.listed() if one.tag == tag]) for tag, words in said.items()]
        return [group for group in by_tag if group[2]]

    def drawn(self, id: str) -> Drawn | None:
        """The operation with this ``operationId``; None: there is none."""
        for (method, path), operation in self._found.items():
            if operation["operationId"] == id:
                return self._drawn(method, path, operation)
        return None

    def _drawn(self, method: str, path: str, operation: Json) -> Drawn:
        responses = {status: self._followed(response) for status, response in operation["responses"].items()}
        answers = [answer for status in sorted(responses) for answer in self._answers(status, responses[status])]
        return Drawn(
            _listed(method, path, operation),
            operation.get("description", ""),
            [self._parameter(parameter) for parameter in map(self._followed, operation["parameters"])],
            list(self._bodies(operation)),
            answers,
            any("text/event-stream" in response.get("content", {}) for response in responses.values()),
            operation.get("x-download", ""),
        )

    def _parameter(self, parameter: Json) -> Parameter:
        schema = self._followed(parameter.get("schema", {}))
        words = CHOICES if schema.get("type") == "boolean" else schema.get("enum", ())
        limits = limits_of(schema)
        return Parameter(
            parameter["name"],
            parameter["in"],
            parameter.get("required", False),
            type_of(schema, self._followed),
            limits,
            str(schema["default"]).lower() if "default" in schema else limits,
            parameter.get("description") or schema.get("description") or schema.get("$comment") or "",
            [word for word in words if isinstance(word, str)],
        )

    def _bodies(self, operation: Json) -> Iterator[RequestBody]:
        whole = operation.get("requestBody", {})
        for media, content in whole.get("content", {}).items():
            schema = content["schema"]
            found = members(schema, self._followed)
            yield RequestBody(media, whole.get("required", False), found, list(map(_text, self._examples(schema))))

    def _examples(self, schema: Json) -> list[Json]:
        """The examples of a schema, else those of the first of its ``allOf`` parts that has some."""
        schema = self._followed(schema)
        for part in (schema, *schema.get("allOf", ())):
            if found := self._followed(part).get("examples"):
                return list(found)
        return []

    def _answers(self, status: str, response: Json) -> Iterator[PossibleAnswer]:
        """An answer for each media type of a response; a single one with an empty media type if it has no body."""
        headers = [(name, header.get("example", "")) for name, header in response.get("headers", {}).items()]
        keyed = dict(_KEYED.findall(response["description"]))
        said = "" if keyed else response["description"]
        for media, content in response.get("content", {"": {}}).items():
            schema = content.get("schema", {})
            texts = {
                key: _text(self._followed(example)["value"]) for key, example in content.get("examples", {}).items()
            }
            errors = [(key, words) for key, words in keyed.items() if not media or key in texts]
            yield PossibleAnswer(
                int(status),
                said,
                media,
                headers,
                members(schema, self._followed),
                [*(text for key, text in texts.items() if key not in keyed), *map(_text, self._examples(schema))],
                [KeyedError(key, words, texts.get(key, "")) for key, words in errors],
            )

    def _followed(self, node: Json) -> Json:
        """The part of the document to which a ``$ref`` points; anything else unchanged."""
        while isinstance(node, dict) and "$ref" in node:
            target: Json = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def _listed(method: str, path: str, operation: Json) -> Listed:
    tag = next(iter(operation.get("tags", ())), "")
    summary = operation["summary"]
    words = " ".join((method, path, operation["operationId"], tag, summary))
    return Listed(operation["operationId"], method, path, summary, tag, words, operation.get("x-destroys", ""))


def _text(value: Json) -> str:
    """An example as text: a string unchanged (YAML, plain text), anything else as indented JSON."""
    return value if isinstance(value, str) else pretty(value)
