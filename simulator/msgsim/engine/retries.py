"""What becomes of a callback after an attempt."""

from collections.abc import Sequence

from msgspec.structs import replace

from msgsim.clock import LATEST
from msgsim.config import milliseconds
from msgsim.model import Attempt, Callback


def settled(
    callback: Callback, attempt: Attempt, now: int, success: range, pauses: Sequence[str], refused: bool = False
) -> Callback:
    """Done, refused for good, planned again after the next pause, or failed when no pause is left."""
    tries = callback.tries + 1
    if refused:
        return replace(callback, state="refused", tries=tries, reason=attempt.error)
    if attempt.status is not None and attempt.status in success:
        return replace(callback, state="done", tries=tries, reason="")
    reason = attempt.error or f"answered {attempt.status}"
    if tries > len(pauses):
        return replace(callback, state="failed", tries=tries, reason=reason)
    return replace(callback, tries=tries, due=min(now + milliseconds(pauses[tries - 1]), LATEST), reason=reason)
