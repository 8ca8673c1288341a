"""A receiver of callbacks inside the simulator."""

from urllib.parse import quote

from msgsim.client.answers import Posted, SinkAnswer, SinkPage
from msgsim.client.request import Call, Part, Request, S, member, nothing, waiting, whole

__tracebackhide__ = True
"""A failed test shows its own line, and none of this module."""


class Sink(Part[S]):
    """A receiver of callbacks inside the simulator: give ``url`` to the provider, and look at what came."""

    def __init__(self, send: S, name: str, url: str) -> None:
        super().__init__(send)
        self._path = f"sinks/{quote(name, '')}"
        self.url = url

    @Call
    def posts(self) -> Request[list[Posted]]:
        """What came, oldest first; each with ``json`` where its body is JSON."""
        return Request("GET", self._path, member("posts"))

    @Call
    def wait(self, count: int = 1, timeout: str = "5s") -> Request[list[Posted]]:
        """The posts, once there are as many. Raises TimedOut, which says what came instead."""
        return waiting(self._path, {}, count, timeout, member("posts"))

    @Call
    def answer(self, *answers: int | SinkAnswer) -> Request[SinkPage]:
        """What the next posts get, in turn: statuses, or ``{"status": 503, "body": ..., "delay": "2s"}``.

        Afterwards it is 200 again. Raises Problem (400) for what cannot be sent.
        """
        listed = [{"status": answer} if isinstance(answer, int) else answer for answer in answers]
        return Request("PUT", self._path, whole, body={"answers": listed})

    @Call
    def clear(self) -> Request[None]:
        """Forget what came, and what was to be answered."""
        return Request("DELETE", self._path, nothing)
