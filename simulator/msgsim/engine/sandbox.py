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
"""How many numbers and ticks are reserved at once. After a kill the unused rest of a reservation is skipped."""


class Marks(Struct, omit_defaults=True):
    """High-water marks: no number above them has been used."""

    messages: int = 0
    callbacks: int = 0
    journal: int = 0
    inbound: int = 0
    ticks: int = 0
    requests: int = 0
    """Received requests; after a kill some numbers may be used again, as requests have no ids."""


class Saved(Struct, omit_defaults=True):
    """The document in a sandbox's row: what outlives a restart besides messages, callbacks and the journal."""

    seed: int
    clock: Clock
    scenario: Choice
    settings: dict[str, dict[str, Json]]
    counts: Counts
    configured: dict[str, Json]
    """The server's flags at the last start: only flags that differ from them override the saved values."""
    seeded: bool = False
    """The seed was given explicitly: after a reset the same requests get the same ids again."""
    marks: Marks = field(default_factory=Marks)


class Sandbox:
    """A sandbox in memory; `save` writes it into its row of the table ``sandboxes``."""

    def __init__(self, name: str, number: int, saved: Saved, scenario: Scenario) -> None:
        self.name = name
        self.number = number
        self.base = number << SHIFT
        """First of the keys of its rows: its number in the high bits."""
        self.saved = saved
        self.scenario = scenario
        self.seed = Seed(saved.seed)
        self.clock = saved.clock
        self.counts = saved.counts
        self.counts.chosen.setdefault(scenario.key, self.now())
        self.messages = self.callbacks = self.journal = self.inbound = self.requests = 0
        self.begun = 0
        """Number of the last message before the server started."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """(provider, key of an error) → how many requests were refused for it, after journal entry `resumed`."""
        self.resumed = 0
        self.ticks = 0
        self.settings: dict[str, Any] = {}
        """Provider → `msgsim.engine.settings.InForce`, where the sandbox has settings of its own."""
        self.opened = machine()
        self.asked: tuple[int, int] | None = None
        """Time of the machine and key of the journal entry of its last request; None: none since it was opened."""
        self.read = scenario.digests
        """Digests of its scenario files when they were last read, with or without success; one per file."""
        self.mistakes: list[str] = []
        """Mistakes in a scenario file that was saved since; the scenario before it stays active. Empty: no mistake."""

    def now(self) -> int:
        return self.clock.at(machine())

    def resume(self, store: Store) -> None:
        """Set the counters: above the marks, and above the rows in the store."""
        marks = self.saved.marks
        self.messages = self.begun = max(marks.messages, store.messages.highest(self.number))
        self.callbacks = max(marks.callbacks, store.callbacks.highest(self.number))
        self.journal = self.resumed = max(marks.journal, store.journal.highest(self.number))
        self.inbound = max(marks.inbound, store.inbound.highest(self.number) & ~FROM_PHONES)
        self.ticks, self.requests = marks.ticks, marks.requests

    def marks(self) -> Marks:
        """The present counters as marks."""
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
        """The next number for anything with an id: messages, tokens, lookups."""
        self.messages = number = self.messages + 1
        if number > self.saved.marks.messages:
            self._reserve(store)
        return number

    def take_ticks(self, count: int, store: Store) -> int:
        """The first of ``count`` unused ticks of 100 ns since 1970, at the start of a millisecond."""
        start = self.now() * 10_000
        if start <= self.ticks:
            start = -(-(self.ticks + 1) // 10_000) * 10_000
        self.ticks = start + count - 1
        if self.ticks > self.saved.marks.ticks:
            self._reserve(store)
        return start

    def _reserve(self, store: Store) -> None:
        """Move the marks ahead, in the transaction of the request that needs it.

        Without marks a restart would use numbers again, because tokens, lookups and refused items have ids but no rows.
        """
        ahead = round(TICKS_AHEAD * max(self.clock.rate, 1.0))
        marks = self.saved.marks
        if self.messages > marks.messages:
            marks.messages = self.messages + NUMBERS_AHEAD
        if self.ticks > marks.ticks:
            marks.ticks = self.ticks + ahead
        self.save(store)

    def save(self, store: Store) -> None:
        self.saved.clock = self.clock
        store.sandboxes.keep(SandboxRow(self.number, self.name, msgspec.to_builtins(self.saved)))


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


def fresh(config: Config, seed: int, clock: Clock, settings: dict[str, dict[str, Json]] | None = None) -> Saved:
    """The document of a new sandbox."""
    return Saved(
        seed=seed,
        clock=clock,
        scenario=Choice(names=config.scenario),
        settings=settings or {},
        counts=Counts({}, {}, {}),
        configured=configured(config),
    )


def seed_of(name: str, server: int) -> int:
    """The seed of a sandbox without an explicit seed: derived from its name; ``default`` has the server's seed."""
    return server if name == "default" else following(server, name)


def configured(config: Config) -> dict[str, Json]:
    """The flags that configure the sandbox ``default``."""
    return {"clock": config.clock, "seed": config.seed, "scenario": list(config.scenario)}


def restored(row: SandboxRow, config: Config, server: int) -> Saved:
    """The document of a row under the flags of this start; an unreadable one is replaced by a new one.

    ``server`` is the server's seed. Raises ValueError for an invalid clock.
    """
    try:
        saved = msgspec.convert(row.doc, Saved)
    except msgspec.ValidationError as error:
        logging.getLogger("msgsim").error("sandbox %s begins anew, its row cannot be read: %s", row.name, error)
        saved = fresh(config, seed_of(row.name, server), clock_of(config.clock))
    if row.name == "default":
        _configure(saved, config)
    return saved


def _configure(saved: Saved, config: Config) -> None:
    """Apply the flags that have changed since the last start, to the sandbox ``default``. Raises ValueError."""
    before, now = saved.configured, configured(config)
    if before.get("clock") != now["clock"]:
        saved.clock = clock_of(config.clock)
    if before.get("seed") != now["seed"]:
        saved.seed = saved.seed if config.seed is None else config.seed
        saved.seeded = config.seed is not None
    if before.get("scenario") != now["scenario"]:
        saved.scenario = Choice(names=config.scenario)
    saved.configured = now


def merged(defaults: Mapping[str, Json], *layers: Mapping[str, Json]) -> dict[str, Json]:
    """The settings of a provider: later layers override earlier layers and the defaults."""
    result = dict(defaults)
    for layer in layers:
        result |= layer
    return result
