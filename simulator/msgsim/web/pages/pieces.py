"""What a message looks like on the recipient's device, as its provider says, and what is worth knowing of an SMS."""

from msgsim.engine.device import Piece, mapping, plain, words
from msgsim.model import Json
from msgsim.provider import Provider


def pieces(provider: Provider, channel: str, text: str, content: Json) -> list[Piece]:
    """What is seen of a channel; never empty, never raises."""
    seen = plain(text) if provider.device is None else provider.device(channel, text, content)
    return list(seen) or [{"kind": "raw", "json": content}]


def marks(content: Json) -> list[str]:
    """What is worth knowing of an SMS: parts, alphabet."""
    members = mapping(content)
    count = members.get("parts")
    if not isinstance(count, int):
        return []
    noted = [f"{count} part{'' if count == 1 else 's'}", words(members.get("alphabet"))]
    if isinstance(characters := members.get("characters"), int):
        noted.append(f"{characters} characters")
    return [note for note in noted if note]
