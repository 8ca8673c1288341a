"""Which documented errors and outcomes have been seen since the server started."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from msgsim.contract import Contract
from msgsim.model import Json, Message

Seen = Counter[tuple[str, str]]
"""(provider, key of an error or word of a status) → how often."""


class Left(Struct, frozen=True):
    """A sandbox that is gone, whose rows are still there."""

    begun: int
    """Messages with a higher number came in this run."""
    moment: int
    """Its time when it went."""


class Run(Struct):
    """What is known of sandboxes beyond their rows, since the server started."""

    left: dict[int, Left | None] = field(default_factory=dict)
    """By number; None where an earlier run left the rows."""
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    """(provider, status of the answer) → how many."""
    errors: Seen = field(default_factory=Counter)
    outcomes: Seen = field(default_factory=Counter)
    """Of messages whose rows are swept."""


class Covered(Struct, frozen=True):
    """One thing a provider documents, and how often it was seen."""

    provider: str
    what: str
    """error or outcome."""
    key: str
    times: int


def outcomes(messages: Iterable[Message], begun: int, until: int) -> Seen:
    """Statuses that were reached by a time, of messages numbered above ``begun``."""
    seen: Seen = Counter()
    for message in messages:
        if message.key & 0xFFFFFFFFFF > begun:
            seen.update((message.provider, step.status) for step in message.steps if step.at <= until)
    return seen


def coverage(contracts: Mapping[str, Contract], errors: Seen, reached: Seen) -> list[Covered]:
    """Everything documented, in the order of the catalogues."""
    found: list[Covered] = []
    for name, contract in contracts.items():
        found += [Covered(name, "error", key, errors[name, key]) for key in contract.errors]
        found += [Covered(name, "outcome", word, reached[name, word]) for word in contract.statuses]
    return found


def summary(covered: Iterable[Covered]) -> dict[str, Json]:
    """Seen, all and per cent."""
    times = [item.times for item in covered]
    seen = sum(1 for count in times if count)
    return {"seen": seen, "all": len(times), "percent": round(100 * seen / len(times), 1) if times else 100.0}
