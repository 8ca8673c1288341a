"""Member names match in any case of letters, except inside a native payload.

Source: the samples of OTTsendMessageToRecipient, which mix MessageKey, alturl and isReusable.
"""

from collections.abc import Callable

from msgsim.model import Json
from msgsim.provider import Desk

_DOCUMENTED = (
    *("messageKey", "messageGroupKey", "from", "to", "message", "validityPeriod"),
    *("senderType", "senderId", "ottId", "userReference"),
    *("subject", "contents", "customKeys", "messagingType", "tag", "notificationType"),
    *("type", "text", "url", "altUrl", "duration", "nativePayload", "payload", "isReusable", "attachmentId"),
    *("ottPlatformName", "ottPlatformAttributes", "endpointUrl", "isActive"),
    *("applicationId", "applicationSecret", "pageId", "pageName", "pageAccessToken", "callbackVerifyToken"),
    *("channelId", "channelName", "channelSecret", "customerConnectSecret", "isTransactional", "isTestChannel"),
    *("clientId", "clientSecret", "accessType", "refreshToken"),
)
_NAMES = {name.lower(): name for name in _DOCUMENTED} | {name: name for name in _DOCUMENTED}
_UNTOUCHED = frozenset({"nativePayload", "payload"})
_WORDS: dict[str, Callable[[str], str]] = {
    "senderType": str.lower,
    "type": str.lower,
    "ottPlatformName": str.lower,
    "messagingType": str.upper,
    "notificationType": str.upper,
}
"""Members whose values are words of a list, and how the documents write these."""
_DEPTH = 5
"""Levels of documented members: the body, message, contents, a content, its members."""


def shape(body: Json, desk: Desk) -> Json:
    return fold(body)


def fold(body: Json, depth: int = _DEPTH) -> Json:
    """The same body with its names and words spelled as documented.

    Documented members that are null or blank are left out: the documents call them missing.
    """
    if depth == 0:
        return body
    if isinstance(body, list):
        return [fold(one, depth - 1) for one in body]
    if not isinstance(body, dict):
        return body
    folded: dict[str, Json] = {}
    for written, value in body.items():
        name = _NAMES.get(written) or _NAMES.get(written.lower())
        if name is None:
            folded[written] = value
        elif isinstance(value, str):
            if value and not value.isspace():
                folded[name] = _WORDS[name](value) if name in _WORDS else value
        elif value is not None:
            folded[name] = value if name in _UNTOUCHED else fold(value, depth - 1)
    return folded
