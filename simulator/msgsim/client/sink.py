"""A receiver of callbacks inside the simulator."""

from urllib.parse import quote

from msgsim.client.answers import Posted, SinkAnswer, SinkPage
from msgsim.client.request import Call, Part, Request, S, member, nothing, waiting, whole

__tracebackhide__ = True
"""pytest leaves this module out of tracebacks, so that a failed test shows its own line."""


class Sink(Part[S]):
    """A receiver of callbacks inside the simulator: set ``url`` as a provider's callback URL, and read its posts."""

    def __init__(self, send: S, name: str, url: str) -> None:
        super().__init__(send)
        self._path = f"sinks/{quote(name, '')}"
        self.url = url

    @Call
    def posts(self) -> Request[list[Posted]]:
        """The posts that came, oldest first. ``json`` of each is its body decoded; None: the body is no JSON."""
        return Request("GET", self._path, member("posts"))

    @Call
    def wait(self, count: int = 1, timeout: str = "5s") -> Request[list[Posted]]:
        """Wait until there are ``count`` posts; returns them. Raises TimedOut, which says what came instead."""
        return waiting(self._path, {}, count, timeout, member("posts"))

    @Call
    def answer(self, *answers: int | SinkAnswer) -> Request[SinkPage]:
        """Set the answers to the next posts, in turn: statuses, or ``{"status": 503, "body": ..., "delay": "2s"}``.

        Further posts are answered with 200 again. Raises Problem (400) for an answer that cannot be sent.
        """
        listed = [{"status": answer} if isinstance(answer, int) else answer for answer in answers]
        return Request("PUT", self._path, whole, body={"answers": listed})

    @Call
    def clear(self) -> Request[None]:
        """Delete the posts that came, and the answers that were set."""
        return Request("DELETE", self._path, nothing)
