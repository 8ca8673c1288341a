"""What happens to messages after their acceptance: callbacks, control actions, and MO from phones."""

from msgspec.structs import replace

from msgsim.clock import LATEST
from msgsim.config import milliseconds
from msgsim.engine.inbound import from_phone
from msgsim.engine.plans import rewrite
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.view import SandboxView
from msgsim.model import Attempt, Beat, Callback, Entry, Inbound, Json, Message, Post, Step
from msgsim.plan import cut, ends, state
from msgsim.provider import Provider
from msgsim.storage import unreadable
from msgsim.storage.callbacks import GIVEN_UP
from msgsim.storage.keys import NUMBERS


def post(engine: Engine, callback: Callback) -> Post:
    """The bytes of a callback: a pure function of its step and its message.

    Raises Unknown when its sandbox is gone, ValueError when its message is gone or unreadable, and whatever a provider
    raises for a message that it cannot report.
    """
    sandbox = engine.sandboxes.owner(callback.key)
    subject = engine.store.messages.by_key(callback.subject) if callback.step is not None else None
    about: Message | Inbound | None = subject or engine.store.inbound.by_key(callback.subject)
    if about is None:
        raise ValueError("what it reports on is gone")
    if about.unreadable:
        raise ValueError(about.unreadable)
    provider = engine.providers[callback.provider]
    assert provider.post is not None
    return provider.post(callback, about, engine.settings.of(sandbox, provider.name).compiled, provider.contract)


def settle(engine: Engine, callback: Callback, attempt: Attempt, refused: bool = False) -> Entry:
    """Record an attempt in the journal; after a failure plan the next attempt or give the callback up.

    Pending callbacks of the same message are never due before a retry: a receiver gets the statuses in order.
    ``refused``: the URL is not allowed, so that there is no retry.
    """
    sandbox = engine.sandboxes.owner(callback.key)
    now = sandbox.now()
    provider = engine.providers[callback.provider]
    settings = engine.settings.of(sandbox, provider.name).raw
    after = _after(callback, attempt, now, provider.success, settings, refused)
    engine.store.callbacks.rewrite(after)
    if after.state == "pending":
        for later in engine.store.callbacks.of(callback.subject):
            if later.state == "pending" and later.key != after.key and later.due < after.due:
                engine.store.callbacks.rewrite(replace(later, due=after.due))
    entry = Entry(sandbox.base + sandbox.next_entry(), now, "attempt", provider.name, attempt=attempt)
    engine.recorder.add(sandbox, entry, callback.key)
    return entry


def _after(
    callback: Callback, attempt: Attempt, now: int, success: range, settings: dict[str, Json], refused: bool
) -> Callback:
    """The callback after an attempt: done, refused for good, due again after the next pause, or failed for good."""
    tries = callback.tries + 1
    if refused:
        return replace(callback, state="refused", tries=tries, reason=attempt.error)
    if attempt.status is not None and attempt.status in success:
        return replace(callback, state="done", tries=tries, reason="")
    reason = attempt.error or f"answered {attempt.status}"
    pauses = callback.retries
    if pauses is None:
        pauses = tuple(milliseconds(pause) for pause in settings.get("retries", ()))
    if tries > len(pauses):
        return replace(callback, state="failed", tries=tries, reason=reason)
    return replace(callback, tries=tries, due=min(now + pauses[tries - 1], LATEST), reason=reason)


def fail(engine: Engine, callback: Callback, reason: str) -> None:
    """Mark a callback as failed without an attempt: it can never be posted."""
    engine.store.callbacks.rewrite(replace(callback, state="failed", reason=reason))


def force(engine: Engine, sandbox: Sandbox, message: Message, word: str, err: int | None = None) -> Message:
    """Cut the plan at now and give the channel that is being tried a status.

    ``word`` is a status of the provider or a neutral word. Raises ValueError for a status that the channel has not.
    """
    provider = engine.providers[message.provider]
    now = sandbox.now()
    current = [index for index, step in enumerate(state(message, now)) if step is not None]
    channel = current[-1] if current else 0
    try:
        status = provider.contract.status(Beat(0, word), message.channels[channel].name)
    except KeyError:
        there = f" on {message.channels[channel].name}" if word in provider.contract.statuses else ""
        raise ValueError(f"{provider.name} has no status {word!r}{there}") from None
    forced = cut(message, now, Step(now, channel, status.word, status.code if err is None else err))
    rewrite(engine.store, sandbox, provider, forced, now, engine.settings.of(sandbox, provider.name).compiled)
    code = {} if err is None else {"err": err}
    engine.recorder.control(sandbox, {"action": "force", "message": message.id, "status": status.word, **code})
    return forced


def cancel(engine: Engine, sandbox: Sandbox, message: Message) -> Message:
    """Cut the plan at now; unfinished channels get the provider's word for cancelled, if it has such a word.

    Raises ValueError when the plan is over.
    """
    provider, now = engine.providers[message.provider], sandbox.now()
    if ends(message) <= now:
        raise ValueError(f"message {message.id} is over; there is nothing to cancel")
    word = next((status for status in provider.contract.statuses.values() if status.kind == "cancelled"), None)
    steps = []
    if word is not None:
        reached = [index for index, step in enumerate(state(message, now)) if step is not None]
        unfinished = range(reached[-1] if reached else 0, len(message.channels))
        steps = [Step(now, index, word.word, word.code) for index in unfinished]
    cancelled = cut(message, now, *steps)
    rewrite(engine.store, sandbox, provider, cancelled, now, engine.settings.of(sandbox, provider.name).compiled)
    engine.recorder.control(sandbox, {"action": "cancel", "message": message.id})
    return cancelled


def inbound(engine: Engine, sandbox: Sandbox, provider: Provider, sender: str, to: str, text: str) -> Inbound:
    """A phone writes to the application (an MO), in reply to the newest message to it, if there is any.

    Raises Unknown when the provider has no inbound messages.
    """
    view = SandboxView(provider, sandbox, engine.store, engine.settings.of(sandbox, provider.name))
    newest = next(engine.store.messages.newest(sandbox.number, provider.name, sender, limit=1), None)
    answered = None if newest is None or newest.unreadable else newest
    inbound, callbacks = from_phone(view, view.now, sender, to, text, answered)
    engine.store.inbound.add(inbound)
    engine.store.callbacks.add(callbacks)
    written: dict[str, Json] = {"from": sender, "to": to, "text": text}
    engine.recorder.control(sandbox, {"action": "inbound", "provider": provider.name, "id": inbound.id, **written})
    return inbound


def replay(engine: Engine, callback: Callback) -> Callback:
    """Plan a copy of a callback, due now; an original that was given up becomes ``replayed``.

    Raises ValueError for a callback whose row cannot be read.
    """
    if callback.kind == unreadable.WORD:
        raise ValueError(callback.reason)
    sandbox = engine.sandboxes.owner(callback.key)
    again = replace(callback, key=sandbox.next_callback(), due=sandbox.now(), state="pending", tries=0, reason="")
    engine.store.callbacks.add([again])
    if callback.state in GIVEN_UP:
        engine.store.callbacks.rewrite(replace(callback, state="replayed"))
    engine.recorder.control(sandbox, {"action": "replay", "callback": callback.key & NUMBERS})
    return again
