"""What our OpenAPI documents promise, tried by schemathesis: every answer has a documented status, type and shape."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgsim.examples.openapi import document
from msgsim.examples.samples import headers_of
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.testing import call

from reliability.figures import Figure
from reliability.server import Server

PART = "documents"
SHORT, LONG = 10, 200
"""Generated requests per operation."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
COUNTED = re.compile(r"(\d+) generated")
FAILED = re.compile(r"^- (ST\d+ .+)$", re.MULTILINE)
PROGRAM = [sys.executable, "-m", "schemathesis.cli", "run", "--no-color", "--warnings", "off", "--seed", "1"]


def run(examples: int) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory() as name,
        Server("--store", "memory", "--clock", "frozen") as server,
    ):
        return [
            _tried(Path(name) / f"{title}.json", server.url + base, described, headers, examples)
            for title, base, described, headers in _documents(server)
        ]


def _documents(server: Server) -> Iterator[tuple[str, str, Json, dict[str, str]]]:
    """Title, base path, document, and headers that let one in."""
    for name, provider in discover().items():
        yield name, "", document(provider), headers_of(provider)
    described = call(f"{server.url}/__sim/openapi.json", "GET").json
    # A stream does not end, and whoever waits for what never comes takes as long as he asked for.
    del described["paths"]["/events"]
    for path in described["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict):
                operation["parameters"] = [one for one in operation["parameters"] if "wait" not in one.get("$ref", "")]
    yield "control", "/__sim/v1", described, {}


def _tried(file: Path, url: str, described: Json, headers: dict[str, str], examples: int) -> Figure:
    file.write_bytes(msgspec.json.encode(described))
    given = [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    asked = ["--url", url, "--checks", CHECKS, "--max-examples", str(examples), "--phases", "examples,coverage,fuzzing"]
    done = subprocess.run([*PROGRAM, *asked, *given, str(file)], cwd=file.parent, capture_output=True, text=True)
    broken = [*FAILED.findall(done.stdout), *([] if done.returncode in (0, 1) else [done.stderr[-200:]])]
    told = f"{count[1] if (count := COUNTED.search(done.stdout)) else '0'} requests"
    if broken:
        told += f", {len(broken)} failures: {'; '.join(broken[:3])}"
    return Figure(PART, f"{file.stem}: answers as its OpenAPI document says", told, done.returncode == 0)
