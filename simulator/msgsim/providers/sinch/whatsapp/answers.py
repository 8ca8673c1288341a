"""What a WhatsApp send is answered with."""

from collections.abc import Sequence

import msgspec

from msgsim.model import Json, Message, Refused, Reply
from msgsim.provider import Desk
from msgsim.providers.sinch.whatsapp.drafts import Mailing


def sent(results: Sequence[Message | Refused], mailing: Mailing, desk: Desk) -> Reply:
    """One entry per destination, in order.

    The document's sample has ``Id`` and ``destination``; a deployed client cuts the live answer at its colons and
    finds the ids second and fourth: ``id`` first, and a list whose entries begin with ``id``.
    """
    destinations = [_accepted(result) for result in results if isinstance(result, Message)]
    return Reply(200, msgspec.json.encode({"id": mailing.id, "destinations": destinations}))


def _accepted(message: Message) -> Json:
    given = {"correlationId": message.extra["correlationId"]} if "correlationId" in message.extra else {}
    return {"id": message.id, **given, "destination": message.to}
