"""Normalises a body: names of members in any case, and numbers where the documents have texts.

Sources: the samples of OTTsendMessageToRecipient, which mix MessageKey, alturl and isReusable, and whose ids consist
of digits. That numbers are accepted for texts is inferred from .NET services.
"""

from collections.abc import Callable

from msgsim.model import Json
from msgsim.provider.desk import Desk

_TEXTS = (
    *("messageKey", "messageGroupKey", "senderType", "senderId", "ottId", "userReference", "subject"),
    *("messagingType", "tag", "notificationType", "type", "text", "url", "altUrl"),
    *("ottPlatformName", "endpointUrl", "applicationId", "applicationSecret", "pageId", "pageName", "pageAccessToken"),
    *("callbackVerifyToken", "channelId", "channelName", "channelSecret", "customerConnectSecret"),
    *("clientId", "clientSecret", "accessType", "refreshToken"),
)
_OTHERS = (
    *("from", "to", "message", "contents", "customKeys", "nativePayload", "payload", "ottPlatformAttributes"),
    *("validityPeriod", "duration", "attachmentId", "isReusable", "isActive", "isTransactional", "isTestChannel"),
)
_NAMES = {name.lower(): name for name in _TEXTS + _OTHERS} | {name: name for name in _TEXTS + _OTHERS}
_ARE_TEXTS = frozenset(_TEXTS)
_UNTOUCHED = frozenset({"nativePayload", "payload"})
_WORDS: dict[str, Callable[[str], str]] = {
    "senderType": str.lower,
    "type": str.lower,
    "ottPlatformName": str.lower,
    "messagingType": str.upper,
    "notificationType": str.upper,
}
"""Members with enumerated values → the case in which the documents write these."""
_DEPTH = 5
"""Levels of documented members: the body, message, contents, a content, its members."""


def shape(body: Json, desk: Desk) -> Json:
    """A body as its schema describes it; numbers in the place of texts are noted. Raises Refused in strict mode."""
    numbers: dict[str, None] = {}
    folded = fold(body, numbers)
    for name in numbers:
        desk.note(f"{name} is a number; the document has a string", name)
    return folded


def fold(body: Json, numbers: dict[str, None], depth: int = _DEPTH) -> Json:
    """A body with its names and enumerated values spelled as documented.

    ``numbers`` collects the names of members whose numbers became texts.
    Documented members that are null or blank are dropped, because the documents treat them as missing.
    """
    if depth == 0:
        return body
    if isinstance(body, list):
        return [fold(item, numbers, depth - 1) for item in body]
    if not isinstance(body, dict):
        return body
    folded: dict[str, Json] = {}
    for written, value in body.items():
        name = _NAMES.get(written) or _NAMES.get(written.lower())
        if name is None:
            folded[written] = value
            continue
        if type(value) is int and name in _ARE_TEXTS:
            numbers[name] = None
            value = str(value)
        if isinstance(value, str):
            if value and not value.isspace():
                folded[name] = _WORDS[name](value) if name in _WORDS else value
        elif value is not None:
            folded[name] = value if name in _UNTOUCHED else fold(value, numbers, depth - 1)
    return folded
