"""How often one address may ask: the SMS page documents 700 requests a second, and one status query."""

from collections.abc import Iterable

from msgsim import clock
from msgsim.model import Refusal, Refused
from msgsim.provider import Desk

SECOND = 1000
Moment = tuple[int, int]
"""A time of the sandbox, and the machine's time when it was that."""


def limit_requests(desk: Desk) -> None:
    """Count a request of this address. Raises Refused beyond the documented rate."""
    _count(desk, "requests", desk.settings["rate_limit"], "too_many_requests")


def limit_queries(desk: Desk) -> None:
    """Count a status query of this address. Raises Refused beyond the documented rate."""
    _count(desk, "status-queries", desk.settings["status_rate_limit"], "too_many_status_queries")


def _count(desk: Desk, kind: str, rate: int, error: str) -> None:
    if not rate:
        return
    now = desk.now, clock.machine()
    kept = recent(desk.record(kind, desk.call.client) or (), now)
    if len(kept) >= rate:
        raise Refused(Refusal(error))
    desk.keep(kind, desk.call.client, [*kept, now])


def recent(moments: Iterable[Moment], now: Moment) -> list[Moment]:
    """The moments of the last second: it is over as soon as either clock says so.

    On a sandbox's clock that stands still or runs slowly it is the machine's that lets a client pass which keeps to
    the limit; on one that is advanced or runs fast, the sandbox's. One that is set back does not count again.
    """
    return [
        (sandbox, machine)
        for sandbox, machine in moments
        if 0 <= now[0] - sandbox < SECOND and 0 <= now[1] - machine < SECOND
    ]
