"""Durations, and the settings: in the code, in the schema and in the documentation they are the same."""

import json
from pathlib import Path

import msgspec
import pytest
from msgsim.config import Config, milliseconds


@pytest.mark.parametrize(
    ("text", "expected"), [("250ms", 250), ("5s", 5000), ("1.5m", 90_000), ("2h", 7_200_000), ("1d", 86_400_000)]
)
def test_durations(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize("text", ["5", "s", "-1s", "1 s", "1w", "", "1.2.3s"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        milliseconds(text)


def test_every_setting_is_told_in_the_documentation() -> None:
    told = Path("docs/settings.md").read_text()
    for name in Config.__struct_fields__:
        assert f"`{name}`" in told, name


def test_the_schema_of_the_settings_file_is_that_of_the_settings() -> None:
    properties = json.loads(Path("schemas/simulator/config.json").read_text())["properties"]
    assert list(properties) == list(Config.__struct_fields__)
    plain = json.loads(msgspec.json.encode(Config()))
    assert {name: one["default"] for name, one in properties.items()} == plain
