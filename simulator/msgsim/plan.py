"""Makes the plan of a message (all its future steps), tells its state at any time, and applies twists to callbacks.

Everything here is a pure function.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from msgsim.clock import LATEST
from msgsim.contract import FAILURES, SUCCESSES, Contract
from msgsim.model import Beat, Draft, Due, Message, Step, Twist

EXPIRED = Beat(0, "expired")
"""The status of a channel whose ``ttl``, or of a message whose ``expires``, has passed."""


def unfold(
    draft: Draft, beats: Sequence[tuple[Beat, ...]], contract: Contract, now: int
) -> tuple[int, tuple[Step, ...]]:
    """The time at which the first channel is tried, and all steps of the plan in order of time.

    ``beats``: for each channel its steps as written. The next channel is tried when one fails or has no success within
    its ``ttl``; a success ends the plan. A failure is the last step of its channel; after a delivery only ``seen`` may
    follow. Steps after `clock.LATEST` are moved to it.
    """
    begin = first = now if draft.start is None or draft.start < now else min(draft.start, LATEST)
    steps: list[Step] = []
    status = contract.status
    for index, channel in enumerate(draft.channels):
        if draft.expires is not None and begin >= draft.expires:
            expired = status(EXPIRED, channel.name)
            steps.append(Step(max(draft.expires, begin if index else now), index, expired.word, expired.code))
            break
        deadline = None if channel.ttl is None else begin + channel.ttl
        over: int | None = None
        delivered = False
        for beat in beats[index]:
            at = begin + beat.after
            if deadline is not None and at >= deadline and not delivered:
                break
            meant = contract.known(beat, channel.name)
            if meant is None:  # The provider has no such status, or not on this channel.
                continue
            if delivered and meant.kind != "seen":
                continue
            steps.append(Step(at, index, meant.word, meant.code if beat.err is None else beat.err))
            if meant.kind in FAILURES:
                over = at
                break
            delivered = delivered or meant.kind in SUCCESSES
        if delivered:
            break
        if over is None:
            if deadline is None:
                break
            expired = status(EXPIRED, channel.name)
            steps.append(Step(deadline, index, expired.word, expired.code))
            over = deadline
        if draft.handover and steps[-1].status != draft.handover:
            break
        begin = over
    if steps and steps[-1].at > LATEST:
        steps = [step if step.at <= LATEST else replace(step, at=LATEST) for step in steps]
    return first, tuple(steps)


def state(message: Message, now: int) -> list[Step | None]:
    """For each channel its latest step by ``now``; None: it has none yet."""
    current: list[Step | None] = [None] * len(message.channels)
    for step in message.steps:
        if step.at > now:
            break
        current[step.channel] = step
    return current


def last(message: Message, now: int) -> Step | None:
    """The latest step of the whole message by ``now``; None: it has none yet."""
    newest = None
    for step in message.steps:
        if step.at > now:
            break
        newest = step
    return newest


def word(message: Message, contract: Contract, now: int) -> str:
    """The state of the message as a whole in one neutral word, or ``scheduled``.

    While a further channel is still to be tried, a failed channel counts as ``sent``.
    """
    step = last(message, now)
    if step is None:
        return "scheduled" if message.start > now else "queued"
    kind = contract.statuses[step.status].kind
    open_channels = step.channel + 1 < len(message.channels)
    if kind in FAILURES and kind != "cancelled" and open_channels and any(later.at > now for later in message.steps):
        return "sent"
    return kind


def begins(message: Message, channel: int) -> int | None:
    """The time at which a channel is tried; None: it never is."""
    if channel == 0:
        return message.start
    if not any(step.channel == channel for step in message.steps):
        return None
    return max(step.at for step in message.steps if step.channel < channel)


def ends(message: Message) -> int:
    """The time of the last step: from then on the state does not change by itself."""
    return message.steps[-1].at if message.steps else message.start


def cut(message: Message, now: int, *more: Step) -> Message:
    """The message with its steps after ``now`` replaced by ``more``."""
    past = tuple(step for step in message.steps if step.at <= now)
    return replace(message, steps=past + more, start=min(message.start, now))


def twist(dues: Sequence[Due], twists: Sequence[Twist], message: Message, contract: Contract) -> list[Due]:
    """The callbacks of a message after a scenario's twists, in order of time."""
    current = list(dues)
    for how in twists:
        chosen = [due for due in current if not how.only or _reports(due, how.only, message, contract)]
        current = _TWISTS[how.kind](current, chosen, how, message, contract)
    return sorted(current, key=lambda due: due.at)


def _reports(due: Due, word: str, message: Message, contract: Contract) -> bool:
    """Whether a callback reports a status, given in the provider's or a neutral word."""
    if due.step is None:
        return False
    meant = contract.known(Beat(0, word), message.channels[due.step.channel].name)
    return meant is not None and meant.word == due.step.status


# A twist takes all callbacks, and those of them to which it applies; it returns all callbacks afterwards.


def _marked(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    return [replace(due, twists=(*due.twists, how.kind)) if due in chosen else due for due in current]


def _duplicate(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    again = [replace(due, at=due.at + how.delay, twists=(*due.twists, how.kind)) for due in chosen]
    return current + again


def _reorder(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    times = [due.at for due in chosen]
    turned = [
        replace(due, at=at, twists=(*due.twists, how.kind)) for due, at in zip(chosen, reversed(times), strict=True)
    ]
    return [due for due in current if due not in chosen] + turned


def _delay(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    return [
        replace(due, at=due.at + how.delay, twists=(*due.twists, how.kind)) if due in chosen else due for due in current
    ]


def _before_response(
    current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract
) -> list[Due]:
    return [
        replace(due, at=message.accepted, twists=(*due.twists, how.kind)) if due in chosen else due for due in current
    ]


def _after_terminal(
    current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract
) -> list[Due]:
    """The first status is reported once more, after the last."""
    if not chosen:
        return current
    first, final = chosen[0], chosen[-1]
    return [*current, replace(first, at=final.at + (how.delay or 1000), twists=(*first.twists, how.kind))]


def _conflicting(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    """After the final status its opposite is reported: failed after delivered, delivered after failed."""
    ending = [due for due in chosen if due.step and contract.statuses[due.step.status].kind in FAILURES | SUCCESSES]
    if not ending or (step := ending[-1].step) is None:
        return current
    opposite = "delivered" if contract.statuses[step.status].kind in FAILURES else "failed"
    meant = contract.status(Beat(0, opposite), message.channels[step.channel].name)
    lie = replace(step, status=meant.word, code=meant.code)
    final = ending[-1]
    return [*current, replace(final, at=final.at + (how.delay or 1000), step=lie, twists=(*final.twists, how.kind))]


def _retry(current: list[Due], chosen: list[Due], how: Twist, message: Message, contract: Contract) -> list[Due]:
    return [replace(due, retries=how.pauses) if due in chosen else due for due in current]


_TWISTS = {
    "duplicate": _duplicate,
    "reorder": _reorder,
    "drop": _marked,
    "delay": _delay,
    "before-response": _before_response,
    "corrupt": _marked,
    "wrong-signature": _marked,
    "after-terminal": _after_terminal,
    "conflicting": _conflicting,
    "retry": _retry,
}
TWISTS = tuple(_TWISTS)
"""The kinds of twists; ``callbacks`` in ``schemas/simulator/scenario.json`` has them too."""
