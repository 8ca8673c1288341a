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


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["serve", "--scenario", "nonsense.yaml"], 2, "--scenario: nonsense.yaml: there is no such file"),
        (["serve", "--scenario", "viber-falls-back-to-sm"], 2, "did you mean 'viber-falls-back-to-sms'?"),
        (["serve", "--clock", "tomorrow"], 2, "'tomorrow' is no clock"),
        (["serve", "--config", "missing.yaml"], 2, "missing.yaml:1:1: cannot be read: No such file or directory"),
        (["serve", "--nonsense"], 64, "No such option"),
        (["nonsense"], 64, "there is no command 'nonsense'"),
        (["errors", "--provider", "mesente"], 64, "did you mean 'messente'?"),
    ],
)
def test_mistakes_have_a_reason_and_a_code(msgsim: Run, arguments: list[str], code: int, text: str) -> None:
    more = ["--port", "0", "--store", "memory"] if arguments[0] == "serve" and "--nonsense" not in arguments else []
    done = msgsim(*arguments, *more)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_check_tells_every_mistake_with_its_place(msgsim: Run, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "name: wrong\n"
        "rules:\n"
        "  - when: {provider: mesente}\n"
        "    deliver: [{after: 200, status: ACK}]\n"
        "  - when: {provider: messente, chanel: sms}\n"
        "    deliver: [{after: 2s, status: DELIVERD}]\n"
    )
    done = msgsim("check", str(file))
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    assert f"{file}:4:23: 200 is not of the form: 250ms, 5s, 10m, 2h or 1d; never a bare number." in lines
    assert f"{file}:5:32: unknown key 'chanel'; did you mean 'channel'?" in lines


def test_check_is_content_with_what_ships(msgsim: Run) -> None:
    done = msgsim("check", "scenarios")
    assert done.returncode == 0, done.stderr
    assert "no mistakes" in done.stdout
