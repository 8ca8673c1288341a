"""The command line, run as a script runs it: what it prints, and its exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from msgsim import cli
from msgsim.cli import exits
from msgsim.testing import Simulator

from tests.client.conftest import MSGSIM, Run, Send

TO = "+37255500001"
NOWHERE = "http://127.0.0.1:9"


def test_exit_codes_are_frozen() -> None:
    codes = (exits.OK, exits.FAILED, exits.BAD_CONFIGURATION, exits.CANNOT_START, exits.TIMED_OUT, exits.USAGE)
    assert codes == (0, 1, 2, 3, 4, 64)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ready",), 0),
        (("messages",), 0),
        (("messages", "no-such-message"), 1),
        (("reset", "--sandbox", "no-such-sandbox"), 1),
        (("lint",), 0),
        (("coverage", "--fail-under", "0"), 0),
        (("coverage", "--fail-under", "100"), 1),
        (("exec", "--clock", "yesterday", "--", "true"), 2),
        (("exec", "--scenario", "no-such-story", "--", "true"), 2),
        (("exec", "--store", "/proc/nowhere/store.db", "--", "true"), 3),
        (("messages", "--url", NOWHERE), 3),
        (("clock", "advance", "5m", "--url", NOWHERE), 3),
        (("tail", "--url", NOWHERE), 3),
        (("ready", "--url", NOWHERE, "--timeout", "100ms"), 4),
        (("wait", "--to", "+1", "--timeout", "10ms"), 4),
        (("wait", "--to", "+1", "--timeout", "soon"), 64),
        (("wait", "callbacks", "--to", "+1"), 64),
        (("wait", "nothing"), 64),
        (("clock", "advance"), 64),
        (("openapi", "mesente"), 64),
        (("exec",), 64),
        (("no-such-command",), 64),
        (("exec", "--", "true"), 0),
        (("exec", "--", "sh", "-c", "exit 7"), 7),
        (("exec", "--", "sh", "-c", "kill -9 $$"), 137),
        (("exec", "--", "no-such-command"), 127),
        (("exec", "--", "/"), 126),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_an_exit_code_says_what_became_of_it(msgsim: Run, arguments: tuple[str, ...], code: int) -> None:
    ran = msgsim(*arguments)
    assert ran.returncode == code, ran
    assert "Traceback" not in ran.stderr


def test_no_server_is_one_line(msgsim: Run) -> None:
    told = msgsim("messages", url=NOWHERE).stderr
    assert told == f"msgsim: no simulator answers at {NOWHERE} (Connection refused); start one with: msgsim serve\n"


@pytest.mark.parametrize("name", cli.cli.list_commands(click.Context(cli.cli)))
def test_every_command_helps_with_examples(name: str) -> None:
    command = cli.cli.get_command(click.Context(cli.cli), name)
    assert command is not None
    help = command.get_help(click.Context(command, info_name=name))
    assert "Examples:" in help
    assert f"msgsim {name}" in help


def test_messages_are_listed_in_columns_without_colour(msgsim: Run, send: Send) -> None:
    send(TO, "viber", "sms")
    send("+37255500002")
    ran = msgsim("messages")
    first, second = ran.stdout.splitlines()
    assert first.index("sms -") == second.index("viber -")
    assert "\x1b" not in ran.stdout
    assert [line.split() for line in msgsim("messages", "--to", "+37255500002").stdout.splitlines()] == [first.split()]
    assert TO in second


def test_one_message_is_shown_with_its_plan(msgsim: Run, send: Send) -> None:
    id = send(TO).json["omnimessage_id"]
    assert "becomes DELIVRD" in msgsim("messages", id).stdout
    assert "Next" in msgsim("messages", id).stdout
    assert json.loads(msgsim("messages", id, "--json").stdout)["id"] == id


def test_a_script_waits_until_it_has_happened(msgsim: Run, send: Send) -> None:
    send(TO)
    assert "DELIVRD" in msgsim("clock", "advance", "1m").stdout
    assert (
        json.loads(msgsim("wait", "--since", "start", "--to", TO, "--status", "delivered", "--json").stdout)[0]["to"]
        == TO
    )
    assert (
        "/v1/omnimessage"
        in msgsim("wait", "requests", "--since", "1h", "--provider", "messente", "--status", "201").stdout
    )
    missed = msgsim("wait", "--to", TO, "--status", "seen", "--timeout", "10ms")
    assert TO in missed.stderr, "the nearest miss is told"


def test_the_clock_is_moved(msgsim: Run) -> None:
    assert msgsim("clock").stdout == "2026-01-01T00:00:00.000Z  frozen\n"
    msgsim("clock", "advance", "1h")
    assert msgsim("clock", "show").stdout == "2026-01-01T01:00:00.000Z  frozen\n"
    msgsim("clock", "set", "2026-02-01T00:00:00Z")
    assert json.loads(msgsim("clock", "show", "--json").stdout)["now"] == "2026-02-01T00:00:00.000Z"
    assert msgsim("clock", "speed", "60").stdout.endswith("60x\n")
    assert msgsim("clock", "resume").stdout.endswith("1x\n")
    assert msgsim("clock", "freeze").stdout.endswith("frozen\n")
    assert msgsim("clock", "run-until-idle").returncode == 0


def test_a_sandbox_is_emptied(msgsim: Run, send: Send) -> None:
    send(TO)
    assert msgsim("reset").stdout == "sandbox default is empty\n"
    assert msgsim("messages").stdout == ""


def test_samples_are_sent(msgsim: Run) -> None:
    ran = msgsim("send", "messente", "--seed", "7")
    assert ran.stdout.split()[:3] == ["messente", "send", "201"]
    assert len(json.loads(msgsim("send", "--count", "8", "--json").stdout)) == 8
    curl = msgsim("send", "sinch", "--seed", "7", "--curl").stdout.splitlines()[0]
    assert subprocess.run(["sh", "-c", curl], capture_output=True, text=True).stdout.startswith("HTTP/1.1 200")


@pytest.mark.parametrize("form", ["dotenv", "sh", "github"])
def test_an_application_is_told_where_to_go(msgsim: Run, sim: Simulator, form: str) -> None:
    ran = msgsim("env", "--format", form)
    lines = [line.removeprefix("export ").replace('"', "").replace("'", "") for line in ran.stdout.splitlines()]
    told = dict(line.split("=", 1) for line in lines)
    assert told["MSGSIM_URL"] == sim.url
    assert told["MESSENTE_BASE_URL"] == f"{sim.url}/v1"
    assert told["MESSENTE_USERNAME"] == "default"
    assert told["SINCH_AUTHENTICATION_TOKEN"] == "sinch-default-token"
    assert told["CIMA360_X_API_KEY"] == "cima360-default"


def test_what_sh_is_told_it_understands(msgsim: Run, tmp_path: Path) -> None:
    told = msgsim("env", "--format", "sh").stdout
    shell = subprocess.run(["sh"], input=f"{told}\necho $MESSENTE_PASSWORD", capture_output=True, text=True)
    assert shell.stdout == "default-password\n"


def test_a_command_runs_with_a_simulator_of_its_own(msgsim: Run) -> None:
    script = 'curl -sf "$MSGSIM_URL/__sim/v1/health" && echo && echo "$SINCH_BASE_URL $SINCH_USER_NAME"'
    ran = msgsim("exec", "--clock", "frozen@2026-01-01T00:00:00Z", "--", "sh", "-c", script, url=NOWHERE)
    health, told = ran.stdout.splitlines()
    assert json.loads(health)["now"] == "2026-01-01T00:00:00.000Z"
    assert told.endswith(" sinch-default")
    assert NOWHERE not in told


def test_commands_inside_exec_find_the_simulator(msgsim: Run) -> None:
    ran = msgsim("exec", "--", "sh", "-c", "msgsim send messente && msgsim messages --json", url=NOWHERE)
    assert json.loads(ran.stdout.partition("\n")[2])[0]["provider"] == "messente"


def test_a_signal_is_for_the_command(tmp_path: Path) -> None:
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))"
    told = f"import signal, sys; {handler}; print('up', flush=True); signal.pause()"
    environment = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(
        [str(MSGSIM), "exec", "--", sys.executable, "-c", told], stdout=subprocess.PIPE, env=environment, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "up\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 5


def test_what_happens_is_shown_as_it_happens(msgsim: Run, sim: Simulator, send: Send) -> None:
    with subprocess.Popen(
        [str(MSGSIM), "tail", "--count", "2", "--url", sim.url], stdout=subprocess.PIPE, text=True
    ) as tailing:
        assert tailing.stdout is not None
        line = next(line for _ in range(50) if (line := _sent(send, tailing)))
        assert "request   messente POST /v1/omnimessage -> 201" in line
        assert "status    messente" in tailing.stdout.readline()
        assert tailing.wait(30) == 0


def _sent(send: Send, tailing: "subprocess.Popen[str]") -> str:
    """The first line, once the stream is open: whatever was sent before is not shown."""
    from select import select

    assert tailing.stdout is not None
    send(TO)
    return tailing.stdout.readline() if select([tailing.stdout], [], [], 0.2)[0] else ""


def test_coverage_is_told_in_three_forms(msgsim: Run, send: Send) -> None:
    send(TO)
    send("nobody")
    assert "messente" in msgsim("coverage").stdout
    assert msgsim("coverage", "--format", "markdown").stdout.startswith("| provider |")
    assert json.loads(msgsim("coverage", "--format", "json").stdout)
    below = msgsim("coverage", "--provider", "messente", "--fail-under", "99")
    assert below.returncode == 1
    assert "below 99" in below.stderr


def test_bad_habits_are_told_and_fail(msgsim: Run, send: Send) -> None:
    for _ in range(3):
        send("nobody")
    ran = msgsim("lint")
    assert ran.returncode == 1
    assert "messente" in ran.stdout
    assert json.loads(msgsim("lint", "--json").stdout)
