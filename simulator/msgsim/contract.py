"""What a provider documents: wire schemas, error catalogue, status words.

Validation accepts fast and explains exactly: ``jsonschema-rs`` decides, and only when it refuses
does ``jsonschema`` find the violations.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache, cached_property, lru_cache
from itertools import islice
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, cast, get_args

import msgspec
import yaml
from msgspec import Struct, field

from msgsim.clock import date_time
from msgsim.config import data_folder, milliseconds
from msgsim.model import Beat, Json, Refusal, whole

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator
    from jsonschema_rs import Draft202012Validator

MOST_VIOLATIONS = 500
"""Violations of one body that are explained: one takes about a millisecond, and a body may have a million."""
FAILURES = frozenset({"failed", "rejected", "expired", "cancelled"})
SUCCESSES = frozenset({"delivered", "seen"})


DEEPEST = 200
"""Levels of a body: what is taken is kept and shown some levels deeper, and has to be read there too."""
_CONTAINERS = frozenset({list, dict})


def _number(text: str) -> Json:
    """A JSON number with a point or an exponent. Raises ValueError."""
    number = float(text)
    if isinf(number):
        raise ValueError("Number out of range")
    return whole(number)


_decode = msgspec.json.Decoder(float_hook=_number).decode


def read_json(data: bytes) -> Json:
    """What JSON says. To JSON Schema ``1800.0`` and ``1e3`` are integers, so they are to us: whole numbers become ints.

    Raises msgspec.DecodeError and UnicodeDecodeError, which are ValueErrors, and RecursionError below DEEPEST levels.
    """
    value = _decode(data)
    if len(data) > 2 * DEEPEST and data.count(b"[") + data.count(b"{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise RecursionError("nested too deeply")
    return value


def _is_deeper(value: Json, most: int) -> bool:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return False
    return True


class BadCatalogue(ValueError):
    """A provider's catalogue cannot be used; the text names the file and the key."""


NEEDED_ERRORS = ("malformed", "unauthorized", "unknown_path", "wrong_method", "server_error")
"""What is answered to any provider's client: by JSON that is none, by paths and methods, and by faults."""
NEEDED_WORDS = ("sent", "delivered", "failed", "expired")
"""What planning says by itself: the happy path, a channel whose time is over, a final status that is contradicted."""
Kind = Literal["queued", "sent", "delivered", "seen", "failed", "rejected", "expired", "cancelled"]
KINDS = get_args(Kind)
"""What a status means whoever's word it is; all but cancelled are the neutral words of scenarios."""
Provenance = Literal["seed", "public", "inferred"]
_Entry = TypeVar("_Entry", "Error", "Status")


_GAP = re.compile(r"\{(\w+)\}")


class Error(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One documented error: everything an answer, the gallery and a test need to know."""

    key: str
    status: int
    source: str
    provenance: Provenance
    """Whether the provider's documents say it."""
    text: str = ""
    code: Json = None
    title: str = ""
    when: str = ""
    """In which case, in one sentence."""
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Json] = field(default_factory=dict)
    """Further members of the provider's body."""
    magic: int | None = None
    """Its place in the block of magic recipients."""
    example: dict[str, Json] | None = None
    """A request that brings it about: method, path, query, headers, json or body; None: a scenario does."""

    def told(self, refusal: Refusal, **values: Json) -> str:
        """What a refusal says: its detail, else this text, its ``{gaps}`` filled by the refusal, else by ``values``.

        A gap that nothing fills, because a scenario chose the error, reads as its name.
        """
        if refusal.detail is not None:
            return refusal.detail
        known = values | refusal.values
        return _GAP.sub(lambda gap: str(known.get(gap[1], gap[1])), self.text)


class Status(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One documented status of a message."""

    word: str
    kind: Kind
    source: str
    provenance: Provenance
    meaning: str = ""
    code: int | None = None
    """The number that goes with it unless a step says otherwise."""
    codes: tuple[int, ...] = ()
    """All numbers it may go with."""
    after: str = ""
    """The kind of status that has to come before it (``sent`` before ``delivered``), where one must."""
    channels: tuple[str, ...] = ()
    """Where it exists; empty: everywhere."""
    magic: int | None = None


class Missing(Struct, frozen=True):
    """A path that the provider has and this simulator does not."""

    path: str
    """With ``{parameters}``; a ``*`` at its end stands for the rest."""
    methods: str
    what: str
    source: str

    @property
    def pattern(self) -> str:
        """A regular expression for it, with or without a slash at its end."""
        return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.path)).replace(r"\*", ".*") + "/?"


class Contract:
    """The folder ``schemas/<provider>/``, read when first needed."""

    def __init__(self, provider: str, formats: Mapping[str, Callable[[str], bool]] | None = None) -> None:
        self.provider = provider
        self.folder = data_folder("schemas") / provider
        self.formats = {**FORMATS, **(formats or {})}
        self._schemas: dict[str, Schema] = {}
        self._meant: dict[tuple[str, str], Status | None] = {}

    @cached_property
    def errors(self) -> dict[str, Error]:
        """The error catalogue, in its documented order. Raises BadCatalogue."""
        listed = self._loaded("errors.yaml")
        self._need("errors.yaml", listed, NEEDED_ERRORS)
        return self._entries("errors.yaml", "key", listed, Error)

    @cached_property
    def _vocabulary(self) -> dict[str, Json]:
        found = self._loaded("statuses.yaml")
        self._need("statuses.yaml", found, ("words", "statuses"))
        words, statuses = found["words"], found["statuses"]
        self._need("statuses.yaml, words", {word.rpartition(".")[2] for word in words}, NEEDED_WORDS)
        self._need("statuses.yaml, statuses", statuses, words.values())
        return found

    @cached_property
    def statuses(self) -> dict[str, Status]:
        """What becomes of messages, in the provider's words. Raises BadCatalogue."""
        return self._entries("statuses.yaml", "word", self._vocabulary["statuses"], Status)

    @cached_property
    def words(self) -> dict[str, str]:
        """Neutral word to the provider's status."""
        return cast("dict[str, str]", self._vocabulary["words"])

    @cached_property
    def codes(self) -> dict[int, str]:
        """The provider's number to its text, where it has a list of its own."""
        return cast("dict[int, str]", self._vocabulary.get("codes", {}))

    @cached_property
    def not_simulated(self) -> tuple[Missing, ...]:
        """What ``not-simulated.yaml`` lists; empty where there is no such file."""
        file = self.folder / "not-simulated.yaml"
        return msgspec.convert(load_yaml(file), tuple[Missing, ...]) if file.exists() else ()

    @cached_property
    def _missing(self) -> list[tuple[re.Pattern[str], Missing]]:
        return [(re.compile(missing.pattern, re.IGNORECASE), missing) for missing in self.not_simulated]

    def missing(self, path: str) -> Missing | None:
        """What the provider has at a path that is not simulated; None: nothing that is known of."""
        return next((missing for pattern, missing in self._missing if pattern.fullmatch(path)), None)

    @cached_property
    def life(self) -> tuple[Beat, ...]:
        """A message's life where no scenario says otherwise; empty: that of ``default.yaml``."""
        return tuple(Beat(milliseconds(beat["after"]), beat["status"]) for beat in self._vocabulary.get("life", ()))

    @cached_property
    def settings(self) -> dict[str, Json]:
        """What can be set for this provider, with its defaults."""
        if not (self.folder / "settings.json").exists():
            return {}
        properties = self.schema("settings").document["properties"]
        for name, entry in properties.items():
            self._need(f"settings.json, {name}", entry, ("default",))
        return {name: entry["default"] for name, entry in properties.items()}

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """Settings whose members' names are secrets, as API keys are."""
        if not (self.folder / "settings.json").exists():
            return frozenset()
        properties = self.schema("settings").document["properties"]
        return frozenset(name for name, entry in properties.items() if entry.get("x-secret") == "names")

    def require(self, *errors: str) -> None:
        """Raises BadCatalogue for an error that is not in the catalogue."""
        self._need("errors.yaml", self.errors, errors)

    def _loaded(self, file: str) -> dict[str, Json]:
        try:
            found = load_yaml(self.folder / file)
        except (OSError, yaml.YAMLError) as error:
            raise BadCatalogue(f"schemas/{self.provider}/{file}: {' '.join(str(error).split())}") from None
        if not isinstance(found, dict):
            raise BadCatalogue(f"schemas/{self.provider}/{file}: a mapping is expected")
        return found

    def _need(self, where: str, present: Container[str], needed: Iterable[str]) -> None:
        if missing := [key for key in needed if key not in present]:
            raise BadCatalogue(f"schemas/{self.provider}/{where}: {', '.join(map(repr, missing))} is missing")

    def _entries(self, file: str, name: str, listed: Json, kind: type[_Entry]) -> dict[str, _Entry]:
        """``name`` is the member that the key of an entry goes into."""
        found: dict[str, _Entry] = {}
        for key, entry in listed.items():
            try:
                found[key] = msgspec.convert({name: key, **entry}, kind)
            except (msgspec.ValidationError, TypeError) as error:
                raise BadCatalogue(f"schemas/{self.provider}/{file}, {key}: {error}") from None
        return found

    def status(self, beat: Beat, channel: str = "") -> Status:
        """The status a beat means on a channel. Raises KeyError where there is no such."""
        found = self.known(beat, channel)
        if found is None:
            raise KeyError(beat.status)
        return found

    def known(self, beat: Beat, channel: str = "") -> Status | None:
        """The status a beat means on a channel; None for a word that is unknown, or that does not exist there."""
        key = (channel, beat.status)
        if key not in self._meant:
            word = self.words.get(f"{channel}.{beat.status}") or self.words.get(beat.status, beat.status)
            status = self.statuses.get(word)
            told = status is not None and (not channel or not status.channels or channel in status.channels)
            self._meant[key] = status if told else None
        return self._meant[key]

    def schema(self, name: str, extended: bool = False) -> "Schema":
        """A wire schema; ``extended``: with what the API has beyond the documents, where such a schema is written."""
        if extended and f"{name}-extended" in self._written:
            name = f"{name}-extended"
        if name not in self._schemas:
            self._schemas[name] = Schema(self.folder / f"{name}.json", self.formats)
        return self._schemas[name]

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(path.stem for path in self.folder.glob("*.json"))

    def wrong_settings(self, settings: dict[str, Json]) -> str:
        """What is wrong with settings of this provider, in one line; empty when nothing is."""
        if not (self.folder / "settings.json").exists():
            return f"there are none, but {', '.join(settings)} is set"
        return self.schema("settings").complaint(settings)

    def names(self) -> list[str]:
        """The wire schemas of this provider."""
        return sorted(self._written - {"settings"})


class Schema:
    """One wire schema: a fast judge and an exact explainer of the same document.

    ``"x-extends": "omnimessage"`` makes a document a merge patch (RFC 7396) of another one beside it;
    ``"x-unknown": "ignored"`` marks an object whose other members the document does not know.
    """

    def __init__(self, path: Path, formats: Mapping[str, Callable[[str], bool]]) -> None:
        self.path = path
        self.document = _document(path)
        self.formats = formats

    @cached_property
    def accepts(self) -> Callable[[Json], bool]:
        return self._judge(self.document)

    @cached_property
    def accepts_all(self) -> Callable[[list[Json]], bool]:
        """Whether each of many instances is accepted."""
        each = {name: value for name, value in self.document.items() if name not in ("$defs", "$schema")}
        return self._judge({"$defs": self.document.get("$defs", {}), "items": each})

    def _judge(self, document: dict[str, Json]) -> Callable[[Json], bool]:
        return self._validator(document).is_valid

    def _validator(self, document: Json) -> "Draft202012Validator":
        from jsonschema_rs import Draft202012Validator

        return Draft202012Validator(document, formats=dict(self.formats), validate_formats=True)

    @cached_property
    def _closed(self) -> "Draft202012Validator | None":
        """The same schema without room for unknown members; None where it has room anyway."""
        closed = _closed(self.document)
        return self._validator(closed) if closed != self.document else None

    def unknown(self, instance: Json) -> list[str]:
        """The members that the document does not know, as ``messages.0.color``, of an instance that is accepted.

        Deepest first: an object with an unknown member is itself unknown to the objects around it, until that is gone.
        """
        found: list[str] = []
        while self._closed is not None and len(found) < MOST_VIOLATIONS:
            errors = [] if self._closed.is_valid(instance) else self._closed.iter_errors(instance)
            named = [(*error.instance_path, name) for error in errors for name in getattr(error.kind, "unexpected", ())]
            if not named:
                break
            depth = max(map(len, named))
            deepest = [path for path in named if len(path) == depth]
            found += [".".join(map(str, path)) for path in deepest]
            instance = _without(instance, deepest)
        return found[:MOST_VIOLATIONS]

    @cached_property
    def _explain(self) -> Callable[[Json], "Iterator[ValidationError]"]:
        from jsonschema import FormatChecker

        checker = FormatChecker(formats=())
        for name, check in self.formats.items():
            checker.checkers[name] = (_on_text(check), ())
        return explainer()(self.document, format_checker=checker).iter_errors

    def violations(self, instance: Json) -> list[Refusal]:
        """Everything that is wrong, in the order of the schema; empty when it is accepted."""
        if self.accepts(instance):
            return []
        errors = list(islice(self._explain(instance), MOST_VIOLATIONS))
        found: dict[tuple[str, str | None], Refusal] = {}
        for error in self._apart(errors):
            for refusal in self._refusals(error):
                found.setdefault((refusal.key, refusal.source), refusal)
        return list(found.values())

    def _apart(self, errors: Sequence["ValidationError"]) -> Iterator["ValidationError"]:
        """Without what only follows: at one place, missing goes before a wrong type, and that before a wrong value."""
        ranks = [0 if self._is_missing(error) else 1 if error.validator == "type" else 2 for error in errors]
        places = [tuple(error.absolute_path) for error in errors]
        best: dict[tuple[str | int, ...], int] = {}
        for place, rank in zip(places, ranks, strict=True):
            best[place] = min(rank, best.get(place, rank))
        for error, place, rank in zip(errors, places, ranks, strict=True):
            if rank == best[place]:
                yield error

    def _is_missing(self, error: "ValidationError") -> bool:
        """Whether null stands where something is required: whatever else it violates there, it is missing."""
        if error.instance is not None or not error.absolute_path:
            return False
        name = error.absolute_path[-1]
        return any(name in schema.get("required", ()) for schema in self._chain(list(error.absolute_schema_path)))

    def complaint(self, instance: Json) -> str:
        """The first violation of a schema of ours in a person's words, without the value: it may be a secret.

        Empty when there is none.
        """
        if self.accepts(instance):
            return ""
        error = next(iter(self._explain(instance)))
        where = [str(part) for part in error.absolute_path]
        if len(where) > 1 and self.document["properties"].get(where[0], {}).get("x-secret") == "names":
            where[1] = "***"
        return ": ".join(filter(None, (".".join(where), _expected(error))))

    def _refusals(self, error: "ValidationError") -> Iterator[Refusal]:
        pointer = list(error.absolute_schema_path)
        chain = self._chain(pointer)
        where = [str(part) for part in error.absolute_path]
        rule = f"{self.path.parent.name}/{self.path.name}#/{'/'.join(map(str, pointer))}"
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

    def _chain(self, pointer: list[str | int]) -> list[dict[str, Json]]:
        """The schemas from the root to the one that was violated."""
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

    def _follow(self, node: Json) -> Json:
        while isinstance(node, dict) and "$ref" in node:
            target: Json = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node


@cache
def explainer() -> "type[Validator]":
    """Finds all violations, with patterns as the judge reads them: ``$`` is the end, ``\\d`` is ASCII."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(validator: Json, wanted: str, instance: Json, schema: Json) -> "Iterator[ValidationError]":
        exact = f"{wanted[:-1]}\\Z" if wanted.endswith("$") else wanted
        if isinstance(instance, str) and not re.search(exact, instance, re.ASCII):
            yield ValidationError(f"{instance!r} does not match {wanted!r}")

    extended: type[Validator] = validators.extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return extended


def _refusal(chain: list[dict[str, Json]], keyword: str, where: list[str], rule: str) -> Refusal:
    """The innermost schema that names an error for this keyword decides."""
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


def _expected(error: "ValidationError") -> str:
    limit: Json = error.validator_value
    keyword = str(error.validator)
    if keyword in ("required", "additionalProperties", "dependentRequired"):
        return error.message  # of names only
    if keyword in ("type", "enum"):
        return f"{' or '.join(map(str, limit)) if isinstance(limit, list) else limit} is expected"
    description = error.schema.get("description") if isinstance(error.schema, dict) else None
    wanted = description or f"{keyword} {limit}"
    return f"it does not fit: {wanted}"


def _document(path: Path) -> dict[str, Json]:
    """A schema as it is written, or as the patch of another that it is."""
    written: dict[str, Json] = msgspec.json.decode(path.read_bytes())
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


def load_yaml(path: Path) -> Json:
    """Read a file of ours; YAML's fast loader where libyaml is there."""
    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@lru_cache(maxsize=65536)
def impossible(number: str) -> str:
    """Why ``+`` and digits can be nobody's phone number: there is no such ``country``, or it has no such ``length``.

    Empty where they can be. Ranges are not looked at: the documents' samples are in none.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        return "country" if error.error_type == error.INVALID_COUNTRY_CODE else "length"
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return "" if reason == phonenumbers.ValidationResult.IS_POSSIBLE else "length"


_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_EMAIL = re.compile(
    r"[^@\s\"(),:;<>\[\\\]\x00-\x1f]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def is_e164(text: str) -> bool:
    """The form alone: whether such a number can be somebody's is another question."""
    return _E164.fullmatch(text) is not None


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text) is not None


def is_http_url(text: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0 and " " not in text
    except ValueError:
        return False


def is_date_time(text: str) -> bool:
    try:
        date_time(text)
    except ValueError:
        return False
    return True


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "e164": is_e164,
    "email": is_email,
    "http-url": is_http_url,
    "iso-date-time": is_date_time,
}
"""Formats are asserted, not annotated; a provider adds its own."""
