"""Sessions: what a person writes opens 24 hours in which the account may send anything, on the sandbox's clock."""

from collections.abc import Iterator

from msgsim.model import Json
from msgsim.provider import View

SESSION = "whatsapp-session"
"""Kind of the records: by number in digits, ``{"from": ms, "until": ms, "id": uuid}`` in order of time.

There are several only while a phone is going to write later, as a scenario says.
"""
LASTS = 86_400_000


def is_open(number: str, view: View) -> bool:
    return _at(view.now, _of(number, view)) is not None


def opened(number: str, at: int, view: View) -> Json:
    """The session of what a person writes at a time: a new one, or the open one, which lasts longer now."""
    known = [session for session in _of(number, view) if session["until"] > view.now]
    session = _at(at, known) or {"from": at, "until": at, "id": view.seed.uuid4s(view.number(), 1)[0]}
    longer = {**session, "until": max(session["until"], at + LASTS)}
    others = [other for other in known if other["id"] != longer["id"]]
    view.keep(SESSION, number, sorted([*others, longer], key=lambda one: (one["from"], one["id"])))
    return longer


def every_open(view: View) -> Iterator[tuple[str, Json]]:
    """Number and session of each that is open."""
    for number, known in view.records(SESSION):
        if (session := _at(view.now, known)) is not None:
            yield number, session


def _of(number: str, view: View) -> list[Json]:
    return view.record(SESSION, number) or []


def _at(moment: int, known: list[Json]) -> Json:
    """The session that is open at a time; None: none is."""
    return next((session for session in known if session["from"] <= moment < session["until"]), None)
