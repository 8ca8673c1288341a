"""Replays a bundle on a fresh simulator, until an answer, a callback or a journal entry differs.

The clock is frozen and moved to the time of each entry. Callbacks get the answers that the user's application gave when
the bundle was recorded; nothing is sent over a network.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct

from msgsim.examples import bundle
from msgsim.examples.bundle import BadBundle, Header, Line
from msgsim.examples.stage import Difference, Stage
from msgsim.scenarios.yaml import BadFile
from msgsim.storage.database import StoreError


class ReplayOutcome(Struct):
    """The result of a replay: how much was replayed, and the first difference."""

    version: str = ""
    """Version of the simulator that wrote the bundle."""
    requests: int = 0
    callbacks: int = 0
    """Attempts at callbacks."""
    actions: int = 0
    difference: Difference | None = None
    """None: everything is as it was, byte by byte."""

    def count(self, line: bundle.EntryLine) -> None:
        self.requests += isinstance(line, bundle.ExchangeLine)
        self.callbacks += isinstance(line, bundle.AttemptLine)
        self.actions += isinstance(line, bundle.ControlLine)


def replay(lines: Iterable[Line]) -> ReplayOutcome:
    """Replay the lines of a bundle, up to the first difference. Raises BadBundle."""
    outcome = ReplayOutcome()
    rest = iter(lines)
    header = next(rest, None)
    if not isinstance(header, Header):
        raise BadBundle("line 1: this is no replay bundle; msgsim export writes one")
    outcome.version = header.version
    try:
        outcome.difference = _first_difference(header, rest, outcome)
    except BadFile as error:
        raise BadBundle(f"a scenario in it cannot be used here: {error}") from None
    except (ValueError, StoreError) as error:
        raise BadBundle(f"it cannot be done again here: {error}") from None
    return outcome


def _first_difference(header: Header, lines: Iterator[Line], outcome: ReplayOutcome) -> Difference | None:
    """The first difference; None: there is none. ``outcome``: its counters are increased. Raises BadBundle."""
    states, first = [], next(lines, None)
    while isinstance(first, bundle.StateLine):
        states.append(first.state)
        first = next(lines, None)
    if not states or first is None:
        raise BadBundle("line 2: the state in which it all began is missing")
    stage = Stage(header, states)
    try:
        return _done(stage, chain([first], lines), outcome)
    finally:
        stage.close()


def _done(stage: Stage, lines: Iterable[Line], outcome: ReplayOutcome) -> Difference | None:
    """The first difference, among the entries of the journal, then among the final messages and callbacks."""
    ending: list[bundle.MessageLine | bundle.CallbackLine] = []
    for line in lines:
        if isinstance(line, bundle.EntryLine):
            outcome.count(line)
            if (difference := stage.do(line)) is not None:
                return difference
        elif isinstance(line, bundle.MessageLine | bundle.CallbackLine):
            ending.append(line)
        elif isinstance(line, bundle.End) and not line.settled:
            return None
    return next((difference for line in ending if (difference := stage.holds(line)) is not None), None)
