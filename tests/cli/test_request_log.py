"""`msgsim serve` prints one line per request: on a terminal, as JSON, or not at all; and goes on where nobody reads."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from msgsim.cli.request_log import as_text
from msgsim.provider import discover
from msgsim.testing import call

from tests.cli.conftest import Run
from tests.samples import headers

AUTH = headers(discover()["messente"], "default")
SMS = {"to": "+37255500001", "messages": [{"channel": "sms", "sender": "MyShop", "text": "Hello"}]}


class Serving:
    """A server in a process of its own, and where it is."""

    def __init__(self, process: "subprocess.Popen[bytes]", port_file: Path) -> None:
        self.process = process
        self._port_file = port_file

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port_file.read_text().strip()}"

    def ask(self) -> None:
        """Three requests: one that is accepted, one that is refused, one that leads to no provider."""
        assert call(f"{self.url}/v1/omnimessage", "POST", SMS, headers=AUTH).status == 201
        assert call(f"{self.url}/v1/omnimessage?tag=a", "POST", {**SMS, "to": "12"}, headers=AUTH).status == 400
        assert call(f"{self.url}/v1/nowhere%1b[2J", "GET").status == 404

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0


@contextmanager
def serving(folder: Path, *flags: str, stdout: int, **variables: str) -> Iterator[Serving]:
    """The greeting is written before the port file: whoever waits for "Try:" has the port."""
    file = folder / "port"
    command = [sys.executable, "-m", "msgsim", "serve", "--port", "0", "--store", "memory", "--port-file", str(file)]
    environment = {**os.environ, **variables}
    with subprocess.Popen([*command, *flags], stdout=stdout, env=environment) as process:
        try:
            yield Serving(process, file)
        finally:
            process.kill()


def greeting(stream: IO[bytes]) -> None:
    for line in stream:
        if b"Try: " in line:
            return


@contextmanager
def terminal() -> Iterator[tuple[IO[bytes], int]]:
    """What a person sees, and where it is written."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", 0) as screen:
        yield screen, theirs


def rest(screen: IO[bytes]) -> list[str]:
    """The lines to the end; a terminal that was left ends with an error."""
    lines = []
    try:
        while line := screen.readline():
            lines.append(line.decode())
    except OSError:
        pass
    return [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in lines]


def shown(folder: Path, *flags: str, **variables: str) -> list[str]:
    """What a terminal shows of three requests."""
    with terminal() as (screen, theirs), serving(folder, *flags, stdout=theirs, **variables) as server:
        os.close(theirs)
        greeting(screen)
        server.ask()
        server.stop()
        return rest(screen)


def printed(folder: Path, *flags: str, **variables: str) -> list[str]:
    """What comes out of a pipe."""
    with serving(folder, *flags, stdout=subprocess.PIPE, **variables) as server:
        assert server.process.stdout is not None
        greeting(server.process.stdout)
        server.ask()
        server.stop()
        return server.process.stdout.read().decode().splitlines()


def test_a_terminal_shows_a_line_per_request(tmp_path: Path) -> None:
    lines = [re.sub(r"^\d\d:\d\d:\d\d\.\d\d\d  ", "", line) for line in shown(tmp_path)]
    assert lines == [
        "POST    201  messente    /v1/omnimessage",
        "POST    400  messente    /v1/omnimessage?tag=a  invalid_data",
        "GET     404  -           /v1/nowhere\\x1b[2J  no provider knows the path /v1/nowhere\\x1b[2J",
    ]


@pytest.mark.parametrize(
    ("flags", "variables"),
    [(("--quiet",), {}), (("--log", "none"), {}), (("--quiet",), {"MSGSIM_LOG": "json"}), ((), {"MSGSIM_LOG": "none"})],
)
def test_a_quiet_server_shows_none(tmp_path: Path, flags: tuple[str, ...], variables: dict[str, str]) -> None:
    assert shown(tmp_path, *flags, **variables) == []


def test_a_pipe_has_none_unless_asked(tmp_path: Path) -> None:
    assert printed(tmp_path) == []
    assert [line.split()[2] for line in printed(tmp_path, "--log", "text")] == ["201", "400", "404"]


def test_json_is_an_object_per_line(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [json.loads(line) for line in printed(tmp_path, MSGSIM_LOG="json")]
    accepted, refused, unknown = lines
    assert (accepted["method"], accepted["path"], accepted["status"]) == ("POST", "/v1/omnimessage", 201)
    assert (accepted["provider"], accepted["sandbox"], accepted["number"]) == ("messente", "default", 1)
    assert len(accepted["messages"]) == 1
    assert (refused["refusals"], refused["query"]) == (["invalid_data"], "tag=a")
    assert unknown["reason"].startswith("no provider knows the path")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", line["time"]) for line in lines)


def test_a_body_that_is_too_large_has_a_line_too(tmp_path: Path) -> None:
    flags = ("--log", "json")
    with serving(tmp_path, *flags, stdout=subprocess.PIPE, MSGSIM_BODY_LIMIT="1000") as server:
        assert server.process.stdout is not None
        greeting(server.process.stdout)
        assert call(f"{server.url}/v1/omnimessage", "POST", {"x": "x" * 2000}, headers=AUTH).status == 413
        server.stop()
        (line,) = server.process.stdout.read().splitlines()
    assert json.loads(line)["status"] == 413


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_shows_a_secret(tmp_path: Path, form: str) -> None:
    assert AUTH["Authorization"].split()[1] not in "\n".join(printed(tmp_path, "--log", form))


def test_a_closed_pipe_keeps_no_request_from_its_answer(tmp_path: Path) -> None:
    with serving(tmp_path, "--log", "json", stdout=subprocess.PIPE) as server:
        assert server.process.stdout is not None
        greeting(server.process.stdout)
        server.process.stdout.close()
        for _ in range(3):
            server.ask()
        server.stop()


def test_a_pipe_that_nobody_reads_keeps_no_request_from_its_answer(tmp_path: Path) -> None:
    """A pipe holds 64 KiB."""
    with serving(tmp_path, "--log", "json", stdout=subprocess.PIPE) as server:
        assert server.process.stdout is not None
        greeting(server.process.stdout)
        path = f"/v1/{'x' * 4000}"
        for _ in range(40):
            assert call(f"{server.url}{path}", "GET").status == 404
        server.process.send_signal(signal.SIGTERM)
        lines = server.process.stdout.read().splitlines()
        assert len(lines) == 40
        assert {json.loads(line)["path"] for line in lines} == {path}


def test_quiet_and_a_form_contradict_each_other(msgsim: Run) -> None:
    done = msgsim("serve", "--quiet", "--log", "json")
    assert done.returncode == 64
    assert "--quiet and --log json contradict each other" in done.stderr


def test_a_line_names_a_sandbox_that_is_not_the_default_one() -> None:
    facts = {"time": "2026-01-01T12:30:45.123Z", "method": "GET", "path": "/x", "status": 200, "provider": "sinch"}
    assert "sandbox" not in as_text({**facts, "sandbox": "default"})
    assert as_text({**facts, "sandbox": "ci-17"}).endswith("/x  (sandbox ci-17)")
