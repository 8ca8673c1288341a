"""A curl command sends what it was made of, whatever that is."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.examples.request import Example, curl
from msgsim.testing import Simulator

from tests.conftest import START
from tests.receiver import Receiver
from tests.shell import by_curl, needs_curl

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
SEGMENT = st.text("abC019-._~!$&'()*+,;=:@[]{}%20", min_size=1, max_size=8).filter(
    lambda text: "%" not in text.replace("%20", "")
)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiving:
        yield receiving


@needs_curl
@settings(max_examples=40)
@given(
    segments=st.lists(SEGMENT, max_size=3),
    query=st.text("abc=&[]{}'019", max_size=12),
    header=TEXT.map(lambda text: text.encode("ascii", "ignore").decode().strip()),
    body=TEXT,
)
def test_what_is_pasted_is_what_was_meant(
    receiver: Receiver, segments: list[str], query: str, header: str, body: str
) -> None:
    path = "/".join(["", *segments]) or "/"
    headers = {"X-A": header, "Content-Type": "text/plain"}
    by_curl(curl(Example("POST", path, headers, f"@'\"$HOME`{body}\n", query), receiver.url))
    came = receiver.posts[-1]
    assert came.path == path + (f"?{query}" if query else "")
    assert came.body == f"@'\"$HOME`{body}\n".encode()
    assert came.headers["x-a"] == header


@needs_curl
def test_a_head_does_not_wait_for_a_body() -> None:
    with Simulator(clock=f"frozen@{START}") as sim:
        assert by_curl(curl(Example("HEAD", "/__sim/v1/health", {}), sim.url)).status == 200
