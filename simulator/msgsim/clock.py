"""The only module that reads the machine's time. A sandbox's time is two numbers and a rate."""

import re
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache, partial
from math import ceil

from msgspec import Struct

# Tests freeze time by putting other functions into `time` and into the names of modules. Held by a `partial`, and asked
# by the clock's number, the machine's time goes on. Windows has no numbered clocks.
if sys.platform == "win32":
    _since_boot = partial(time.monotonic_ns)
    _since_1970 = partial(time.time_ns)
else:
    _since_boot = partial(time.clock_gettime_ns, time.CLOCK_MONOTONIC)
    _since_1970 = partial(time.clock_gettime_ns, time.CLOCK_REALTIME)


def _epoch() -> int:
    """Nanoseconds since 1970 when the machine started, where time is faked already too.

    time-machine answers for CLOCK_REALTIME itself, and not for Linux' coarse form of it, which lags some milliseconds.
    """
    now = _since_1970()
    coarse = time.clock_gettime_ns(_REALTIME_COARSE) if sys.platform == "linux" else now
    return (now if abs(now - coarse) < 1_000_000_000 else coarse) - _since_boot()


_REALTIME_COARSE = 5
"""Of ``linux/time.h``; Python has no name for it."""
_EPOCH = _epoch()
EARLIEST = -62_135_596_800_000
LATEST = 253_402_300_799_000
"""In milliseconds: the years 1 to 9999, to the last second that a float division keeps apart from the next year.
Nothing is planned outside them: a clock ends with the year 9999, and so does whatever would come later.
"""


def machine() -> int:
    """Milliseconds since 1970 on this machine; never goes back while the process lives."""
    return (_EPOCH + _since_boot()) // 1_000_000


def elapsed() -> float:
    """Seconds of real time since some moment, whether time is faked or not."""
    return _since_boot() / 1e9


class Clock(Struct, frozen=True):
    """Maps the machine's time to a sandbox's. Rate 0 is frozen, 1 real time, 60 a minute a second."""

    shown: int
    """What the sandbox's time was when the machine's was ``since``."""
    since: int
    rate: float = 1.0

    def at(self, machine_time: int) -> int:
        passed = machine_time - self.since
        now = self.shown + (passed if self.rate == 1.0 else int(passed * self.rate))
        return min(LATEST, now)

    def now(self) -> int:
        return self.at(machine())

    def wait(self, moment: int) -> float | None:
        """Seconds of real time until ``moment``; None when a frozen clock never gets there."""
        if (ahead := moment - self.now()) <= 0:
            return 0.0
        return None if self.rate == 0 else ahead / self.rate / 1000

    def reaches(self, moment: int) -> int | None:
        """The machine's time at which this clock shows ``moment``; None where that is never, or past all calendars."""
        ahead = max(moment - self.shown, 0)
        if self.rate == 0 or ahead / self.rate > LATEST:
            return None
        machine_time = self.since + ceil(ahead / self.rate)
        return machine_time if self.at(machine_time) >= moment else machine_time + 1

    def moved(self, to: int) -> "Clock":
        return Clock(to, machine(), self.rate)

    def running(self, rate: float) -> "Clock":
        """The same time at another rate, from now on."""
        return Clock(self.now(), machine(), rate)


def real() -> Clock:
    """The machine's own time."""
    instant = machine()
    return Clock(instant, instant)


def instant(text: str) -> int:
    """Read an ISO 8601 date-time; one without a zone is UTC. Raises ValueError.

    A zone may lead out of the years 1 to 9999, which is an error too.
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
    """Read a date and a time of a provider's API: ISO 8601 in its extended form, seconds and zone may be missing.

    ``2026-01-01T09:05``, ``2026-01-01T09:05:07.123+04:00``; without a zone it is UTC. Raises ValueError.
    """
    if _DATE_TIME.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no ISO 8601 date and time")
    return instant(text.upper())


def iso(moment: int) -> str:
    """``2026-01-01T00:00:00.000Z``; what lies outside the years 1 to 9999 is shown as their ends."""
    text = datetime.fromtimestamp(min(max(moment, EARLIEST), LATEST) / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
