"""What comes of a request."""

from collections.abc import Sequence

from msgsim.model import Callback, Fault, Inbound, Message, Refusal
from msgsim.scenarios.rule import Rule


class Effects:
    """What came of one request so far; kept in one transaction with its entry in the journal."""

    def __init__(self, number: int, request: int) -> None:
        self.number = number
        """Its place in the journal of its sandbox."""
        self.request = request
        """Its place among the requests to its sandbox: chance follows from it, whatever else is in the journal."""
        self.messages: list[Message] = []
        """Accepted, with their plans."""
        self.callbacks: list[Callback] = []
        self.inbound: list[Inbound] = []
        """What phones will write in reply."""
        self.refusals: tuple[Refusal, ...] = ()
        self.rule: Rule | None = None
        """The first that decided anything."""
        self.fault: Fault | None = None

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """The request is refused as a whole: nothing of it is accepted."""
        self.refusals = tuple(refusals)
        self.messages, self.callbacks, self.inbound = [], [], []

    def early(self) -> tuple[int, ...]:
        """Keys of the callbacks that leave before the answer does."""
        return tuple([callback.key for callback in self.callbacks if "before-response" in callback.twists])
