"""Who is measured: how each is started in its fastest documented single-process mode, and asked."""

import json
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.peers.install import HERE, MODULES, PYTHON, node
from benchmarks.run import BASIC, SEND, Server, ours, request
from tests.ports import free_port

OURS = "messaging-simulator"
WIRE = request("/v1/omnimessage", SEND, {"Authorization": f"Basic {BASIC}"})
QUIET = ("sh", "-c", 'exec "$@" 2>/dev/null', "sh")
_SNS = urlencode(
    {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": "+37255000001",
        "Message": "Your order is on its way",
    }
)
_AWS = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=00"
PUBLISH = request(
    "/", _SNS.encode(), {"Authorization": _AWS, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
)


class Subject(NamedTuple):
    """One server that is measured."""

    name: str
    version: str
    does: str
    """What it does with a send, besides answering."""
    start: Callable[[Path], Server]
    """Starts it; the folder is for its files."""
    place: float = 0
    """At least so many times our processor time per request; 0: no place was promised."""
    wire: bytes = WIRE


def _package(name: str) -> str:
    return str(json.loads((MODULES / name / "package.json").read_text())["version"])


def _node(name: str, program: str, *arguments: str) -> Callable[[Path], Server]:
    return lambda folder: Server(*QUIET, node(), str(MODULES / name / program), *arguments)


def _mountebank(folder: Path) -> Server:
    quiet = ("--nologfile", "--loglevel", "error", "--localOnly", "--pidfile", str(folder / f"{free_port()}.pid"))
    program = str(MODULES / "mountebank/bin/mb")
    files = ("--configfile", str(HERE / "mountebank.ejs"))
    return Server(*QUIET, "env", "AT=PORT", node(), program, "start", "--port", str(free_port()), *quiet, *files)


def _mockoon(file: str) -> Callable[[Path], Server]:
    lean = ("--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs", "0")
    return _node("@mockoon/cli", "bin/run.js", "start", "--data", str(HERE / file), "--port", "PORT", *lean)


def _wiremock(*journal: str) -> Callable[[Path], Server]:
    (jar,) = (MODULES / "wiremock/build").glob("*.jar")
    lean = ("--disable-banner", "--disable-request-logging", "--disable-gzip", "--use-chunked-encoding", "never")
    where = ("--bind-address", "127.0.0.1", "--port", "PORT", "--root-dir", str(HERE / "wiremock"))
    return lambda folder: Server(*QUIET, "java", "-jar", str(jar), *where, *lean, *journal)


def _python(program: str, *arguments: str) -> Callable[[Path], Server]:
    return lambda folder: Server(*QUIET, str(PYTHON / "bin/python"), "-m", program, *arguments)


def _pip(name: str) -> str:
    (found,) = PYTHON.glob(f"lib/python3*/site-packages/{name}-*.dist-info")
    return found.name.removesuffix(".dist-info").rpartition("-")[2]


def subjects() -> list[Subject]:
    """Us first; WireMock only where there is a Java."""
    fastapi = ("fastapi_by_hand:app", "--app-dir", str(HERE), "--port", "PORT", "--no-access-log")
    json_server = (
        "--quiet",
        "--host",
        "127.0.0.1",
        "--port",
        "PORT",
        "--routes",
        str(HERE / "json-server.routes.json"),
    )
    prism = ("mock", "--host", "127.0.0.1", "--port", "PORT", "--verboseLevel", "silent", str(HERE / "prism.yaml"))
    mockoon = _package("@mockoon/cli")
    found = [
        Subject(
            OURS,
            version("messaging-simulator"),
            "validates, matches rules, plans, journals, stores",
            lambda folder: ours(str(folder), "--workers", "1"),
        ),
        Subject(
            "Prism",
            _package("@stoplight/prism-cli"),
            "validates (OpenAPI)",
            _node("@stoplight/prism-cli", "dist/index.js", *prism),
            2.5,
        ),
        Subject("Mockoon stub", mockoon, "nothing", _mockoon("mockoon.json"), 5),
        Subject("Mockoon with schema", mockoon, "validates (JSON Schema)", _mockoon("mockoon-schema.json")),
        Subject("mountebank", _package("mountebank"), "matches predicates", _mountebank, 3),
        Subject(
            "json-server",
            _package("json-server"),
            "keeps in memory",
            _node("json-server", "lib/cli/bin.js", *json_server, str(HERE / "json-server.js")),
        ),
        Subject(
            "moto (SNS Publish)",
            _pip("moto"),
            "checks, keeps in memory",
            _python("moto.server", "-H", "127.0.0.1", "-p", "PORT"),
            wire=PUBLISH,
        ),
        Subject(
            "FastAPI by hand",
            _pip("fastapi"),
            "validates (pydantic), keeps in memory",
            _python("uvicorn", *fastapi),
            1.5,
        ),
    ]
    if shutil.which("java"):
        of = _package("wiremock")
        journal = _wiremock("--max-request-journal-entries", "100000")
        found += [
            Subject("WireMock with journal", of, "validates (JSON Schema), journal in memory", journal, 1.7),
            Subject("WireMock without journal", of, "validates (JSON Schema)", _wiremock("--no-request-journal"), 0.8),
        ]
    return found
