"""The list of conversations is that of all messages by recipient, whatever piece of it is asked for."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgsim.model import Message
from msgsim.storage.keys import NUMBERS
from msgsim.web.pages import inbox
from msgsim.web.pages.inbox import Inbox

from tests.control.in_memory import memory

people = st.sampled_from([f"+3725550000{number}" for number in range(6)])


def grouped(messages: list[Message], before: int, after: int) -> list[tuple[str, int, int]]:
    """Who, the number of their newest message, and how many they have; the newest first."""
    newest = {message.to: message.key & NUMBERS for message in messages}
    counts = Counter(message.to for message in messages)
    rows = [(who, number, counts[who]) for who, number in newest.items()]
    fitting = [row for row in rows if (not before or row[1] < before) and row[1] > after]
    return sorted(fitting, key=lambda row: -row[1])[: inbox.ROWS]


@settings(max_examples=60)
@given(st.lists(people, max_size=25), st.integers(0, 30), st.integers(0, 10))
def test_conversations_are_those_of_all_messages(recipients: list[str], before: int, after: int) -> None:
    with memory() as world:
        for who in recipients:
            world.send(who)
        rows: list[Any] = asyncio.run(Inbox(world.engine).rows(world.sandbox, before, after))
        found = [(row["who"], row["number"], row["count"]) for row in rows]
        messages = list(world.store.messages.newest(world.sandbox.number))
        assert found == grouped(messages[::-1], before, after)
        for row in rows:
            assert asyncio.run(Inbox(world.engine).row(world.sandbox, row["who"])) == row
