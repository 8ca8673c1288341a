"""Answers to WhatsApp sends."""

from collections.abc import Sequence

import msgspec

from msgsim.model import Json, Message, Refused, Reply
from msgsim.provider.desk import Desk
from msgsim.providers.sinch.whatsapp.drafts import Mailing


def sent(results: Sequence[Message | Refused], mailing: Mailing, desk: Desk) -> Reply:
    """An entry per destination, in order.

    The document's sample has ``Id``. A deployed client splits the live answer at its colons and finds the ids in the
    second and fourth part; so the real answer begins with ``id``, followed by a list whose entries begin with ``id``.
    """
    destinations = [_accepted(result) for result in results if isinstance(result, Message)]
    return Reply(200, msgspec.json.encode({"id": mailing.id, "destinations": destinations}))


def _accepted(message: Message) -> Json:
    given = {"correlationId": message.extra["correlationId"]} if "correlationId" in message.extra else {}
    return {"id": message.id, **given, "destination": message.to}
