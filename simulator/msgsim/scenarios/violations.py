"""Explains violations of the simulator's own schemas (scenarios, settings), with their places in the file."""

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
"""Format of a setting → what is expected."""


SOME_TIME = "1s"
"""Replaces an invalid duration, so that the rest of the item can be checked."""


class Violation(NamedTuple):
    """A value that breaks a schema, by its path."""

    path: tuple[str | int, ...]
    reason: str
    key: bool = False
    """Whether the last key of the path is the mistake, and not its value."""


def of_schema(document: Document, schema: dict[str, Json]) -> list[Mistake]:
    """All violations of the scenario schema in a file."""
    found = violations(document.value, "scenario", explained(schema, {}), schema["properties"], _reason)
    return [document.at(*violation) for violation in found]


def of_settings(
    settings: Json, schema: dict[str, Json], formats: Mapping[str, Callable[[str], bool]]
) -> list[Violation]:
    """All violations of the settings schema, explained without the values, which may be secrets."""
    return violations(settings, "settings file", explained(schema, formats), schema["properties"], _discreet)


def violations(
    value: Json,
    kind: str,
    explain: Callable[[Json], Iterable[ValidationError]],
    known: Mapping[str, Json],
    reason: Callable[[ValidationError], str],
) -> list[Violation]:
    """All violations. ``kind``: what the value should be, in words; ``known``: the keys of its schema."""
    if not isinstance(value, dict):
        return [Violation((), f"a mapping is expected, not {_kind(value)}")]
    if value and not value.keys() & known.keys() and not any(suggestion(key, known) for key in value):
        # It is another kind of file; its keys are not listed, because they may be secrets.
        return [Violation((), f"this is no {kind}: it has none of the keys {_listed(known)}")]
    errors = list(explain(value))
    misspelled = {error.json_path for error in errors if error.validator == "additionalProperties"}
    found: list[Violation] = []
    for error in errors:
        # A key that seems to be missing is misspelled, which is reported already.
        if error.validator not in ("required", "anyOf", "oneOf") or error.json_path not in misspelled:
            found += _violations(error, reason)
    return found


def sound_items(value: Json, member: str, schema: dict[str, Json], definition: str) -> Iterator[tuple[int, Json]]:
    """The items of a list in a document with mistakes, with their indexes, as far as they fit their ``definition``.

    Parts that break the schema are left out where possible, so that all other mistakes of the item are found as well.
    """
    items = value.get(member) if isinstance(value, dict) else None
    if isinstance(items, list):
        errors = explainer()({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}).iter_errors
        for index, item in enumerate(items):
            if (sound := _sound(item, errors)) is not None:
                yield index, sound


def _sound(item: Json, errors: Callable[[Json], Iterable[ValidationError]]) -> Json:
    """An item without the parts that break its schema, invalid durations replaced; None: it still breaks the schema."""
    item = deepcopy(item)
    for path in [place.path for error in errors(item) for place in _violations(error, _reason) if place.path]:
        *around, name = path
        try:
            holder = reduce(getitem, around, item)
        except LookupError:  # It has been removed together with the value around it.
            continue
        if isinstance(holder, dict) and name in holder:
            del holder[name]
            if any(name in _missing(error) for error in errors(item)):
                holder[name] = SOME_TIME
    return None if any(True for _ in errors(item)) else item


def _missing(error: ValidationError) -> list[str]:
    """The required keys that are missing, for an error of ``required``."""
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
        return  # The wrong type is reported by itself.
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
    """A reason without the value, except for a suggestion: what is nearly a valid word is not a secret."""
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
