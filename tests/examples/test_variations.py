"""Samples where Faker is not installed: the schemas' examples, and a line that says how to get varied ones."""

import sys
from typing import Any

import msgspec
import pytest
from msgsim.examples.samples import samples, sends
from msgsim.provider import discover

from tests.conftest import Http

PROVIDERS = discover()
HINT = "pip install 'messaging-simulator[samples]'"


@pytest.fixture
def without_faker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing it fails, as it does where it is not installed."""
    monkeypatch.setitem(sys.modules, "faker", None)
    with pytest.raises(ImportError):
        import faker  # noqa: F401


def bodies(name: str, count: int, seed: int) -> list[Any]:
    found = samples({name: PROVIDERS[name]}, "default", count, seed)
    return [msgspec.json.decode(sample.example.body) for sample in found if sample.example.body]


@pytest.mark.usefixtures("without_faker")
@pytest.mark.parametrize("name", PROVIDERS)
def test_every_example_comes_and_nothing_else(name: str) -> None:
    written = [
        example
        for endpoint in sends(PROVIDERS[name])
        if not PROVIDERS[name].api(endpoint).in_query
        for example in PROVIDERS[name].contract.schema(endpoint.schema).document["examples"]
    ]
    sent = bodies(name, 400, 1)
    assert [body for body in sent if body not in written] == []
    assert [example for example in written if example not in sent] == []


@pytest.mark.usefixtures("without_faker")
@pytest.mark.parametrize("name", PROVIDERS)
def test_the_same_seed_begins_with_the_same_example(name: str) -> None:
    assert bodies(name, 40, 3) == bodies(name, 40, 3) != bodies(name, 40, 4)


@pytest.mark.usefixtures("without_faker")
@pytest.mark.parametrize("seed", [1, -1, 2**63 - 1, -(2**63)])
def test_all_are_taken_on_and_a_hint_says_how_to_vary_them(seed: int, control: Http) -> None:
    answered = control("POST", "sample", {"count": 200, "seed": seed}).json
    assert [sample for sample in answered["sent"] if sample["status"] >= 400] == []
    assert {sample["varied"] for sample in answered["sent"]} == {False}
    assert HINT in answered["hint"]


def test_with_faker_they_are_varied_and_no_hint_is_given(control: Http) -> None:
    answered = control("POST", "sample", {"count": 8}).json
    assert {sample["varied"] for sample in answered["sent"]} == {True}
    assert answered["hint"] is None
