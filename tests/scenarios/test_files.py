"""Which files are read as scenarios: regular ones of a bounded size, and over the API none but the server's own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from msgsim.scenarios.yaml import LARGEST, BadFile
from msgsim.testing import Simulator

from tests.conftest import START, Http
from tests.scenarios.conftest import Send
from tests.scenarios.test_commands import Run, run

SECRET = "root:$y$j9T$hidden:19000:0:99999:7:::\n"
RULES = "name: mine\nrules:\n  - respond: {error: forbidden}\n"
Make = Callable[[Path], None]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def terminal(path: Path) -> None:
    path.symlink_to("/dev/stdin")


def folder(path: Path) -> None:
    path.mkdir()


def secrets(path: Path) -> None:
    path.write_text(SECRET)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)


def loop(path: Path) -> None:
    path.symlink_to(path)


def nothing(path: Path) -> None:
    pass


UNFIT: tuple[Make, ...] = (fifo, device, folder, secrets, too_large, loop, nothing)


@pytest.fixture(params=UNFIT)
def unfit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something that is no scenario, under the name of one."""
    path = tmp_path / "unfit.yaml"
    make: Make = request.param
    make(path)
    return path


def tells_nothing(said: str) -> bool:
    """There is a mistake, and nothing of what was read stands in it."""
    return "hidden" not in said and "root:" not in said and "Traceback" not in said


NAMES = ("/dev/zero", "/etc/shadow", "/etc/passwd", "/", "../pyproject.toml", "pyproject.toml", "\0", "a" * 10_000, "")


@pytest.mark.parametrize("name", NAMES)
def test_a_client_names_no_file_of_the_machine(control: Http, send: Send, name: str) -> None:
    for method, path in (("PUT", "scenario"), ("POST", "sandboxes")):
        answer = control(method, path, {"names" if path == "scenario" else "scenario": [name]})
        assert answer.status == 400
        assert "neither a shipped scenario nor a file that was sent" in answer.json["detail"]
    if name.isprintable():
        answer = send(headers={"X-Sim-Scenario": name[:1000]})
        assert answer.status == 404
        assert "neither a shipped scenario nor a file" in answer.json["detail"]


def test_nor_what_only_looks_like_a_scenario(control: Http, send: Send, unfit: Path) -> None:
    for name in (str(unfit), f"{unfit.parent}/./{unfit.name}", os.path.relpath(unfit)):
        answer = control("PUT", "scenario", {"names": [name]})
        assert answer.status == 400
        assert "neither a shipped scenario nor a file that was sent" in answer.json["detail"]
        assert send(headers={"X-Sim-Scenario": name}).status == 404
    assert control("GET", "scenario").json["names"] == []


def test_a_client_chooses_among_the_server_s_own_files(tmp_path: Path) -> None:
    own, other = tmp_path / "mine.yaml", tmp_path / "other.yaml"
    own.write_text(RULES)
    other.write_text(RULES.replace("mine", "other"))
    with Simulator(clock=f"frozen@{START}", scenario=(str(own),)) as sim:
        for names in (["maintenance"], ["mine"], [str(own)], []):
            assert sim.control("PUT", "scenario", {"names": names}).status == 200
        answer = sim.control("PUT", "scenario", {"names": [str(other)]})
        assert (answer.status, answer.json["mistakes"][0].partition(": ")[0]) == (400, f"{other}:1:1")


def test_the_text_of_any_other_is_sent(control: Http, send: Send) -> None:
    answer = control("PUT", "scenario", {"names": ["theirs.yaml", "maintenance"], "texts": {"theirs.yaml": RULES}})
    assert (answer.status, answer.json["names"]) == (200, ["mine", "maintenance"])
    assert [file["file"] for file in answer.json["files"]] == ["theirs.yaml", "scenarios/maintenance.yaml"]
    assert send().status == 403
    broken = control("PUT", "scenario", {"names": ["b.yaml"], "texts": {"b.yaml": "name: b\nrule: []\n"}})
    assert [line.partition(": ")[0] for line in broken.json["mistakes"]] == ["b.yaml:2:1"]
    made = control("POST", "sandboxes", {"name": "ci", "scenario": ["c.yaml"], "texts": {"c.yaml": RULES}})
    assert (made.status, made.json["scenario"]) == (201, ["mine"])


def test_the_client_reads_files_of_its_own_machine_and_sends_them(sim: Simulator, send: Send, tmp_path: Path) -> None:
    from msgsim.client import Client

    file = tmp_path / "mine.yaml"
    file.write_text(RULES)
    with Client(sim.url) as client:
        assert client.choose("maintenance", str(file))["names"] == ["maintenance", "mine"]
        assert client.sandboxes.create("ci", scenario=(str(file),))["scenario"] == ["mine"]


@pytest.mark.parametrize("command", ["check", "test", "plan --provider sinch", "plan --request"])
def test_the_commands_refuse_what_is_no_file(capsys: Run, command: str, unfit: Path) -> None:
    if unfit.is_dir() and command in ("check", "test"):
        return  # A folder is searched for files, and this one has none.
    assert run(*command.split(), str(unfit)) != 0
    said = "".join(capsys.readouterr())
    assert f"{unfit}:1:1: " in said
    assert tells_nothing(said)


@pytest.mark.parametrize("name", ["/etc/shadow", "/dev/zero", "./secrets"])
@pytest.mark.parametrize("command", ["check", "test"])
def test_the_commands_read_nothing_that_is_not_called_a_scenario(
    capsys: Run, command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").write_text(SECRET)
    with pytest.raises(BadFile, match="the name of a scenario file ends in"):
        Simulator(scenario=(name,))
    assert run(*command.split(), name) != 0
    said = "".join(capsys.readouterr())
    assert "the name of a scenario file ends in .yaml or .yml" in said
    assert tells_nothing(said)


def test_a_server_does_not_start_with_it(unfit: Path) -> None:
    with pytest.raises(BadFile) as raised:
        Simulator(scenario=(str(unfit),))
    assert str(raised.value).startswith(f"{unfit}:1:1: ")
    assert tells_nothing(str(raised.value))
