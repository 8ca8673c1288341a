"""What query strings of this API say."""

from urllib.parse import parse_qsl

from msgsim.clock import instant, iso
from msgsim.model import Refusal, Refused
from msgsim.provider import Desk


def query(desk: Desk) -> dict[str, str]:
    return dict(parse_qsl(desk.call.query))


def positive(asked: dict[str, str], name: str, default: int) -> int:
    """A number from 1 on. Raises Refused."""
    text = asked.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise Refused(Refusal("query_value", name, values={"wanted": "a positive number"}))
    return int(text)


def moment(asked: dict[str, str], name: str) -> int | None:
    """An ISO 8601 date-time in milliseconds, UTC where it has no zone; None when not asked for. Raises Refused."""
    if name not in asked:
        return None
    try:
        return instant(asked[name].replace(" ", "+"))
    except ValueError:
        raise Refused(Refusal("query_value", name, values={"wanted": "an ISO 8601 date"})) from None


def date(at: int) -> str:
    """``2015-01-08T16:02:09Z``: whole seconds, as all dates of this API."""
    return f"{iso(at)[:19]}Z"
