"""The settings of a command that starts a server: flag, then environment, then file, then default."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from msgsim.config import Config, ConfigError, faults, written
from msgsim.contract.schema import judge
from msgsim.engine.sandbox import clock_of
from msgsim.examples.schemas import config as settings_schema
from msgsim.examples.schemas import formats
from msgsim.model import Json, whole
from msgsim.scenarios import yaml
from msgsim.scenarios.library import ENDINGS, find
from msgsim.scenarios.yaml import BadFile, Mistake, suggestion

FILE = "msgsim.yaml"
"""The settings file in the working folder; it is read if no other one is named."""
PREFIX = "MSGSIM_"
OTHERS = frozenset({"MSGSIM_CONFIG", "MSGSIM_URL", "MSGSIM_SANDBOX", "MSGSIM_COMMAND"})
"""Variables that are no settings: those of commands and clients that talk to a server, and of the pytest plugin."""
_OF_SERVICES = re.compile(
    r"MSGSIM_(SERVICE_(HOST|PORT)(_\w+)?|(PORT|\w+_PORT)_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?|NAME)"
)
"""Variables that Kubernetes and container links set in containers next to a service named msgsim; they are ignored."""
TRUTH: dict[str, bool] = {
    "yes": True,
    "on": True,
    "1": True,
    "true": True,
    "no": False,
    "off": False,
    "0": False,
    "false": False,
}
"""Text of a boolean setting, in lower case → value."""
_Path = tuple[str | int, ...]
"""Name of a setting, then names and indexes inside its value."""


class Layer(NamedTuple):
    """The settings of one source: the file, the environment or the flags."""

    values: Json
    place: Callable[[_Path, bool], Mistake]
    """(path, whether its last key is meant instead of its value) → a mistake there, with an empty reason.

    Its place is a line and column of the file, the name of the variable, or the flag.
    """

    def mistake(self, path: _Path, reason: str, key: bool = False) -> Mistake:
        return replace(self.place(path, key), reason=reason)


def read(flags: Mapping[str, Json], environment: Mapping[str, str], file: str | None = None) -> Config:
    """The settings of file, environment and flags; later ones win. Raises ConfigError with all mistakes of all three.

    ``file``: that of --config; None: the one that MSGSIM_CONFIG names, else FILE if there is one.
    """
    layers = [_environment(environment), _flags(flags)]
    mistakes: list[str] = []
    try:
        layers.insert(0, _file(environment, file))
    except ConfigError as error:
        mistakes.append(str(error))
    for layer in layers:
        if not layer.values or judge(settings_schema(), formats()).is_valid(layer.values):
            continue
        from msgsim.scenarios.violations import of_settings  # Late: it imports jsonschema, which is slow to load.

        broken = of_settings(layer.values, settings_schema(), formats())
        mistakes += map(_line, sorted({layer.mistake(*violation) for violation in broken}))
    mistakes += unknown(environment)
    if not mistakes:
        config = msgspec.convert({name: value for layer in layers for name, value in layer.values.items()}, Config)
        mistakes += [_line(_origin(layers, path).mistake(path, reason)) for path, reason in _faults(config)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return config


def sources(environment: Mapping[str, str], file: str | None = None) -> list[str]:
    """The name of the settings file, if there is one, and the names of the variables with settings."""
    chosen = _chosen(environment, file)
    return [*([chosen] if chosen else []), *map(_variable, _environment(environment).values)]


def origin(setting: str, flags: Mapping[str, Json], environment: Mapping[str, str], file: str | None) -> str:
    """Where a setting comes from, as a prefix of the reason why it cannot be used, for mistakes found only at start.

    Empty: a flag gives it, or it is the default. Raises ConfigError as `read` does.
    """
    if setting in _flags(flags).values:
        return ""
    found = next((one for one in (_environment(environment), _file(environment, file)) if setting in one.values), None)
    return "" if found is None else _line(found.mistake((setting,), ""))


def unknown(environment: Mapping[str, str]) -> list[str]:
    """A line for each variable that begins with MSGSIM_ and is neither a setting nor one of OTHERS."""
    known = {*OTHERS, *map(_variable, _schemas())}
    return [
        f"{name}: there is no such setting{_instead(name, known)}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not _OF_SERVICES.fullmatch(name)
    ]


def _instead(variable: str, known: Iterable[str]) -> str:
    """What to do instead of setting an unknown variable, as the end of a sentence."""
    for provider in settings_schema()["properties"]["providers"]["properties"]:
        if variable.startswith(f"{PREFIX}{provider.upper()}_"):
            return f"; settings of {provider} stand in {FILE}, below `providers: {{{provider}: …}}`"
    return suggestion(variable, known) or "; `msgsim schema config` lists them"


def _chosen(environment: Mapping[str, str], file: str | None) -> str | None:
    """The settings file to read; None: there is none."""
    return file or environment.get("MSGSIM_CONFIG") or (FILE if os.path.lexists(FILE) else None)


def _file(environment: Mapping[str, str], file: str | None) -> Layer:
    """The settings of the file; empty if there is none. Raises ConfigError for a file that is not readable YAML."""
    chosen = _chosen(environment, file)
    if chosen is None:
        return Layer({}, lambda path, key: Mistake("", 0, 0, ""))
    try:
        document = yaml.read(Path(chosen))
    except BadFile as error:
        named = "" if file or chosen == FILE else " (MSGSIM_CONFIG names it)"
        raise ConfigError(f"{error}{named}") from None
    return Layer(_plain({} if document.value is None else document.value), lambda path, key: document.at(path, "", key))


def _environment(environment: Mapping[str, str]) -> Layer:
    """The settings of the environment. An empty variable is not set: compose files write one for a missing value."""
    given = {name: environment.get(_variable(name), "") for name in _schemas()}
    if "://" in given["port"]:
        given["port"] = ""  # Kubernetes sets MSGSIM_PORT to the URL of a service named msgsim.
    values = {name: text for name, text in given.items() if text}
    return Layer(_plain(values), lambda path, key: Mistake(_variable(str(path[0])), 0, 0, ""))


def _flags(flags: Mapping[str, Json]) -> Layer:
    """The settings of the flags. None and an empty tuple are values of flags that were not given."""
    values = {name: whole(value) for name, value in flags.items() if value not in (None, ())}
    return Layer(values, lambda path, key: Mistake(f"--{str(path[0]).replace('_', '-')}", 0, 0, ""))


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _schemas() -> dict[str, dict[str, Json]]:
    """Name → JSON Schema of the settings that a variable can have: all but ``providers``."""
    properties: dict[str, dict[str, Json]] = settings_schema()["properties"]
    return {name: schema for name, schema in properties.items() if name != "providers"}


def _plain(values: Json) -> Json:
    """Settings with texts converted to the types that the schema requires, where possible, and whole numbers to ints.

    A text that cannot be converted stays, and so does a value that is no object: validation refuses it later.
    """
    if not isinstance(values, dict):
        return values
    schemas = _schemas()
    return {
        name: _value(value, schemas[name]["type"]) if name in schemas else value
        for name, value in whole(values).items()
    }


def _value(value: Json, kinds: str | list[str]) -> Json:
    """A value converted to one of the JSON types ``kinds`` of a setting; unchanged if it cannot be converted."""
    if "boolean" in kinds and type(value) in (str, int):
        return TRUTH.get(str(value).lower(), value)
    if not isinstance(value, str) or "string" in kinds:
        return value
    if "array" in kinds:
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, int | None, strict=False)
    except msgspec.ValidationError:
        return value


def _faults(config: Config) -> Iterator[tuple[_Path, str]]:
    """(path, reason) of each mistake that neither types nor the schema find."""
    try:
        clock_of(config.clock)
    except ValueError as error:
        yield ("clock",), f"{error}{suggestion(config.clock, ('real', 'frozen'))}"
    for index, name in enumerate(config.scenario):
        try:
            path = find(name)
        except BadFile as error:
            yield ("scenario", index), f"{written(name)}: {error.mistakes[0].reason}"
        else:
            if not os.path.exists(path):  # noqa: PTH110 - false for whatever is no name of a file
                yield ("scenario", index), f"{written(name)}: there is no such file{_nearby(path)}"
    for name, reason in faults(config):
        yield (name,), reason


def _nearby(path: Path) -> str:
    """A suggestion among the scenario files in the folder of a path; empty: no name is similar."""
    beside = [str(file) for ending in ENDINGS for file in path.parent.glob(f"*{ending}")]
    return suggestion(str(path), beside)


def _origin(layers: Sequence[Layer], path: _Path) -> Layer:
    """The layer that a mistaken setting comes from: the last one that has it. There is one, as defaults are valid."""
    return next(layer for layer in reversed(layers) if path[0] in layer.values)


def _line(mistake: Mistake) -> str:
    """A mistake as text; without line and column if it is in a variable or a flag."""
    return str(mistake) if mistake.line else f"{mistake.file}: {mistake.reason}"
