"""The how-to about installing: its commands run as printed, in a checkout and a fresh environment beside it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgsim.testing import call

from tests.documents import ROOT, checkout, served, surroundings

PAGE = "docs/how-to/install.md"
SECTION = re.compile(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INSTALL = re.compile(r"\b(?:pip install|uvx --from)\s[^`\n]*")
EXTRAS = re.compile(r"`(pip install [^`]+)`")
BIN = Path(sys.executable).parent
SERVES = re.compile(r"^(make serve|.* msgsim serve)\b")


def section(title: str) -> str:
    sections: dict[str, str] = dict(SECTION.findall((ROOT / PAGE).read_text()))
    return sections[title]


def lines(text: str) -> list[str]:
    return [line for block in SHELL.findall(text) for line in block.splitlines()]


class Place:
    """A checkout, and an environment that is active in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = checkout(folder)
        self.environment = folder / "environment"
        self.settings: dict[str, str] = {}
        self._run([str(BIN / "uv"), "venv", "--quiet", "--seed", "--python", sys.executable, str(self.environment)])
        for name in ("uv", "uvx"):
            (self.environment / "bin" / name).symlink_to(BIN / name)

    def active(self) -> dict[str, str]:
        given = surroundings(self.folder, VIRTUAL_ENV=str(self.environment), **self.settings)
        return {**given, "PATH": f"{self.environment / 'bin'}:{given['PATH']}"}

    def run(self, command: str) -> str:
        return self._run(["bash", "-c", command], **self.active())

    def _run(self, command: list[str], **environment: str) -> str:
        given = environment or surroundings(self.folder)
        ran = subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, timeout=170)
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def serves(self, command: str) -> bool:
        """Whether samples of its server are varied."""
        with served(command, self.folder, **self.active()) as url:
            answered = call(f"{url}/__sim/v1/sample", "POST", {"count": 1}).json
        assert [sample["status"] // 100 for sample in answered["sent"]] == [2]
        return answered["hint"] is None

    def has(self, module: str) -> bool:
        return (
            subprocess.run([self.environment / "bin" / "python", "-c", f"import {module}"], check=False).returncode == 0
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_checkout_serves(place: Place) -> None:
    (command,) = lines(section("To look around"))
    assert place.serves(command)


def test_a_wheel_is_made_and_installed_with_extras(place: Place) -> None:
    """And as it will be once it is published: pip and uv find the wheel by its name then."""
    make, pip, version, uv = lines(section("Beside an application and its tests"))
    by_name, by_name_with_samples, uvx = lines(section("Once it is published"))
    place.run(make)
    place.run(pip)
    assert "0." in place.run(version)
    place.run("pip uninstall --yes messaging-simulator")
    place.run(uv)
    extras = EXTRAS.findall(section("Beside an application and its tests"))
    for command, module in zip(extras, ("faker", "psycopg", "mcp"), strict=True):
        assert not place.has(module)
        place.run(command)
        assert place.has(module)
    place.run("pip uninstall --yes messaging-simulator faker")
    place.settings = dict.fromkeys(("PIP_FIND_LINKS", "UV_FIND_LINKS"), str(place.folder / "dist"))
    place.run(by_name)
    assert "0." in place.run(version)
    assert not place.has("faker")
    place.run(by_name_with_samples)
    assert place.has("faker")
    assert not place.serves(uvx)


def test_uvx_runs_the_checkout_and_the_wheel(place: Place) -> None:
    place.run("make dist")
    assert [place.serves(command) for command in lines(section("Without installing it"))] == [False, True, False]


def test_no_page_installs_what_is_on_no_index() -> None:
    """Everywhere else a file is installed, or an extra is added to what is there."""
    pages = [ROOT / "README.md", ROOT / "action.yml", *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/*/*.md")]
    text = "\n".join(page.read_text() for page in pages).replace(section("Once it is published"), "")
    installed = [command for command in INSTALL.findall(text) if "messaging" in command]
    assert len(installed) > 5
    assert [command for command in installed if not re.search(r"\.whl|messaging-simulator\[\w+\]", command)] == []
    assert re.findall(r"git clone .*|github\.com/(?:<|OWNER|you|example)[^\s)]*", text) == []
