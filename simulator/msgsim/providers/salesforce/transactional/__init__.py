"""The Transactional Messaging API, per channel: definitions, sends to one or many recipients, and their statuses.

Source: the Transactional Messaging API reference of Marketing Cloud Engagement. Paths may end in a slash or not, as
the documents and clients write both. ``/messaging/v1/messageDefinitionSends`` is another, older API.
"""

from functools import partial

from msgsim.provider import Api, Ask, Endpoint, SendMany
from msgsim.providers.salesforce.answers import refuse
from msgsim.providers.salesforce.transactional import answers, definitions, queue, reading, spelling, status

CHANNELS = ("sms", "email", "push")
READ_ONCE = "a definition changes when you change it: read it once, not before each send"
FROM_LAST = "ask from the lastEventID of the last answer on, once in a while, not after each send"
NEEDED = {
    f"{channel}-{name}": f"{channel}_{scope}"
    for channel in CHANNELS
    for name, scope in {
        "send": "send",
        "send-batch": "send",
        "definition-create": "write",
        "definition-change": "write",
        "definition-delete": "write",
        "queue-empty": "write",
        "definitions": "read",
        "definition": "read",
        "queue": "read",
        "status": "read",
        "not-sent": "read",
    }.items()
}
"""Endpoint → the scope that it requires."""


def _slashed(method: str, path: str) -> tuple[tuple[str, str], ...]:
    return ((method, f"{path}/"),)


def _send(channel: str, name: str, path: str, schema: str) -> SendMany:
    return SendMany(
        f"{channel}-{name}",
        "POST",
        path,
        f"transactional/{channel}-{schema}",
        reading.recipients,
        reading.read,
        answers.accepted,
        partial(reading.Sending, channel),
        item_schema=f"transactional/{channel}-recipient",
        partial=True,
        shape=spelling.shape,
        check=partial(reading.check, channel),
        also=_slashed("POST", path),
    )


def _of(channel: str) -> tuple[Endpoint, ...]:
    """The endpoints of a channel."""
    root = f"/messaging/v1/{channel}"
    every, single, sent = f"{root}/definitions", f"{root}/definitions/{{definitionKey}}", f"{root}/messages"

    def ask(name: str, method: str, path: str, answer: definitions.Answer, schema: str = "", sparing: str = "") -> Ask:
        schema = schema and f"transactional/{channel}-{schema}"
        again = _slashed(method, path)
        return Ask(
            f"{channel}-{name}",
            method,
            path,
            partial(answer, channel),
            schema,
            shape=spelling.shape,
            sparing=sparing,
            also=again,
        )

    return (
        _send(channel, "send", f"{sent}/{{messageKey}}", "send"),
        _send(channel, "send-batch", sent, "batch"),
        ask("status", "GET", f"{sent}/{{messageKey}}", status.shown),
        ask("not-sent", "GET", sent, status.not_sent, sparing=FROM_LAST),
        ask("definition-create", "POST", every, definitions.created, "definition"),
        ask("definitions", "GET", every, definitions.listed),
        ask("definition", "GET", single, definitions.shown, sparing=READ_ONCE),
        ask("definition-change", "PATCH", single, queue.changed, "definition-change"),
        ask("queue", "GET", f"{single}/queue", queue.shown),
        ask("queue-empty", "DELETE", f"{single}/queue", queue.emptied),
        ask("definition-delete", "DELETE", single, definitions.deleted),
    )


api = Api(
    "transactional",
    "Salesforce Transactional Messaging",
    tuple(endpoint for channel in CHANNELS for endpoint in _of(channel)),
    refuse,
)
