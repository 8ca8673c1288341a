"""Requests that were refused lately, in groups of the same reason, for people who look where messages should be."""

from collections.abc import Iterator

from msgspec import Struct

from msgsim.clock import iso
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Entry, Refusal
from msgsim.storage.keys import NUMBERS
from msgsim.web.control.lists import in_turns

AMONG = 400
"""The newest lines of the journal that are looked at."""
READ = 50
"""Lines that are read at once: one may hold a request with a thousand messages."""
GROUPS = 3
"""How many reasons are shown."""


class Reason(Struct):
    """Why requests were refused, and which one was last."""

    key: str
    source: str
    """Where in the request; empty when it is not about a field."""
    said: str
    provider: str
    newest: int
    """The number of the last one."""
    at: str
    count: int = 0


class Refusals(Struct, frozen=True):
    """What was refused among the newest lines of a sandbox's journal."""

    count: int
    reasons: list[Reason]
    """The most recent ones, at most GROUPS."""
    more: int
    """How many requests were refused for other reasons."""
    lately: bool
    """There are older lines, which were not looked at."""


async def refusals(engine: Engine, sandbox: Sandbox) -> Refusals:
    """By the first refusal of each request; the newest reason comes first."""
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
    lowest, highest = engine.store.journal.bounds(sandbox.number)
    end = max(lowest, highest + 1 - AMONG)
    for high in range(highest, end - 1, -READ):
        low = max(end, high + 1 - READ)
        yield from engine.store.journal.between(sandbox.number, low, high, "exchange", newest_first=True)


def said(engine: Engine, provider: str, refusal: Refusal) -> str:
    """A refusal in plain words: its own, or the catalogue's."""
    error = engine.providers[provider].contract.errors.get(refusal.key)
    return refusal.reason or refusal.detail or (error.when or error.text if error else "") or ""
