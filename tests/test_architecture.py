"""What the design promises of the code: imports go downward, and a provider is two folders."""

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.engine.signals import Signal
from msgsim.engine.view import RequestView, SandboxView
from msgsim.model import Call, Json
from msgsim.provider import discover
from msgsim.storage.store import store_in
from msgspec.structs import replace

from tests.documents import ROOT

ECHO = '''
"""A provider of one endpoint, to show that a provider is two folders and nothing else."""

import msgspec

from msgsim.contract import Contract
from msgsim.model import Channel, Credential, Draft, Refusal, Refused, Reply
from msgsim.provider import Api, Ask, Provider, Send, endpoints_of


def refused(refusals, desk):
    error = desk.contract.errors[refusals[0].key]
    return Reply(error.status, msgspec.json.encode({"error": error.text, "field": refusals[0].source}))


PONG = Reply(200, b"pong", media="text/plain")


def admin_refused(refusals, desk):
    return Reply(418, desk.contract.errors[refusals[0].key].text.encode(), media="text/plain")


def named_in_query(call):
    return Credential(call.query.partition("key=")[2]) if "key=" in call.query else None


def known(endpoint, credential, desk):
    if credential is None:
        raise Refused(Refusal("unauthorized"))
    return credential


ADMIN = Api(
    "admin",
    "Echo Admin",
    (
        Ask("ping", "GET", "/admin/v1/ping", lambda body, desk: PONG, also=(("GET", "/admin/ping"),)),
        Ask("set", "POST", "/admin/v1/set", lambda body, desk: Reply(200, b"{}"), schema="admin/set"),
    ),
    admin_refused,
    named_in_query,
    known,
    hosts=("admin.echo.example",),
    in_query=True,
)

provider = Provider(
    name="echo",
    title="Echo",
    contract=Contract("echo"),
    hosts=("api.echo.example", "admin.echo.example"),
    apis=(ADMIN,),
    endpoints=(
        *endpoints_of([ADMIN]),
        Send(
            "send",
            "POST",
            "/echo/v1/messages",
            schema="message",
            read=lambda body, desk: Draft(
                desk.seed.uuid4(desk.number()), body["msisdn"], (Channel("sms", "x", text=body["body"]),)
            ),
            answer=lambda message, body, desk: Reply(202, msgspec.json.encode({"id": message.id})),
        ),
    ),
    channels=("sms",),
    identify=lambda call: Credential("anyone"),
    authorize=lambda endpoint, credential, desk: credential,
    refuse=refused,
    credentials=lambda sandbox: {"key": f"echo-{sandbox}"},
    base_url=lambda root: f"{root}/echo",
    recipients=frozenset({"msisdn"}),
    texts=frozenset({"body"}),
)
'''

ERRORS = """
unknown_path: {status: 404, text: Unknown path, source: here, provenance: seed}
wrong_method: {status: 405, text: Wrong method, source: here, provenance: seed}
malformed: {status: 400, text: No JSON, source: here, provenance: seed}
unauthorized: {status: 401, text: Who are you, source: here, provenance: seed}
server_error: {status: 500, text: Not now, source: here, provenance: inferred}
invalid: {status: 400, text: Not so, source: here, provenance: seed, magic: 100}
"""

STATUSES = """
words: {sent: out, delivered: there, failed: lost, expired: lost}
statuses:
  out: {kind: sent, source: here, provenance: seed}
  there: {kind: delivered, source: here, provenance: seed}
  lost: {kind: failed, source: here, provenance: seed, magic: 400}
"""

MESSAGE = """{"type": "object", "required": ["msisdn", "body"], "x-error": "invalid",
"properties": {"msisdn": {"type": "string"}, "body": {"type": "string"}},
"examples": [{"msisdn": "+37255000001", "body": "x"}]}"""

ADMIN_ERRORS = ERRORS.replace("Who are you", "No key").replace(", magic: 100", "")

SET = """{"type": "object", "required": ["name"], "x-error": "invalid",
"properties": {"name": {"type": "string"}}, "examples": [{"name": "x"}]}"""

APIS = """
from msgsim.examples.openapi import document
from msgsim.provider import discover
from msgsim.testing import Simulator, call

def asked(path, method="GET", json=None, **headers):
    answer = call(f"{sim.url}{path}", method, json, headers=headers)
    return answer.status, answer.body.decode()

SCENARIO = '''
name: admin-invalid
rules:
  - when: {provider: echo, endpoint: ping}
    times: 1
    respond: {error: admin.invalid}
  - when: {provider: echo}
    respond: {error: invalid}
'''
with Simulator(clock="frozen") as sim:
    assert asked("/admin/v1/ping?key=k") == asked("/admin/ping?key=k") == (200, "pong")
    assert asked("/admin/v1/ping") == (418, "No key")
    assert asked("/admin/v1/pong?key=k") == (418, "Unknown path")
    assert asked("/echo/v1/pong") == (404, '{"error":"Unknown path","field":null}')
    assert asked("/admin/v1/set?key=k", "POST", {}) == (418, "Not so")
    assert asked("/admin/v1/ping?key=k", **{"X-Sim-Outcome": "invalid"}) == (418, "Not so")
    seen = sim.control("GET", "coverage?provider=echo").json["providers"]["echo"]["errors"]["times"]
    assert (seen["admin.invalid"], seen["admin.unauthorized"], seen["invalid"]) == (2, 1, 0), seen
    refused = sim.control("GET", "requests/6").json
    assert refused["refusals"][0]["key"] == "admin.invalid", refused
    assert refused["refusals"][0]["rule"] == "echo/admin/set.json#/required"
    assert "No key" in str(sim.control("GET", "errors?provider=echo").json["errors"])
    # By name: each host has its own API, and its own unknown paths.
    assert asked("/admin/v1/ping?key=k", Host="admin.echo.example") == (200, "pong")
    assert asked("/echo/v1/messages", "POST", {}, Host="admin.echo.example")[0] == 418
    assert asked("/admin/v1/ping?key=k", Host="api.echo.example")[0] == 404
    chosen = sim.control("PUT", "scenario", {"names": ["admin-invalid"], "texts": {"admin-invalid": SCENARIO}})
    assert chosen.status == 200, chosen.body
    assert asked("/admin/v1/ping?key=k") == (418, "Not so")
    assert asked("/echo/v1/messages", "POST", {"msisdn": "+37255000001", "body": "x"})[0] == 400

described = document(discover()["echo"])
ping = described["paths"]["/admin/v1/ping"]["get"]
assert ping["tags"] == ["admin"]
assert described["components"]["securitySchemes"]["key"]["in"] == "query"
assert set(ping["responses"]["418"]["content"]["text/plain"]["examples"]) >= {"admin.unauthorized"}
assert "invalid" not in ping["responses"]["418"]["content"]["text/plain"]["examples"]
"""

STORY = """
import re
import subprocess

from msgsim.examples.dry_run import foresee
from msgsim.examples.openapi import document
from msgsim.provider import discover
from msgsim.testing import Simulator, call

with Simulator(clock="frozen") as sim:
    good = call(f"{sim.url}/echo/v1/messages", "POST", {"msisdn": "+37255000001", "body": "x"})
    assert good.status == 202, good.body
    sim.control("POST", "clock/advance", {"by": "1m"})
    assert sim.control("GET", f"messages/{good.json['id']}").json["channels"][0]["status"] == "there"
    bad = call(f"{sim.url}/echo/v1/messages", "POST", {"msisdn": "+37255000001"})
    assert (bad.status, bad.json) == (400, {"error": "Not so", "field": "body"})
    magic = call(f"{sim.url}/echo/v1/messages", "POST", {"msisdn": "+15005551100", "body": "x"})
    assert magic.status == 400
    assert "echo" in sim.control("GET", "health").json["providers"]
    (sent,) = sim.control("POST", "sample", {"provider": "echo", "seed": 1}).json["sent"]
    (first, *_) = sim.control("GET", "messages").json["messages"]
    assert sent["status"] == 202
    assert first["to"].startswith("+37255") and first["to"] != "+37255000001"
    assert len(first["channels"][0]["text"]) > 10
    inbox = call(f"{sim.url}/__sim/?to={first['to'].lstrip('+')}", "GET").body.decode()
    assert re.findall('<p class="said">(.*)</p>', inbox) == [first["channels"][0]["text"]]
    listed = sim.control("GET", "errors?provider=echo").json
    errors = {one["key"]: one for one in listed["errors"]}
    assert errors["invalid"]["example"]["json"] == {"msisdn": "+15005551100", "body": "x"}
    done = subprocess.run(errors["invalid"]["curl"], shell=True, capture_output=True, text=True)
    assert '{"error":"Not so","field":null}' in done.stdout, done
    assert listed["statuses"][2]["example"]["json"]["msisdn"] == "+15005551400"

planned = foresee((), {"provider": "echo", "to": "+15005551400", "text": "Hello"})
assert [step["status"] for step in planned["messages"][0]["plan"]] == ["lost"]
page = document(discover()["echo"])
described = page["paths"]["/echo/v1/messages"]["post"]
body = described["requestBody"]["content"]["application/json"]
schema = page["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
assert set(schema["properties"]) == {"msisdn", "body"}, schema
assert schema["examples"] == [{"msisdn": "+37255000001", "body": "x"}], schema
assert "invalid" in described["responses"]["400"]["content"]["application/json"]["examples"]
"""


@pytest.mark.parametrize("story", [STORY, APIS], ids=["one API", "several APIs"])
def test_a_provider_is_two_folders_and_no_other_edit(tmp_path: Path, story: str) -> None:
    for folder in ("simulator", "schemas", "scenarios"):
        (tmp_path / folder).mkdir()
        subprocess.run(["cp", "-r", f"{ROOT / folder}/.", str(tmp_path / folder)], check=True)
    (tmp_path / "simulator/msgsim/providers/echo").mkdir()
    (tmp_path / "simulator/msgsim/providers/echo/__init__.py").write_text(ECHO)
    (tmp_path / "schemas/echo").mkdir()
    (tmp_path / "schemas/echo/errors.yaml").write_text(ERRORS)
    (tmp_path / "schemas/echo/statuses.yaml").write_text(STATUSES)
    (tmp_path / "schemas/echo/message.json").write_text(MESSAGE)
    (tmp_path / "schemas/echo/admin").mkdir()
    (tmp_path / "schemas/echo/admin/errors.yaml").write_text(ADMIN_ERRORS)
    (tmp_path / "schemas/echo/admin/set.json").write_text(SET)
    (tmp_path / "story.py").write_text(story)
    done = subprocess.run(
        [sys.executable, "story.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "simulator")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_imports_go_downward_only() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_two_providers_of_one_name_are_an_error_at_start(tmp_path: Path) -> None:
    for folder in ("simulator", "schemas", "scenarios"):
        (tmp_path / folder).mkdir()
        subprocess.run(["cp", "-r", f"{ROOT / folder}/.", str(tmp_path / folder)], check=True)
    subprocess.run(["cp", "-r", "messente", "twin"], cwd=tmp_path / "simulator/msgsim/providers", check=True)
    done = subprocess.run(
        [sys.executable, "-m", "msgsim", "errors"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "simulator")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "two providers are called 'messente'" in done.stderr


def test_nothing_starts_with_what_it_does_not_need() -> None:
    """Heavy parts are imported when first needed, not when the server starts."""
    heavy = ["aiohttp", "faker", "jinja2", "jsonschema", "phonenumbers", "starlette", "jsonpath_ng", "jsonschema_rs"]
    heavy += ["cryptography", "psycopg"]
    code = (
        "import sys, msgsim.cli.serving, msgsim.provider; msgsim.provider.discover();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def late_imports(path: Path) -> Iterator[str]:
    """Where a function imports something and no comment beside its imports says why."""
    lines = path.read_text().splitlines()
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            found = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            if found and not any("  # " in lines[number - 1] for number in found):
                yield f"{path.relative_to(ROOT)}:{min(found)}"


def test_imports_inside_functions_say_why() -> None:
    """Each is for the time that a start takes, or for an extra that may be missing."""
    assert [place for path in (ROOT / "simulator").rglob("*.py") for place in late_imports(path)] == []


def class_names(files: Iterable[Path]) -> Counter[str]:
    """How often each name of a class stands at the top of a module."""
    trees = (ast.parse(file.read_text()) for file in files)
    return Counter(node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))


def test_no_class_has_the_name_of_another() -> None:
    """The Python client is a world of its own, which speaks of the control API's messages as the API does."""
    package = ROOT / "simulator" / "msgsim"
    client = set((package / "client").glob("*.py"))
    for files in (client, set(package.rglob("*.py")) - client):
        names = class_names(files)
        assert [name for name, count in names.items() if count > 1 and not name.startswith("_")] == []


def test_nothing_is_found_again_by_its_address() -> None:
    """A cache keyed by ``id()`` confuses a value with one that has its place afterwards."""
    for file in (ROOT / "simulator").rglob("*.py"):
        calls = (node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))
        assert not any(isinstance(function, ast.Name) and function.id == "id" for function in calls), file


def test_the_engine_has_what_it_works_with() -> None:
    """It inherits nothing, and what it tells others they have asked for themselves."""
    assert Engine.__mro__ == (Engine, object)
    engine = Engine(Config(store="memory", clock="frozen"), store_in(None), discover())
    assert not [name for name, value in vars(engine).items() if callable(value) and not isinstance(value, Signal)]


def test_making_a_view_changes_nothing() -> None:
    engine = Engine(Config(store="memory", clock="frozen"), store_in(None), discover())
    sandbox = engine.sandboxes.default
    before = sandbox.marks()
    for name, provider in engine.providers.items():
        settings = engine.settings.of(sandbox, name)
        SandboxView(provider, sandbox, engine.store, settings)
        RequestView(Call("POST", "/", "", {}, b""), provider, provider.voice(), sandbox, engine.store, settings, {})
    assert sandbox.marks() == before
    assert not engine.store.dirty


def test_settings_are_compiled_once_where_they_are_set() -> None:
    made: list[dict[str, Json]] = []

    def count(raw: dict[str, Json]) -> int:
        made.append(raw)
        return len(made)

    providers = {"sinch": replace(discover()["sinch"], compile=count)}
    engine = Engine(Config(store="memory", clock="frozen"), store_in(None), providers)
    default, other = engine.sandboxes.default, engine.sandboxes.open("other")
    assert len(made) == 1
    engine.sandboxes.configure(other, {"sinch": {"short_code": "1234"}})
    assert [raw["short_code"] == "1234" for raw in made] == [False, True]
    assert [engine.settings.of(sandbox, "sinch").compiled for sandbox in (default, other)] == [1, 2]
    assert engine.settings.of(engine.sandboxes.reset(other), "sinch").raw["short_code"] == "1234"
