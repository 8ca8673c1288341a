"""A plan as a drawing: one lane per channel, its statuses from left to right, and where now is.

Distances grow with the logarithm of the time between two moments, so that milliseconds and hours fit on one page.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import log10

from msgspec import Struct

from msgsim.clock import instant
from msgsim.model import Json

LEFT, RIGHT, TOP = 132, 96, 46
LANE, CALLBACKS, STACKED = 74, 64, 36
"""Units of a lane, of the line of callbacks, and of each further callback at the same moment."""
WIDE = 860
"""Units a drawing takes at least where anything follows."""
NEAREST, LETTER = 84, 8
"""Units between two moments at least, and for each letter of the words that stand there."""

MOST_TRIES = 2
"""Answers to a callback that are all written out."""


class Dot(Struct, frozen=True):
    """One status, or one callback with its attempts."""

    x: float
    y: float
    word: str
    kind: str
    past: bool
    note: str = ""
    upper: bool = True
    level: int = 0
    """How many words stand below it already, at the same moment."""


class Span(Struct, frozen=True):
    """A channel's attempt, from its first moment to its last."""

    x: float
    y: float
    end: float
    past: float
    """How far of it is behind us."""


class Bend(Struct, frozen=True):
    """A fallback: from where one channel ended to where the next begins."""

    path: str
    past: bool


class Drawing(Struct, frozen=True):
    width: float
    height: float
    now: float
    lanes: list[tuple[str, float]]
    dots: list[Dot]
    spans: list[Span]
    bends: list[Bend]
    ticks: list[tuple[float, str]]
    callbacks: float | None
    """Height of the line of callbacks; None when nothing is owed."""


def drawing(message: Json, now: int) -> Drawing:
    """From a whole message as the control API shows it."""
    plan = [(instant(step["at"]), step) for step in message["plan"]]
    posts = [(instant(callback["due"]), callback) for callback in message["callbacks"]]
    accepted = instant(message["accepted"])
    moments = sorted({accepted, *(at for at, _ in plan), *(at for at, _ in posts)})
    words = [*(step["status"] for _, step in plan), *(_tries(callback) for _, callback in posts)]
    scale = _Scale(moments, max(map(len, words), default=0))
    names = [channel["channel"] for channel in message["channels"]]
    lanes = [(name, TOP + LANE * place + LANE / 2) for place, name in enumerate(names)]
    below = TOP + LANE * len(lanes)
    crowd = max(Counter(at for at, _ in posts).values(), default=0)
    height = below + (CALLBACKS + STACKED * (crowd - 1) if posts else 0) + 8
    here = scale.x(now)
    dots, spans, bends = _lanes(plan, message, names, lanes, scale, accepted, now)
    line = below + CALLBACKS / 2 if posts else None
    dots += _posts(posts, scale, line or 0, now)
    return Drawing(
        width=scale.x(moments[-1]) + RIGHT,
        height=height,
        now=here,
        lanes=lanes,
        dots=dots,
        spans=spans,
        bends=bends,
        ticks=[(scale.x(at), "accepted" if at == accepted else f"+{spoken(at - accepted)}") for at in moments],
        callbacks=line,
    )


class _Scale:
    """Moments to places; between two of them time runs evenly."""

    def __init__(self, moments: Sequence[int], letters: int) -> None:
        nearest = max(NEAREST, LETTER * letters + 16)
        gaps = [max(nearest, 40 * log10(max(after - before, 1))) for before, after in pairwise(moments)]
        stretch = max(1, (WIDE - LEFT - RIGHT) / sum(gaps)) if gaps else 1
        self._moments = moments
        self._places = list(accumulate((gap * stretch for gap in gaps), initial=float(LEFT)))

    def x(self, moment: int) -> float:
        place = bisect_right(self._moments, moment) - 1
        if place < 0:
            return LEFT
        if place + 1 == len(self._moments):
            return self._places[-1] + (RIGHT / 2 if moment > self._moments[-1] else 0)
        share = (moment - self._moments[place]) / (self._moments[place + 1] - self._moments[place])
        return round(self._places[place] + share * (self._places[place + 1] - self._places[place]), 1)


def _lanes(
    plan: list[tuple[int, Json]],
    message: Json,
    names: list[str],
    lanes: list[tuple[str, float]],
    scale: _Scale,
    accepted: int,
    now: int,
) -> tuple[list[Dot], list[Span], list[Bend]]:
    dots: list[Dot] = []
    spans: list[Span] = []
    bends: list[Bend] = []
    begin, before = max(accepted, instant(message["start"])), 0.0
    lane = 0
    for name, y in lanes:
        steps = [(at, step) for at, step in plan if step["channel"] == name]
        if names.count(name) > 1:
            steps = _own(plan, names, lane)
        lane += 1
        if not steps:
            continue
        if before:
            x = scale.x(begin)
            bends.append(Bend(f"M{x} {before} C{x} {(before + y) / 2} {x} {(before + y) / 2} {x} {y}", begin <= now))
        end = steps[-1][0]
        spans.append(Span(scale.x(begin), y, scale.x(end), max(scale.x(begin), min(scale.x(end), scale.x(now)))))
        before_it: Counter[int] = Counter()
        for at, step in steps:
            note = _number(step["code"])
            dots.append(Dot(scale.x(at), y, step["status"], step["kind"], at <= now, note, level=before_it[at]))
            before_it[at] += 1
        begin, before = end, y
    return dots, spans, bends


def _own(plan: list[tuple[int, Json]], names: list[str], lane: int) -> list[tuple[int, Json]]:
    """The steps of one of several channels of the same name: an attempt is over when it failed."""
    place = names.index(names[lane])
    found: list[tuple[int, Json]] = []
    for at, step in plan:
        if place == lane:
            found.append((at, step))
        if step["kind"] in ("failed", "rejected", "expired"):
            place += 1
    return found


def _posts(posts: list[tuple[int, Json]], scale: _Scale, y: float, now: int) -> list[Dot]:
    """Those of the same moment stand below each other."""
    dots = []
    above: Counter[int] = Counter()
    for at, callback in posts:
        word, kind = callback["status"] or callback["kind"], f"callback-{callback['state']}"
        dots.append(Dot(scale.x(at), y + STACKED * above[at], word, kind, at <= now, _tries(callback), upper=False))
        above[at] += 1
    return dots


def _number(code: int | None) -> str:
    return "" if code is None else str(code)


def _tries(callback: Json) -> str:
    """``200``, ``503 → 200``, ``4 tries → 200``"""
    answered = [str(attempt["answered"] or "no answer") for attempt in callback["attempts"]]
    if len(answered) > MOST_TRIES:
        return f"{len(answered)} tries → {answered[-1]}"
    return " → ".join(answered) or str(callback["state"])


def spoken(milliseconds: int) -> str:
    """``250 ms``, ``2 s``, ``1 min 30 s``, ``6 h``"""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:g} s"
    parts = []
    rest = round(seconds)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
