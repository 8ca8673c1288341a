"""Violations of our own schemas in a person's words, at their place in the file."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import NamedTuple

from jsonschema import ValidationError

from msgsim.contract.schema import expected, explained, explainer, kind_of
from msgsim.model import Json
from msgsim.scenarios.yaml import Document, Mistake, suggestion

WORDINGS = {
    "http-url": "an http or https URL is expected",
    "pause": "a duration is expected: write 250ms, 5s, 10m, 2h or 1d",
    "time-zone": "a time zone is expected, such as Europe/Tallinn",
}
"""What is expected where a format of settings is violated."""


SOME_TIME = "1s"
"""In the place of a duration that is none."""


class Violation(NamedTuple):
    """A place in a value that breaks a schema."""

    path: tuple[str | int, ...]
    reason: str
    key: bool = False
    """Whether the key is the mistake, and not what stands at it."""


def of_schema(document: Document, schema: dict[str, Json]) -> list[Mistake]:
    """Every place where a scenario breaks the schema of its format."""
    found = violations(document.value, "scenario", explained(schema, {}), schema["properties"], _reason)
    return [document.at(*violation) for violation in found]


def of_settings(
    settings: Json, schema: dict[str, Json], formats: Mapping[str, Callable[[str], bool]]
) -> list[Violation]:
    """Every place where settings break their schema; without the values, some of which are secrets."""
    return violations(settings, "settings file", explained(schema, formats), schema["properties"], _discreet)


def violations(
    value: Json,
    kind: str,
    explain: Callable[[Json], Iterable[ValidationError]],
    known: Mapping[str, Json],
    reason: Callable[[ValidationError], str],
) -> list[Violation]:
    """``kind`` is what the value should be, ``known`` its keys."""
    if not isinstance(value, dict):
        return [Violation((), f"a mapping is expected, not {_kind(value)}")]
    if value and not value.keys() & known.keys() and not any(suggestion(key, known) for key in value):
        # Whatever else it is, its keys are none of our business, and may be secrets.
        return [Violation((), f"this is no {kind}: it has none of the keys {_listed(known)}")]
    errors = list(explain(value))
    misspelled = {error.json_path for error in errors if error.validator == "additionalProperties"}
    found: list[Violation] = []
    for error in errors:
        # What seems to be missing is there, only misspelled.
        if error.validator not in ("required", "anyOf", "oneOf") or error.json_path not in misspelled:
            found += _violations(error, reason)
    return found


def sound_items(value: Json, member: str, schema: dict[str, Json], definition: str) -> Iterator[tuple[int, Json]]:
    """Of a list in a document with mistakes: the items that fit their ``definition``, with their places.

    Others come without what breaks the schema, where that can be left out: all their mistakes are wanted at once.
    """
    items = value.get(member) if isinstance(value, dict) else None
    if isinstance(items, list):
        errors = explainer()({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}).iter_errors
        for index, item in enumerate(items):
            if (sound := _sound(item, errors)) is not None:
                yield index, sound


def _sound(item: Json, errors: Callable[[Json], Iterable[ValidationError]]) -> Json:
    """An item without what breaks its schema, and some time where one is needed; None: it breaks it still."""
    item = deepcopy(item)
    for path in [place.path for error in errors(item) for place in _violations(error, _reason) if place.path]:
        *around, name = path
        try:
            holder = reduce(getitem, around, item)
        except LookupError:  # It is gone with what is around it.
            continue
        if isinstance(holder, dict) and name in holder:
            del holder[name]
            if any(name in _missing(error) for error in errors(item)):
                holder[name] = SOME_TIME
    return None if any(True for _ in errors(item)) else item


def _missing(error: ValidationError) -> list[str]:
    """The keys that are required and not there."""
    needed: Json = error.validator_value
    value: Json = error.instance
    return [name for name in needed if name not in value] if error.validator == "required" else []


def _violations(error: ValidationError, reason: Callable[[ValidationError], str]) -> Iterator[Violation]:
    path = tuple(error.absolute_path)
    value: Json = error.instance
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        for key in value:
            if key not in known:
                hint = suggestion(key, known) or f" (known: {', '.join(known)})"
                yield Violation((*path, key), f"unknown key {key!r}{hint}", key=True)
    elif error.validator == "required":
        yield Violation(path, f"{', '.join(map(repr, _missing(error)))} is missing")
    elif error.validator in ("anyOf", "oneOf"):
        yield from _choices(error, path, reason)
    else:
        yield Violation(path, reason(error))


def _choices(
    error: ValidationError, path: tuple[str | int, ...], reason: Callable[[ValidationError], str]
) -> Iterator[Violation]:
    value: Json = error.instance
    listed: Json = error.validator_value
    choices = [choice for choice in listed if isinstance(choice, dict)]
    needed = [choice["required"][0] for choice in choices if set(choice) == {"required"}]
    if needed and not isinstance(value, dict):
        return  # Its type is a mistake by itself.
    if needed:
        having = [key for key in needed if key in value]
        both = f"only one of {_listed(having)} can stand here"
        yield Violation(path, both if len(having) > 1 else f"one of {_listed(needed)} is missing")
        return
    same = [inner for inner in error.context or () if inner.validator != "type" or len(inner.relative_path)]
    if same:
        nearest = max(same, key=lambda inner: (len(inner.absolute_path), inner.validator in ("enum", "format")))
        yield from _violations(nearest, reason)
    else:
        yield Violation(path, f"{_kind(error.instance)} does not fit here")


def _discreet(error: ValidationError) -> str:
    """A reason without the value; only one that is nearly right is a word, and no secret."""
    limit: Json = error.validator_value
    if error.validator == "enum":
        return f"one of {_listed(limit)} is expected{suggestion(str(error.instance), map(str, limit))}"
    if error.validator in ("type", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties"):
        return _reason(error)
    return WORDINGS.get(str(limit)) or expected(error)


def _reason(error: ValidationError) -> str:
    value: Json = error.instance
    limit: Json = error.validator_value
    if error.validator == "enum":
        return f"{value!r} is not one of {_listed(limit)}{suggestion(str(value), map(str, limit))}"
    schema = error.schema if isinstance(error.schema, dict) else {}
    form: Json = schema.get("description", f"the form {schema['pattern']}") if "pattern" in schema else ""
    if error.validator == "pattern" or (error.validator == "type" and form and type(value) in (int, float)):
        return f"{value!r} is not of the form: {form}"
    if error.validator == "type":
        return f"{kind_of(limit)} is expected, not {_kind(value)}"
    if error.validator in ("minItems", "minProperties"):
        return f"at least {limit} expected"
    if error.validator in ("maxItems", "maxProperties"):
        return f"at most {limit} expected"
    if error.validator in ("minimum", "maximum"):
        return f"{value} is {'less' if error.validator == 'minimum' else 'more'} than {limit}"
    return error.message


def _listed(words: Iterable[Json]) -> str:
    return ", ".join(str(word) for word in words)


def _kind(value: Json) -> str:
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
