"""Inbound messages: what phones write to the application (MO)."""

from msgsim.engine.plans import owed
from msgsim.engine.storable import check_inbound
from msgsim.engine.view import SandboxView
from msgsim.model import Callback, Inbound, Message, Unknown
from msgsim.storage.keys import FROM_PHONES


def from_phone(
    view: SandboxView, at: int, sender: str, to: str, text: str, answered: Message | None
) -> tuple[Inbound, list[Callback]]:
    """An inbound message in the provider's shape, and the callbacks that push it.

    ``answered``: the message it replies to; None: no message.
    Raises Unknown when the provider has no inbound messages, and Unstorable.
    """
    provider, sandbox = view.provider, view.sandbox
    if provider.receive is None:
        raise Unknown(f"{provider.name} has no inbound messages")
    sandbox.inbound += 1
    key = sandbox.base + FROM_PHONES + sandbox.inbound
    credential, message = (answered.credential, answered.id) if answered else ("", "")
    bare = Inbound(key, "", provider.name, sender, to, text, at, credential, message)
    inbound, dues = provider.receive(bare, answered, view)
    check_inbound(inbound)
    return inbound, owed(sandbox, provider.name, inbound.key, dues)
