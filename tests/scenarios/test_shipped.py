"""What ships teaches something, tests itself, and fits the published schema."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from msgsim.config import data_folder
from msgsim.examples.rehearsal import rehearse
from msgsim.model import Json
from msgsim.scenarios.compiler import schema
from msgsim.scenarios.library import Shipped, shipped
from msgsim.scenarios.yaml import read

SHIPPED = list(shipped().values())
EVERYWHERE = {"messente", "sinch"}
TWISTS = {
    "duplicate": "callbacks-duplicated",
    "reorder": "callbacks-reordered",
    "delay": "callbacks-late",
    "after-terminal": "callbacks-after-terminal",
    "conflicting": "callbacks-conflicting",
    "drop": "callbacks-dropped",
    "before-response": "callbacks-before-response",
    "corrupt": "callbacks-corrupt",
}


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.name)
def test_a_shipped_file_does_what_it_says(one: Shipped) -> None:
    count, failed = rehearse(str(one.file))
    assert count > 0, "it expects nothing"
    assert failed == []
    assert len(one.title) > 20, "its first comment says what it teaches"


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.name)
def test_a_shipped_file_is_called_as_it_calls_itself_and_fits_the_schema(one: Shipped) -> None:
    document = read(one.file)
    assert document.value["name"] == one.file.stem
    assert one.file.read_text().startswith("# yaml-language-server: $schema=../schemas/simulator/scenario.json\n")
    assert list(Draft202012Validator(schema().document).iter_errors(document.value)) == []


@pytest.mark.parametrize(("kind", "name"), TWISTS.items())
def test_each_misbehaviour_ships_for_each_provider_that_has_callbacks(kind: str, name: str) -> None:
    value = read(data_folder("scenarios") / f"{name}.yaml").value
    kinds = {next(iter(one)) if isinstance(one, dict) else one for rule in value["rules"] for one in rule["callbacks"]}
    assert kinds == {kind}
    assert {expected["send"]["provider"] for expected in value["expect"]} == EVERYWHERE


def test_an_expectation_that_is_not_met_fails(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "name: wrong\nrules: []\nexpect:\n"
        "  - send: {provider: messente, channels: [sms]}\n"
        "    advance: 1m\n"
        "    status: 202\n"
        "    fault: reset\n"
        "    error: forbidden\n"
        "    callbacks: [ACK]\n"
        "    statuses: [[sms, failed]]\n"
    )
    count, failed = rehearse(str(file))
    assert count == 1
    assert [str(one) for one in failed] == [
        f"{file}:6:13: status: expected 202, but it was 201",
        f"{file}:8:12: error: expected forbidden, but it was none",
        f"{file}:7:12: fault: expected reset, but it was none",
        f"{file}:10:15: statuses: expected [[sms, failed]], but it was [[sms, DELIVRD]]",
        f"{file}:9:16: callbacks: expected [ACK], but it was [ACK, DELIVRD]",
    ]


def test_every_key_of_the_schema_explains_itself() -> None:
    document = schema().document
    silent: list[str] = []

    def visit(node: Json, path: str) -> None:
        if isinstance(node, dict):
            for name, inner in node.get("properties", {}).items():
                target = document["$defs"][inner["$ref"].rpartition("/")[2]] if "$ref" in inner else {}
                if "description" not in inner and "description" not in target:
                    silent.append(f"{path}/{name}")
            for key, value in node.items():
                visit(value, f"{path}/{key}")
        elif isinstance(node, list):
            for value in node:
                visit(value, path)

    visit(document, "")
    assert silent == []
