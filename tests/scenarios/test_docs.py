"""``docs/scenarios.md`` is run, not only read."""

import re
from pathlib import Path

import pytest
from msgsim.cli import main
from msgsim.examples.rehearsal import rehearse
from msgsim.model import Json
from msgsim.plan import TWISTS
from msgsim.scenarios.compiler import schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text()
FILES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


@pytest.mark.parametrize("text", FILES, ids=lambda text: re.search(r"^name: (.*)$", text, re.MULTILINE)[1])  # type: ignore[index]
def test_an_example_does_what_it_says(tmp_path: Path, text: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(text)
    count, failed = rehearse(str(file))
    assert count > 0
    assert failed == []


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_works(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as ended:
        main(line.split()[1:])
    assert ended.value.code == 0
    assert capsys.readouterr().out


def test_every_block_is_one_of_them() -> None:
    assert PAGE.count("```") == 2 * (len(FILES) + PAGE.count("```sh\n"))


def test_every_key_of_the_language_is_explained() -> None:
    document: Json = schema().document
    definitions = document["$defs"]
    words = {name for one in ("rule", "when", "fault", "expectation") for name in definitions[one]["properties"]}
    words |= {*document["properties"], *TWISTS, *definitions["fault"]["properties"]["kind"]["enum"]}
    words |= {*definitions["expectation"]["properties"]["send"]["properties"]}
    assert sorted(word for word in words if f"`{word}" not in PAGE and f"{word}:" not in PAGE) == []
    assert set(TWISTS) == set(definitions["twist-name"]["enum"])
