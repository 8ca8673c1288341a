"""A body that is not what a route takes."""

import pytest
from msgsim.model import Json

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
        ("sandboxes", {"seed": "one"}, "seed: a whole number or null is expected, not a text"),
    ],
)
def test_a_body_of_another_shape_is_told_in_our_words(control: Http, path: str, body: Json, reason: str) -> None:
    answer = control("POST", path, body)
    assert (answer.status, answer.json["detail"]) == (400, reason)
