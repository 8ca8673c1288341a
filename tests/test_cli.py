"""The command line as a person meets it: one-line mistakes, frozen exit codes, settings in layers."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgsim.cli.settings import read
from msgsim.config import Config, ConfigError, milliseconds

from tests.storage.test_durability import Process


def msgsim(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "msgsim", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}, check=False
    )


def printed_seed(*flags: str) -> str:
    """What ``msgsim serve`` says its seed is."""
    command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--store", "memory", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seed = next(line.split()[1] for line in process.stdout if line.split()[:1] == ["seed"])
        process.terminate()
    return seed


def test_the_seed_is_printed_as_given_or_as_drawn() -> None:
    assert printed_seed("--seed", "5") == "5"
    drawn = [printed_seed() for _ in range(2)]
    assert len({int(seed) for seed in drawn}) == 2
    told = msgsim("exec", "--seed", "6", "--", "sh", "-c", "echo $MSGSIM_URL")
    assert (told.returncode, told.stdout[:7], told.stderr) == (0, "http://", "msgsim: seed 6\n")


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = msgsim("serve", "--port", port, "--store", "memory")
    assert done.returncode == 3
    assert done.stderr == (
        f"msgsim: 127.0.0.1:{port}: Address already in use; choose another with --port (0 picks a free one)\n"
    )


def test_a_store_that_is_none_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to look like a file of some kind" * 20)
    done = msgsim("serve", "--port", "0", "--store", str(file))
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "not a store of msgsim" in done.stderr


def test_a_second_server_on_the_same_store_is_refused(tmp_path: Path) -> None:
    first = Process(tmp_path / "store.db")
    done = msgsim("serve", "--port", "0", "--store", str(tmp_path / "store.db"))
    first.end(signal.SIGTERM)
    assert done.returncode == 3
    assert "another msgsim uses it" in done.stderr


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
def test_mistakes_have_a_reason_and_a_code(arguments: list[str], code: int, text: str) -> None:
    more = ["--port", "0", "--store", "memory"] if arguments[0] == "serve" and "--nonsense" not in arguments else []
    done = msgsim(*arguments, *more)
    assert done.returncode == code, done.stderr
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_check_tells_every_mistake_with_its_place(tmp_path: Path) -> None:
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


def test_check_is_content_with_what_ships() -> None:
    done = msgsim("check", "scenarios")
    assert done.returncode == 0, done.stderr
    assert "no mistakes" in done.stdout


def test_errors_lists_every_documented_code() -> None:
    done = msgsim("errors", "--provider", "messente")
    assert done.returncode == 0
    assert all(code in done.stdout for code in ("101", "102", "103", "104", "105", "106", "107"))
    assert "\x1b[" not in done.stdout


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text("port: 1\nseed: 1\nclock: frozen\nproviders: {messente: {sender: Shop}}\n")
    settings = read(
        {"port": 3},
        {"MSGSIM_PORT": "2", "MSGSIM_SEED": "2", "MSGSIM_SCENARIO": "maintenance, flaky-network"},
        str(file),
    )
    assert (settings.port, settings.seed, settings.clock, settings.host) == (3, 2, "frozen", "localhost")
    assert settings.scenario == ("maintenance", "flaky-network")
    assert settings.providers == {"messente": {"sender": "Shop"}}


@pytest.mark.parametrize(
    "text",
    [
        "callback_timeout: 5",
        "workers: 2",
        "port: 70000",
        "body_limit: 0",
        "prot: 1",
        "port: many",
        "- 1",
        "port: [",
        "\x00",
    ],
)
def test_a_settings_file_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    file = tmp_path / "msgsim.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        read({}, {}, str(file))


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


def test_a_port_file_holds_the_port_of_a_server_that_answers(tmp_path: Path) -> None:
    file = tmp_path / "port"
    server = Process(tmp_path / "store.db", "--port-file", str(file))
    assert file.read_text() == f"{server.url.rpartition(':')[2]}\n"
    assert list(tmp_path.glob("*.part")) == []
    server.end(signal.SIGTERM)
