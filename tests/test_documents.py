"""What README shows is what happens."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgsim.testing import Simulator, call

from tests.documents import ROOT, Block, blocks, checkout, commands, run, served, surroundings

README = blocks("README.md", "console")
SPANS = list(dict.fromkeys(re.findall(r"(?<!`)`([^`\n]+)`", (ROOT / "README.md").read_text())))
OURS = [span for span in SPANS if span.startswith(".venv/bin/")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the files of README were written."""
    folder = checkout(tmp_path_factory.mktemp("checkout"))
    for block in blocks("README.md", "python", "yaml"):
        (folder / block.text.split("\n")[0].removeprefix("# ")).write_text(block.text)
    return folder


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    first, *_ = blocks("README.md", "sh")[0].text.splitlines()
    assert first.startswith("make serve")
    with served(first, folder) as url:
        yield url


@pytest.mark.parametrize("block", README, ids=lambda block: block.name)
def test_readme_prints_what_it_says(block: Block, url: str, folder: Path) -> None:
    run(block, url, folder)


@pytest.mark.parametrize("command", [span for span in OURS if "/msgsim serve" not in span])
def test_a_command_within_the_text_works_as_printed(command: str, url: str, folder: Path) -> None:
    surrounded = surroundings(folder, MSGSIM_URL=url)
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=surrounded, capture_output=True, timeout=60)
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


@pytest.mark.parametrize("command", [span for span in OURS if "/msgsim serve" in span])
def test_a_server_within_the_text_starts_as_printed(command: str, folder: Path) -> None:
    with served(command, folder) as url:
        assert call(f"{url}/__sim/v1/scenario", "GET").json["names"] == ["viber-is-down"]


def test_readme_names_no_command_that_make_serve_does_not_bring() -> None:
    assert [span for span in SPANS if re.match(r"(msgsim|pytest|python|pip|uv) ", span)] == []
    shell = [command for block in README for command, _ in commands(block)]
    assert [command for command in shell if re.search(r"(?<![/\w])(msgsim|pytest|pip|uv)\b", command)] == []


@pytest.mark.parametrize("block", blocks("docs/settings.md", "yaml"), ids=lambda block: block.name)
def test_settings_in_the_documentation_can_be_used(block: Block, tmp_path: Path) -> None:
    from msgsim.cli.settings import read

    file = tmp_path / "msgsim.yaml"
    file.write_text(block.text)
    settings = read({"port": 0, "store": "memory"}, {}, str(file))
    with Simulator(clock=settings.clock, providers=settings.providers) as sim:
        assert sim.control("GET", "health").json["status"] == "ok"


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(file: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / file).read_text(), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_exists(file: str) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / file).read_text())
    assert [link for link in linked if not (ROOT / link).exists()] == []
