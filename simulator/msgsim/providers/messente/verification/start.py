"""POST /verify/start: an SMS with a PIN, repeated until the PIN was verified or ``max_tries`` is reached."""

from collections.abc import Sequence

from msgsim.model import Channel, Draft, Json, Message, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.messente import texts
from msgsim.providers.messente.fates import fate_of
from msgsim.providers.messente.ledger import Credit
from msgsim.providers.messente.sms import parts
from msgsim.providers.messente.verification.pins import REMEMBERED, SESSION, browser_key

TEMPLATE = "Your Verification PIN code is <PIN>"
SENDER = "Verigator"
TRIES, PAUSE, VALIDITY, LENGTH = 2, 30, 300, 4
"""Defaults: number of sends, seconds between them, seconds that the PIN is valid, number of its digits."""


class PinSession:
    """A new verification."""

    def __init__(self, body: Json, desk: Desk) -> None:
        """Raises Refused with the answer ``VERIFIED`` for a browser that has verified this number before."""
        if (key := browser_key(body)) and desk.record(REMEMBERED, f"{body['to']} {key}") is not None:
            raise Refused(reply=texts.answer("VERIFIED"))
        number = desk.number()
        self.id = desk.seed.uuid4(number)
        digits = texts.number(body, "pin_length", LENGTH)
        self.pin = f"{int(desk.seed.digest(number, 'pin'), 16) % 10**digits:0{digits}}"
        self.body = body
        self.credit = Credit(desk)


def shape(body: Json, desk: Desk) -> Json:
    """The body with a plus before the recipient, which the document does not require and a query turns into a blank."""
    return {**body, "to": f"+{body['to'].strip().removeprefix('+')}"} if "to" in body else body


def items(body: Json) -> list[Json]:
    """The sends by their indexes: as many as fit into the validity of the PIN."""
    pause = texts.number(body, "retry_delay", PAUSE)
    longest = -(-texts.number(body, "validity", VALIDITY) // pause) if pause else 1
    return list(range(min(texts.number(body, "max_tries", TRIES), longest)))


def read(item: Json, index: int, session: PinSession, desk: Desk) -> Draft:
    body = session.body
    text = body.get("template", TEMPLATE).replace("<PIN>", session.pin)
    number = desk.number()
    id, channel_id = desk.seed.uuid4s(number, 2)
    channel = Channel("sms", channel_id, body.get("from", SENDER), text=text, content=parts(text))
    draft = Draft(
        id=id,
        to=body["to"],
        channels=(channel,),
        start=desk.now + index * texts.number(body, "retry_delay", PAUSE) * 1000,
        extra={"dlr_url": "", "verification_id": session.id, "pin": session.pin},
        batch=session.id,
        item=index,
    )
    return fate_of(draft, desk, session.credit)


def answer(results: Sequence[Message | Refused], session: PinSession, desk: Desk) -> Reply:
    """``OK <id>``; stores the session."""
    expires = desk.now + texts.number(session.body, "validity", VALIDITY) * 1000
    messages = [result.id for result in results if isinstance(result, Message)]
    record = {"to": session.body["to"], "pin": session.pin, "expires": expires, "wrong": 0, "messages": messages}
    desk.keep(SESSION, session.id, record)
    return texts.answer(f"OK {session.id}")
