"""Reads the draft of a send whose members are spelled as documented.

Source: OTTsendMessageToRecipient of the Marketing Cloud developer guide.
"""

from collections.abc import Iterable, Iterator

from msgsim.model import Channel, Draft, Json, Refusal
from msgsim.provider.desk import Desk
from msgsim.providers.salesforce.registry import is_active

KEY_LIMIT = 100
"""Most characters of messageKey and messageGroupKey, according to the samples."""
KNOWN_KEYS = {
    "messagingType": ("RESPONSE", "UPDATE", "MESSAGE_TAG"),
    "notificationType": ("REGULAR", "SILENT_PUSH", "NO_PUSH"),
}
HANDOVER = "invalid_reply_token"
"""The only status after which LINE tries ottId: an invalid reply token. Other failures end the message."""
FOR_LINE = {"image": "altUrl", "video": "altUrl", "audio": "duration"}
"""Type of content → member that the document requires for LINE without an error for its absence."""
FOR_MESSENGER = ("isReusable", "attachmentId")
"""Members of a content that only Messenger supports."""


def read(body: Json, desk: Desk) -> Draft:
    """The draft of a send; with a LINE reply token it has two channels, the token first and then the user's id."""
    for tolerance in tolerances(body):
        desk.note(tolerance)
    message, sender = body["message"], body["from"]
    text = "\n".join(filter(None, (content.get("text") or content.get("url") for content in message["contents"])))
    tried = recipients(sender["senderType"], body["to"])
    channels = tuple(
        Channel(
            name=sender["senderType"],
            id=id,
            sender=sender["senderId"],
            to=recipient,
            text=text,
            content=message,
        )
        for recipient, id in zip(tried, desk.seed.uuid4s(desk.number(), len(tried)), strict=True)
    )
    # In lower case, because clients may write a whole path in lower case, the key of a message included.
    kept = {name: body[name] for name in ("messageKey", "messageGroupKey", "to", "validityPeriod") if name in body}
    reference = str(body["messageKey"]).lower()
    return Draft(channels[0].id, channels[0].to, channels, extra=kept, reference=reference, handover=HANDOVER)


def recipients(sender_type: str, to: Json) -> list[str]:
    """The recipients to try, in order: userReference, if given; ottId without it, and after it for LINE."""
    reference = to.get("userReference")
    if reference is None:
        return [to["ottId"]]
    return [reference, to["ottId"]] if sender_type == "line" else [reference]


def check(body: Json, desk: Desk) -> Iterable[Refusal]:
    """Only a registered and active sender may send. The schema refuses a missing sender."""
    sender = body.get("from") if isinstance(body, dict) else None
    if not isinstance(sender, dict):
        return
    kind, id = sender.get("senderType"), sender.get("senderId")
    if isinstance(kind, str) and isinstance(id, str) and not is_active(kind, id, desk):
        yield Refusal("sender_unregistered", "from.senderId")


def tolerances(body: Json) -> Iterator[str]:
    """Tolerances: what contradicts some part of the document, or a requirement without a documented error."""
    for name in ("messageKey", "messageGroupKey"):
        if len(body.get(name, "")) > KEY_LIMIT:
            yield f"{name} is longer than the {KEY_LIMIT} characters of the samples"
    line = body["from"]["senderType"] == "line"
    for content in body["message"]["contents"]:
        yield from _content_tolerances(content, line)
    for custom in body["message"].get("customKeys", ()):
        for name, known in KNOWN_KEYS.items():
            if name in custom and custom[name] not in known:
                yield f"{name} {custom[name]!r} is not one of {', '.join(known)}"


def _content_tolerances(content: Json, line: bool) -> Iterator[str]:
    kind = content["type"]
    if kind == "file":
        yield "type file is named by an error text, but not among the values of type"
    if kind == "native" and "nativePayload" not in content:
        yield "payload instead of nativePayload" if "payload" in content else "native content without nativePayload"
    if line and kind in FOR_LINE and not content.get(FOR_LINE[kind]):
        yield f"{FOR_LINE[kind]} is required for {kind} on LINE, without a documented error"
    for name in FOR_MESSENGER:
        if line and name in content:
            yield f"{name} is only supported for Messenger"
