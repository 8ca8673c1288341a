"""``msgsim check``, ``plan``, ``test``, ``scenarios`` and ``errors`` as a terminal sees them."""

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from msgsim.cli import main
from msgsim.cli.exits import BAD_CONFIGURATION, FAILED, OK, USAGE
from msgsim.config import data_folder
from msgsim.scenarios.library import shipped

SCENARIOS = str(data_folder("scenarios"))
Run = pytest.CaptureFixture[str]


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text("name: broken\nrules:\n  - {respond: {error: forbiden}}\n  - {when: {chanel: sms}, deliver: []}\n")
    return file


def test_check_takes_the_library(capsys: Run) -> None:
    assert run("check", SCENARIOS) == OK
    assert capsys.readouterr().out.endswith("files checked, no mistakes\n")


def test_check_tells_every_mistake_of_every_file(capsys: Run, broken: Path) -> None:
    other = broken.with_name("other.yaml")
    other.write_text("name: other\n")
    assert run("check", str(broken.parent), "maintenence") == BAD_CONFIGURATION
    assert capsys.readouterr().out.splitlines() == [
        f"{broken}:3:23: there is no error 'forbiden'; did you mean 'forbidden'?",
        f"{broken}:4:13: unknown key 'chanel'; did you mean 'channel'?",
        f"{other}:1:1: 'rules' is missing",
        "maintenence:1:1: no such file, and no scenario of that name ships; did you mean 'maintenance'?",
    ]


def test_check_speaks_as_machines_read(capsys: Run, broken: Path) -> None:
    assert run("check", str(broken), "--format", "json") == BAD_CONFIGURATION
    first, second = msgspec.json.decode(capsys.readouterr().out)
    assert (first["file"], first["line"], first["column"], second["line"]) == (str(broken), 3, 23, 4)
    assert run("check", str(broken), "--format", "github") == BAD_CONFIGURATION
    assert capsys.readouterr().out.splitlines()[0].startswith(f"::error file={broken},line=3,col=23::")
    assert run("check", SCENARIOS, "--format", "json") == OK
    assert capsys.readouterr().out == "[]\n"


def test_test_speaks_as_machines_read(capsys: Run, broken: Path) -> None:
    failing = broken.with_name("failing.yaml")
    failing.write_text("name: failing\nrules: []\nexpect:\n  - send: {provider: sinch}\n    status: 429\n")
    assert run("test", str(failing), "maintenance", str(broken), "--format", "junit") == BAD_CONFIGURATION
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert suite.attrib == {"name": "msgsim", "tests": "3", "failures": "1", "errors": "1"}
    assert [[child.tag for child in case] for case in suite] == [["failure"], [], ["error"]]
    assert suite[0][0].text == f"{failing}:5:13: status: expected 429, but it was 200"
    assert run("test", str(failing), "--format", "json") == FAILED
    assert msgspec.json.decode(capsys.readouterr().out)[0]["differences"][0]["line"] == 5


def test_test_runs_the_library(capsys: Run) -> None:
    assert run("test", SCENARIOS) == OK
    assert capsys.readouterr().out.splitlines()[-1].endswith("expectations, nothing failed")


def test_test_shows_the_difference(capsys: Run, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("name: wrong\nrules: []\nexpect:\n  - send: {provider: sinch}\n    status: 429\n")
    assert run("test", str(file)) == FAILED
    printed = capsys.readouterr()
    assert printed.out == (
        f"{file}:5:13: status: expected 429, but it was 200\n1 file, 1 expectations, 1 files failed\n"
    )
    assert printed.err == ""


def test_test_of_a_broken_file_is_no_failed_expectation(broken: Path) -> None:
    assert run("test", str(broken)) == BAD_CONFIGURATION


def test_scenarios_lists_what_ships_one_line_each(capsys: Run) -> None:
    assert run("scenarios") == OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped())
    assert any(line.split(maxsplit=1)[1].startswith("Out of service for ten minutes") for line in lines)


def test_scenarios_prints_one(capsys: Run) -> None:
    assert run("scenarios", "maintenance") == OK
    first, _, rest = capsys.readouterr().out.partition("\n")
    assert first == "# yaml-language-server: $schema=http://127.0.0.1:8080/__sim/schemas/scenario.json"
    assert rest == (data_folder("scenarios") / "maintenance.yaml").read_text().partition("\n")[2]
    assert run("scenarios", "maintenence") == BAD_CONFIGURATION
    assert "did you mean 'maintenance'?" in capsys.readouterr().err


@pytest.fixture
def request_file(tmp_path: Path) -> Path:
    file = tmp_path / "r.json"
    body = {"to": "+37255500001", "messages": [{"channel": "viber", "text": "Hi"}, {"channel": "sms", "text": "Hi"}]}
    file.write_bytes(msgspec.json.encode(body))
    return file


def test_plan_shows_the_future_as_a_timeline(capsys: Run, request_file: Path) -> None:
    words = ("plan", "viber-falls-back-to-sms", "--request", str(request_file), "--provider", "messente")
    assert run(*words) == OK
    first, message, *lines = capsys.readouterr().out.splitlines()
    assert first == "POST /v1/omnimessage -> 201  (scenarios/viber-falls-back-to-sms.yaml:5)"
    assert "viber (scenarios/viber-falls-back-to-sms.yaml:5), sms (scenarios/default.yaml:5)" in message
    assert [" ".join(line.split()) for line in lines if "callback" not in line] == [
        "+200ms viber ACK 0",
        "+2s viber UNDELIV 1",
        "+2.2s sms ACK 0",
        "+3s sms DELIVRD 0",
    ]
    assert run(*words, "--format", "json") == OK
    outlook = msgspec.json.decode(capsys.readouterr().out)
    assert [step["after"] for step in outlook["messages"][0]["plan"]] == [200, 2000, 2200, 3000]
    assert [one["status"] for one in outlook["callbacks"]] == ["ACK", "UNDELIV", "ACK", "DELIVRD"]


def test_plan_draws_a_sequence(capsys: Run) -> None:
    assert run("plan", "callbacks-before-response", "--provider", "sinch", "--format", "mermaid") == OK
    assert capsys.readouterr().out.splitlines() == [
        "sequenceDiagram",
        "  participant app as Your application",
        "  participant sim as sinch",
        "  participant phone as Recipient",
        "  app->>sim: POST /v1/send-sms",
        "  sim->>app: before the answer: callback SENT_SUCCESS [before-response]",
        "  sim->>app: before the answer: dlr DELIVERED_SUCCESS [before-response]",
        "  sim-->>app: 200",
        "  sim-)phone: +300ms sms SENT_SUCCESS 2",
        "  sim->>phone: +2.3s sms DELIVERED_SUCCESS 4",
    ]


def test_plan_of_a_refusal_and_of_a_callback_that_never_leaves(capsys: Run) -> None:
    assert run("plan", "maintenance", "--provider", "sinch") == OK
    assert capsys.readouterr().out == "POST /v1/send-sms -> 503  unavailable  (scenarios/maintenance.yaml:7)\n"
    assert run("plan", "callbacks-dropped", "--provider", "sinch") == OK
    assert "callback   dlr DELIVERED_SUCCESS [drop], never sent" in capsys.readouterr().out


def test_plan_of_the_same_seed_is_the_same(capsys: Run) -> None:
    printed = []
    for seed in ("1", "1", "2"):
        run("plan", "--provider", "messente", "--seed", seed)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != printed[2]


def test_plan_says_what_it_cannot_use(capsys: Run, request_file: Path, broken: Path) -> None:
    assert run("plan", "delivered") == USAGE
    assert run("plan", "delivered", "--request", str(request_file)) == BAD_CONFIGURATION
    assert run("plan", "delivered", "--provider", "mesente") == BAD_CONFIGURATION
    assert run("plan", str(broken), "--provider", "messente") == BAD_CONFIGURATION
    assert run("plan", "delivered", "--request", "nowhere.json", "--provider", "sinch") == BAD_CONFIGURATION
    assert "nowhere.json:1:1: cannot be read" in capsys.readouterr().err


def test_errors_lists_a_curl_for_each(capsys: Run) -> None:
    assert run("errors", "--provider", "messente", "--details", "--url", "http://sim:1") == OK
    printed = capsys.readouterr().out
    assert "  429        too_many_requests                +15005551129" in printed
    assert printed.count("curl -i -X ") == printed.count("http://sim:1/") > 80
    assert run("errors", "--provider", "mesente") == USAGE


def test_errors_as_json(capsys: Run) -> None:
    assert run("errors", "--format", "json") == OK
    listed = msgspec.json.decode(capsys.readouterr().out)
    assert {one["provider"] for one in listed} == {"messente", "sinch", "salesforce", "cima360"}
    assert all(one["curl"].startswith("curl -i -X ") for one in listed)
