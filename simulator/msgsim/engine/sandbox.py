"""An isolated world: its own clock, seed, scenario, counters and settings."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from msgsim.clock import Clock, instant, machine, real
from msgsim.config import Config
from msgsim.model import Json
from msgsim.scenarios.library import Choice
from msgsim.scenarios.scenario import Counts, Scenario
from msgsim.seed import Seed, following
from msgsim.storage.keys import FROM_PHONES, SHIFT
from msgsim.storage.sandboxes import SandboxRow
from msgsim.storage.store import Store

NUMBERS_AHEAD = 10_000
TICKS_AHEAD = 60 * 10_000_000
"""How many are reserved at once: what a server that is killed has reserved is never given."""


class Marks(Struct, omit_defaults=True):
    """Nothing above these has been given out: the next of each is above its mark."""

    messages: int = 0
    callbacks: int = 0
    journal: int = 0
    inbound: int = 0
    ticks: int = 0
    requests: int = 0
    """Received ones; a server that was killed may count some of them again."""


class Kept(Struct, omit_defaults=True):
    """What outlives a restart, besides rows in tables."""

    seed: int
    clock: Clock
    scenario: Choice
    settings: dict[str, dict[str, Json]]
    counts: Counts
    configured: dict[str, Json]
    """The flags it was made under: only other flags than last time override what has become of it."""
    seeded: bool = False
    """The seed was given by somebody, who wants the same ids again after a reset."""
    marks: Marks = field(default_factory=Marks)


class Sandbox:
    """The living form of a row in ``sandboxes``."""

    def __init__(self, name: str, number: int, kept: Kept, scenario: Scenario) -> None:
        self.name = name
        self.number = number
        self.base = number << SHIFT
        """What keys of its rows begin with."""
        self.kept = kept
        self.scenario = scenario
        self.seed = Seed(kept.seed)
        self.clock = kept.clock
        self.counts = kept.counts
        self.counts.chosen.setdefault(scenario.key, self.now())
        self.messages = self.callbacks = self.journal = self.inbound = self.requests = 0
        self.begun = 0
        """Messages with a higher number came since the server started."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """(provider, key of an error) → how often a request was refused for it, after line `resumed` of the journal."""
        self.resumed = 0
        self.ticks = 0
        self.settings: dict[str, Any] = {}
        """`msgsim.engine.settings.InForce` of each provider for which the sandbox has settings of its own."""
        self.opened = machine()
        self.asked: tuple[int, int] | None = None
        """When on this machine its last request came since it was opened, and the key of the journal's entry."""
        self.read = scenario.digests
        """What its scenario files said when they were read last, with or without success; one digest per file."""
        self.mistakes: list[str] = []
        """What is wrong with a scenario file that was saved last; the one before it still holds."""

    def now(self) -> int:
        return self.clock.at(machine())

    def resume(self, store: Store) -> None:
        """Go on counting above the marks and above the rows in the store."""
        marks = self.kept.marks
        self.messages = self.begun = max(marks.messages, store.messages.highest(self.number))
        self.callbacks = max(marks.callbacks, store.callbacks.highest(self.number))
        self.journal = self.resumed = max(marks.journal, store.journal.highest(self.number))
        self.inbound = max(marks.inbound, store.inbound.highest(self.number) & ~FROM_PHONES)
        self.ticks, self.requests = marks.ticks, marks.requests

    def marks(self) -> Marks:
        """What has been given out until now."""
        return Marks(self.messages, self.callbacks, self.journal, self.inbound, self.ticks, self.requests)

    def next_entry(self) -> int:
        """The number of the next entry of its journal."""
        self.journal += 1
        return self.journal

    def next_request(self) -> int:
        """The number of the next request."""
        self.requests += 1
        return self.requests

    def next_callback(self) -> int:
        """The key of the next callback."""
        self.callbacks += 1
        return self.base + self.callbacks

    def take_number(self, store: Store) -> int:
        """The next number of a message, a token or whatever else has an id of its own."""
        self.messages = number = self.messages + 1
        if number > self.kept.marks.messages:
            self._reserve(store)
        return number

    def take_ticks(self, count: int, store: Store) -> int:
        """The first of ``count`` unused ticks of 100 ns, at the start of a millisecond."""
        start = self.now() * 10_000
        if start <= self.ticks:
            start = -(-(self.ticks + 1) // 10_000) * 10_000
        self.ticks = start + count - 1
        if self.ticks > self.kept.marks.ticks:
            self._reserve(store)
        return start

    def _reserve(self, store: Store) -> None:
        """Some more than is needed now, in the transaction of the first that needs them.

        Most of what has an id has a row as well, but not all of it: tokens, look-ups, refused items.
        """
        ahead = round(TICKS_AHEAD * max(self.clock.rate, 1.0))
        marks = self.kept.marks
        if self.messages > marks.messages:
            marks.messages = self.messages + NUMBERS_AHEAD
        if self.ticks > marks.ticks:
            marks.ticks = self.ticks + ahead
        self.save(store)

    def save(self, store: Store) -> None:
        self.kept.clock = self.clock
        store.sandboxes.keep(SandboxRow(self.number, self.name, msgspec.to_builtins(self.kept)))


def clock_of(text: str) -> Clock:
    """``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z`` or a rate such as ``60x``. Raises ValueError."""
    if text == "real":
        return real()
    if text == "frozen":
        return real().running(0)
    if text.startswith("frozen@"):
        return Clock(instant(text[7:]), machine(), 0)
    try:
        rate = float(text.removesuffix("x"))
    except ValueError:
        rate = -1
    if not text.endswith("x") or not 0 < rate <= 1_000_000:
        raise ValueError(
            f"{text!r} is no clock; write real, frozen, frozen@2026-01-01T00:00:00Z, or a rate such as 60x"
        )
    return real().running(rate)


def fresh(config: Config, seed: int, clock: Clock, settings: dict[str, dict[str, Json]] | None = None) -> Kept:
    """What a new sandbox starts with."""
    return Kept(
        seed=seed,
        clock=clock,
        scenario=Choice(names=config.scenario),
        settings=settings or {},
        counts=Counts({}, {}, {}),
        configured=configured(config),
    )


def seed_of(name: str, server: int) -> int:
    """A sandbox's own seed where none is given: no two have the same, and ``default`` has the server's."""
    return server if name == "default" else following(server, name)


def configured(config: Config) -> dict[str, Json]:
    return {"clock": config.clock, "seed": config.seed, "scenario": list(config.scenario)}


def restored(row: SandboxRow, config: Config, server: int) -> Kept:
    """What a row says, under the flags of this start; one that cannot be read is as good as new. Raises ValueError.

    ``server`` is the server's seed.
    """
    try:
        kept = msgspec.convert(row.doc, Kept)
    except msgspec.ValidationError as error:
        logging.getLogger("msgsim").error("sandbox %s begins anew, its row cannot be read: %s", row.name, error)
        kept = fresh(config, seed_of(row.name, server), clock_of(config.clock))
    if row.name == "default":
        _configure(kept, config)
    return kept


def _configure(kept: Kept, config: Config) -> None:
    """Flags are for the sandbox ``default``, and only those that are others than last time. Raises ValueError."""
    before, now = kept.configured, configured(config)
    if before.get("clock") != now["clock"]:
        kept.clock = clock_of(config.clock)
    if before.get("seed") != now["seed"]:
        kept.seed = kept.seed if config.seed is None else config.seed
        kept.seeded = config.seed is not None
    if before.get("scenario") != now["scenario"]:
        kept.scenario = Choice(names=config.scenario)
    kept.configured = now


def merged(defaults: Mapping[str, Json], *layers: Mapping[str, Json]) -> dict[str, Json]:
    """Settings of one provider, later layers over earlier ones."""
    result = dict(defaults)
    for layer in layers:
        result |= layer
    return result
