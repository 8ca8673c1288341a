"""Runs one client's script against a server of its own, and reads from its journal what the client met."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgsim.client.interception import server_at, variables

from conformance import install
from conformance.client import Absent, Answered, Check, Client, Report
from reliability.server import Server

CLOCK = "frozen@2026-01-01T00:00:00Z"
SECONDS = 120
SHARED = ("checks.mjs", "salesforce.mjs")
"""What the scripts for Node.js import."""
REQUESTS = 10_000
"""The most that one page of the journal has; no client sends nearly as many."""
RAISED = re.compile(r"^[\w.]*(Error|Exception)\b.*", re.MULTILINE)
"""The line of a stack trace that says what happened."""
Command = tuple[list[str], str]
"""What is run, and the interpreter with its version."""


def started(ca_folder: str = "") -> Server:
    """``ca_folder`` is where its authority is kept, for clients that are intercepted."""
    return Server("--store", "memory", "--clock", CLOCK, *(["--ca-folder", ca_folder] if ca_folder else []))


def intercepted(server: Server, folder: Path) -> dict[str, str]:
    """What lets a program reach the simulator by the providers' own host names."""
    where = server_at(server.url, server.control("POST", "intercept").json)
    return {**variables(where, folder), "MSGSIM_BY_NAME": "1"}


def python(client: Client) -> Command:
    """Raises NotInstalled."""
    interpreter = str(install.python(f"{client.name}=={client.version}"))
    module = client.script.removesuffix(".py")
    return [interpreter, "-m", f"conformance.clients.{module}"], install.version(interpreter, "--version")


def node(client: Client) -> Command:
    """The script is run from the folder of the packages, where Node looks for them. Raises NotInstalled."""
    folder = install.node(f"{client.name}@{client.version}")
    for name in (*SHARED, client.script):
        shutil.copy(install.HERE / "clients" / name, folder)
    return ["node", str(folder / client.script)], f"Node.js {install.version('node', '--version').lstrip('v')}"


PREPARE: dict[str, Callable[[Client], Command]] = {"Python": python, "Node.js": node}


def run(client: Client) -> Report | Absent:
    """Installs the client if need be, and runs its script until it ends; left out where its language is missing."""
    if client.language == "Node.js" and shutil.which("npm") is None:
        return Absent(client.provider, f"{client.name} {client.version}", client.language, "npm not on this machine")
    try:
        command, runtime = PREPARE[client.language](client)
    except install.NotInstalled as absent:
        return Report(client, "", failure=f"could not be installed: {absent}")
    with tempfile.TemporaryDirectory() as folder, started(folder) as server:
        found = Path(folder) / "checks.jsonl"
        environment = intercepted(server, Path(folder)) if client.by_name else {}
        paths = [environment.get("PYTHONPATH", ""), str(install.ROOT)]
        environment |= {"MSGSIM_URL": server.url, "MSGSIM_CHECKS": str(found)}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        failure = _ended_badly(command, environment, Path(folder))
        answered, errors = met(server, client.provider)
        return Report(client, runtime, _checks(found), failure, answered, errors)


def _ended_badly(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """Why a script did not come to its end; empty when it did."""
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS} s"
    if ended.returncode == 0:
        return ""
    raised = RAISED.search(ended.stderr)
    return f"exit code {ended.returncode}: {raised[0] if raised else ended.stderr.strip()}"


def _checks(file: Path) -> tuple[Check, ...]:
    lines = file.read_text().splitlines() if file.exists() else []
    return tuple(msgspec.convert(json.loads(line), Check) for line in lines)


def met(server: Server, provider: str) -> tuple[Answered, frozenset[str]]:
    """The requests that came to a provider, and the documented errors that were seen."""
    listed = server.control("GET", f"requests?provider={provider}&limit={REQUESTS}").json["requests"]
    answered = Counter((each["method"], each["path"], each["status"]) for each in listed)
    seen = server.control("GET", f"coverage?provider={provider}").json
    times = seen["providers"][provider]["errors"]["times"]
    return answered, frozenset(key for key, count in times.items() if count)
