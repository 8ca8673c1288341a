"""A long poll finds what a plain list would, whatever happens while it looks, and looks only at what is new."""

import asyncio
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.engine import actions
from msgsim.model import Channel, Message
from msgsim.web.control.context import while_there
from msgsim.web.control.filters import LITERAL, as_written
from msgsim.web.control.lists import Listing, Page, Search
from msgsim.web.control.messages import listing
from msgsim.web.control.polls import MOST_TURNS, Poll, Turns
from starlette.requests import ClientDisconnect, Request

from tests.control.in_memory import Memory, memory

NEVER = 1_000_000
"""More rows than there are: the poll goes on."""


def plain(listing: Listing[Any], cursor: int = 0, most: int = 100) -> Page[Any]:
    search = Search(listing, cursor, most)
    for _ in search.steps():
        pass
    return search.page


def look(poll: Poll[Any]) -> None:
    """Until there is nothing more to look at."""
    while poll.stale:
        for _ in poll.search():
            pass
        for _ in poll.news():
            pass


def news(poll: Poll[Any]) -> None:
    for _ in poll.news():
        pass
    look(poll)


recipients = st.sampled_from(["+37255500001", "+37255500002", "+37255500003"])
sent = st.tuples(st.just("send"), recipients, st.sampled_from(["Code 123", "Big SALE", "straße"]))
moved = st.tuples(st.just("move"), st.sampled_from([-1500, 1, 200, 800, 5000]))
by_hand = st.tuples(st.sampled_from(["force", "cancel"]), st.integers(0, 5))
others = st.sampled_from([("reset",), ("refuse",), ("rollback",)])
one_act = st.one_of(sent, moved, moved, by_hand, by_hand, others)
acts = st.lists(one_act, max_size=15)
QUERIES = [
    "",
    "to=37255500001",
    "to=*0002",
    "text=code+123",
    "text=STRASSE",
    "status=delivered",
    "status=ACK&to=%2B37255500001",
    "status=scheduled",
    "provider=messente&status=queued",
    "channel=viber",
]


def do(world: Memory, act: tuple[Any, ...]) -> None:
    match act:
        case ("send", to, text):
            world.send(to, text, ("viber", "sms"))
        case ("move", by):
            world.move(by)
        case ("force" | "cancel", place):
            found = list(world.store.messages.newest(world.sandbox.number, limit=6))
            if place < len(found) and act[0] == "force":
                actions.force(world.engine, world.sandbox, found[place], "failed")
            elif place < len(found) and found[place].steps and found[place].steps[-1].at > world.sandbox.now():
                actions.cancel(world.engine, world.sandbox, found[place])
        case ("reset",):
            world.engine.sandboxes.reset(world.sandbox)
        case ("refuse",):
            world.call("POST", "/v1/omnimessage", {"to": "3725", "messages": []})
        case ("rollback",):
            world.lose(lambda: world.send("+37255500001", "Code 123"))


@settings(max_examples=100)
@given(st.sampled_from(QUERIES), acts)
def test_a_long_poll_knows_what_a_plain_list_finds(query: str, meanwhile: list[tuple[Any, ...]]) -> None:
    """After anything that may happen to a sandbox."""
    with memory() as world:
        for number in (1, 2, 3):
            world.send(f"+3725550000{number}", "Code 123")
        make = world.listing(listing, query)
        poll: Poll[Any] = Poll(make, 0, 100, NEVER)
        look(poll)
        for act in meanwhile:
            do(world, act)
            news(poll)
            assert poll.total == plain(make()).total, act


@settings(max_examples=100)
@given(st.sampled_from(QUERIES), acts)
def test_a_poll_for_what_is_new_counts_what_has_begun_to_fit(query: str, meanwhile: list[tuple[Any, ...]]) -> None:
    """What fits now, without what has fitted at every moment since the start; a reset begins anew."""
    with memory() as world:
        for number in (1, 2, 3):
            world.send(f"+3725550000{number}", "Code 123")
        make = world.listing(listing, query)
        poll: Poll[Any] = Poll(make, 0, 100, NEVER, new=True)
        look(poll)
        sandbox, ever_since = world.sandbox.number, {message.key for message in plain(make()).rows}
        for act in meanwhile:
            do(world, act)
            news(poll)
            fitting = {message.key for message in plain(make()).rows}
            ever_since = ever_since & fitting if world.sandbox.number == sandbox else set()
            assert poll.total == len(fitting - ever_since), act


@settings(max_examples=100)
@given(st.sampled_from(QUERIES), st.lists(st.tuples(st.integers(0, 4), one_act), max_size=20))
def test_nothing_is_missed_that_happens_while_a_poll_looks(query: str, meanwhile: list[tuple[int, Any]]) -> None:
    """Between any two steps of its look others have their turn."""
    with memory() as world:
        for number in (1, 2, 3):
            world.send(f"+3725550000{number}", "Code 123")
        make = world.listing(listing, query)
        poll: Poll[Any] = Poll(make, 0, 100, NEVER)
        steps = poll.search()
        for count, act in meanwhile:
            for _ in range(count):
                if next(steps, steps) is steps:
                    steps = poll.search() if poll.stale else poll.news()
            do(world, act)
        for _ in steps:
            pass
        news(poll)
        assert poll.total == plain(make()).total


@settings(max_examples=50)
@given(st.sampled_from(QUERIES), acts, st.integers(1, 4), st.integers(0, 6), st.integers(1, 3))
def test_its_answer_is_the_page_of_the_plain_list(
    query: str, meanwhile: list[tuple[Any, ...]], wanted: int, cursor: int, most: int
) -> None:
    with memory() as world:
        make = world.listing(listing, query)
        poll: Poll[Any] = Poll(make, cursor, most, wanted)
        look(poll)
        for act in meanwhile:
            do(world, act)
            news(poll)
            expected = plain(make(), cursor, most)
            assert (poll.found is not None) == (expected.total >= wanted)
            if poll.found is not None:
                assert (poll.found.rows, poll.found.total) == (expected.rows, expected.total)
                assert poll.found.following == expected.following
                return


def test_one_new_message_is_one_row_to_look_at() -> None:
    with memory() as world:
        for number in range(2000):
            world.send(f"+3725550{number:04}", f"Code {number}")
        polls: list[Poll[Any]] = [
            Poll(world.listing(listing, query), 0, 100, NEVER)
            for query in (
                "to=37255509999",
                "to=*0001",
                "text=code+9999",
                "status=delivered",
                "status=delivered&to=37255500001",
            )
        ]
        for poll in polls:
            look(poll)
        for _ in range(3):
            world.send("+37255509999", "Code 9999")
            decoded = world.messages.decoded
            for poll in polls:
                news(poll)
            assert world.messages.decoded - decoded <= len(polls)
        assert [poll.total for poll in polls] == [3, 1, 3, 0, 0]


def test_a_clock_that_moves_has_only_those_looked_at_whose_turn_it_is() -> None:
    with memory() as world:
        for number in range(50):
            world.send(f"+3725550{number:04}")
        poll: Poll[Any] = Poll(world.listing(listing, "status=delivered&to=*0007"), 0, 100, NEVER)
        everyone: Poll[Any] = Poll(world.listing(listing, "status=delivered"), 0, 100, NEVER)
        look(poll)
        look(everyone)
        world.move(10)
        decoded = world.messages.decoded
        news(poll)
        news(everyone)
        assert world.messages.decoded == decoded, "nothing has come yet"
        world.move(60_000)
        news(everyone)
        assert (poll.total, everyone.total) == (0, 50)
        assert world.messages.decoded - decoded <= 2 * 50


def test_a_recipient_is_found_without_reading_the_others() -> None:
    with memory() as world:
        for number in range(2000):
            world.send(f"+3725550{number:04}")
        decoded = world.messages.decoded
        assert plain(world.listing(listing, "to=37255500042")()).total == 1
        assert world.messages.decoded - decoded == 1
        assert plain(world.listing(listing, "limit=10")(), most=10).total == 2000
        assert world.messages.decoded - decoded <= 12, "the rest is only counted"


def test_a_recipient_of_one_channel_is_found() -> None:
    """LINE is tried at one id and then at another; both are recipients of the message."""
    channels = (Channel("line", "a", to="U1"), Channel("line", "b", to="U2"))
    with memory() as world:
        world.store.messages.add([Message(world.sandbox.base + 1, "a", "salesforce", "send", "U1", channels, (), 0, 0)])
        for query, total in (("to=U1", 1), ("to=U2", 1), ("to=U", 0), ("to=*2", 1)):
            assert plain(world.listing(listing, query)()).total == total, query


def test_turns_beyond_those_remembered_are_told_of() -> None:
    turns = Turns()
    for number in range(MOST_TURNS + 1):
        turns.add(number, number)
    assert turns.forgotten == MOST_TURNS // 2 - 1
    turns.add(MOST_TURNS * 2, 1)
    assert list(turns.come(MOST_TURNS * 3)) == list(range(MOST_TURNS // 2 - 1))
    assert turns.next() == turns.forgotten


def test_no_letter_is_folded_to_one_that_stands_for_itself() -> None:
    """What is looked for in rows before they are decoded may leave none out."""
    folded = {letter for code in range(0x80, sys.maxunicode + 1) for letter in chr(code).casefold()}
    assert not folded & LITERAL
    assert not folded & {letter.upper() for letter in LITERAL}


@given(st.text(), st.text(max_size=6))
def test_what_is_looked_for_in_a_row_stands_in_it(text: str, part: str) -> None:
    row = msgspec.json.encode(text.encode("utf-8", "replace").decode()).decode()
    if part.casefold() in text.casefold():
        assert as_written(part) in row.lower()


def test_nobody_waits_for_a_client_that_has_left() -> None:
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def receive() -> dict[str, str]:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def story() -> None:
        with pytest.raises(ClientDisconnect):
            await while_there(Request({"type": "http"}, receive), waiting())
        await asyncio.sleep(0)

    asyncio.run(story())
    assert ended == ["waiting"]


def test_who_rests_is_let_go_when_the_server_stops() -> None:
    async def story(world: Memory) -> None:
        resting = asyncio.ensure_future(world.context.subscriptions.rest(1000))
        await asyncio.sleep(0)
        world.engine.stop()
        await asyncio.wait_for(resting, 20)
        await asyncio.wait_for(world.context.subscriptions.resting(iter([None] * 3)), 20)

    with memory() as world:
        asyncio.run(story(world))
