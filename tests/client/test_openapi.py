"""What a provider looks like to tools: a valid document, with everything the catalogue has."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from copy import copy
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from msgsim.contract import Error
from msgsim.examples.answers import Answered, Answers
from msgsim.examples.openapi import document
from msgsim.provider import Endpoint, Provider, discover
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.client.conftest import Run
from tests.conftest import Http
from tests.samples import headers

PROVIDERS = discover()


@cache
def described(name: str) -> dict[str, Any]:
    return document(PROVIDERS[name])


@pytest.fixture(params=PROVIDERS)
def provider(request: pytest.FixtureRequest) -> Provider:
    return PROVIDERS[request.param]


def operations(whole: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in whole["paths"].values() for operation in path.values()]


def contents(whole: dict[str, Any]) -> list[dict[str, Any]]:
    responses = [response for operation in operations(whole) for response in operation["responses"].values()]
    return [content for response in responses for content in response.get("content", {}).values()]


def test_it_is_a_valid_document(provider: Provider) -> None:
    assert list(OpenAPIV31SpecValidator(described(provider.name)).iter_errors()) == []


def test_every_endpoint_is_an_operation(provider: Provider) -> None:
    paths = described(provider.name)["paths"]
    listed = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert listed == {(endpoint.method, endpoint.path) for endpoint in provider.endpoints}
    names = [operation["operationId"] for operation in operations(described(provider.name))]
    assert len(names) == len(set(names))


def test_every_error_is_a_response_of_some_operation(provider: Provider) -> None:
    shown: dict[str, set[str]] = {}
    for operation in operations(described(provider.name)):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                for key in content["examples"]:
                    shown.setdefault(key, set()).add(status)
            if "content" not in response:  # What has no body is described, and has no example.
                for key in re.findall(r"`([\w.]+)`:", response["description"]):
                    shown.setdefault(key, set()).add(status)
    for key, error in provider.contract.errors.items():
        assert shown[key] == {str(error.status)}, key


def test_an_example_says_where_it_is_documented(provider: Provider) -> None:
    examples = described(provider.name)["components"]["examples"]
    for key, error in provider.contract.errors.items():
        assert error.source in examples[key]["description"]
        assert f"({error.provenance})" in examples[key]["description"]


def test_every_example_fits_the_shape_beside_it(provider: Provider) -> None:
    whole = described(provider.name)
    for content in contents(whole):
        fits = Draft202012Validator({"components": whole["components"], **content["schema"]}).is_valid
        for key, example in content["examples"].items():
            value = whole["components"]["examples"][key]["value"] if "$ref" in example else example["value"]
            assert fits(value), key


def test_answers_to_other_requests_than_the_examples_fit_too(provider: Provider) -> None:
    """An answer that repeats a part of the request repeats whatever the request may have said there."""
    whole, wrong, repeated = described(provider.name), [], 0
    with closing(Answers(provider)) as answers:
        for endpoint in provider.endpoints:
            for example in answers.samples(endpoint) if endpoint.method != "GET" and "{" not in endpoint.path else ():
                for body in variants(example):
                    answers.fresh()
                    for asked, answered in lives(answers, endpoint, body):
                        if answered.reply.status < 300 and answered.json is not None:
                            repeated += 1
                            wrong += misfits(whole, asked, answered)
    assert wrong == []
    assert repeated > 50


def variants(value: Any) -> Iterator[Any]:
    """It, and with one place inside it of another kind, emptied, or taken away where it is a member."""
    yield value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, held in list(inner):
        others = [type(held)()] if isinstance(held, dict | list) else ["1", 1, 1.5, True]
        for other in [*variants(held), *others]:
            copied = copy(value)
            copied[place] = other
            yield copied
        if isinstance(value, dict):
            yield {name: kept for name, kept in value.items() if name != place}


def lives(answers: Answers, endpoint: Endpoint, body: Any) -> Iterator[tuple[Endpoint, Answered]]:
    """What a request is answered, and what every endpoint says that reads what came of it."""
    first = answers.ask(endpoint, body)
    yield endpoint, first
    if first.reply.status >= 300:
        return
    for other in answers.provider.endpoints:
        if other.method == "GET" and other.path.rpartition("/{")[0] == endpoint.path and not other.schema:
            for answered in answers.found(other, [[first]]):
                yield other, answered


def misfits(whole: dict[str, Any], endpoint: Endpoint, answered: Answered) -> list[str]:
    """In which an answer differs from its schema."""
    response = whole["paths"][endpoint.path][endpoint.method.lower()]["responses"][str(answered.reply.status)]
    schema = response["content"][answered.reply.media]["schema"]
    errors = Draft202012Validator({"components": whole["components"], **schema}).iter_errors(answered.json)
    return [f"{endpoint.method} {endpoint.path}: {error.message} for {answered.request}" for error in errors]


def test_every_reference_leads_somewhere(provider: Provider) -> None:
    whole = described(provider.name)
    for reference in references(whole):
        place: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for inner in value for found in references(inner)]
    if not isinstance(value, dict):
        return []
    mine = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return mine + [found for inner in value.values() for found in references(inner)]


SHOWN = [
    (PROVIDERS["messente"], PROVIDERS["messente"].contract.errors[key]) for key in ("missing_data", "unauthorized")
]


@pytest.mark.parametrize(("provider", "error"), SHOWN, ids=["missing_data", "unauthorized"])
def test_an_example_is_what_the_simulator_answers(http: Http, provider: Provider, error: Error) -> None:
    example = error.example
    assert example is not None
    answer = http(
        example["method"], example["path"], json=example["json"], headers=example.get("headers", headers(provider))
    )
    assert answer.json == described(provider.name)["components"]["examples"][error.key]["value"]


def test_good_answers_are_shown_too() -> None:
    (content,) = described("messente")["paths"]["/v1/omnimessage"]["post"]["responses"]["201"]["content"].values()
    assert content["examples"]["example-1"]["value"]["omnimessage_id"]
    assert content["schema"]["required"] == ["messages", "omnimessage_id", "to"]
    status = described("messente")["paths"]["/v1/omnimessage/{id}/status"]["get"]["responses"]["200"]
    assert status["content"]["application/json"]["examples"]["example-1"]["value"]["statuses"]


def test_it_is_the_same_each_time() -> None:
    assert document(PROVIDERS["cima360"]) == described("cima360")


def test_a_command_prints_it(msgsim: Run) -> None:
    assert json.loads(msgsim("openapi", "messente").stdout) == described("messente")
    assert yaml.safe_load(msgsim("openapi", "messente", "--format", "yaml").stdout) == described("messente")
    assert "did you mean" in msgsim("openapi", "mesente").stderr
