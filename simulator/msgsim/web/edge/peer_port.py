"""Where the other replicas ask this one; whoever does not know the secret of the store is not listened to."""

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
"""In place of an ASGI answer: the sandbox is with another replica."""


class Answering(Protocol):
    """Who answers what is asked here."""

    def reply(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Once it is durable, and what has to leave before has left. Raises Elsewhere."""

    @property
    def to_control(self) -> Asgi:
        """What is below ``/__sim``."""

    def learn(self) -> None:
        """There are other sandboxes than before. Raises StoreError."""


class PeerPort:
    """Connections of other replicas."""

    def __init__(self, answers: Answering, secret: bytes) -> None:
        self.answers = answers
        self.secret = secret
        self.closing = False
        self.tasks: set[asyncio.Task[None]] = set()
        self._links: set[Asked] = set()
        self._server: asyncio.Server | None = None

    async def open(self, host: str) -> int:
        """The port, a free one. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_server(self._made, host, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _made(self) -> "Asked":
        link = Asked(self)
        self._links.add(link)
        return link

    def left(self, link: "Asked") -> None:
        self._links.discard(link)

    def stop(self) -> None:
        """What is asked from now on is not done: whoever asks looks for another replica."""
        self.closing = True
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """After what was begun has been answered, or a second."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=1)
        for link in list(self._links):
            link.close()


class Asked(Frames):
    """A connection of another replica."""

    def __init__(self, port: PeerPort) -> None:
        super().__init__()
        self._port = port
        self._known = False
        self._gone: dict[int, asyncio.Event] = {}
        """Questions that are being answered; set when nobody wants to know any more."""

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
            self.close()  # Whoever cannot ask the store cannot answer anybody either.
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
    """A request as another replica is asked it."""
    kept = ("method", "path", "raw_path", "query_string", "scheme", "http_version", "client", "server")
    arrival = scope.get("state", {}).get("arrival", Arrival(""))
    headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
    return {**{name: scope.get(name) for name in kept}, "headers": headers, "arrival": tuple(arrival), "body": body}


def scope_of(request: dict[str, Any]) -> Scope:
    """The same here, marked as passed on: whoever passed it on has looked at who asks, and asks others itself."""
    state = {"arrival": Arrival(*request.pop("arrival")), "passed_on": True}
    headers = [tuple(header) for header in request.pop("headers")]
    return {"type": "http", "asgi": {"version": "3.0"}, "root_path": "", **request, "headers": headers, "state": state}


def is_passed_on(scope: Scope) -> bool:
    return bool(scope.get("state", {}).get("passed_on"))
