"""The operations of an OpenAPI document, as a page draws them: the control API's own and the providers'."""

import re
from collections.abc import Iterator

from msgspec import Struct

from msgsim.model import Json
from msgsim.web.control.description import operations
from msgsim.web.pages.members import limits_of, members, type_of
from msgsim.web.pages.raw_text import pretty

_KEYED = re.compile(r"`([\w.-]+)`: (.*)")
"""A line that says when an error of a catalogue comes."""
CHOICES = ("true", "false")


class Listed(Struct, frozen=True):
    """An operation in a list."""

    id: str
    method: str
    path: str
    summary: str
    tag: str
    words: str
    """What a filter looks at."""
    destroys: str
    """What it takes away; empty for nothing."""


class Drawn(Struct, frozen=True):
    """An operation with all that is said of it."""

    listed: Listed
    description: str
    parameters: list[Json]
    """Each with ``name``, ``place``, ``required``, ``type``, ``limits``, ``hint`` (what holds without it, else what it
    may be), ``said``, and ``options`` where it is one of a few words."""
    bodies: list[Json]
    """By media type: ``media``, ``required``, ``members``, ``examples`` as texts."""
    answers: list[Json]
    """Good ones first: ``status``, ``said``, ``media``, ``headers``, ``members``, ``examples``, and ``errors`` of a
    catalogue, each with ``key``, ``said`` and ``text``."""
    is_stream: bool
    """Whether its answer goes on until the client leaves."""
    download: str
    """A name for the file that is its answer; empty where it is to be read."""


class Description:
    """An OpenAPI document."""

    def __init__(self, document: dict[str, Json]) -> None:
        self.document = document
        self._found = operations(document)

    def listed(self) -> list[Listed]:
        return [_listed(method, path, operation) for (method, path), operation in self._found.items()]

    def groups(self) -> list[tuple[str, str, list[Listed]]]:
        """Name, what is said of it, and its operations; what is in no group comes first, without a name."""
        said = {"": ""} | {tag["name"]: tag["description"] for tag in self.document.get("tags", ())}
        said |= {one.tag: "" for one in self.listed() if one.tag not in said}
        by_tag = [(tag, words, [one for one in self.listed() if one.tag == tag]) for tag, words in said.items()]
        return [group for group in by_tag if group[2]]

    def drawn(self, id: str) -> Drawn | None:
        """None: there is no such operation."""
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

    def _parameter(self, parameter: Json) -> Json:
        schema = self._followed(parameter.get("schema", {}))
        words = CHOICES if schema.get("type") == "boolean" else schema.get("enum", ())
        return {
            "name": parameter["name"],
            "place": parameter["in"],
            "required": parameter.get("required", False),
            "type": type_of(schema, self._followed),
            "limits": limits_of(schema),
            "hint": str(schema["default"]).lower() if "default" in schema else limits_of(schema),
            "said": parameter.get("description") or schema.get("description") or schema.get("$comment") or "",
            "options": [word for word in words if isinstance(word, str)],
        }

    def _bodies(self, operation: Json) -> Iterator[Json]:
        whole = operation.get("requestBody", {})
        for media, content in whole.get("content", {}).items():
            yield {
                "media": media,
                "required": whole.get("required", False),
                "members": members(content["schema"], self._followed),
                "examples": [_text(example) for example in self._examples(content["schema"])],
            }

    def _examples(self, schema: Json) -> list[Json]:
        """Of a schema, or of the first part of it that has some."""
        schema = self._followed(schema)
        for part in (schema, *schema.get("allOf", ())):
            if found := self._followed(part).get("examples"):
                return list(found)
        return []

    def _answers(self, status: str, response: Json) -> Iterator[Json]:
        """One for each media type; one without where it has no body."""
        headers = [(name, header.get("example", "")) for name, header in response.get("headers", {}).items()]
        keyed = dict(_KEYED.findall(response["description"]))
        said = "" if keyed else response["description"]
        answer = {"status": int(status), "said": said, "media": "", "headers": headers}
        contents = response.get("content", {})
        if not contents:
            yield {**answer, "members": [], "examples": [], "errors": _without_example(keyed)}
        for media, content in contents.items():
            examples = content.get("examples", {})
            own = self._examples(content["schema"]) if "schema" in content else []
            errors = [self._error(key, keyed[key], example) for key, example in examples.items() if key in keyed]
            yield {
                **answer,
                "media": media,
                "members": members(content.get("schema", {}), self._followed),
                "examples": [
                    *(_text(self._followed(one)["value"]) for key, one in examples.items() if key not in keyed),
                    *map(_text, own),
                ],
                "errors": errors,
            }

    def _error(self, key: str, said: str, example: Json) -> Json:
        return {"key": key, "said": said, "text": _text(self._followed(example)["value"])}

    def _followed(self, node: Json) -> Json:
        """What a reference within the document stands for."""
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


def _without_example(keyed: dict[str, str]) -> list[Json]:
    return [{"key": key, "said": said, "text": ""} for key, said in keyed.items()]


def _text(value: Json) -> str:
    """YAML and plain text as they are, anything else as JSON."""
    return value if isinstance(value, str) else pretty(value)
