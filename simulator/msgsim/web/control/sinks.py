"""What the sinks of all sandboxes have collected: kept in memory, and gone with their sandbox."""

from collections import deque

import msgspec
from msgspec import Struct, field

from msgsim.model import Int64, Json

MOST_POSTS = 1000
"""Saved per sink; the oldest go first."""
MOST_SINKS = 100
"""Per sandbox."""
BODY_KEPT = 262_144


class Posted(Struct, frozen=True):
    """One request to a sink."""

    number: int
    at: int
    method: str
    path: str
    """Below the sink."""
    query: str
    headers: dict[str, str]
    body: str
    json: Json
    answered: int


class SinkAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """What a sink answers, ``times`` times; 0: from then on always."""

    status: Int64 = 200
    body: Json = None
    """A text goes out as it is, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: str = "0ms"
    """Real time."""
    times: Int64 = 1


class SinkPosts:
    """Collects what is posted to it and answers as it was told, else 200."""

    def __init__(self) -> None:
        self.posts: deque[Posted] = deque(maxlen=MOST_POSTS)
        self.total = 0
        self._answers: deque[SinkAnswer] = deque()

    def tell(self, answers: tuple[SinkAnswer, ...]) -> None:
        """What the next posts get."""
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
