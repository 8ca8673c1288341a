"""Normalises scalars: deployed clients send numbers and nulls where texts are documented."""

from msgsim.model import Json
from msgsim.provider.desk import Desk


def present(value: Json) -> Json:
    """An object without null members; anything else unchanged."""
    return {name: inner for name, inner in value.items() if inner is not None} if isinstance(value, dict) else value


def as_text(value: Json, name: str, desk: Desk) -> Json:
    """A number as a text, which is noted; anything else unchanged. Raises Refused in strict mode."""
    if type(value) not in (int, float):
        return value
    desk.note(f"{name} is taken from a JSON number")
    return str(int(value) if value == int(value) else value)
