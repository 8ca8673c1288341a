"""Coverage: how often each documented error and status occurred since the server started."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from msgsim.contract import Contract
from msgsim.model import Json, Message

Seen = Counter[tuple[str, str]]
"""(provider, key of an error or word of a status) → how often."""


class Closed(Struct, frozen=True):
    """A closed sandbox whose rows have not been swept yet."""

    begun: int
    """Number of its last message before this run of the server."""
    moment: int
    """The sandbox's time when it was closed: statuses due later were never reached."""


class Run(Struct):
    """What is counted across all sandboxes since the server started, closed ones included."""

    closed: dict[int, Closed | None] = field(default_factory=dict)
    """By number of the sandbox; None where an earlier run of the server left the rows."""
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(provider, HTTP status of the answer) → how many."""
    errors: Seen = field(default_factory=Counter)
    outcomes: Seen = field(default_factory=Counter)
    """Statuses reached by messages whose rows have been swept."""


class Covered(Struct, frozen=True):
    """A documented error or status, and how often it occurred."""

    provider: str
    what: str
    """``error`` or ``outcome``."""
    key: str
    times: int


def outcomes(messages: Iterable[Message], begun: int, until: int) -> Seen:
    """How often each status was reached up to the time ``until``, by messages with numbers above ``begun``."""
    seen: Seen = Counter()
    for message in messages:
        if message.key & 0xFFFFFFFFFF > begun:
            seen.update((message.provider, step.status) for step in message.steps if step.at <= until)
    return seen


def coverage(contracts: Mapping[str, Contract], errors: Seen, reached: Seen) -> list[Covered]:
    """Every documented error and status, in the order of the catalogues."""
    found: list[Covered] = []
    for name, contract in contracts.items():
        found += [Covered(name, "error", key, errors[name, key]) for key in contract.errors]
        found += [Covered(name, "outcome", word, reached[name, word]) for word in contract.statuses]
    return found


def summary(covered: Iterable[Covered]) -> dict[str, Json]:
    """``{"seen": …, "all": …, "percent": …}``."""
    times = [item.times for item in covered]
    seen = sum(1 for count in times if count)
    return {"seen": seen, "all": len(times), "percent": round(100 * seen / len(times), 1) if times else 100.0}
