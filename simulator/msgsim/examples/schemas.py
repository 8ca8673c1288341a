"""The JSON Schemas of the files that people write: scenarios and settings. Printed, served, and checked against."""

from collections.abc import Callable, Mapping
from functools import cache

import msgspec

from msgsim.config import data_folder, read_own
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.scenarios.compiler import schema


def scenario() -> dict[str, Json]:
    return schema().document


@cache
def config() -> dict[str, Json]:
    """That of the settings file, with what can be set for each provider."""
    document: dict[str, Json] = msgspec.json.decode(read_own(data_folder("schemas") / "simulator" / "config.json"))
    own = {
        name: {key: value for key, value in provider.contract.schema("settings").document.items() if key != "$schema"}
        for name, provider in discover().items()
        if provider.contract.settings
    }
    document["properties"]["providers"] |= {"properties": own, "additionalProperties": False}
    return document


def formats() -> Mapping[str, Callable[[str], bool]]:
    """The formats that the settings of all providers may have."""
    return {name: fits for provider in discover().values() for name, fits in provider.contract.formats.items()}


SCHEMAS: Mapping[str, Callable[[], dict[str, Json]]] = {"scenario": scenario, "config": config}
"""By the names they are asked for."""
