"""What came of a load that was interrupted: the clients' answers and the receiver's posts, held against what is kept."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec
import psycopg
from msgsim.model import Message

from reliability.figures import Figure, counted
from reliability.receiver import Key, Receiver
from reliability.server import Server
from reliability.traffic import Tally

PATIENCE = 20.0
"""Seconds without any post until the rest counts as never sent."""


def losses(part: str, tally: Tally, posts: Counter[Key], messages: list[Message], pending: int) -> list[Figure]:
    """``messages``: all that are kept; ``pending``: callbacks that nobody posts any more."""
    found = {message.id for message in messages}
    missing = [id for id in tally.accepted if id not in found]
    owed = list(expected(messages))
    silent = [one for one in owed if one not in posts]
    strangers = sum(1 for id, _, _ in posts if id not in found)
    return [
        counted(part, "messages answered 2xx", len(tally.accepted), len(tally.accepted) > 0),
        counted(part, "messages answered 2xx and missing", len(missing), not missing),
        counted(part, "ids given twice", tally.twice, not tally.twice),
        counted(part, "messages kept whose answer was lost, or 503", len(found) - len(tally.accepted)),
        counted(part, "callbacks owed", len(owed)),
        counted(part, "callbacks owed and never sent", len(silent) + pending, not silent and not pending),
        counted(
            part, "callbacks sent twice (posted, killed before that was recorded)", sum(posts.values()) - len(posts)
        ),
        counted(part, "posts about no message that is kept", strangers, not strangers),
    ]


def expected(messages: Iterable[Message]) -> Iterator[Key]:
    """Every step of every plan is reported, whatever the table of callbacks says."""
    for message in messages:
        if message.provider in ("messente", "sinch"):
            for step in message.steps:
                yield message.id, message.channels[step.channel].id, step.status


def out_of_order(posts: Counter[Key], messages: Iterable[Message]) -> int:
    """Messages of which a step was first posted before an earlier one."""
    places = {key: place for place, key in enumerate(posts)}  # A counter keeps the order in which keys came first.
    found = 0
    for message in messages:
        came = [places[key] for key in expected([message]) if key in places]
        found += came != sorted(came)
    return found


def drained(pending: Callable[[], int], receiver: Receiver) -> int:
    """Wait until no callback is pending; how many still are when nothing is posted any more."""
    deadline, bodies = time.monotonic() + PATIENCE, receiver.bodies
    while True:
        asked = time.monotonic()
        left = pending()
        if not left or time.monotonic() > deadline:
            return left
        # To count many takes long, and the server has better things to do.
        time.sleep(max(0.2, 20 * (time.monotonic() - asked)))
        if receiver.bodies != bodies:
            deadline, bodies = time.monotonic() + PATIENCE, receiver.bodies


def pending(server: Server) -> int:
    """Callbacks that it still owes."""
    count: int = server.control("GET", "callbacks?state=pending&limit=1").json["total"]
    return count


def kept_at(url: str) -> list[Message]:
    """All messages in a database of PostgreSQL."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT doc FROM msgsim.messages")
        return [msgspec.json.decode(doc, type=Message) for (doc,) in rows]
