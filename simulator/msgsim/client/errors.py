"""The exceptions of the client.

SimulatorError
├── Unreachable     no simulator answers there
├── InsideLoop      the plain client would block the event loop that it is called in
└── Problem         the server says what is wrong with a request (RFC 9457)
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
    """The control API refused a request; the text says what is wrong."""

    def __init__(self, body: Json) -> None:
        super().__init__("\n".join(body.get("mistakes", ())) or body.get("detail") or body["title"])
        self.status: int = body["status"]
        """HTTP status."""
        self.body: answers.ProblemDocument = body


class TimedOut(Problem):
    """Not enough fitted in time; ``near`` are the nearest misses, each with the reason why it does not fit."""

    def __init__(self, body: Json) -> None:
        super().__init__(body)
        self.near: list[answers.Near] = body.get("near", [])

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  near: {_miss(near)}" for near in self.near)])


def _miss(near: Json) -> str:
    """A near miss in words. One that has another shape, from a server of another version, is written as it is."""
    return str(near.get("text", near) if isinstance(near, dict) else near)
