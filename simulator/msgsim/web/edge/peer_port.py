"""The port at which other replicas send requests to this one; their proof is a secret made from the store's key."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Any, Protocol

from msgsim.engine.elsewhere import Elsewhere
from msgsim.model import Call, Reply
from msgsim.storage.database import StoreError
from msgsim.web.edge.calls import Arrival
from msgsim.web.edge.frames import CALL, CHANGED, ELSEWHERE, END, GONE, HELLO, HTTP, PART, REPLY, Frames, decode, encode
from msgsim.web.edge.replies import Asgi, Message, Scope, failed

NOT_HERE = "msgsim.elsewhere"
"""Type of the ASGI message that stands for an answer when another replica has the sandbox."""


class Answering(Protocol):
    """Answers the requests of other replicas; `Passing` does."""

    def reply(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Call ``answer`` when the reply is durable and the callbacks before it are posted. Raises Elsewhere."""

    @property
    def to_control(self) -> Asgi:
        """The application below ``/__sim``."""

    def learn(self) -> None:
        """Read again which sandboxes there are. Raises StoreError."""


class PeerPort:
    """Accepts connections of other replicas."""

    def __init__(self, answers: Answering, secret: bytes) -> None:
        self.answers = answers
        self.secret = secret
        self.closing = False
        self.tasks: set[asyncio.Task[None]] = set()
        self._links: set[Asked] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str) -> int:
        """Listen on a free port, and return it. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(self._made, host, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _made(self) -> "Asked":
        link = Asked(self)
        self._links.add(link)
        return link

    def left(self, link: "Asked") -> None:
        """Note that a connection is closed."""
        self._links.discard(link)

    def stop(self) -> None:
        """Refuse new requests with ELSEWHERE, so that the other replica looks for another one."""
        self.closing = True
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Close all connections when running requests are answered, or after a second."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=1)
        for link in list(self._links):
            link.close()


class Asked(Frames):
    """One connection of another replica, which sends requests by it."""

    def __init__(self, port: PeerPort) -> None:
        super().__init__()
        self._port = port
        self._known = False
        self._gone: dict[int, asyncio.Event] = {}
        """Number of a request that is being answered → set when its answer is not wanted any more."""

    def came(self, number: int, kind: bytes, body: bytes) -> None:
        if not self._known:
            self._known = kind == HELLO and hmac.compare_digest(body, self._port.secret)
            if not self._known:
                self.close()
        elif kind == GONE:
            if (gone := self._gone.get(number)) is not None:
                gone.set()
        elif self._port.closing:
            self.say(number, ELSEWHERE)
        elif kind == CALL:
            self._call(number, decode(body, type=Call))
        elif kind == CHANGED:
            self._learn(number)
        elif kind == HTTP:
            task = asyncio.create_task(self._http(number, decode(body)))
            self._port.tasks.add(task)
            task.add_done_callback(self._port.tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._port.left(self)
        for gone in self._gone.values():
            gone.set()

    def _call(self, number: int, call: Call) -> None:
        try:
            self._port.answers.reply(call, lambda reply: self.say(number, REPLY, encode(reply)))
        except Elsewhere:
            self.say(number, ELSEWHERE)
        except Exception as error:
            self.say(number, REPLY, encode(failed(error)))

    def _learn(self, number: int) -> None:
        try:
            self._port.answers.learn()
        except StoreError:
            self.close()  # Without the store no request could be answered either.
        else:
            self.say(number, REPLY)

    async def _http(self, number: int, request: dict[str, Any]) -> None:
        gone = self._gone[number] = asyncio.Event()
        bodies = [request.pop("body")]

        async def receive() -> Message:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == NOT_HERE:
                self.say(number, ELSEWHERE)
                return
            if "headers" in message:
                message = {**message, "headers": [(bytes(name), bytes(value)) for name, value in message["headers"]]}
            self.say(number, PART, encode(message))
            await self.drained()

        try:
            await self._port.answers.to_control(scope_of(request), receive, send)
        finally:
            del self._gone[number]
            self.say(number, END)


def request_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """An ASGI request in the form in which it is sent to another replica."""
    kept = ("method", "path", "raw_path", "query_string", "scheme", "http_version", "client", "server")
    arrival = scope.get("state", {}).get("arrival", Arrival(""))
    headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
    return {**{name: scope.get(name) for name in kept}, "headers": headers, "arrival": tuple(arrival), "body": body}


def scope_of(request: dict[str, Any]) -> Scope:
    """The ASGI scope of a request from another replica, marked as passed on.

    The other replica has checked access already, and collects what further replicas know by itself.
    """
    state = {"arrival": Arrival(*request.pop("arrival")), "passed_on": True}
    headers = [tuple(header) for header in request.pop("headers")]
    return {"type": "http", "asgi": {"version": "3.0"}, "root_path": "", **request, "headers": headers, "state": state}


def is_passed_on(scope: Scope) -> bool:
    """Whether a request comes from another replica."""
    return bool(scope.get("state", {}).get("passed_on"))
