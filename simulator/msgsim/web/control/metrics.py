"""``/__sim/metrics``: metrics of the server in the text format of Prometheus.

Source of the format: prometheus.io, "Exposition formats", version 0.0.4.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from msgsim import __version__
from msgsim.engine import tallies
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.storage.commits import BOUNDS, Durations
from msgsim.web.control.context import Context
from msgsim.web.control.lists import in_turns

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
MOST_SANDBOXES = 100
"""Limit of sandboxes with samples of their own: the default one and the newest others."""
Labels = Mapping[str, object]
_C = TypeVar("_C", bound=Counter[Any])


class Metric(Struct, frozen=True):
    """A metric family: samples with the same name."""

    name: str
    kind: str
    """``counter``, ``gauge`` or ``histogram``."""
    help: str
    samples: Sequence[tuple[str, Labels, float]]
    """(suffix of the name, labels, value) of each sample."""

    def lines(self) -> Iterator[str]:
        """The lines of the text format, without line breaks."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for suffix, labels, value in self.samples:
            inner = ",".join(f'{name}="{_escaped(str(text))}"' for name, text in labels.items())
            yield f"{self.name}{suffix}{{{inner}}} {value!r}" if inner else f"{self.name}{suffix} {value!r}"


class Metrics:
    """Keeps the tallies of sandboxes between scrapes, so that a scrape counts only what has changed."""

    def __init__(self) -> None:
        self._messages: dict[int, tallies.MessageTally] = {}
        """Number of the sandbox → tally."""
        self._callbacks: dict[int, tallies.CallbackTally] = {}
        """Number of the sandbox → tally."""
        self._turn = asyncio.Lock()
        """Held by a scrape: a tally cannot be counted twice at the same time."""

    async def scrape(self, context: Context, request: Request) -> Response:
        async with self._turn:
            found = await self._metrics(context.engine)
        return Response("".join(f"{line}\n" for metric in found for line in metric.lines()), media_type=MEDIA)

    async def _metrics(self, engine: Engine) -> list[Metric]:
        self._forget(engine)
        listed = _listed(engine)
        messages = [(sandbox, await self._messages_of(engine, sandbox)) for sandbox in listed]
        callbacks = [(sandbox, await self._callbacks_of(engine, sandbox)) for sandbox in listed]
        return [*_of_server(engine), *_of_sandboxes(listed, messages, callbacks)]

    def _forget(self, engine: Engine) -> None:
        """Drop the tallies of sandboxes that do not exist any more."""
        for number in self._messages.keys() - engine.sandboxes.numbered.keys():
            del self._messages[number]
            self._callbacks.pop(number, None)

    async def _messages_of(self, engine: Engine, sandbox: Sandbox) -> tallies.ByState:
        tally = self._messages.get(sandbox.number)
        if tally is None:
            contracts = {name: provider.contract for name, provider in engine.providers.items()}
            tally = self._messages[sandbox.number] = tallies.MessageTally(engine.store, contracts, sandbox.number)
        return await _last(tally.counted(sandbox.now()))

    async def _callbacks_of(self, engine: Engine, sandbox: Sandbox) -> Counter[str]:
        tally = self._callbacks.get(sandbox.number)
        if tally is None:
            tally = self._callbacks[sandbox.number] = tallies.CallbackTally(engine.store, sandbox.number)
        return await _last(tally.counted())


async def _last(pieces: Iterable[_C]) -> _C:
    """The last of the pieces, of which there is at least one; the event loop runs other tasks between pieces."""
    *_, counted = [piece async for piece in in_turns(pieces)]
    return counted


def _listed(engine: Engine) -> list[Sandbox]:
    """The sandboxes with samples of their own: the default one, then the newest others."""
    listed = sorted(engine.sandboxes.values(), key=lambda sandbox: (sandbox.name != "default", -sandbox.number))
    return listed[:MOST_SANDBOXES]


def _of_server(engine: Engine) -> Iterator[Metric]:
    """Metrics of the whole server, counted since its start."""
    run = engine.sandboxes.run
    yield Metric("msgsim_info", "gauge", "Version of the simulator.", [("", {"version": __version__}, 1)])
    yield Metric("msgsim_sandboxes", "gauge", "Sandboxes there are.", [("", {}, len(engine.sandboxes))])
    yield Metric(
        "msgsim_requests_total",
        "counter",
        "Requests to providers since the start, by status of the answer.",
        [("", {"provider": name, "status": status}, count) for (name, status), count in sorted(run.requests.items())],
    )
    yield Metric(
        "msgsim_refusals_total",
        "counter",
        "Refusals since the start, by key in the provider's catalogue; a request may have several.",
        [("", {"provider": name, "key": key}, count) for (name, key), count in sorted(run.errors.items())],
    )
    help = "How long commits to the store took."
    yield Metric("msgsim_commit_seconds", "histogram", help, list(_histogram(engine.commits.durations)))


def _histogram(durations: Durations) -> Iterator[tuple[str, Labels, float]]:
    """Samples of a histogram: cumulative buckets, sum in seconds, and count."""
    totals = list(accumulate(durations.counts))
    for bound, total in zip((*map(str, BOUNDS), "+Inf"), totals, strict=True):
        yield "_bucket", {"le": bound}, total
    yield "_sum", {}, durations.seconds
    yield "_count", {}, totals[-1]


def _of_sandboxes(
    listed: list[Sandbox],
    messages: list[tuple[Sandbox, tallies.ByState]],
    callbacks: list[tuple[Sandbox, Counter[str]]],
) -> Iterator[Metric]:
    yield Metric(
        "msgsim_messages",
        "gauge",
        "Messages by their state now, on the clock of their sandbox.",
        [
            ("", {"sandbox": sandbox.name, "provider": provider, "state": state}, count)
            for sandbox, counts in messages
            for (provider, state), count in sorted(counts.items())
        ],
    )
    yield Metric(
        "msgsim_callbacks",
        "gauge",
        "Callbacks by their state.",
        [
            ("", {"sandbox": sandbox.name, "state": state}, count)
            for sandbox, counts in callbacks
            for state, count in sorted(counts.items())
        ],
    )
    clocks = [("", {"sandbox": sandbox.name}, sandbox.now() / 1000) for sandbox in listed]
    yield Metric("msgsim_clock_seconds", "gauge", "Time of a sandbox, in seconds since 1970-01-01 UTC.", clocks)
    rates = [("", {"sandbox": sandbox.name}, sandbox.clock.rate) for sandbox in listed]
    yield Metric("msgsim_clock_rate", "gauge", "How fast a sandbox's time runs; 0: it stands.", rates)


def _escaped(text: str) -> str:
    """The value of a label, with backslashes, quotes and line breaks escaped."""
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
