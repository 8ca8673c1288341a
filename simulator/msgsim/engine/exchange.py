"""The effects of a request, collected while it is answered."""

from collections.abc import Sequence

from msgsim.model import Callback, Fault, Inbound, Message, Refusal
from msgsim.scenarios.rule import Rule


class Effects:
    """What one request has brought about so far; stored in one transaction with its journal entry."""

    def __init__(self, number: int, request: int) -> None:
        self.number = number
        """Number of its journal entry in its sandbox."""
        self.request = request
        """Number of the request in its sandbox. Chance follows from it and not from the entry's number: control actions
        have journal entries too and must not change what chance decides.
        """
        self.messages: list[Message] = []
        """Accepted messages with their plans."""
        self.callbacks: list[Callback] = []
        self.inbound: list[Inbound] = []
        """Planned replies of phones (MO)."""
        self.refusals: tuple[Refusal, ...] = ()
        self.rule: Rule | None = None
        """The first rule that decided anything; None: no rule has."""
        self.fault: Fault | None = None

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Record that the whole request is refused, and drop what was accepted of it."""
        self.refusals = tuple(refusals)
        self.messages, self.callbacks, self.inbound = [], [], []

    def early(self) -> tuple[int, ...]:
        """Keys of the callbacks that are posted before the answer is sent."""
        return tuple([callback.key for callback in self.callbacks if "before-response" in callback.twists])
