"""The pieces of which a message consists on the recipient's device (`engine.device`), and notes on an SMS."""

from msgsim.engine.device import Piece, mapping, plain, words
from msgsim.model import Json
from msgsim.provider import Provider


def pieces(provider: Provider, channel: str, text: str, content: Json) -> list[Piece]:
    """The pieces of a channel's text and content; a single ``raw`` piece where there are no others. Never raises."""
    seen = plain(text) if provider.device is None else provider.device(channel, text, content)
    return list(seen) or [{"kind": "raw", "json": content}]


def marks(content: Json) -> list[str]:
    """Notes on an SMS: number of parts, alphabet, number of characters; empty where its content has no parts."""
    members = mapping(content)
    count = members.get("parts")
    if not isinstance(count, int):
        return []
    noted = [f"{count} part{'' if count == 1 else 's'}", words(members.get("alphabet"))]
    if isinstance(characters := members.get("characters"), int):
        noted.append(f"{characters} characters")
    return [note for note in noted if note]
