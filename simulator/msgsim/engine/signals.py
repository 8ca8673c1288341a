"""Signals of the engine: a part follows a signal and is called whenever it fires."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVarTuple

from msgsim.engine.sandbox import Sandbox
from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError

if TYPE_CHECKING:
    from msgsim.model import Call, Reply

Values = TypeVarTuple("Values")


class Signal(Generic[*Values]):
    """Calls its followers, in the order in which they were added, with the values it fires with."""

    def __init__(self) -> None:
        self._followers: list[Callable[[*Values], None]] = []

    def follow(self, follower: Callable[[*Values], None]) -> None:
        """Add a follower; it is never removed."""
        self._followers.append(follower)

    def __call__(self, *values: *Values) -> None:
        for follower in self._followers:
            follower(*values)


class Signals:
    """The signals of one engine."""

    def __init__(self) -> None:
        self.committed: Signal[Changes, StoreError | None] = Signal()
        """After each commit, before its answers are sent: what became durable; and the error, if the commit failed."""
        self.recorded: Signal[int] = Signal()
        """The key of each new journal entry. For a sandbox that was closed or taken over: its ``base``."""
        self.unanswered: Signal[Call, Reply] = Signal()
        """A request that no provider answered, and the simulator's own answer."""
        self.scenarios: Signal[()] = Signal()
        """The set of scenarios in use may have changed."""
        self.taken: Signal[Sandbox] = Signal()
        """A sandbox that this replica has taken over from another."""
        self.lost: Signal[int] = Signal()
        """The number of a sandbox that another replica has taken over: whatever is cached of it is outdated."""
        self.closing = False
        """The server is stopping: long polls and streams end."""
