"""Violations of our own schemas in a person's words, at their place in the file."""

from collections.abc import Iterable, Iterator

from jsonschema import ValidationError

from msgsim.contract.schema import explainer
from msgsim.model import Json
from msgsim.scenarios.yaml import Document, Mistake, suggestion


def of_schema(document: Document, schema: dict[str, Json]) -> list[Mistake]:
    """Every place where a document breaks the schema of its format."""
    if not isinstance(document.value, dict):
        return [document.at((), f"a mapping is expected, not {_kind(document.value)}")]
    if not document.value.keys() & schema["properties"].keys() and not any(
        suggestion(key, schema["properties"]) for key in document.value
    ):
        # Whatever else it is, its keys are none of our business, and may be secrets.
        return [document.at((), f"this is no scenario: it has none of the keys {_listed(schema['properties'])}")]
    errors = list(explainer()(schema).iter_errors(document.value))
    misspelled = {error.json_path for error in errors if error.validator == "additionalProperties"}
    found: list[Mistake] = []
    for error in errors:
        # What seems to be missing is there, only misspelled.
        if error.validator not in ("required", "anyOf", "oneOf") or error.json_path not in misspelled:
            found += _mistakes(document, error)
    return found


def sound_items(value: Json, member: str, schema: dict[str, Json], definition: str) -> Iterator[tuple[int, Json]]:
    """Of a list in a document with mistakes: the items that fit their ``definition``, with their places."""
    items = value.get(member) if isinstance(value, dict) else None
    if isinstance(items, list):
        fits = explainer()({"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]}).is_valid
        yield from ((index, item) for index, item in enumerate(items) if fits(item))


def _mistakes(document: Document, error: ValidationError) -> Iterator[Mistake]:
    path = list(error.absolute_path)
    value: Json = error.instance
    limit: Json = error.validator_value
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        known = error.schema.get("properties", {})
        for key in value:
            if key not in known:
                hint = suggestion(key, known) or f" (known: {', '.join(known)})"
                yield document.at([*path, key], f"unknown key {key!r}{hint}", key=True)
    elif error.validator == "required":
        missing = [key for key in limit if key not in value]
        yield document.at(path, f"{', '.join(map(repr, missing))} is missing")
    elif error.validator in ("anyOf", "oneOf"):
        yield from _choices(document, error, path)
    else:
        yield document.at(path, _reason(error))


def _choices(document: Document, error: ValidationError, path: list[str | int]) -> Iterator[Mistake]:
    value: Json = error.instance
    listed: Json = error.validator_value
    choices = [choice for choice in listed if isinstance(choice, dict)]
    needed = [choice["required"][0] for choice in choices if set(choice) == {"required"}]
    if needed:
        having = [key for key in needed if key in value]
        both = f"only one of {_listed(having)} can stand here"
        yield document.at(path, both if len(having) > 1 else f"one of {_listed(needed)} is missing")
        return
    same = [inner for inner in error.context or () if inner.validator != "type" or len(inner.relative_path)]
    if same:
        yield from _mistakes(
            document, max(same, key=lambda inner: (len(inner.absolute_path), inner.validator == "enum"))
        )
    else:
        yield document.at(path, f"{_kind(error.instance)} does not fit here")


def _reason(error: ValidationError) -> str:
    value: Json = error.instance
    limit: Json = error.validator_value
    if error.validator == "enum":
        return f"{value!r} is not one of {_listed(limit)}{suggestion(str(value), map(str, limit))}"
    if error.validator == "type":
        wanted = limit if isinstance(limit, str) else " or ".join(limit)
        return f"{wanted} is expected, not {_kind(value)}"
    if error.validator == "pattern":
        hint = error.schema.get("description", f"the form {limit}") if isinstance(error.schema, dict) else limit
        return f"{value!r} is not of the form: {hint}"
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
