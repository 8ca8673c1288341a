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
"""Read in the working folder where no other settings file is named."""
PREFIX = "MSGSIM_"
OTHERS = frozenset({"MSGSIM_CONFIG", "MSGSIM_URL", "MSGSIM_SANDBOX", "MSGSIM_COMMAND"})
"""Variables that are no settings: of commands that talk to a server, of the clients, and of the pytest plugin."""
_OF_SERVICES = re.compile(
    r"MSGSIM_(SERVICE_(HOST|PORT)(_\w+)?|(PORT|\w+_PORT)_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?|NAME)"
)
"""What Kubernetes and container links put into the environment of whatever runs beside a service named msgsim."""
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
_Path = tuple[str | int, ...]


class Layer(NamedTuple):
    """What one source of settings says, and where."""

    values: Json
    place: Callable[[_Path, bool], Mistake]
    """With no reason yet: a path, or the key of its last part, in the file; the variable; the flag."""

    def mistake(self, path: _Path, reason: str, key: bool = False) -> Mistake:
        return replace(self.place(path, key), reason=reason)


def read(flags: Mapping[str, Json], environment: Mapping[str, str], file: str | None = None) -> Config:
    """Put the layers on top of each other. Raises ConfigError with all mistakes of all of them."""
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
    """Where settings come from besides flags: the file, and the variables that are set."""
    chosen = _chosen(environment, file)
    return [*([chosen] if chosen else []), *map(_variable, _environment(environment).values)]


def origin(setting: str, flags: Mapping[str, Json], environment: Mapping[str, str], file: str | None) -> str:
    """Where a setting comes from that cannot be used, as it shows at start only: before the reason.

    Empty where a flag gives it, or nobody does.
    """
    if setting in _flags(flags).values:
        return ""
    found = next((one for one in (_environment(environment), _file(environment, file)) if setting in one.values), None)
    return "" if found is None else _line(found.mistake((setting,), ""))


def unknown(environment: Mapping[str, str]) -> list[str]:
    """A mistake for each variable that looks like one of ours and is none."""
    known = {*OTHERS, *map(_variable, _schemas())}
    return [
        f"{name}: there is no such setting{_instead(name, known)}"
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known and not _OF_SERVICES.fullmatch(name)
    ]


def _instead(variable: str, known: Iterable[str]) -> str:
    """What to do instead of setting an unknown variable."""
    for provider in settings_schema()["properties"]["providers"]["properties"]:
        if variable.startswith(f"{PREFIX}{provider.upper()}_"):
            return f"; settings of {provider} stand in {FILE}, below `providers: {{{provider}: …}}`"
    return suggestion(variable, known) or "; `msgsim schema config` lists them"


def _chosen(environment: Mapping[str, str], file: str | None) -> str | None:
    return file or environment.get("MSGSIM_CONFIG") or (FILE if os.path.lexists(FILE) else None)


def _file(environment: Mapping[str, str], file: str | None) -> Layer:
    """Raises ConfigError."""
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
    """An empty variable is none: compose files write one for what is not given."""
    given = {name: environment.get(_variable(name), "") for name in _schemas()}
    if "://" in given["port"]:
        given["port"] = ""  # Kubernetes tells of a service named msgsim in a variable of that name.
    values = {name: text for name, text in given.items() if text}
    return Layer(_plain(values), lambda path, key: Mistake(_variable(str(path[0])), 0, 0, ""))


def _flags(flags: Mapping[str, Json]) -> Layer:
    values = {name: whole(value) for name, value in flags.items() if value not in (None, ())}
    return Layer(values, lambda path, key: Mistake(f"--{str(path[0]).replace('_', '-')}", 0, 0, ""))


def _variable(name: str) -> str:
    return f"{PREFIX}{name.upper()}"


def _schemas() -> dict[str, dict[str, Json]]:
    """Of what can be set by a variable, by name."""
    properties: dict[str, dict[str, Json]] = settings_schema()["properties"]
    return {name: schema for name, schema in properties.items() if name != "providers"}


def _plain(values: Json) -> Json:
    """Settings with texts read as what they have to be, as far as they can; whole numbers as such."""
    if not isinstance(values, dict):
        return values
    schemas = _schemas()
    return {
        name: _value(value, schemas[name]["type"]) if name in schemas else value
        for name, value in whole(values).items()
    }


def _value(value: Json, kinds: str | list[str]) -> Json:
    """``kinds``: the types of JSON that a setting may have."""
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
    """What neither types nor the schema can say."""
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
    """A suggestion among the files of the same folder."""
    beside = [str(file) for ending in ENDINGS for file in path.parent.glob(f"*{ending}")]
    return suggestion(str(path), beside)


def _origin(layers: Sequence[Layer], path: _Path) -> Layer:
    """Where a setting comes from: the last layer that has it, as none of the defaults is wrong."""
    return next(layer for layer in reversed(layers) if path[0] in layer.values)


def _line(mistake: Mistake) -> str:
    """Variables and flags have no lines."""
    return str(mistake) if mistake.line else f"{mistake.file}: {mistake.reason}"
