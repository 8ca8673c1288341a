"""Substitutes for rows that cannot be decoded: what their other columns say, and the reason.

`msgsim.engine.storable` sees to it that no such row is written; but a disk may lose data, and an earlier version may
have written what this version cannot decode.
"""

from msgspec import DecodeError

from msgsim.model import Attempt, Callback, Channel, Entry, Exchange, Inbound, Message

ERRORS = (DecodeError, ValueError, TypeError, RecursionError)
"""Errors of decoding."""
WORD = "unreadable"
"""Name of the channel, kind of the callback and action of the control entry in a substitute."""


def _reason(error: Exception) -> str:
    return f"the row cannot be read: {error}"


def message(error: Exception, key: int, id: str, provider: str, to: str) -> Message:
    """A message with one channel without statuses, whose text is the reason."""
    why = _reason(error)
    return Message(key, id, provider, "", to, (Channel(WORD, id, text=why),), (), 0, 0, unreadable=why)


def inbound(error: Exception, key: int, provider: str, at: int) -> Inbound:
    why = _reason(error)
    return Inbound(key, "", provider, "", "", why, at, unreadable=why)


def callback(error: Exception, key: int, subject: int, due: int, host: str) -> Callback:
    """A callback in the state ``failed``, because its URL is lost."""
    return Callback(key, "", subject, due, f"http://{host}", WORD, state="failed", reason=_reason(error))


def entry(error: Exception, key: int, at: int, kind: str, provider: str, subject: int) -> Entry:
    why = _reason(error)
    if kind == "exchange":
        exchange = Exchange(provider, "", "", "", "", {}, "", 0, "", notes=(why,))
        return Entry(key, at, kind, provider, exchange=exchange)
    if kind == "attempt":
        return Entry(key, at, kind, provider, attempt=Attempt(subject, 0, 0, "", WORD, "", {}, error=why))
    return Entry(key, at, kind, provider, control={"action": WORD, "reason": why})
