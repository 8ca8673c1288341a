"""What a command says of a mistake is in our words, with what to write instead; and how a command ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("url", ["foo:80", "localhost:8080", "127.0.0.1:8080", "ftp://127.0.0.1", "//127.0.0.1"])
def test_a_url_without_its_scheme_is_a_mistake_that_names_it(msgsim: Run, url: str) -> None:
    for done in (msgsim("messages", "--url", url), msgsim("messages", MSGSIM_URL=url)):
        assert (done.returncode, done.stdout) == (64, "")
        assert "needs http://" in done.stderr
        assert url in done.stderr


@pytest.mark.parametrize("time", ["tomorrow", "", "2026-13-01", "12:00"])
def test_a_time_that_is_none_is_told_with_one_that_is(msgsim: Run, time: str) -> None:
    done = msgsim("clock", "set", time)
    assert done.returncode == 1
    assert f"{time!r} is no time: write 2026-01-01T00:00:00Z" in done.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: a\nrules:\n\t- when: {}\n", "3:1"),
        ("name: a\n\trules: []\n", "2:1"),
        ("name: a\nrules:\n  - when: {}\n  \tx: 1\n", "4:3"),
    ],
)
def test_a_tab_is_called_a_tab(msgsim: Run, tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "tab.yaml"
    file.write_text(text)
    assert msgsim("check", str(file)).stdout == f"{file}:{place}: not YAML: a tab cannot indent YAML; write spaces\n"


def test_a_tab_in_the_settings_is_called_a_tab(msgsim: Run, tmp_path: Path) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text("port: 0\n\tseed: 1\n")
    done = msgsim("serve", "--config", str(file))
    assert done.returncode == 2
    assert f"{file}:2:1: not YAML: a tab cannot indent YAML; write spaces" in done.stderr


@pytest.mark.parametrize("command", [["errors"], ["errors", "--format", "json"], ["openapi", "messente"]])
def test_a_closed_pipe_ends_a_command_quietly(command: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "msgsim", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "msgsim", "errors"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "msgsim: No space left on device\n"
