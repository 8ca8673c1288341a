"""A wire schema: fast validation, exact explanation, and unknown members.

``jsonschema-rs`` decides whether an instance is valid. Only when it refuses does ``jsonschema``, which is slow, list
the violations.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from msgsim.config import read_own
from msgsim.model import Json, Refusal

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator

MOST_VIOLATIONS = 500
"""Most violations of a body that are explained: each takes about a millisecond, and a body may have a million."""


class Schema:
    """A wire schema: a fast validator and an exact explainer of the same document.

    ``"x-extends": "omnimessage"`` makes a document a merge patch (RFC 7396) of another document in the same folder.
    ``"x-unknown": "ignored"`` marks an object whose unlisted members are ignored (refused in strict mode).
    """

    def __init__(self, path: Path, formats: Mapping[str, Callable[[str], bool]], name: str = "") -> None:
        """``name``: its path below ``schemas/``, used in `Refusal.rule`; empty: folder and file."""
        self.path = path
        self.name = name or f"{path.parent.name}/{path.name}"
        self.document = _document(path)
        self.formats = formats

    @cached_property
    def accepts(self) -> Callable[[Json], bool]:
        return self._judge(self.document)

    @cached_property
    def accepts_all(self) -> Callable[[list[Json]], bool]:
        """Whether all instances in a list are valid."""
        each = {name: value for name, value in self.document.items() if name not in ("$defs", "$schema")}
        return self._judge({"$defs": self.document.get("$defs", {}), "items": each})

    def _judge(self, document: dict[str, Json]) -> Callable[[Json], bool]:
        return self._validator(document).is_valid

    def _validator(self, document: Json) -> "Draft202012Validator":
        return judge(document, self.formats)

    @cached_property
    def _closed(self) -> "Draft202012Validator | None":
        """A validator that refuses unknown members too; None: the schema has no object marked ``x-unknown``."""
        closed = _closed(self.document)
        return self._validator(closed) if closed != self.document else None

    @cached_property
    def accepts_exactly(self) -> Callable[[Json], bool]:
        """Whether an instance is valid and has no unknown member."""
        return self.accepts if self._closed is None else self._closed.is_valid

    def unknown(self, instance: Json) -> dict[str, list[str]]:
        """The unknown members of a valid instance, such as ``messages.0.color``, deepest first.

        The value of each is the list of names that the schema has in its place. They are found level by level: an
        object with an unknown member is itself reported as unknown in the objects around it, until that is removed.
        """
        found: dict[str, list[str]] = {}
        while self._closed is not None and len(found) < MOST_VIOLATIONS:
            errors = [] if self._closed.is_valid(instance) else self._closed.iter_errors(instance)
            named = {
                (*error.instance_path, name): self._members(self._chain(error.schema_path)[-1])
                for error in errors
                for name in getattr(error.kind, "unexpected", ())
            }
            if not named:
                break
            depth = max(map(len, named))
            deepest = [path for path in named if len(path) == depth]
            found |= {".".join(map(str, path)): named[path] for path in deepest}
            instance = _without(instance, deepest)
        return found

    @cached_property
    def _explain(self) -> Callable[[Json], "Iterator[ValidationError]"]:
        return explained(self.document, self.formats)

    def violations(self, instance: Json) -> list[Refusal]:
        """All violations as refusals, in the order of the schema; empty: the instance is valid."""
        if self.accepts(instance):
            return []
        errors = list(islice(self._explain(instance), MOST_VIOLATIONS))
        found: dict[tuple[str, str | None], Refusal] = {}
        for error in self._apart(errors):
            for refusal in self._refusals(error):
                found.setdefault((refusal.key, refusal.source), refusal)
        return list(found.values())

    def _apart(self, errors: Sequence["ValidationError"]) -> Iterator["ValidationError"]:
        """The errors without consequential ones: for each place only missing, else wrong type, else wrong value."""
        ranks = [0 if self._is_missing(error) else 1 if error.validator == "type" else 2 for error in errors]
        places = [tuple(error.absolute_path) for error in errors]
        best: dict[tuple[str | int, ...], int] = {}
        for place, rank in zip(places, ranks, strict=True):
            best[place] = min(rank, best.get(place, rank))
        for error, place, rank in zip(errors, places, ranks, strict=True):
            if rank == best[place]:
                yield error

    def _is_missing(self, error: "ValidationError") -> bool:
        """Whether the value is null in a required member; providers answer then that it is missing."""
        if error.instance is not None or not error.absolute_path:
            return False
        name = error.absolute_path[-1]
        return any(name in schema.get("required", ()) for schema in self._chain(list(error.absolute_schema_path)))

    def complaint(self, instance: Json) -> str:
        """The first violation of a settings schema in words, without the value, which may be a secret; empty: none."""
        if self.accepts(instance):
            return ""
        error = next(iter(self._explain(instance)))
        where = [str(part) for part in error.absolute_path]
        if len(where) > 1 and self.document["properties"].get(where[0], {}).get("x-secret") == "names":
            where[1] = "***"
        return ": ".join(filter(None, (".".join(where), expected(error))))

    def _refusals(self, error: "ValidationError") -> Iterator[Refusal]:
        pointer = list(error.absolute_schema_path)
        chain = self._chain(pointer)
        where = [str(part) for part in error.absolute_path]
        rule = f"{self.name}#/{'/'.join(map(str, pointer))}"
        keyword = str(error.validator)
        if keyword == "required":
            needed: Json = error.validator_value
            present: Json = error.instance
            for name in needed:
                if name not in present:
                    inner = self._follow(chain[-1].get("properties", {}).get(name, {}))
                    yield _refusal([*chain, inner], keyword, [*where, name], rule)
        elif self._is_missing(error):
            yield _refusal(chain, "required", where, rule)
        else:
            yield _refusal(chain, keyword, where, rule)

    def _chain(self, pointer: Sequence[str | int]) -> list[dict[str, Json]]:
        """The schemas from the root to the violated schema."""
        node: Json = self.document
        chain = [node]
        for part in pointer[:-1]:
            if part == "$ref":
                continue
            node = self._follow(node)
            node = self._follow(node[part])
            if isinstance(node, dict):
                chain.append(node)
        return chain

    def _members(self, node: Json) -> list[str]:
        """The names that an object may have, whichever branches of its schema hold."""
        node = self._follow(node)
        if not isinstance(node, dict):
            return []
        branches = [node[name] for name in ("then", "else") if name in node]
        branches += [branch for name in ("allOf", "anyOf", "oneOf") for branch in node.get(name, ())]
        return [*node.get("properties", ()), *(name for branch in branches for name in self._members(branch))]

    def _follow(self, node: Json) -> Json:
        while isinstance(node, dict) and "$ref" in node:
            target: Json = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node


@cache
def explainer() -> "type[Validator]":
    """A ``jsonschema`` validator class that reads patterns as ``jsonschema-rs`` does: ``$`` is the end of the text,
    ``\\d`` is ASCII.
    """
    from jsonschema import Draft202012Validator, ValidationError, validators  # For start-up time.

    def pattern(validator: Json, wanted: str, instance: Json, schema: Json) -> "Iterator[ValidationError]":
        exact = f"{wanted[:-1]}\\Z" if wanted.endswith("$") else wanted
        if isinstance(instance, str) and not re.search(exact, instance, re.ASCII):
            yield ValidationError(f"{instance!r} does not match {wanted!r}")

    extended: type[Validator] = validators.extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return extended


def judge(document: Json, formats: Mapping[str, Callable[[str], bool]]) -> "Draft202012Validator":
    """A fast validator of a schema that asserts formats; `explained` lists violations."""
    from jsonschema_rs import Draft202012Validator  # For start-up time.

    return Draft202012Validator(document, formats=dict(formats), validate_formats=True)


def explained(
    document: dict[str, Json], formats: Mapping[str, Callable[[str], bool]]
) -> Callable[[Json], "Iterator[ValidationError]"]:
    """A function from an instance to all its violations of a schema; formats are asserted."""
    from jsonschema import FormatChecker  # For start-up time.

    checker = FormatChecker(formats=())
    for name, check in formats.items():
        checker.checkers[name] = (_on_text(check), ())
    return explainer()(document, format_checker=checker).iter_errors


def _refusal(chain: list[dict[str, Json]], keyword: str, where: list[str], rule: str) -> Refusal:
    """The refusal for a violated keyword, by the ``x-error`` of the innermost schema that names an error for it.

    Raises LookupError where no schema does.
    """
    for schema in reversed(chain):
        named = schema.get("x-error")
        if isinstance(named, dict) and "key" not in named:
            named = named.get(keyword, named.get("else"))
        if named is not None:
            break
    else:
        raise LookupError(f"{rule}: no x-error names an error for {keyword!r}")
    if isinstance(named, str):
        named = {"key": named}
    if "at" in named:
        where = [*where, named["at"]]
    return Refusal(named["key"], ".".join(where) or None, named.get("detail"), named.get("values", {}), rule)


KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
"""Type of JSON Schema → the word for it in messages to writers of YAML."""


def kind_of(type: Json) -> str:
    """A type of JSON Schema, or a list of types, in words."""
    return " or ".join(KINDS[name] for name in (type if isinstance(type, list) else [type]))


def expected(error: "ValidationError") -> str:
    """What a schema expects, in words, without the present value, which may be a secret."""
    limit: Json = error.validator_value
    keyword = str(error.validator)
    if keyword in ("required", "additionalProperties", "dependentRequired"):
        return error.message  # of names only
    if keyword == "type":
        return f"{kind_of(limit)} is expected"
    if keyword == "enum":
        return f"{' or '.join(map(str, limit))} is expected"
    description = error.schema.get("description") if isinstance(error.schema, dict) else None
    wanted = description or f"{keyword} {limit}"
    return f"it does not fit: {wanted}"


def _document(path: Path) -> dict[str, Json]:
    """A schema file, merged into the schema that it extends, if it has ``x-extends``."""
    written: dict[str, Json] = msgspec.json.decode(read_own(path))
    base = written.pop("x-extends", None)
    return written if base is None else _merged(_document(path.with_name(f"{base}.json")), written)


def _merged(target: Json, patch: Json) -> Json:
    """RFC 7396: objects are merged, null removes, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged


def _without(instance: Json, paths: Sequence[tuple[str | int, ...]]) -> Json:
    """A copy without the members at these paths."""
    copy = deepcopy(instance)
    for *path, name in paths:
        inner = copy
        for part in path:
            inner = inner[part]
        del inner[name]
    return copy


def _closed(document: Json) -> Json:
    if isinstance(document, list):
        return [_closed(inner) for inner in document]
    if not isinstance(document, dict):
        return document
    closed = {name: _closed(inner) for name, inner in document.items() if name != "x-unknown"}
    return closed | {"unevaluatedProperties": False} if "x-unknown" in document else closed


def _on_text(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)
