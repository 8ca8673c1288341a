"""What README shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgsim.testing import Simulator

from tests.documents import ROOT, Block, blocks, run

README = blocks("README.md", "console")


@pytest.mark.parametrize("block", README, ids=lambda block: block.name)
def test_readme_prints_what_it_says(block: Block) -> None:
    with Simulator(clock="real") as sim:
        run(block, sim.url)


def test_the_test_in_readme_passes(tmp_path: Path) -> None:
    (block,) = blocks("README.md", "python")
    (tmp_path / "test_readme.py").write_text(block.text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", blocks("README.md", "yaml"), ids=lambda block: block.name)
def test_scenarios_in_readme_have_no_mistakes(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(block.text)
    done = subprocess.run(
        [sys.executable, "-m", "msgsim", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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
    named = re.findall(r"^make ([a-z-]+)", "\n".join(block.text for block in blocks(file, "sh")), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_is_linked_exists(file: str) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / file).read_text())
    assert [link for link in linked if not (ROOT / link).exists()] == []
