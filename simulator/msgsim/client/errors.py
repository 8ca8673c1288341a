"""What can go wrong with the control API.

SimulatorError
├── Unreachable     no simulator answers there
├── InsideLoop      the plain client would block the event loop that it is called in
└── Problem         it says what is wrong (RFC 9457)
    └── TimedOut    what was waited for did not come; says what came nearest
"""

from msgsim.client import answers
from msgsim.client.request import Json


class SimulatorError(Exception):
    """The simulator could not do what was asked."""


class Unreachable(SimulatorError):
    """No simulator answers there; the text says where, and how to start one."""


class InsideLoop(SimulatorError):
    """A call that waits for the application would block the event loop that the application may run in."""


class Problem(SimulatorError):
    """What the control API says is wrong."""

    def __init__(self, body: Json) -> None:
        super().__init__("\n".join(body.get("mistakes", ())) or body.get("detail") or body["title"])
        self.status: int = body["status"]
        """HTTP status."""
        self.body: answers.ProblemDocument = body


class TimedOut(Problem):
    """Nothing fitted in time; ``near`` are the nearest misses and why they are none."""

    def __init__(self, body: Json) -> None:
        super().__init__(body)
        self.near: list[answers.Near] = body.get("near", [])

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  near: {_miss(near)}" for near in self.near)])


def _miss(near: Json) -> str:
    """What came near, in words; a server of another version may tell it in another shape."""
    return str(near.get("text", near) if isinstance(near, dict) else near)
