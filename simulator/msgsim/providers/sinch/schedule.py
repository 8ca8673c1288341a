"""When a message may be sent: schedule, time window, expiry. All instants are in milliseconds since 1970."""

import pkgutil
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo

from msgsim.clock import EARLIEST, LATEST
from msgsim.model import Json

MINUTE = 60_000
HALF_HOUR = 30 * MINUTE
_FIRST_MILLISECONDS = 100_000_000_000
"""Unix times from this value on are read as milliseconds, smaller ones as seconds; the documents name no unit."""
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?", re.ASCII)
_UTC = frozenset({"UTC", "GMT", "UT", "Z", "GMT0"})
_FARTHEST = timedelta(hours=18)
"""The largest offset in Java."""
_MARGIN = 7 * 24 * 60 * MINUTE
_LAST_YEAR = 9000
"""The last year of a schedule; it leaves room for a time window before the end of the calendar."""


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """A time zone by its IANA name, or as an offset that Java knows. Raises ValueError.

    ``America/Sao_Paulo``, ``+03:00``, ``-0100``, ``+3``, ``GMT-3``, ``UTC-03:00``, ``UTC``. The documents name the
    first kinds and use Java's types; the rest is inferred from these.
    """
    if name in _UTC:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        return _offset(name, *offset.groups(default="0"))
    if name not in _names():
        raise ValueError(f"{name!r} is no time zone")
    return ZoneInfo.from_file(BytesIO(_tzdata(f"zoneinfo/{name}")), name)


def _tzdata(name: str) -> bytes:
    """A file of IANA's database from the package tzdata, not from this machine, where versions differ."""
    return pkgutil.get_data("tzdata", name) or b""


def _offset(name: str, sign: str, hours: str, minutes: str, seconds: str) -> timezone:
    ahead = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    if int(minutes) > 59 or int(seconds) > 59 or ahead > _FARTHEST:
        raise ValueError(f"{name!r} is no offset")
    return timezone(ahead if sign == "+" else -ahead)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """IANA's names of zones, without files such as ``localtime`` and ``posixrules``."""
    listed = _tzdata("zones").decode("ascii").split()
    return frozenset(listed) - {"Factory"}


def is_zone(name: str) -> bool:
    try:
        zone(name)
    except ValueError:
        return False
    return True


def is_local(text: str) -> bool:
    """Whether a text is a date-time ``yyyy-MM-dd'T'HH:mm:ss``, without zone and fraction."""
    if not _LOCAL.fullmatch(text):
        return False
    try:
        return 1970 <= datetime.fromisoformat(text).year <= _LAST_YEAR
    except ValueError:
        return False


def unix(number: int) -> int:
    """A Unix time in seconds or milliseconds as milliseconds."""
    return number if number >= _FIRST_MILLISECONDS else number * 1000


def local(text: str, where: tzinfo) -> int:
    """A local date-time as an instant. A skipped hour (DST) has the offset before it, a repeated hour is the first."""
    moment = datetime.fromisoformat(text).replace(tzinfo=where)
    return round(moment.timestamp()) * 1000


def scheduled(body: Mapping[str, Json], where: tzinfo, now: int) -> int:
    """The earliest start by ``scheduledAt``, ``scheduledDate`` or ``delayedInMinutes``; never before ``now``."""
    if (at := body.get("scheduledAt")) is not None:
        return max(now, unix(at))
    if (date := body.get("scheduledDate")) is not None:
        return max(now, local(date, where))
    delay: int = body.get("delayedInMinutes", 0)
    return now + delay * MINUTE


def expiry(body: Mapping[str, Json], where: tzinfo, now: int) -> int | None:
    """When the messages of a request expire; None: never."""
    if (at := body.get("expiresAt")) is not None:
        return unix(at)
    if (date := body.get("expiresDate")) is not None:
        return local(date, where)
    if (minutes := body.get("expiresInMinutes")) is not None:
        return now + int(minutes) * MINUTE
    return None


def inside(moment: int, hours: Sequence[int], where: tzinfo) -> int:
    """The first instant from ``moment`` on whose hour of the day in the zone is in ``hours``; empty: any hour.

    An hour skipped by DST does not occur on that day, a repeated one occurs twice. Near the ends of the calendar, where
    a zone may lead out of it, any hour is accepted.
    """
    second = moment // 1000
    if not hours or not EARLIEST + _MARGIN < moment < LATEST - _MARGIN:
        return moment
    if datetime.fromtimestamp(second, where).hour in hours:
        return moment
    while True:
        second = _turn(second, where)
        if datetime.fromtimestamp(second, where).hour in hours:
            return second * 1000


def _turn(second: int, where: tzinfo) -> int:
    """The next second at which the hour of the day may change: a full hour, or a change of the offset (DST)."""
    clock = datetime.fromtimestamp(second, where)
    full = second + 3600 - clock.minute * 60 - clock.second
    before = clock.utcoffset()
    if datetime.fromtimestamp(full, where).utcoffset() == before:
        return full
    while full - second > 1:
        middle = (second + full) // 2
        if datetime.fromtimestamp(middle, where).utcoffset() == before:
            second = middle
        else:
            full = middle
    return full
