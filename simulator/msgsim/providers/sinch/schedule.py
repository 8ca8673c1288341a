"""When a message may leave: schedules, hours of day in a zone, expiry. All instants are milliseconds."""

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
"""Unix times from here on are milliseconds, smaller ones seconds: the documents do not name the unit."""
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2})(?::?(\d{2}))?)?", re.ASCII)
_UTC = frozenset({"UTC", "GMT", "UT", "Z", "GMT0"})
_FARTHEST = timedelta(hours=18)
"""Java's limit of an offset."""
_MARGIN = 7 * 24 * 60 * MINUTE
_LAST_YEAR = 9000
"""Room for a window after a date; nobody schedules an SMS beyond."""


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """A zone by its IANA name or as an offset that Java knows. Raises ValueError.

    ``America/Sao_Paulo``, ``+03:00``, ``-0100``, ``+3``, ``GMT-3``, ``UTC-03:00``, ``UTC``: the documents name the
    first kinds, and types that are Java's; the rest is inferred from these.
    """
    if name in _UTC:
        return UTC
    if offset := _OFFSET.fullmatch(name):
        return _offset(name, *offset.groups(default="0"))
    if name not in _names():
        raise ValueError(f"{name!r} is no time zone")
    return ZoneInfo.from_file(BytesIO(_tzdata(f"zoneinfo/{name}")), name)


def _tzdata(name: str) -> bytes:
    """A file of IANA's database as the package has it, whatever this machine's is, and whatever files a test fakes."""
    return pkgutil.get_data("tzdata", name) or b""


def _offset(name: str, sign: str, hours: str, minutes: str, seconds: str) -> timezone:
    ahead = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    if int(minutes) > 59 or int(seconds) > 59 or ahead > _FARTHEST:
        raise ValueError(f"{name!r} is no offset")
    return timezone(ahead if sign == "+" else -ahead)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    """IANA's names, whichever files lie beside them on this machine (``localtime``, ``posixrules``)."""
    listed = _tzdata("zones").decode("ascii").split()
    return frozenset(listed) - {"Factory"}


def is_zone(name: str) -> bool:
    try:
        zone(name)
    except ValueError:
        return False
    return True


def is_local(text: str) -> bool:
    """Whether it is a date as ``yyyy-MM-dd'T'HH:mm:ss``, without zone and fraction."""
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
    """An hour that the clocks skip is read with the offset before, one they repeat is its first pass."""
    moment = datetime.fromisoformat(text).replace(tzinfo=where)
    return round(moment.timestamp()) * 1000


def scheduled(body: Mapping[str, Json], where: tzinfo, now: int) -> int:
    """The earliest a request's ``scheduledAt``, ``scheduledDate`` or ``delayedInMinutes`` allows."""
    if (at := body.get("scheduledAt")) is not None:
        return max(now, unix(at))
    if (date := body.get("scheduledDate")) is not None:
        return max(now, local(date, where))
    delay: int = body.get("delayedInMinutes", 0)
    return now + delay * MINUTE


def expiry(body: Mapping[str, Json], where: tzinfo, now: int) -> int | None:
    """After this nothing is sent; None: no limit."""
    if (at := body.get("expiresAt")) is not None:
        return unix(at)
    if (date := body.get("expiresDate")) is not None:
        return local(date, where)
    if (minutes := body.get("expiresInMinutes")) is not None:
        return now + int(minutes) * MINUTE
    return None


def inside(moment: int, hours: Sequence[int], where: tzinfo) -> int:
    """The first instant from ``moment`` on whose hour of day in the zone is one of ``hours``.

    A day on which the clocks skip such an hour has none; one they repeat has it twice. At the ends of the calendar,
    where a zone may lead out of it, every hour will do.
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
    """The next second at which the hour of day may change: a full hour, or the clocks are moved."""
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
