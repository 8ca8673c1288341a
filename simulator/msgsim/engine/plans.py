"""Callbacks that follow from plans: created when a message is accepted, cancelled when its plan is cut."""

from typing import Any

from msgspec.structs import replace

from msgsim.clock import LATEST
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.storable import check_due
from msgsim.model import Callback, Due, Message
from msgsim.provider import Provider
from msgsim.storage.store import Store


def owed(sandbox: Sandbox, provider: str, subject: int, dues: list[Due]) -> list[Callback]:
    """Callbacks, ready to be stored, for what a provider has planned. Raises Unstorable.

    ``subject`` is the key of the message or inbound message.
    """
    found = []
    for due in dues:
        check_due(due)
        if due.at > LATEST:
            due = replace(due, at=LATEST)
        state = "dropped" if "drop" in due.twists else "pending"
        key = sandbox.next_callback()
        found.append(
            Callback(
                key, provider, subject, due.at, due.url, due.kind, due.step, due.twists, state, retries=due.retries
            )
        )
    return found


def rewrite(
    store: Store,
    sandbox: Sandbox,
    provider: Provider,
    message: Message,
    now: int,
    settings: Any,
    reports: bool = True,
) -> None:
    """Store a message whose plan was cut; cancel the callbacks of removed steps, and plan those of new steps.

    ``settings`` are compiled; ``reports``: whether new steps get callbacks.
    Raises ValueError for a message whose row cannot be read: rewriting would destroy the row.
    """
    if message.unreadable:
        raise ValueError(message.unreadable)
    before = store.messages.by_key(message.key)
    store.messages.rewrite(message)
    for callback in store.callbacks.of(message.key):
        if callback.state == "pending" and callback.step is not None and callback.step not in message.steps:
            store.callbacks.rewrite(cancelled(callback))
    new = [step for step in message.steps if before is None or step not in before.steps]
    if reports and new and provider.callbacks is not None:
        store.callbacks.add(owed(sandbox, provider.name, message.key, provider.callbacks(message, new, settings)))


def cancelled(callback: Callback) -> Callback:
    """The callback as it is after the plan was cut."""
    return replace(callback, state="cancelled", reason="the plan was cut before it was due")
