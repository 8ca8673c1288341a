"""The JSON Schemas of scenario files and of the settings file: they are printed, served, and used to check files."""

from collections.abc import Callable, Mapping
from functools import cache

import msgspec

from msgsim.config import data_folder, read_own
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.scenarios.compiler import schema


def scenario() -> dict[str, Json]:
    """The schema of scenario files."""
    return schema().document


@cache
def config() -> dict[str, Json]:
    """The schema of the settings file, with the settings of each provider."""
    document: dict[str, Json] = msgspec.json.decode(read_own(data_folder("schemas") / "simulator" / "config.json"))
    own = {
        name: {key: value for key, value in provider.contract.schema("settings").document.items() if key != "$schema"}
        for name, provider in discover().items()
        if provider.contract.settings
    }
    document["properties"]["providers"] |= {"properties": own, "additionalProperties": False}
    return document


def formats() -> Mapping[str, Callable[[str], bool]]:
    """Format → check, for the settings of all providers."""
    return {name: fits for provider in discover().values() for name, fits in provider.contract.formats.items()}


SCHEMAS: Mapping[str, Callable[[], dict[str, Json]]] = {"scenario": scenario, "config": config}
"""Name of a schema, as in its URL → function that returns it."""
