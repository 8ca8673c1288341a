"""The drawing of a plan: one lane per channel with its statuses from left to right, and a line at the present time.

The distance between two moments grows with the logarithm of the time between them, so that milliseconds and hours fit
on one page.
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
"""Margins, in units of the SVG as are all lengths here."""
LANE, CALLBACKS, STACKED = 74, 64, 36
"""Height of a lane, of the line of callbacks, and of each further callback at the same moment."""
WIDE = 860
"""Least width of a drawing with more than one moment."""
NEAREST, LETTER = 84, 8
"""Least distance between two moments, and width of a letter: the longest label has to fit between two moments."""

MOST_TRIES = 2
"""Limit of attempts at a callback whose answers are all listed; of more, only the number and the last answer."""


class Dot(Struct, frozen=True):
    """A status, or a callback with its attempts."""

    x: float
    y: float
    word: str
    """Its label: the status, or the kind of a callback that reports none."""
    kind: str
    """The kind of the status, or ``callback-<state>``."""
    past: bool
    note: str = ""
    """The number of the status, or the answers to a callback."""
    upper: bool = True
    """False: a callback."""
    level: int = 0
    """How many statuses before it are at the same moment, so that labels are stacked."""


class Span(Struct, frozen=True):
    """The line from the start of a channel to its last status."""

    x: float
    y: float
    end: float
    past: float
    """The x up to which it is in the past."""


class Bend(Struct, frozen=True):
    """A fallback: the curve from the end of a channel to the start of the next."""

    path: str
    """The attribute ``d`` of an SVG path."""
    past: bool


class Drawing(Struct, frozen=True):
    """All that the template writes as SVG."""

    width: float
    height: float
    now: float
    """The x of the present time."""
    lanes: list[tuple[str, float]]
    """(name of the channel, y)."""
    dots: list[Dot]
    spans: list[Span]
    bends: list[Bend]
    ticks: list[tuple[float, str]]
    """(x, label) of each moment."""
    callbacks: float | None
    """The y of the line of callbacks; None: there are none."""


def drawing(message: Json, now: int) -> Drawing:
    """The drawing of a message, which the control API gives with its plan; ``now``: the sandbox's time."""
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
    """Maps times to x: distances between moments are logarithmic, and linear between two neighbours."""

    def __init__(self, moments: Sequence[int], letters: int) -> None:
        """``moments``: ascending, at least one. ``letters``: length of the longest label."""
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
    """The steps of channel number ``lane``, which shares its name with others.

    Steps have only the name of their channel; after a failed, rejected or expired one the next channel's steps begin.
    """
    place = names.index(names[lane])
    found: list[tuple[int, Json]] = []
    for at, step in plan:
        if place == lane:
            found.append((at, step))
        if step["kind"] in ("failed", "rejected", "expired"):
            place += 1
    return found


def _posts(posts: list[tuple[int, Json]], scale: _Scale, y: float, now: int) -> list[Dot]:
    """The dots of callbacks; those due at the same moment are stacked."""
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
    """The answers to a callback: ``200``, ``503 → 200``, ``4 tries → 200``; its state where there was no attempt."""
    answered = [str(attempt["answered"] or "no answer") for attempt in callback["attempts"]]
    if len(answered) > MOST_TRIES:
        return f"{len(answered)} tries → {answered[-1]}"
    return " → ".join(answered) or str(callback["state"])


def spoken(milliseconds: int) -> str:
    """A duration in at most two units: ``250 ms``, ``2 s``, ``1 min 30 s``, ``6 h``."""
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
