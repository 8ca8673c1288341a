"""What recipients see of CIMA360's channels."""

from collections.abc import Iterator

from msgsim.engine.device import FLASH, Piece, mapping, plain, template, words
from msgsim.model import Json


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    members = mapping(content)
    if channel == "email":
        subject, sender, html = (words(members.get(name)) for name in ("subject", "from", "html"))
        yield {"kind": "mail", "subject": subject, "from": sender, "html": html}
    elif channel == "voice":
        yield {"kind": "call", "text": text}
    else:
        if members.get("templateID") and channel != "sms":
            yield template(members["templateID"])
        yield from plain(text)
        if members.get("flashMessage") is True:
            yield FLASH
