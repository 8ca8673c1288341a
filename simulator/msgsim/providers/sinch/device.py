"""What recipients see of an SMS."""

from collections.abc import Iterator

from msgsim.engine.device import FLASH, Piece, mapping, plain
from msgsim.model import Json


def pieces(channel: str, text: str, content: Json) -> Iterator[Piece]:
    yield from plain(text)
    if mapping(content).get("flashSMS") is True:
        yield FLASH
