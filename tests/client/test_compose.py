"""Files for Docker Compose in the how-tos are what the compose specification allows, and hang together."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from msgsim.config import Config

from tests.documents import ROOT, blocks

SCHEMA = Draft7Validator(json.loads(Path(__file__).with_name("compose-spec.json").read_text()))
FILES = [
    pytest.param(yaml.safe_load(block.text), id=block.name)
    for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))
    for block in blocks(str(page.relative_to(ROOT)), "yaml")
    if block.text.startswith("# compose.yaml\n")
]


def mistakes(composed: dict[str, Any]) -> list[str]:
    return [error.message for error in SCHEMA.iter_errors(composed)]


@pytest.mark.parametrize("composed", FILES)
def test_a_file_is_what_the_specification_allows(composed: dict[str, Any]) -> None:
    assert mistakes(composed) == []
    services = composed["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        named = {volume.partition(":")[0] for volume in service.get("volumes", ()) if volume[0] not in "./"}
        assert named <= set(composed.get("volumes", ()))
        settings = {name for name in service.get("environment", ()) if name.startswith("MSGSIM_")}
        assert settings <= {f"MSGSIM_{name.upper()}" for name in Config.__struct_fields__}


def test_there_are_such_files() -> None:
    assert len(FILES) >= 4


@pytest.mark.parametrize(
    "service",
    [
        {"build": ".", "depend_on": ["database"]},
        {"build": ".", "depends_on": {"database": {"condition": "healthy"}}},
        {"image": "haproxy", "ports": [{"from": 8080}]},
    ],
)
def test_a_mistake_is_found(service: dict[str, Any]) -> None:
    assert len(mistakes({"services": {"msgsim": service}})) == 1
