"""Rate limits per client address: the SMS page documents 700 requests and one status query per second."""

from collections.abc import Iterable

from msgsim import clock
from msgsim.model import Refusal, Refused
from msgsim.provider.desk import Desk

SECOND = 1000
Moment = tuple[int, int]
"""The same moment on the sandbox's clock and on the machine's clock, in milliseconds."""


def limit_requests(desk: Desk) -> None:
    """Count a request of this address. Raises Refused beyond the documented rate."""
    _count(desk, "requests", desk.settings["rate_limit"], "too_many_requests")


def limit_queries(desk: Desk) -> None:
    """Count a status query of this address. Raises Refused beyond the documented rate."""
    _count(desk, "status-queries", desk.settings["status_rate_limit"], "too_many_status_queries")


def _count(desk: Desk, kind: str, rate: int, error: str) -> None:
    """Record a request; ``rate`` 0: no limit. Raises Refused with ``error`` beyond the rate."""
    if not rate:
        return
    now = desk.now, clock.machine()
    moments = recent(desk.record(kind, desk.call.client) or (), now)
    if len(moments) >= rate:
        raise Refused(Refusal(error))
    desk.keep(kind, desk.call.client, [*moments, now])


def recent(moments: Iterable[Moment], now: Moment) -> list[Moment]:
    """The moments within the last second on both clocks: a second is over as soon as it is over on either.

    On a frozen or slow sandbox clock the machine's clock lets a client pass that respects the limit; on an advanced or
    fast clock the sandbox's does. Moments in the future of a clock that was set back do not count.
    """
    return [
        (sandbox, machine)
        for sandbox, machine in moments
        if 0 <= now[0] - sandbox < SECOND and 0 <= now[1] - machine < SECOND
    ]
