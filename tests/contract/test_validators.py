"""The fast validator and the exact one are of one mind, on good bodies and on broken ones."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from msgsim.config import data_folder
from msgsim.contract.schema import Schema, explainer
from msgsim.provider import discover

SCHEMAS = {
    f"{provider.name}/{name}": provider.contract.schema(name)
    for provider in discover().values()
    for name in provider.contract.names()
}
PATTERNS = sorted(
    {
        pattern
        for file in data_folder("schemas").rglob("*.json")
        for pattern in re.findall(r'"pattern": ("(?:[^"\\\\]|\\\\.)*")', file.read_text())
    }
)
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**20,
    "",
    "x",
    "+37255000001",
    [],
    {},
    [None],
    {"x": 1},
    "2026-02-30T10:00",
    "0500\n",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a body."""
    found = [path]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def broken(body: Any, path: tuple[Any, ...], junk: Any, remove: bool) -> Any:
    if not path:
        return junk
    changed = copy.deepcopy(body)
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    if remove:
        del inner[path[-1]]
    else:
        inner[path[-1]] = copy.deepcopy(junk)
    return changed


def agreed(schema: Schema, body: Any) -> None:
    explained = list(schema._explain(body))
    assert schema.accepts(body) == (not explained), body
    assert bool(schema.violations(body)) == bool(explained)
    assert schema.accepts(body) or not schema.accepts_exactly(body)
    if schema.accepts(body):
        assert schema.accepts_exactly(body) == (not schema.unknown(body))


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_they_agree_on_samples_with_anything_broken(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    body = data.draw(st.sampled_from(schema.document["examples"]))
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(places(body)))
        body = broken(body, path, data.draw(st.sampled_from(JUNK)), data.draw(st.booleans()))
    agreed(schema, body)


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_a_member_is_unknown_or_part_of_the_document(name: str, data: st.DataObject) -> None:
    """A member of our own is found wherever it is put, and nothing else is: the samples have none."""
    schema = SCHEMAS[name]
    body = data.draw(st.sampled_from(schema.document["examples"]))
    assert not schema.unknown(body)
    path = data.draw(st.sampled_from(places(body)))
    inner = body = copy.deepcopy(body)
    for part in path:
        inner = inner[part]
    if isinstance(inner, dict):
        inner["x-color"] = "red"
        assert [*schema.unknown(body)] in ([], [".".join(map(str, (*path, "x-color")))])


def test_beside_an_unknown_member_stand_those_of_its_place() -> None:
    text = {"channel": "sms", "txet": "x"}
    unknown = SCHEMAS["messente/omnimessage"].unknown({"to": "+37255000001", "messages": [{**text, "text": "x"}]})
    assert [*unknown] == ["messages.0.txet"]
    assert "text" in unknown["messages.0.txet"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", SCHEMAS)
@given(body=anything)
def test_they_agree_on_anything(name: str, body: Any) -> None:
    agreed(SCHEMAS[name], body)


@pytest.mark.parametrize("written", PATTERNS)
@given(data=st.data())
def test_both_read_a_pattern_alike(written: str, data: st.DataObject) -> None:
    """A line break at the end is part of a text, and digits are those of ASCII."""
    schema = {"type": "string", "pattern": json.loads(written)}
    good = data.draw(st.from_regex(schema["pattern"]))
    text = (
        data.draw(st.sampled_from(["", "\n", "\u0663", "x"]))
        + good.strip("\n")
        + data.draw(st.sampled_from(["", "\n"]))
    )
    assert explainer()(schema).is_valid(text) is Draft202012Validator(schema).is_valid(text)
