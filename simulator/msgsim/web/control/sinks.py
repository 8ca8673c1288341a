"""Sinks: receivers of callbacks inside the simulator. Their posts are in memory, and deleted with the sandbox."""

from collections import deque

import msgspec
from msgspec import Struct, field

from msgsim.model import Int64, Json

MOST_POSTS = 1000
"""Limit of posts per sink; the oldest are dropped."""
MOST_SINKS = 100
"""Limit of sinks per sandbox."""
BODY_KEPT = 262_144


class Posted(Struct, frozen=True):
    """One request to a sink."""

    number: int
    at: int
    method: str
    path: str
    """The part of the path after the sink's name."""
    query: str
    headers: dict[str, str]
    body: str
    json: Json
    answered: int


class SinkAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer of a sink, which is given ``times`` times; 0: to all further posts."""

    status: Int64 = 200
    body: Json = None
    """A text is sent unchanged, any other value as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: str = "0ms"
    """A duration of real time."""
    times: Int64 = 1


class SinkPosts:
    """One sink: collects posts and gives the configured answers, then 200."""

    def __init__(self) -> None:
        self.posts: deque[Posted] = deque(maxlen=MOST_POSTS)
        self.total = 0
        self._answers: deque[SinkAnswer] = deque()

    def tell(self, answers: tuple[SinkAnswer, ...]) -> None:
        """Set the answers to the next posts."""
        self._answers = deque(answers)

    def answers(self) -> list[SinkAnswer]:
        return list(self._answers)

    def next_answer(self) -> SinkAnswer:
        if not self._answers:
            return SinkAnswer()
        answer = self._answers[0]
        if answer.times == 1:
            self._answers.popleft()
        elif answer.times:
            self._answers[0] = msgspec.structs.replace(answer, times=answer.times - 1)
        return answer


class Sinks:
    """By the number of their sandbox, so that a reset empties them."""

    def __init__(self) -> None:
        self._sinks: dict[int, dict[str, SinkPosts]] = {}

    def of(self, sandbox: int) -> dict[str, SinkPosts]:
        return self._sinks.get(sandbox, {})

    def get(self, sandbox: int, name: str) -> SinkPosts:
        """Made when it is first named. Raises ValueError when there are too many."""
        sinks = self._sinks.setdefault(sandbox, {})
        if name not in sinks:
            if len(sinks) >= MOST_SINKS:
                raise ValueError(f"a sandbox has at most {MOST_SINKS} sinks; delete one")
            sinks[name] = SinkPosts()
        return sinks[name]

    def drop(self, sandbox: int, name: str) -> None:
        self.of(sandbox).pop(name, None)

    def forget(self, sandbox: int) -> None:
        self._sinks.pop(sandbox, None)

    def keep_only(self, sandboxes: set[int]) -> None:
        """Forget those of sandboxes that are gone."""
        for number in self._sinks.keys() - sandboxes:
            del self._sinks[number]
