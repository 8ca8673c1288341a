"""Sessions: an MO opens 24 hours (sandbox's clock) in which the account may send more than templates."""

from collections.abc import Iterator

from msgsim.model import Json
from msgsim.provider.desk import View

SESSION = "whatsapp-session"
"""Kind of the records, by number in digits: a list of ``{"from": ms, "until": ms, "id": uuid}``, by time.

It has several entries only if a scenario has planned a later reply.
"""
LASTS = 86_400_000
"""Milliseconds from the last MO to the end of a session."""


def is_open(number: str, view: View) -> bool:
    return _at(view.now, _of(number, view)) is not None


def opened(number: str, at: int, view: View) -> Json:
    """The session of an MO at a time: the open session, extended, or a new one."""
    known = [session for session in _of(number, view) if session["until"] > view.now]
    session = _at(at, known) or {"from": at, "until": at, "id": view.seed.uuid4s(view.number(), 1)[0]}
    longer = {**session, "until": max(session["until"], at + LASTS)}
    others = [other for other in known if other["id"] != longer["id"]]
    view.keep(SESSION, number, sorted([*others, longer], key=lambda each: (each["from"], each["id"])))
    return longer


def every_open(view: View) -> Iterator[tuple[str, Json]]:
    """(number, session) of each open session."""
    for number, known in view.records(SESSION):
        if (session := _at(view.now, known)) is not None:
            yield number, session


def _of(number: str, view: View) -> list[Json]:
    return view.record(SESSION, number) or []


def _at(moment: int, known: list[Json]) -> Json:
    """The session that is open at a time; None: there is none."""
    return next((session for session in known if session["from"] <= moment < session["until"]), None)
