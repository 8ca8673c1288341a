"""What users call is documented and typed, and the page about it is up to date."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from msgsim import pytest_plugin, testing
from msgsim.client import AsyncClient, Client, answers, errors
from msgsim.client.api import Api
from msgsim.client.clock import SandboxClock
from msgsim.client.lists import Callbacks, Messages, Requests
from msgsim.client.request import Call, Wait
from msgsim.client.sandboxes import Sandboxes
from msgsim.client.sink import Sink

from tests.client.reference import PAGE, page

CLASSES = (Client, AsyncClient, Api, Messages, Requests, Callbacks, SandboxClock, Sandboxes, Sink, testing.Simulator)


def offered() -> Iterator[tuple[str, Any]]:
    """Every method and function of theirs that has no underscore."""
    for kind in CLASSES:
        for name, value in vars(kind).items():
            if not name.startswith("_"):
                yield f"{kind.__name__}.{name}", value
    yield "call", testing.call


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make reference"


@pytest.mark.parametrize(("name", "value"), [*offered()])
def test_what_is_offered_is_documented_typed_and_on_the_page(name: str, value: Any) -> None:
    if isinstance(value, property):
        value = value.fget
    built = [value.build] if isinstance(value, Call | Wait) else [value]
    built += [value.several] if isinstance(value, Wait) else []
    assert inspect.getdoc(value), name
    for function in built:
        signature = inspect.signature(function)
        typed = [parameter.annotation for parameter in signature.parameters.values() if parameter.name != "self"]
        assert inspect.Signature.empty not in [signature.return_annotation, *typed], name
        assert signature.return_annotation is not Any, name
    assert f".{name.rpartition('.')[2]}" in PAGE.read_text() or f"`{name}(" in PAGE.read_text()


@pytest.mark.parametrize("module", [answers, errors])
def test_every_shape_and_error_is_documented(module: Any) -> None:
    for name, value in vars(module).items():
        if isinstance(value, type) and value.__module__ == module.__name__ and not name.startswith("_"):
            assert value.__doc__, name
            assert f"### {name}\n" in PAGE.read_text(), name


def test_the_fixtures_are_documented() -> None:
    for name in ("msgsim", "msgsim_async", "msgsim_server"):
        assert getattr(pytest_plugin, name).__doc__, name
        assert f"- `{name} ->" in PAGE.read_text()
