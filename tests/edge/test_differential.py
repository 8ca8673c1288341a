"""The same bytes mean the same: whole, byte by byte, with the short way for known heads and without it."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgsim.web.edge.fastpath import FastConnection

from reliability.connections import FRAGMENTS, LIMIT, Edge, Outcome, broken, request, ways

SEND = FRAGMENTS[0]
TOO_LARGE = broken("POST", "/v1/omnimessage", b"x" * (LIMIT + 1))
UNKNOWN = broken("PUT", "/__sim/v1/nothing", b"{}")
Edges = tuple[Edge, Edge]


@pytest.fixture(scope="module")
def edges() -> Iterator[Edges]:
    """With the short way, and without it."""
    with Edge(fast=True) as fast, Edge(fast=False) as ordinary:
        yield fast, ordinary


@given(
    fragments=st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5),
    again=st.lists(st.integers(0, 4), max_size=3),
    places=st.lists(st.integers(0, 2000), max_size=5),
    spoiled=st.none() | st.tuples(st.integers(0, 2000), st.integers(0, 255)),
)
@example([SEND, SEND], [], [len(SEND)], None)
@example([SEND], [0, 0], [len(SEND), 2 * len(SEND) + 1], None)
@example([SEND, b"\r", SEND], [0], [len(SEND)], None)
@example([TOO_LARGE], [], [len(TOO_LARGE) - 4], None)
@example([SEND, SEND, TOO_LARGE], [], [], None)
@example([SEND, UNKNOWN, SEND], [], [], None)
def test_bytes_mean_the_same_in_every_way(
    edges: Edges, fragments: list[bytes], again: list[int], places: list[int], spoiled: tuple[int, int] | None
) -> None:
    """``again``: fragments that are said once more; ``spoiled``: a byte of the last one is another."""
    said = fragments + [fragments[number % len(fragments)] for number in again]
    if spoiled is not None:
        last = bytearray(said[-1])
        last[spoiled[0] % len(last)] = spoiled[1]
        said[-1] = bytes(last)
    assert len(set(ways(*edges, said, places))) == 1


EARLY = {
    "too large for a provider": (TOO_LARGE, [413, 400]),
    "too large for the control API": (broken("PUT", "/__sim/v1/scenario", b"x" * (LIMIT + 1)), [413, 400]),
    "no such route": (UNKNOWN, [404, 400]),
    "needs no body": (broken("GET", "/__sim/v1/clock", b"{}"), [200, 400]),
    "needs its body": (broken("POST", "/v1/omnimessage", b"{}"), [400]),
    "needs its body, in the control API": (broken("PUT", "/__sim/v1/scenario", b"{}"), [400]),
}
"""Requests that break off, and what is said to them."""


@pytest.mark.parametrize("name", EARLY)
@pytest.mark.parametrize("before", [[], [SEND], [SEND, request("GET", "/__sim/v1/clock", length="")]])
def test_a_request_that_breaks_off_has_the_answer_that_needs_no_more_of_it(
    edges: Edges, name: str, before: list[bytes]
) -> None:
    """Also where its end came with it, or while others were before it."""
    whole, statuses = EARLY[name]
    outcomes = ways(*edges, [*before, whole, SEND], [10, 400])
    first = [201, 200][: len(before)]
    told = {tuple(map(int, re.findall(rb"HTTP/1\.1 (\d+) ", outcome.said))) for outcome in outcomes}
    assert told == {(*first, *statuses)}
    assert {outcome.closed for outcome in outcomes} == {True}


def test_what_is_compared_is_something(edges: Edges) -> None:
    """Answers and journal are those of two sends, one of them on the short way."""
    outcomes: list[Outcome] = ways(*edges, [SEND, SEND], [])
    assert {outcome.said.count(b"HTTP/1.1 201 Created") for outcome in outcomes} == {2}
    assert {len(outcome.journal) for outcome in outcomes} == {2}


def test_the_short_way_is_taken(edges: Edges, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a head comes again in one piece with its body, and only there."""
    fast, _ = edges
    taken: list[bool] = []
    read_known = FastConnection._read_known

    def noticed(connection: FastConnection, data: bytes) -> bool:
        taken.append(read_known(connection, data))
        return taken[-1]

    monkeypatch.setattr(FastConnection, "_read_known", noticed)
    fast.hear([SEND, SEND, SEND[:50], SEND[50:], SEND + SEND, SEND])
    assert taken == [False, True, False, False, True]
