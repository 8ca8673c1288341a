"""Statuses by time: the table of steps says what the plans of all messages say."""

from collections.abc import Iterator
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.engine import statuses
from msgsim.model import Channel, Message, Step
from msgsim.plan import ends, last
from msgsim.storage.keys import BLOCK
from msgsim.storage.store import Store, store_in
from msgspec.structs import replace

SANDBOX, OTHER = 1, 2
LATEST = 20
"""Times are few, so that many steps share one."""


def message(key: int, times: list[int], start: int) -> Message:
    steps = tuple([Step(at, 0, f"S{place}") for place, at in enumerate(sorted(times))])
    return Message(key, f"{key:x}", "sinch", "send", "+1", (Channel("sms", f"{key:x}"),), steps, 0, start)


times = st.lists(st.integers(1, LATEST), max_size=4)
moments = st.integers(0, LATEST)
rewritten = st.lists(st.integers(0, 10), max_size=4)
plans = st.lists(st.tuples(times, st.integers(1, LATEST), st.integers(1, 400)), max_size=30)


def stored(store: Store, drawn: list[tuple[list[int], int, int]], sandbox: int = SANDBOX) -> dict[int, Message]:
    """By key; the numbers have gaps, so that several blocks are used."""
    found, key = {}, sandbox << 40
    for plan, start, gap in drawn:
        key += gap
        found[key] = message(key, plan, start)
    store.messages.add(list(found.values()))
    return found


def cut(store: Store, messages: dict[int, Message], at: int, places: list[int]) -> None:
    """Some plans end now with another step."""
    for place in places:
        if place < len(messages):
            key = list(messages)[place]
            past = tuple(step for step in messages[key].steps if step.at <= at)
            messages[key] = replace(messages[key], steps=(*past, Step(at, 0, "CUT")))
            store.messages.rewrite(messages[key])


@settings(max_examples=200)
@given(
    plans,
    plans,
    st.integers(0, LATEST),
    st.lists(st.integers(0, 10), max_size=4),
    st.integers(0, LATEST),
    st.integers(0, LATEST),
)
def test_the_table_of_steps_says_what_the_plans_say(
    drawn: list[tuple[list[int], int, int]],
    others: list[tuple[list[int], int, int]],
    at: int,
    places: list[int],
    after: int,
    until: int,
) -> None:
    store = store_in(None)
    messages = stored(store, drawn)
    stored(store, others, OTHER)
    cut(store, messages, at, places)
    listed = list(messages.values())
    expected = sorted(
        ((step.at, one.key, step.status) for one in listed for step in one.steps if after < step.at <= until),
        key=lambda reached: reached[:2],
    )
    found = chain.from_iterable(statuses.reached(store, SANDBOX, after, until))
    assert [(one.at, one.message.key, one.step.status) for one in found] == expected
    assert sum(statuses.count(store, SANDBOX, after, until)) == len(expected)
    assert store.steps.last_end(SANDBOX) == max(map(ends, listed), default=None)
    moments = [step.at for one in listed for step in one.steps] + [one.start for one in listed if not one.steps]
    assert store.steps.time(SANDBOX, after) == min((moment for moment in moments if moment > after), default=None)
    store.close()


def pages(store: Store, now: int, until: int, most: int) -> Iterator[list[tuple[int, int]]]:
    position = (0, 0)
    while True:
        found, further = statuses.latest(store, SANDBOX, position, until, now, most, lambda message: True)
        yield [(at, message.key) for at, message in found]
        if further == position:
            return
        position = further


@settings(max_examples=200)
@given(
    plans, st.integers(0, LATEST), st.lists(st.integers(0, 10), max_size=4), st.integers(0, LATEST), st.integers(1, 5)
)
def test_each_message_is_given_once_at_the_time_of_its_latest_status(
    drawn: list[tuple[list[int], int, int]], at: int, places: list[int], now: int, most: int
) -> None:
    store = store_in(None)
    messages = stored(store, drawn)
    cut(store, messages, at, places)
    latest = [(step.at, one.key) for one in messages.values() if (step := last(one, now)) is not None]
    found = list(pages(store, now, now, most))
    assert list(chain.from_iterable(found)) == sorted(latest)
    assert all(len(page) <= most for page in found)
    store.close()


def test_a_call_looks_at_so_many_messages_and_goes_on_where_it_stopped() -> None:
    """Messages that were given a later status may be many before one that was not."""
    store = store_in(None)
    blocks = statuses.MOST_BLOCKS + 1
    many = [message((SANDBOX << 40) + (place << BLOCK) + 1, [1, 9, 30], 1) for place in range(blocks)]
    store.messages.add(many)
    first, position = statuses.latest(store, SANDBOX, (0, 0), 9, 9, 100, lambda message: message is None)
    assert first == []
    assert (0, 0) < position < (9, 0)
    assert list(chain.from_iterable(pages(store, 9, 9, 100))) == [(9, message.key) for message in many]
    store.close()


def test_a_sandbox_that_is_swept_leaves_no_steps() -> None:
    store = store_in(None)
    stored(store, [([1, 2, 3], 1, 300)] * 10)
    stored(store, [([5], 1, 300)] * 2, OTHER)
    assert store.strays() == {SANDBOX, OTHER}
    while store.sweep(SANDBOX, 3):
        pass
    assert store.strays() == {OTHER}
    assert store.steps.after(SANDBOX, (0, 0), LATEST, 10) == []
    assert store.steps.last_end(OTHER) == 5
    store.close()
