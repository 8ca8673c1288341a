"""``GET bundle``: writes the replay bundle of a sandbox (`examples.bundle` describes its lines)."""

from collections.abc import AsyncGenerator, Iterator
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from msgsim import __version__
from msgsim.engine.receive import Engine
from msgsim.engine.recording import line_of
from msgsim.engine.redaction import SHORTEST
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.secret_settings import secrets_in
from msgsim.engine.states import State
from msgsim.examples.bundle import FORMAT, End, Header, NamedText, StateLine, callback_line, message_line
from msgsim.model import Entry, Json
from msgsim.web.control.context import Context
from msgsim.web.control.exports import Export, entries
from msgsim.web.control.lists import in_turns
from msgsim.web.control.problem import ApiProblem

ROWS = 500
"""Messages or callbacks that are read from the store at once."""
T = TypeVar("T", covariant=True)


class Numbered(Protocol[T]):
    """A table of the store whose rows have numbers."""

    def bounds(self, sandbox: int) -> tuple[int, int]: ...

    def between(self, sandbox: int, low: int, high: int) -> Iterator[T]: ...


async def export(context: Context, request: Request) -> Response:
    """The bundle. Raises ApiProblem if the beginning of the journal was dropped."""
    sandbox = context.sandbox(request)
    states = context.engine.states.remembered(sandbox)
    if not states:
        raise ApiProblem(
            409,
            "The beginning is gone",
            "the journal no longer begins with its first line, so it cannot be done again: reset the sandbox and"
            " bring the mistake about once more, or set a larger journal_limit",
        )
    last = sandbox.journal
    return Export(_written(context, sandbox, states, last), "application/x-ndjson")


async def _written(context: Context, sandbox: Sandbox, states: list[State], last: int) -> AsyncGenerator[bytes, None]:
    """The lines of a bundle; ``last``: number of the last entry of the journal that belongs to it."""
    engine, count = context.engine, 0
    names: set[str] = set()
    async for entry in in_turns(entries(context, sandbox)):
        if entry.exchange is not None and (name := entry.exchange.headers.get("x-sim-scenario")):
            names.add(name)
    parts: tuple[Iterator[Json], ...] = (
        iter([_header(engine, sandbox, names)]),
        (StateLine(state) for state in states),
        (_entry(engine, entry) for entry in entries(context, sandbox)),
        map(message_line, _rows(engine.store.messages, sandbox)),
        map(callback_line, _rows(engine.store.callbacks, sandbox)),
    )
    for part in parts:
        async for line in in_turns(part):
            count += 1
            yield msgspec.json.encode(line) + b"\n"
    yield msgspec.json.encode(End(count, settled=sandbox.journal == last)) + b"\n"


def _header(engine: Engine, sandbox: Sandbox, names: set[str]) -> Header:
    texts = {name: NamedText(*found) for name in sorted(names) if (found := engine.states.named(name)) is not None}
    known = {engine.disguise.of(value): value for value in sorted(_known(engine, sandbox)) if len(value) >= SHORTEST}
    return Header(FORMAT, __version__, sandbox.name, known, texts)


def _known(engine: Engine, sandbox: Sandbox) -> set[str]:
    """Credentials that are no secrets: those derived from the sandbox's name, and those in the defaults of settings."""
    found: set[str] = set()
    for provider in engine.providers.values():
        found.update(provider.credentials(sandbox.name).values())
        found |= secrets_in(provider.contract.settings, provider)
    return found


def _entry(engine: Engine, entry: Entry) -> dict[str, Json]:
    line = line_of(entry)
    if entry.exchange is not None and entry.exchange.original is not None:
        line["original"] = entry.exchange.original
    if entry.attempt is not None:
        callback = engine.store.callbacks.by_key(entry.attempt.callback)
        if callback is not None and callback.state == "refused" and callback.tries == entry.attempt.number:
            line["refused"] = True
    return line


def _rows(table: Numbered[T], sandbox: Sandbox) -> Iterator[T]:
    """All rows of a sandbox, `ROWS` numbers at a time."""
    lowest, highest = table.bounds(sandbox.number)
    for low in range(lowest, highest + 1, ROWS):
        yield from table.between(sandbox.number, low, min(low + ROWS - 1, highest))
