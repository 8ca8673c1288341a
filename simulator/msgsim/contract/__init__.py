"""The contract of a provider: wire schemas, error catalogue, statuses and settings, from ``schemas/<provider>/``."""

import re
from collections.abc import Callable, Container, Iterable, Mapping
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args

import msgspec
import yaml
from msgspec import Struct, field
from msgspec.structs import replace

from msgsim.config import data_folder, milliseconds, read_own
from msgsim.contract.formats import FORMATS
from msgsim.contract.schema import Schema
from msgsim.model import Beat, Json, Refusal

FAILURES = frozenset({"failed", "rejected", "expired", "cancelled"})
"""Kinds of statuses after which a channel has failed."""
SUCCESSES = frozenset({"delivered", "seen"})
"""Kinds of statuses after which no further channel is tried."""


class BadCatalogue(ValueError):
    """A provider's catalogue cannot be used; the text names the file and the key."""


NEEDED_ERRORS = ("malformed", "unauthorized", "unknown_path", "wrong_method", "server_error")
"""Errors that the engine raises for every provider: malformed JSON, credentials, paths, methods, and faults."""
NEEDED_WORDS = ("sent", "delivered", "failed", "expired")
"""Neutral words that planning itself uses: happy path, expired channels, and contradicting callbacks."""
Kind = Literal["queued", "sent", "delivered", "seen", "failed", "rejected", "expired", "cancelled"]
KINDS = get_args(Kind)
"""What a status of any provider means. All but cancelled are the neutral words of scenarios."""
Provenance = Literal["seed", "public", "inferred"]
_Entry = TypeVar("_Entry", "Error", "Status")


_GAP = re.compile(r"\{(\w+)\}")


class Error(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An error of the catalogue: an entry of ``errors.yaml``."""

    key: str
    status: int
    source: str
    provenance: Provenance
    """``seed``: in the reproduced document; ``public``: on another published page; ``inferred``: decided here."""
    text: str = ""
    code: Json = None
    title: str = ""
    when: str = ""
    """When the provider answers it, in one sentence."""
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Json] = field(default_factory=dict)
    """Further members of the provider's body."""
    magic: int | None = None
    """The last three digits of its magic recipient; None: it has none."""
    example: dict[str, Json] | None = None
    """A request that causes it: method, path, query, headers, json or body; None: only a scenario can."""

    def text_of(self, refusal: Refusal, **values: Json) -> str:
        """The text for a refusal: its detail, else this text with each ``{gap}`` filled by the refusal or ``values``.

        A gap without a value (when a scenario dictates the error) is replaced by its name.
        """
        if refusal.detail is not None:
            return refusal.detail
        known = values | refusal.values
        return _GAP.sub(lambda gap: str(known.get(gap[1], gap[1])), self.text)


class Status(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A documented status of a message: an entry of ``statuses.yaml``."""

    word: str
    kind: Kind
    source: str
    provenance: Provenance
    meaning: str = ""
    code: int | None = None
    """Its number in answers and callbacks, unless a step has another."""
    codes: tuple[int, ...] = ()
    """All numbers that the document lists for it."""
    channel_codes: dict[str, int] = field(default_factory=dict)
    """Channel → ``code``, for channels with another number."""
    after: str = ""
    """The kind of status that has to precede it, such as ``sent``; empty: none."""
    channels: tuple[str, ...] = ()
    """The channels that have it; empty: all."""
    magic: int | None = None
    """As in `Error`."""


class Missing(Struct, frozen=True):
    """A path that the provider has and the simulator does not: an entry of ``not-simulated.yaml``."""

    path: str
    """With ``{parameters}``; ``*`` at the end stands for any rest."""
    methods: str
    what: str
    source: str

    @property
    def pattern(self) -> str:
        """A regular expression for the path, with or without a slash at its end."""
        return re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.path)).replace(r"\*", ".*") + "/?"


class Contract:
    """The folder ``schemas/<provider>/``. Its files are read when first needed."""

    def __init__(self, provider: str, formats: Mapping[str, Callable[[str], bool]] | None = None) -> None:
        self.provider = provider
        self.folder = data_folder("schemas") / provider
        self._files = [file.relative_to(self.folder) for file in self.folder.rglob("*.*")]
        self.formats = {**FORMATS, **(formats or {})}
        self._schemas: dict[str, Schema] = {}
        self._meant: dict[tuple[str, str], Status | None] = {}
        self._apis: dict[str, Contract] = {}

    @cached_property
    def errors(self) -> dict[str, Error]:
        """Key → error: the catalogue in its documented order, then those of further APIs (``<api>.<key>``).

        Raises BadCatalogue.
        """
        found = self._errors("errors.yaml")
        for api in self.apis:
            found |= self._errors(f"{api}/errors.yaml", f"{api}.")
        return found

    def _errors(self, file: str, before: str = "") -> dict[str, Error]:
        """The entries of a catalogue; ``before`` is the prefix of their keys."""
        listed = self._loaded(file)
        self._need(file, listed, NEEDED_ERRORS)
        return self._entries(file, "key", {f"{before}{key}": entry for key, entry in listed.items()}, Error)

    @cached_property
    def apis(self) -> tuple[str, ...]:
        """Names of further APIs with an error catalogue of their own."""
        return tuple(sorted(file.parent.name for file in self._files if file.match("*/errors.yaml")))

    def of(self, api: str) -> "Contract":
        """The contract with the errors of one API only, by their short keys too; empty: the provider's first API."""
        if api not in self.apis:
            api = ""
        if not self.apis:
            return self
        if api not in self._apis:
            self._apis[api] = mine = copy(self)
            mine.__dict__["errors"] = {
                name: error
                for key, error in self.errors.items()
                if api == (key.partition(".")[0] if "." in key else "")
                for name in (key.rpartition(".")[2], key)
            }
        return self._apis[api]

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
        """The provider's word → status. Raises BadCatalogue."""
        return self._entries("statuses.yaml", "word", self._vocabulary["statuses"], Status)

    @cached_property
    def words(self) -> dict[str, str]:
        """Neutral word, or ``<channel>.<neutral word>`` → the provider's word."""
        return cast("dict[str, str]", self._vocabulary["words"])

    @cached_property
    def codes(self) -> dict[int, str]:
        """Number of a status → the provider's text, where the provider has such a list."""
        return cast("dict[int, str]", self._vocabulary.get("codes", {}))

    @cached_property
    def not_simulated(self) -> tuple[Missing, ...]:
        """What ``not-simulated.yaml`` lists; empty where there is no such file."""
        try:
            return msgspec.convert(load_yaml(self.folder / "not-simulated.yaml"), tuple[Missing, ...])
        except FileNotFoundError:
            return ()

    @cached_property
    def _missing(self) -> list[tuple[re.Pattern[str], Missing]]:
        return [(re.compile(missing.pattern, re.IGNORECASE), missing) for missing in self.not_simulated]

    def missing(self, path: str) -> Missing | None:
        """What the provider has at a path that is not simulated; None: nothing known."""
        return next((missing for pattern, missing in self._missing if pattern.fullmatch(path)), None)

    @cached_property
    def life(self) -> tuple[Beat, ...]:
        """The default statuses of a message; empty: those of ``default.yaml``."""
        return tuple(Beat(milliseconds(beat["after"]), beat["status"]) for beat in self._vocabulary.get("life", ()))

    @cached_property
    def settings(self) -> dict[str, Json]:
        """Setting of this provider → its default. Raises BadCatalogue."""
        properties = self._setting_schemas
        for name, entry in properties.items():
            self._need(f"settings.json, {name}", entry, ("default",))
        return {name: entry["default"] for name, entry in properties.items()}

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """Settings that are mappings from secrets, such as API keys."""
        return frozenset(name for name, entry in self._setting_schemas.items() if entry.get("x-secret") == "names")

    @cached_property
    def _setting_schemas(self) -> dict[str, dict[str, Json]]:
        """Setting → its JSON Schema; empty where there is no ``settings.json``."""
        try:
            return cast("dict[str, dict[str, Json]]", self.schema("settings").document["properties"])
        except FileNotFoundError:
            return {}

    def require(self, *errors: str) -> None:
        """Raises BadCatalogue for keys of errors that are not in the catalogue."""
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
        """Decode the entries of a file; ``name`` is the member that gets an entry's key."""
        found: dict[str, _Entry] = {}
        for key, entry in listed.items():
            try:
                found[key] = msgspec.convert({name: key, **entry}, kind)
            except (msgspec.ValidationError, TypeError) as error:
                raise BadCatalogue(f"schemas/{self.provider}/{file}, {key}: {error}") from None
        return found

    def status(self, beat: Beat, channel: str = "") -> Status:
        """The status of a beat on a channel. Raises KeyError where the channel does not have it."""
        found = self.known(beat, channel)
        if found is None:
            raise KeyError(beat.status)
        return found

    def known(self, beat: Beat, channel: str = "") -> Status | None:
        """The status of a beat on a channel (empty: any); None: an unknown word, or the channel does not have it."""
        key = (channel, beat.status)
        try:
            return self._meant[key]
        except KeyError:
            word = self.words.get(f"{channel}.{beat.status}") or self.words.get(beat.status, beat.status)
            status = self.statuses.get(word)
            exists = status is not None and (not channel or not status.channels or channel in status.channels)
            found = self._meant[key] = status if exists else None
            if found is not None and channel in found.channel_codes:
                found = self._meant[key] = replace(found, code=found.channel_codes[channel])
            return found

    def schema(self, name: str, extended: bool = False) -> "Schema":
        """A wire schema by its name, ``send`` or ``<api>/send``.

        ``extended``: its variant with members that the API has but its documents lack, where there is such a file.
        """
        if extended and f"{name}-extended" in self._written:
            name = f"{name}-extended"
        if name not in self._schemas:
            file = f"{name}.json"
            self._schemas[name] = Schema(self.folder / file, self.formats, f"{self.provider}/{file}")
        return self._schemas[name]

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(file.with_suffix("").as_posix() for file in self._files if file.suffix == ".json")

    def wrong_settings(self, settings: dict[str, Json]) -> str:
        """The first mistake in settings of this provider, in one line; empty: no mistake."""
        if not self._setting_schemas:
            return f"there are none, but {', '.join(settings)} is set"
        return self.schema("settings").complaint(settings)

    def names(self) -> list[str]:
        """Names of the wire schemas of this provider."""
        return sorted(self._written - {"settings"})


def load_yaml(path: Path) -> Json:
    """Read a file of the package, with YAML's fast loader where libyaml is available."""
    return yaml.load(read_own(path), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
