"""The queue of an inactive definition: messages that wait until it is active.

Source: the queue pages of the Transactional Messaging API reference. Inferred: waiting messages are sent once the
definition is active, and fail when the queue is emptied.
"""

from collections.abc import Iterator

from msgsim.model import Json, Message, Refusal, Refused, Reply, Step
from msgsim.plan import cut
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.answers import json_reply
from msgsim.providers.salesforce.transactional import definitions
from msgsim.providers.salesforce.transactional.status import event_of, is_of

EMPTIED = 100
"""Code of messages removed from a queue: Error."""


def shown(channel: str, body: Json, desk: Desk) -> Reply:
    """GET /definitions/{definitionKey}/queue: the number of waiting messages, and the age of the oldest."""
    key = definitions.mine(channel, desk)["definitionKey"]
    moments = [message.accepted for message in waiting(channel, key, desk)]
    age = (desk.now - min(moments)) // 1000 if moments else 0
    return json_reply(200, {"requestId": _request(desk), "count": len(moments), "ageSeconds": age})


def emptied(channel: str, body: Json, desk: Desk) -> Reply:
    """DELETE /definitions/{definitionKey}/queue. Raises Refused while the definition is active."""
    definition = definitions.mine(channel, desk)
    if definitions.is_active(definition):
        raise Refused(Refusal("invalid_operation"))
    failed = desk.contract.words[f"{channel}.failed"]
    for message in list(waiting(channel, definition["definitionKey"], desk)):
        desk.rewrite(cut(message, desk.now, Step(desk.now, 0, failed, EMPTIED)))
    return json_reply(200, {"requestId": _request(desk), "message": "Queued"})


def changed(channel: str, body: Json, desk: Desk) -> Reply:
    """PATCH /definitions/{definitionKey}. Activating a definition sends its waiting messages."""
    before = definitions.mine(channel, desk)
    after = definitions.keep(channel, definitions.merged(before, body, desk.now), desk)
    if definitions.is_active(after) and not definitions.is_active(before):
        for message in list(waiting(channel, after["definitionKey"], desk)):
            desk.rewrite(cut(message, desk.now, *_life(channel, desk)))
    return json_reply(200, definitions.public(channel, after, desk))


def waiting(channel: str, key: str, desk: Desk) -> Iterator[Message]:
    """The messages of a definition that are neither sent nor failed yet."""
    for message in desk.messages():
        if is_of(channel, message, desk) and message.extra["definitionKey"] == key and not _is_over(message, desk):
            yield message


def _is_over(message: Message, desk: Desk) -> bool:
    return event_of(message, desk.now, desk)[0] != "Queued"


def _life(channel: str, desk: Desk) -> Iterator[Step]:
    """The default statuses from now on, without the queued status."""
    for beat in desk.contract.life:
        status = desk.contract.status(beat, channel)
        if status.kind != "queued":
            yield Step(desk.now + beat.after, 0, status.word, status.code)


def _request(desk: Desk) -> str:
    return desk.seed.uuid4(desk.number())
