"""Reads the machine's time, and maps it to a sandbox's time. No other module reads the machine's time."""

import re
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import ceil

from msgspec import Struct

# Libraries that freeze time in tests replace the functions of `time`, and names in modules that refer to them. A
# `partial` keeps the original function, and a clock that is read by its number is not faked: the server's timers go on.
# Windows has no numbered clocks.
if sys.platform == "win32":
    _since_boot = partial(time.monotonic_ns)
    _since_1970 = partial(time.time_ns)
else:
    _since_boot = partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
    _since_1970 = partial(time.clock_gettime_ns, time.CLOCK_REALTIME)


def _epoch() -> int:
    """When the machine started, in nanoseconds since 1970; right even if time is faked when this module is imported.

    time-machine fakes CLOCK_REALTIME but not CLOCK_REALTIME_COARSE of Linux, which lags by some milliseconds: if they
    differ by more than a second, the coarse clock is right.
    """
    now = _since_1970()
    coarse = time.clock_gettime_ns(_REALTIME_COARSE) if sys.platform == "linux" else now
    return (now if abs(now - coarse) < 1_000_000_000 else coarse) - _since_boot()


_REALTIME_COARSE = 5
"""CLOCK_REALTIME_COARSE in ``linux/time.h``; Python has no name for it."""
_EPOCH = _epoch()
EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_000
"""The limits of every clock, in milliseconds since 1970: the years 1 to 9999, which `datetime` can show.

The last millisecond is left out: divided by 1000 as a float, it would be rounded up into the year 10000. A clock stops
at LATEST, and what would be due later is due then.
"""


def machine() -> int:
    """The machine's time in milliseconds since 1970; it never goes back while the process lives."""
    return (_EPOCH + _since_boot()) // 1_000_000


def elapsed() -> float:
    """Monotonic seconds of real time since an arbitrary moment, also where a test fakes time."""
    return _since_boot() / 1e9


class Clock(Struct, frozen=True):
    """Maps the machine's time to a sandbox's time; both in milliseconds since 1970."""

    shown: int
    """The sandbox's time when the machine's time was ``since``."""
    since: int
    rate: float = 1.0
    """Sandbox's seconds per real second: 0 is frozen, 1 real time, 60 one minute per second."""

    def at(self, machine_time: int) -> int:
        """The sandbox's time at a time of the machine; at most LATEST."""
        passed = machine_time - self.since
        now = self.shown + (passed if self.rate == 1.0 else int(passed * self.rate))
        return min(LATEST, now)

    def now(self) -> int:
        """The sandbox's time now."""
        return self.at(machine())

    def wait(self, moment: int) -> float | None:
        """Seconds of real time until the sandbox's time is ``moment``, 0 if it has passed; None: a frozen clock."""
        if (ahead := moment - self.now()) <= 0:
            return 0.0
        return None if self.rate == 0 else ahead / self.rate / 1000

    def reaches(self, moment: int) -> int | None:
        """The machine's time at which the sandbox's time is ``moment``; None: never, or later than any calendar."""
        ahead = max(moment - self.shown, 0)
        if self.rate == 0 or ahead / self.rate > LATEST:
            return None
        machine_time = self.since + ceil(ahead / self.rate)
        return machine_time if self.at(machine_time) >= moment else machine_time + 1

    def moved(self, to: int) -> "Clock":
        """A clock that shows ``to`` now, at the same rate."""
        return Clock(to, machine(), self.rate)

    def running(self, rate: float) -> "Clock":
        """A clock that shows the same time now, at another rate."""
        return Clock(self.now(), machine(), rate)


def real() -> Clock:
    """A clock that shows the machine's time."""
    instant = machine()
    return Clock(instant, instant)


def instant(text: str) -> int:
    """An ISO 8601 date-time in milliseconds since 1970; without a zone it is UTC.

    Raises ValueError, also for a time that its zone moves out of the years 1 to 9999.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: write 2026-01-01T00:00:00Z") from None
    moment = round((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
    if not EARLIEST <= moment < LATEST + 1000:
        raise ValueError(f"{text} lies outside the years 1 to 9999 in UTC")
    return min(moment, LATEST)


_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII | re.IGNORECASE
)


@lru_cache(maxsize=1024)
def date_time(text: str) -> int:
    """A date and time from a provider's request in milliseconds since 1970. Raises ValueError.

    ISO 8601 in its extended form, seconds and zone optional: ``2026-01-01T09:05``, ``2026-01-01T09:05:07.123+04:00``.
    Without a zone it is UTC.
    """
    if _DATE_TIME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no ISO 8601 date and time")
    return instant(text.upper())


def iso(moment: int) -> str:
    """A time in ISO 8601, such as ``2026-01-01T00:00:00.000Z``; outside the years 1 to 9999 their first or last."""
    text = datetime.fromtimestamp(min(max(moment, EARLIEST), LATEST) / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
