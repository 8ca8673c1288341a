"""What recipients see of an SMS, an e-mail and a call."""

from collections.abc import Iterator

from msgsim.engine.device import FLASH, Piece, file, mapping, mappings, plain, words
from msgsim.model import Json


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    members = mapping(content)
    if channel == "email":
        subject, sender, html = (words(members.get(name)) for name in ("subject", "from", "html"))
        if html:
            yield {"kind": "mail", "subject": subject, "from": sender, "html": html}
        else:
            yield {"kind": "heading", "text": subject}
            yield from plain(text)
        for file_ in mappings(members.get("attachments")):
            yield file(words(file_.get("type")), "", file_.get("name"))
    elif channel == "voice":
        yield {"kind": "call", "text": text}
    else:
        yield from plain(text)
        if members.get("flashSMS") is True:
            yield FLASH
