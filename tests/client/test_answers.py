"""What the client says of its answers is what the API describes, and what mypy sees in a test of a user."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from msgsim.client import lists, request
from msgsim.client.api import Api
from msgsim.client.clock import SandboxClock
from msgsim.client.request import Call, Request, Wait
from msgsim.client.sandboxes import Sandboxes
from msgsim.client.sink import Sink
from msgsim.testing import Simulator
from msgsim.web.control.description import described, followed, operations

from tests.client.conftest import Send

PARTS = (lists.Messages, lists.Requests, lists.Callbacks, SandboxClock, Sandboxes, Sink, Api)
SIMPLE: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def builders() -> Iterator[Any]:
    """Functions that build a request, one per way a method may be called."""
    for part in PARTS:
        for member in vars(part).values():
            if isinstance(member, Call | Wait):
                yield pytest.param(member.build, id=f"{part.__name__}.{member.build.__name__}")
            if isinstance(member, Wait):
                yield pytest.param(member.several, id=f"{part.__name__}.{member.several.__name__}")


@pytest.mark.parametrize("build", [*builders()])
def test_the_answer_of_a_method_is_what_its_route_is_described_with(build: Any) -> None:
    """All of it, a member, or the rows of one."""
    (answer,) = get_args(get_type_hints(build)["return"])
    content = _route(_built(build))
    if answer is NoneType:
        assert content is None
    elif build.__name__ in ("base_url", "credentials", "environment"):
        assert shape(answer) in ("string", ("map", "string"))
    elif build.__name__ == "journal":
        assert shape(answer) == ("list", shape_of(content["contentSchema"]))
    else:
        whole = shape_of(content)
        members = [inner for _, _, inner in whole[1]] if whole[0] == "object" else []
        rows = [inner[1] for inner in members if inner[0] == "list"]
        assert shape(answer) in [whole, *members, *rows]


def test_problems_have_the_shape_that_is_described() -> None:
    from msgsim.client import answers

    schemas = described()["components"]["schemas"]
    assert shape(answers.ProblemDocument) == shape_of(schemas["Problem"])
    assert shape(answers.TimedOutDocument) == shape_of(schemas["TimedOut"])


@pytest.mark.parametrize("build", [one for one in builders() if not one.id.endswith("_several")])
def test_every_method_says_what_it_does(build: Any) -> None:
    assert build.__doc__


def test_answers_have_no_member_that_is_not_described(api: Api[Any], send: Send) -> None:
    """After something of everything has happened."""
    sink = api.sink("here")
    id = send("+37255500001", "viber", "sms", dlr_url=sink.url).json["omnimessage_id"]
    send("nobody")
    api.inbound("messente", "+37255500001", "28000", "hi")
    happened = api.clock.run_until_idle()
    shown = [
        (api.messages.list(), "Message"),
        ([api.messages.get(id)], "WholeMessage"),
        (api.requests.list(), "Request"),
        (api.callbacks.list(), "Callback"),
        ([api.messages.explain(id), api.requests.explain(2), api.callbacks.explain(1)], "Explanation"),
        (happened, "Happened"),
        (sink.posts(), "Posted"),
        (api.sinks(), "SinkSummary"),
        (api.journal(), "Entry"),
        (api.inbox(), "Inbound"),
        (api.lint(), "Finding"),
        (api.sample(), "SentSample"),
        (api.sandboxes.list(), "Sandbox"),
        (api.errors()["errors"], "ErrorEntry"),
        (api.errors()["statuses"], "StatusEntry"),
        (api.scenarios(), "ShippedScenario"),
        ([api.scenario()], "Scenario"),
        ([api.coverage()], "Coverage"),
        ([api.health()], "Health"),
        ([api.messages.force(send("+37255500002").json["omnimessage_id"], "DELIVRD")], "WholeMessage"),
    ]
    schemas = described()["components"]["schemas"]
    for answers, name in shown:
        for answer in answers:
            assert fits(answer, shape_of(schemas[name])), (name, answer)


def fits(value: Any, wanted: Any) -> bool:
    """Whether a value has a shape, and nothing beyond it."""
    if wanted == "anything":
        return True
    if isinstance(wanted, str):
        kinds = (SIMPLE[type(value)], "number") if type(value) is int else (SIMPLE.get(type(value)),)
        return wanted in kinds
    match wanted:
        case "either", shapes:
            return any(fits(value, inner) for inner in shapes)
        case "of", values:
            return value in values
        case "list", inner:
            return isinstance(value, list) and all(fits(item, inner) for item in value)
        case "map", inner:
            return isinstance(value, dict) and all(fits(item, inner) for item in value.values())
        case "object", members:
            known = {name: inner for name, _, inner in members}
            return (
                isinstance(value, dict)
                and value.keys() <= known.keys()
                and all(name in value for name, required, _ in members if required)
                and all(fits(item, known[name]) for name, item in value.items())
            )
    raise AssertionError(wanted)


def shape(kind: Any) -> Any:
    """Of a type."""
    if kind is Any:
        return "anything"
    if kind in SIMPLE:
        return SIMPLE[kind]
    if is_typeddict(kind):
        members = get_type_hints(kind, include_extras=True)
        listed = [(name, name in kind.__required_keys__, shape(_bare(inner))) for name, inner in members.items()]
        return "object", tuple(sorted(listed, key=lambda member: member[0]))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "of", tuple(sorted(inner))
    if origin in (Union, UnionType):
        return _either(map(shape, inner))
    assert origin in (list, dict), kind
    return ("list", shape(inner[0])) if origin is list else ("map", shape(inner[1]))


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) in (NotRequired, Required) else kind


def shape_of(schema: dict[str, Any]) -> Any:
    """Of a schema."""
    schema = followed(schema)
    if "anyOf" in schema:
        return _either(map(shape_of, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return "of", tuple(sorted(schema.get("enum", [schema.get("const")])))
    properties, required = _members(schema)
    if properties:
        listed = [(name, name in required, shape_of(inner)) for name, inner in properties.items()]
        return "object", tuple(sorted(listed, key=lambda member: member[0]))
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _either(shape_of({**schema, "type": kind}) for kind in kinds)
    if kinds == "array":
        return "list", shape_of(schema["items"])
    if kinds == "object":
        return "map", shape_of(schema.get("additionalProperties", {}))
    return kinds or "anything"


def _members(schema: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """With those of the schemas it extends."""
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for base in schema.get("allOf", ()):
        more, also = _members(followed(base))
        properties, required = more | properties, required | also
    return properties, required


def _either(shapes: Any) -> Any:
    return "either", tuple(sorted(set(shapes), key=repr))


def _built(build: Any) -> Request[Any]:
    """With the least that it takes."""
    owner = Sink(_never, "s", "http://s") if "Sink." in build.__qualname__ else Api(_never, "http://s", "default")
    kinds: dict[Any, Any] = {int: 1, float: 1.0, str: "1s"}
    parameters = [one for one in inspect.signature(build).parameters.values() if one.default is one.empty][1:]
    given = {
        one.name: kinds.get(one.annotation, {})
        for one in parameters
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }
    built: Request[Any] = build(owner, **given)
    return built


def _never(asked: Request[request.R]) -> request.R:
    raise AssertionError(asked)


def _route(asked: Request[Any]) -> Any:
    """The schema of its good answer; None: it has no body."""
    for (method, path), operation in operations(described()).items():
        parts = path[1:].split("/")
        same = len(parts) == len(asked.path.split("/")) and all(
            part.startswith("{") or part == word for part, word in zip(parts, asked.path.split("/"), strict=True)
        )
        if method == asked.method and same:
            (status,) = (status for status in operation["responses"] if status < "300")
            content = followed(operation["responses"][status]).get("content", {})
            return next((followed(one["schema"]) for media, one in content.items() if media != "text/plain"), None)
    raise AssertionError(f"no route for {asked.method} {asked.path}")


# A user's test, as mypy sees it

GOOD = """
import pytest
from msgsim.client import AsyncClient, Client, TimedOut
from msgsim.testing import Simulator


def test_sync(msgsim: Client) -> None:
    message = msgsim.messages.wait(to="+37255500001", status="delivered", timeout="1s")
    assert message["channels"][0]["status"] == "DELIVRD"
    assert [one["id"] for one in msgsim.messages.wait(count=2)] == [message["id"], "x"]
    assert msgsim.messages.get(message["id"])["plan"][0]["past"]
    assert msgsim.clock.advance("5m")[0]["kind"] == "status"
    refused = msgsim.requests.list(refused=True)[0]
    assert refused["refusals"][0]["source"] == "to"
    assert [post["json"]["status"] for post in msgsim.sink().posts()] == ["ACK"]
    assert msgsim.credentials("messente")["username"] + msgsim.base_url("messente")
    with pytest.raises(TimedOut) as waited:
        msgsim.callbacks.wait(state="done")
    assert waited.value.near[0]["text"]


async def test_async(msgsim_async: AsyncClient) -> None:
    message = await msgsim_async.messages.wait(to="+37255500001")
    assert message["state"] == "queued"
    assert (await msgsim_async.clock.get())["frozen"]
    assert [one["state"] for one in await msgsim_async.callbacks.list()] == ["done"]
    async for event in msgsim_async.events():
        assert event.name


def test_alone() -> None:
    with Simulator(seed=1) as sim, Client(sim.url) as client:
        assert client.health()["status"] == "ok"
        assert sim.control("GET", "clock").status == 200
"""
BAD = [
    ('msgsim.messages.wait()["stat"]', '"stat" is not a valid TypedDict key'),
    ('msgsim.messages.wait(count=2)[0]["stat"]', '"stat" is not a valid TypedDict key'),
    ('msgsim.messages.list()[0]["channels"][0]["chanel"]', '"chanel" is not a valid TypedDict key'),
    ('msgsim.clock.advance("1m")[0]["happend"]', '"happend" is not a valid TypedDict key'),
    ('msgsim.messages.get("x")["state"] == "deliverd"', "Non-overlapping equality check"),
    ("msgsim.messages.lst()", 'has no attribute "lst"'),
    ("msgsim.clock.advanse('1m')", 'has no attribute "advanse"'),
    ("msgsim.clock.advance(by=5)", 'has incompatible type "int"'),
    ("msgsim.messages.list(too='x')", 'Unexpected keyword argument "too"'),
    ("msgsim.messages.wait(too='x')", 'Unexpected keyword argument "too"'),
    ("msgsim.sink().pots()", 'has no attribute "pots"'),
    ('msgsim.sink().posts()[0]["jsn"]', '"jsn" is not a valid TypedDict key'),
    ('(await msgsim_async.messages.wait())["stat"]', '"stat" is not a valid TypedDict key'),
    ('(await msgsim_async.messages.wait(count=2))[0]["stat"]', '"stat" is not a valid TypedDict key'),
    ('msgsim_async.messages.get("x")["state"]', "is not indexable"),
    ("await msgsim_async.clock.advanse('1m')", 'has no attribute "advanse"'),
    ('sim.control("GET", "clock").stat', 'has no attribute "stat"'),
    ("sim.urll", 'has no attribute "urll"'),
]


def test_mypy_finds_what_is_misspelled_in_a_test_of_a_user(tmp_path: Path) -> None:
    """In a project that is not ours: the package is found as it is installed."""
    (tmp_path / "test_good.py").write_text(GOOD)
    head = "from msgsim.client import AsyncClient, Client\nfrom msgsim.testing import Simulator\n\n\n"
    head += "async def test(msgsim: Client, msgsim_async: AsyncClient, sim: Simulator) -> None:\n"
    (tmp_path / "test_bad.py").write_text(head + "".join(f"    {line}\n" for line, _ in BAD))
    command = [sys.executable, "-m", "mypy", "--strict", "test_good.py", "test_bad.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300).stdout.splitlines()
    assert [line for line in found if line.startswith("test_good.py")] == []
    first = head.count("\n") + 1
    for number, (line, expected) in enumerate(BAD, first):
        mine = [said for said in found if said.startswith(f"test_bad.py:{number}: error")]
        assert any(expected in said for said in mine), (line, mine)


def test_a_filter_that_is_misspelled_is_a_type_error_and_names_the_right_ones(sim: Simulator) -> None:
    from msgsim.client import Client

    misspelled: dict[str, Any] = {"too": "+37255500001"}
    with Client(sim.url) as client, pytest.raises(TypeError, match=r"no filter 'too' \(there are provider, to, from_"):
        client.messages.list(**misspelled)
