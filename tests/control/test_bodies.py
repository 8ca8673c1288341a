"""A body that is not what a route takes."""

from collections.abc import Iterator
from copy import deepcopy

import pytest
from msgsim.model import Json
from msgsim.web.control.description import described, followed, operations

from reliability.fuzz import NAMES
from tests.conftest import Http


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("clock/advance", {"by": 60}, "by: a text is expected, not a whole number"),
        ("clock/advance", {"bye": "5s"}, "body: there is no 'bye' here; did you mean 'by'?"),
        ("clock/advance", {}, "body: 'by' is missing"),
        ("clock/advance", ["5s"], "body: an object is expected, not a list"),
        ("clock/speed", {"rate": "60x"}, "rate: a number is expected, not a text"),
        ("sample", {"count": 1.5}, "count: a whole number is expected, not a number"),
        ("clock/advance", {"": None, "by": "1s"}, "body: there is no '' here"),
        ("clock/advance", {"`": 1}, "body: there is no '`' here"),
        ("clock/advance", {"by": "1s", "x - at `y` of `z`": 1}, "body: there is no 'x - at `y` of `z`' here"),
        ("sandboxes", {"seed": "one"}, "seed: a whole number or null is expected, not a text"),
    ],
)
def test_a_body_of_another_shape_is_told_in_our_words(control: Http, path: str, body: Json, reason: str) -> None:
    answer = control("POST", path, body)
    assert (answer.status, answer.json["detail"]) == (400, reason)


EXAMPLES = {
    (method, path[1:]): followed(content["schema"])["examples"][0]
    for (method, path), operation in operations(described()).items()
    for media, content in operation.get("requestBody", {}).get("content", {}).items()
    if media == "application/json"
}
"""What routes take, by method and path."""


def objects(value: Json) -> Iterator[dict[str, Json]]:
    """It, and those inside it."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


@pytest.mark.parametrize("route", EXAMPLES, ids=" ".join)
def test_a_member_of_any_name_is_no_failure_of_ours(control: Http, route: tuple[str, str]) -> None:
    """At each place of the body."""
    method, path = route
    concrete = path.replace("{id}", "none").replace("{number}", "1").replace("{name}", "x")
    for place in range(sum(1 for _ in objects(EXAMPLES[route]))):
        for name in NAMES:
            body = deepcopy(EXAMPLES[route])
            list(objects(body))[place][name] = None
            answer = control(method, concrete, body)
            assert answer.status < 500, (body, answer.body)
