"""Who wants to know what happens: each is told of what it follows, in the order in which they came."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVarTuple

from msgsim.engine.sandbox import Sandbox
from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError

if TYPE_CHECKING:
    from msgsim.model import Call, Reply

Values = TypeVarTuple("Values")


class Signal(Generic[*Values]):
    """Something that happens again and again."""

    def __init__(self) -> None:
        self._followers: list[Callable[[*Values], None]] = []

    def follow(self, follower: Callable[[*Values], None]) -> None:
        """From now on, for as long as the engine is there."""
        self._followers.append(follower)

    def __call__(self, *values: *Values) -> None:
        for follower in self._followers:
            follower(*values)


class Signals:
    """Those of one engine."""

    def __init__(self) -> None:
        self.committed: Signal[Changes, StoreError | None] = Signal()
        """After each commit and before any answer: what became durable, or the reason why it was lost."""
        self.recorded: Signal[int] = Signal()
        """The key of each new entry of a journal, and the first key of a sandbox that is gone."""
        self.unanswered: Signal[Call, Reply] = Signal()
        """A request that no provider answered, and our own answer to it."""
        self.scenarios: Signal[()] = Signal()
        """A sandbox or a request may have another scenario than before."""
        self.taken: Signal[Sandbox] = Signal()
        """A sandbox that another replica had."""
        self.lost: Signal[int] = Signal()
        """The number of a sandbox that another replica has had: what is remembered of it may be no longer so."""
        self.closing = False
        """The server stops; nobody should wait for anything any longer."""
