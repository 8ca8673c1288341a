"""POST /verify/pin: checks an entered PIN."""

from msgsim.model import Json, Refusal, Refused, Reply, Step
from msgsim.plan import cut
from msgsim.provider.desk import Desk
from msgsim.providers.messente import texts

SESSION = "verification"
"""Kind of the records: ``{"to", "pin", "expires": ms, "wrong": count, "messages": [ids]}`` by id."""
REMEMBERED = "verified"
"""Kind of the records of verified browsers; key: number, browser and cookie."""


def browser_key(body: Json) -> str:
    """What identifies a browser: ``browser`` and ``cookie``; empty unless the request has both."""
    browser, cookie = body.get("browser"), body.get("cookie")
    return f"{browser} {cookie}" if browser and cookie else ""


def checked(body: Json, desk: Desk) -> Reply:
    """Raises Refused with ``session_not_found``: there is no session with this id, or it has been verified already."""
    id = body["verification_id"]
    session = desk.record(SESSION, id)
    if session is None:
        raise Refused(Refusal("session_not_found", "verification_id"))
    if desk.now > session["expires"]:
        return texts.answer("EXPIRED")
    if session["wrong"] >= desk.settings["wrong_pins"]:
        return texts.answer("THROTTLED")
    if body["pin"] != session["pin"]:
        desk.keep(SESSION, id, {**session, "wrong": session["wrong"] + 1})
        return texts.answer("INVALID")
    _verified(id, session, body, desk)
    return texts.answer("VERIFIED")


def _verified(id: str, session: Json, body: Json, desk: Desk) -> None:
    """Delete the session, cancel the scheduled repetitions of its SMS, and remember the browser."""
    desk.forget(SESSION, id)
    if key := browser_key(body):
        desk.keep(REMEMBERED, f"{session['to']} {key}", {"at": desk.now})
    deleted = desk.contract.statuses["DELETED"]
    for message in map(desk.message, session["messages"]):
        if message is not None and message.start > desk.now:
            desk.rewrite(cut(message, desk.now, Step(desk.now, 0, deleted.word, deleted.code)), reports=False)
