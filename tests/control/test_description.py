"""The control API is what its description says, route by route and answer by answer."""

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgsim.examples.openapi import document
from msgsim.model import Json
from msgsim.provider import discover
from msgsim.testing import Answer, Simulator, call
from msgsim.web.control import clocks, gallery, messages, sandboxes, scenario_choice, sink_routes, sinks, traffic
from msgsim.web.control.description import described, followed, operations
from msgsim.web.control.routes import TABLE

from tests.conftest import Advance, Http
from tests.control.acting import refuse, send

BODIES = {
    "NewSandbox": sandboxes.NewSandbox,
    "Seed": sandboxes.NewSeed,
    "Force": messages.Force,
    "NewInbound": traffic.FromPhone,
    "Advance": clocks.Advance,
    "SetClock": clocks.Set,
    "Speed": clocks.Speed,
    "Names": scenario_choice.Names,
    "NewSample": gallery.NewSample,
    "Answers": sink_routes.Told,
    "Answer": sinks.SinkAnswer,
}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """For a schema within the description."""
    return Draft202012Validator({"components": described()["components"], **schema})


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    listed = {(method, f"/{path.replace(':int', '')}") for method, path, _ in TABLE}
    assert listed == set(operations(described()))


def test_every_reference_leads_somewhere() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            followed(node)
            for inner in node.values():
                walk(inner)
        elif isinstance(node, list):
            for inner in node:
                walk(inner)

    walk(described())
    names = [operation["operationId"] for operation in operations(described()).values()]
    assert len(names) == len(set(names))


def test_every_schema_is_one_and_its_examples_fit() -> None:
    for name, schema in described()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get("examples", ()):
            assert not list(validator({"$ref": f"#/components/schemas/{name}"}).iter_errors(example)), name


@pytest.mark.parametrize("name", BODIES)
def test_bodies_have_the_members_that_are_described(name: str) -> None:
    schema = described()["components"]["schemas"][name]
    body: Any = BODIES[name]
    fields = msgspec.structs.fields(body)
    assert {field.encode_name for field in fields} == set(schema["properties"])
    assert {field.encode_name for field in fields if field.required} == set(schema.get("required", ()))
    assert schema["additionalProperties"] is False


def test_every_answer_fits_its_description(sim: Simulator, control: Http, advance: Advance) -> None:
    id = send(sim, dlr_url=f"{sim.url}/__sim/sink/here")
    refuse(sim)
    control("POST", "sandboxes", {"name": "ci"})
    control("POST", "inbound", {"provider": "messente", "from": "+3725550001", "to": "1", "text": "hi"})
    advance("300ms")
    late = {"/messages/{id}/status": 1, "/reset": 2}
    for (method, path), operation in sorted(operations(described()).items(), key=lambda one: late.get(one[0][1], 0)):
        if path == "/events":
            continue
        name = "ci" if path.startswith("/sandboxes") else "here"
        concrete = path[1:].replace("{id}", id).replace("{number}", "1").replace("{name}", name)
        answer = control(method, concrete, **_asked(path, operation))
        assert answer.status < 300, (method, path, answer.status, answer.body)
        assert mistakes(method, path, answer) == []


def mistakes(method: str, path: str, answer: Answer) -> list[str]:
    """In which an answer differs from its description."""
    expected = operations(described())[method, path]["responses"].get(str(answer.status))
    if expected is None:
        return [f"{method} {path}: {answer.status} is not described"]
    content = followed(expected).get("content", {}).get("application/json")
    if content is None or answer.headers["content-type"] != "application/json":
        return []
    return [f"{method} {path}: {error.message}" for error in validator(content["schema"]).iter_errors(answer.json)]


@pytest.mark.parametrize("provider", discover())
def test_every_answer_about_a_message_fits_its_description(control: Http, advance: Advance, provider: str) -> None:
    """Of every endpoint of every provider, at every step of its life, and with a status that is forced."""
    assert control("POST", "sample", {"provider": provider, "count": 60, "seed": 1}).status == 200
    listed: Json = control("GET", "messages?limit=200").json["messages"]
    assert {shown["provider"] for shown in listed} == {provider}
    found: list[str] = []
    for step in ("1ms", "1m", "30d"):
        advance(step)
        for shown in listed:
            found += mistakes("GET", "/messages/{id}", control("GET", f"messages/{shown['id']}"))
    for path in ("/messages", "/requests", "/callbacks", "/inbound"):
        found += mistakes("GET", path, control("GET", f"{path[1:]}?limit=200"))
    for shown in listed:
        status = control("GET", f"messages/{shown['id']}").json["plan"][-1]["status"]
        forced = control("POST", f"messages/{shown['id']}/status", {"status": status})
        found += mistakes("POST", "/messages/{id}/status", forced)
    assert found == []


def _asked(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The first example of what a route wants; what would hinder the ones after it is changed."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return {}
    example = followed(content["schema"])["examples"][0]
    if path == "/scenario":
        return {"json": {"names": []}}
    return {"json": example}


def test_problems_fit_theirs(control: Http) -> None:
    wrong = control("GET", "messages?wait=1ms")
    assert not list(validator({"$ref": "#/components/schemas/TimedOut"}).iter_errors(wrong.json))
    broken = control("PUT", "scenario", body="rules: 3")
    assert (broken.status, broken.json["mistakes"][0][:9]) == (400, "scenario:")
    for answer in (broken, control("GET", "nothing"), control("PATCH", "clock"), control("GET", "messages/none")):
        assert answer.headers["content-type"] == "application/problem+json"
        assert not list(validator({"$ref": "#/components/schemas/Problem"}).iter_errors(answer.json))


def test_an_unexpected_failure_is_ours_and_tells_no_secrets(
    control: Http, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> None:
        raise KeyError("a detail that is nobody's business")

    monkeypatch.setattr("msgsim.web.control.resources.clock", broken)
    answer = control("GET", "clock")
    assert (answer.status, answer.headers["x-sim-error"]) == (500, "Unexpected")
    assert answer.json["detail"] == "KeyError: the server's log has the rest"
    assert b"Traceback" not in answer.body
    assert b"business" not in answer.body
    assert "a detail that is nobody's business" in caplog.text


def test_the_document_is_served(sim: Simulator) -> None:
    document = call(f"{sim.url}/__sim/openapi.json", "GET")
    assert document.json["openapi"] == "3.1.0"
    assert document.json["paths"] == described()["paths"]


def test_whatever_takes_something_away_says_what() -> None:
    listed = operations(described())
    deleting = {one["operationId"] for (method, _), one in listed.items() if method == "DELETE"}
    assert {one["operationId"] for one in listed.values() if one.get("x-destroys")} == {*deleting, "reset"}


def test_every_group_has_operations_and_a_description() -> None:
    tags = {tag["name"] for tag in described()["tags"]}
    assert all(tag.keys() == {"name", "description"} for tag in described()["tags"])
    assert {tag for operation in operations(described()).values() for tag in operation["tags"]} == tags


def test_the_documents_of_the_providers_are_served_with_this_server_in_them(sim: Simulator) -> None:
    for name, provider in discover().items():
        served = call(f"{sim.url}/__sim/openapi/{name}.json", "GET").json
        assert served == {**document(provider), "servers": [{"url": sim.url}]}
    missing = call(f"{sim.url}/__sim/openapi/nobody.json", "GET")
    assert (missing.status, missing.json["detail"]) == (404, "there is no provider 'nobody'")
