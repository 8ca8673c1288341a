"""Every entry of every catalogue, brought about by its own example; every schema, by its own samples."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgsim.contract import KINDS, Error, Status
from msgsim.examples.catalogue import of_error
from msgsim.examples.request import Example
from msgsim.examples.samples import request_to
from msgsim.provider import AnySend, Provider, discover
from msgsim.testing import Answer

from tests.conftest import Http
from tests.samples import sample

PROVIDERS = discover()
ERRORS = [(provider, error) for provider in PROVIDERS.values() for error in provider.contract.errors.values()]
MUST_HAVE = {"malformed", "unauthorized", "unknown_path", "wrong_method"}


def of(pair: Any) -> str:
    return str(getattr(pair, "path", None) or getattr(pair, "name", None) or getattr(pair, "key", pair))


def sent(http: Http, example: Example) -> Answer:
    more = {"body": example.body} if example.body else {}
    return http(example.method, example.path, headers=example.headers, query=example.query or None, **more)


@pytest.mark.parametrize(("provider", "error"), ERRORS, ids=of)
def test_an_error_is_answered_as_documented(http: Http, provider: Provider, error: Error) -> None:
    answer = sent(http, of_error(provider, error))
    assert answer.status == error.status, answer.body
    text = answer.body.decode()
    if error.code not in (None, error.status):
        assert str(error.code) in text
    if error.text and "{" not in error.text and error.example is None:
        assert error.text in text
    for name in error.headers:
        assert name.lower() in answer.headers


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_a_catalogue_says_where_everything_comes_from(provider: Provider) -> None:
    contract = provider.contract
    assert contract.errors.keys() >= MUST_HAVE
    entries: list[Error | Status] = [*contract.errors.values(), *contract.statuses.values()]
    for entry in entries:
        assert entry.provenance in ("seed", "public", "inferred"), entry
        assert entry.source, entry
    for status in contract.statuses.values():
        assert status.kind in KINDS, status
    assert set(contract.words.values()) <= set(contract.statuses)
    assert {beat.status for beat in contract.life} <= set(contract.statuses)
    numbers = [entry.magic for entry in entries if entry.magic]
    assert len(numbers) == len(set(numbers)), "two outcomes share a magic recipient"


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_every_sample_fits_its_schema(provider: Provider) -> None:
    for name in provider.contract.names():
        schema = provider.contract.schema(name)
        for example in schema.document.get("examples", ()):
            assert schema.violations(example) == [], name


SENDS = [
    (provider, endpoint)
    for provider in PROVIDERS.values()
    for endpoint in provider.endpoints
    if isinstance(endpoint, AnySend) and endpoint.method == "POST"
]


@pytest.mark.parametrize(("provider", "endpoint"), SENDS, ids=of)
def test_a_sample_is_taken_on(http: Http, control: Http, provider: Provider, endpoint: AnySend) -> None:
    answer = sent(http, request_to(provider, endpoint, sample(provider, endpoint)))
    assert answer.status in (200, 201, 202), answer.body
    assert control("GET", "messages").json["total"] > 0


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=of)
def test_an_empty_text_is_never_told_as_one_of_another_type(provider: Provider) -> None:
    for name in provider.contract.names():
        for node in nodes(provider.contract.schema(name).document):
            named = node.get("x-error")
            if "minLength" in node and isinstance(named, dict) and "key" not in named:
                fallback = named.get("else")
                assert named.get("minLength", fallback) != named.get("type", fallback), (name, node)


def nodes(document: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema."""
    if isinstance(document, dict):
        yield document
    for inner in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from nodes(inner)
