"""Recently refused requests, grouped by reason: the inbox shows them, because their messages are missing there."""

from collections.abc import Iterator

from msgspec import Struct

from msgsim.clock import iso
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Entry, Refusal
from msgsim.storage.keys import NUMBERS
from msgsim.web.control.lists import in_turns

AMONG = 400
"""How many of the newest journal entries are searched."""
READ = 50
"""How many entries are read in one query: an entry may hold a request with a thousand messages."""
GROUPS = 3
"""How many reasons are shown."""


class Reason(Struct):
    """A group of requests refused for the same reason."""

    key: str
    """Key of the catalogue error."""
    source: str
    """Path of the refused field in the request; empty: the refusal is not about a field."""
    said: str
    """The reason in plain words."""
    provider: str
    newest: int
    """The number of the newest request."""
    at: str
    """When the newest request came, in ISO 8601."""
    count: int = 0
    """How many requests it has."""


class Refusals(Struct, frozen=True):
    """The refused requests among the newest AMONG entries of a sandbox's journal."""

    count: int
    """How many requests were refused."""
    reasons: list[Reason]
    """The most recent reasons, at most GROUPS."""
    more: int
    """How many requests were refused for other reasons."""
    lately: bool
    """Whether there are older entries, which were not searched."""


async def refusals(engine: Engine, sandbox: Sandbox) -> Refusals:
    """The refused requests of a sandbox, grouped by the first refusal of each; the newest reason comes first."""
    reasons: dict[tuple[str, str, str, str], Reason] = {}
    count = 0
    async for entry in in_turns(_newest(engine, sandbox)):
        exchange = entry.exchange
        if exchange is None or not exchange.refusals:
            continue
        count += 1
        first = exchange.refusals[0]
        text = said(engine, exchange.provider, first)
        group = exchange.provider, first.key, first.source or "", text
        if group not in reasons:
            number, at = entry.key & NUMBERS, iso(entry.at)
            reasons[group] = Reason(first.key, first.source or "", text, exchange.provider, number, at)
        reasons[group].count += 1
    shown = list(reasons.values())[:GROUPS]
    lowest, highest = engine.store.journal.bounds(sandbox.number)
    return Refusals(count, shown, count - sum(reason.count for reason in shown), highest - lowest >= AMONG)


def _newest(engine: Engine, sandbox: Sandbox) -> Iterator[Entry]:
    """The requests among the newest AMONG entries of the journal, newest first."""
    lowest, highest = engine.store.journal.bounds(sandbox.number)
    end = max(lowest, highest + 1 - AMONG)
    for high in range(highest, end - 1, -READ):
        low = max(end, high + 1 - READ)
        yield from engine.store.journal.between(sandbox.number, low, high, "exchange", newest_first=True)


def said(engine: Engine, provider: str, refusal: Refusal) -> str:
    """A refusal in plain words: its reason or detail, else when the catalogue says the error occurs, else its text."""
    error = engine.providers[provider].contract.errors.get(refusal.key)
    return refusal.reason or refusal.detail or (error.when or error.text if error else "") or ""
