"""What deployed clients send for the texts that are documented: numbers and nulls."""

from msgsim.model import Json
from msgsim.provider import Desk


def present(value: Json) -> Json:
    """An object without its nulls; anything else as it is."""
    return {name: inner for name, inner in value.items() if inner is not None} if isinstance(value, dict) else value


def as_text(value: Json, name: str, desk: Desk) -> Json:
    """A number as the text that is documented; anything else as it is. Raises Refused when strict."""
    if type(value) not in (int, float):
        return value
    desk.note(f"{name} is taken from a JSON number")
    return str(int(value) if value == int(value) else value)
