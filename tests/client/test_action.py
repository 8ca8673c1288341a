"""The GitHub action at the root of the project: its steps run as a runner would run them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgsim.testing import call

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")


class Runner:
    """What a runner keeps between the steps of a job."""

    def __init__(self, folder: Path, **inputs: str) -> None:
        defaults = {name: str(described["default"]) for name, described in ACTION["inputs"].items()}
        self.values = {"github.action_path": str(ROOT)}
        self.values |= {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
        self.folder = folder
        self.files = {name: folder / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in self.files.values():
            file.touch()
        # A server that outlives its step belongs to the job, and its end is the job's.
        self.group = folder / "pids"

    def run(self, step: dict[str, Any]) -> str:
        """One step; what it printed."""
        assert step["shell"] == "bash"
        environment = {
            **os.environ,
            "PATH": ":".join([*self.files["GITHUB_PATH"].read_text().split(), os.environ["PATH"]]),
            "RUNNER_TEMP": str(self.folder),
            **{name: str(file) for name, file in self.files.items()},
            **self.pairs("GITHUB_ENV"),
            **{name: self._said(text) for name, text in step.get("env", {}).items()},
        }
        script = f"echo $$ >> {self.group}\n{step['run']}"
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=150, start_new_session=True,
        )  # fmt: skip
        assert ran.returncode == 0, f"{step['name']}: {ran.stdout}\n{ran.stderr}"
        if "id" in step:
            self.values |= {
                f"steps.{step['id']}.outputs.{name}": value for name, value in self.pairs("GITHUB_OUTPUT").items()
            }
        return ran.stdout

    def _said(self, text: str) -> str:
        """With every expression replaced by its value, until none is left: a default may be one itself."""
        while EXPRESSION.search(text):
            text = EXPRESSION.sub(lambda found: self.values[found[1]], text)
        return text

    def pairs(self, file: str) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.files[file].read_text().splitlines())

    def output(self, name: str) -> str:
        return self._said(ACTION["outputs"][name]["value"])

    def end(self) -> None:
        for group in self.group.read_text().split() if self.group.exists() else ():
            subprocess.run(["pkill", "-TERM", "-g", group], check=False)


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path, python=sys.executable, port="0", clock="frozen", scenario="magic viber-falls-back-to-sms")
    try:
        yield runner
    finally:
        runner.end()


def test_the_steps_of_the_action(runner: Runner) -> None:
    assert ACTION["runs"]["using"] == "composite"
    install, serve, wait, show = ACTION["runs"]["steps"]
    runner.run(install)
    runner.run(serve)
    url = runner.output("url")
    runner.run(wait)
    printed = runner.run(show)
    assert f"MESSENTE_BASE_URL={url}/v1" in printed.splitlines()
    assert runner.pairs("GITHUB_ENV")["MSGSIM_URL"] == url
    chosen = call(f"{url}/__sim/v1/scenario", "GET").json
    assert chosen["names"] == ["magic", "viber-falls-back-to-sms"]
    assert call(f"{url}/__sim/v1/clock", "GET").json["frozen"] is True
    told = runner.run({"name": "Use", "shell": "bash", "run": "msgsim send messente"})
    assert "201" in told, told


def test_the_how_to_uses_inputs_that_there_are() -> None:
    page = (ROOT / "docs" / "how-to" / "github-actions.md").read_text()
    (used,) = re.findall(r"uses: \./messaging-simulator\n +with: (\{.*\})", page)
    assert yaml.safe_load(used).keys() <= ACTION["inputs"].keys()
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in page, name


def test_a_server_that_cannot_start_fails_the_step(runner: Runner) -> None:
    install, serve, *_ = ACTION["runs"]["steps"]
    runner.run(install)
    runner.values["inputs.clock"] = "sometimes"
    with pytest.raises(AssertionError, match="sometimes"):
        runner.run(serve)
