"""What stands for a row that cannot be decoded: all that its columns say, and the reason.

No row is written that cannot be read (see `msgsim.engine.storable`); a disk may still have lost some of it, or
an earlier version wrote it.
"""

from msgspec import DecodeError

from msgsim.model import Attempt, Callback, Channel, Entry, Exchange, Inbound, Message

ERRORS = (DecodeError, ValueError, TypeError, RecursionError)
"""What decoding may fail with."""
WORD = "unreadable"
"""Name of the channel, kind of the callback, and action of the control entry that stand for what is lost."""


def _reason(error: Exception) -> str:
    return f"the row cannot be read: {error}"


def message(error: Exception, key: int, id: str, provider: str, to: str) -> Message:
    """One channel that nothing happens on, whose text is the reason."""
    why = _reason(error)
    return Message(key, id, provider, "", to, (Channel(WORD, id, text=why),), (), 0, 0, unreadable=why)


def inbound(error: Exception, key: int, provider: str, at: int) -> Inbound:
    why = _reason(error)
    return Inbound(key, "", provider, "", "", why, at, unreadable=why)


def callback(error: Exception, key: int, subject: int, due: int, host: str) -> Callback:
    """Failed, whatever it was: nobody knows any more where it goes."""
    return Callback(key, "", subject, due, f"http://{host}", WORD, state="failed", reason=_reason(error))


def entry(error: Exception, key: int, at: int, kind: str, provider: str, subject: int) -> Entry:
    why = _reason(error)
    if kind == "exchange":
        exchange = Exchange(provider, "", "", "", "", {}, "", 0, "", notes=(why,))
        return Entry(key, at, kind, provider, exchange=exchange)
    if kind == "attempt":
        return Entry(key, at, kind, provider, attempt=Attempt(subject, 0, 0, "", WORD, "", {}, error=why))
    return Entry(key, at, kind, provider, control={"action": WORD, "reason": why})
