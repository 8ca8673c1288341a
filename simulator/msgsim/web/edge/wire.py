"""The ASGI application of a server. Answers leave only after what the request wrote is committed."""

import asyncio
import logging
from collections.abc import Callable

from msgsim import __version__
from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.config import Config
from msgsim.engine.elsewhere import Elsewhere
from msgsim.engine.receive import Engine
from msgsim.engine.watch import Watch
from msgsim.model import Call, Reply
from msgsim.storage.database import StoreError
from msgsim.web.edge.access import Access
from msgsim.web.edge.calls import arrival_of, call_of, decoded, request_headers
from msgsim.web.edge.faults import answer_badly
from msgsim.web.edge.passing import Passing
from msgsim.web.edge.replies import Asgi, Gone, Receive, Scope, Send, TooLarge, answer, failed, problem_reply

WELCOME = Reply(
    200, b"messaging-simulator %s; the pages are at /__sim/\n" % __version__.encode(), media="text/plain; charset=utf-8"
)
"""The answer to ``GET /`` from other clients than browsers, such as health checks."""


METRICS = "/metrics"
"""The path that Prometheus scrapes by default; served by us unless a provider has it."""


class Wire:
    """The ASGI application: providers at their own paths, control API and pages below ``/__sim``."""

    def __init__(self, engine: Engine, dispatcher: Dispatcher, config: Config, control: Callable[[], Asgi]) -> None:
        """``control`` makes the application below ``/__sim``; it is called at the first request to it."""
        self.seed = engine.sandboxes.seed
        self._engine = engine
        self._dispatcher = dispatcher
        self._limit = config.body_limit
        self._access = Access(config)
        self._make_control = control
        self._metrics = engine.routes.find(Call("GET", METRICS, "", {}, b"")) is None
        self._control: Asgi | None = None
        self.passing = Passing(engine, dispatcher, self._received, self._to_control)
        self._following: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Prepare for the end of the server: streams and long polls end, and no attempt at a callback begins."""
        self._engine.stop()
        self._dispatcher.stop()
        self.passing.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if self.is_control(scope):
                await self._to_control(scope, receive, send)
            else:
                await self._provider(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    def is_control(self, scope: Scope) -> bool:
        """Whether a request is for the control API or a page.

        Requests to a provider's host name and those through the proxy never are.
        """
        path: str = scope["path"]
        ours = path.startswith("/__sim") or (path == "/" and _is_browser(scope)) or (path == METRICS and self._metrics)
        if not ours or arrival_of(scope).by_proxy:
            return False
        return self._engine.routes.hosts.provider(request_headers(scope).get("host", "")) is None

    def take(self, call: Call, answer: Callable[[Reply], None]) -> None:
        """Answer a complete request to a provider without a task: ``answer`` is called after the commit."""
        fits = len(call.body) <= self._limit
        try:
            reply = self._received(call) if fits else self._failed(call, TooLarge(self._limit))
        except Elsewhere as elsewhere:
            self.passing.pass_on(call, elsewhere, answer)
            return
        self._engine.commits.then(lambda error: answer(reply if error is None else failed(error)))

    async def finish(self, reply: Reply, receive: Receive, send: Send) -> None:
        """Send a committed answer, after callbacks that have to leave before it, and damaged by its fault, if any."""
        if reply.early:
            await self._dispatcher.post_now(reply.early)
        if reply.fault is not None:
            await answer_badly(reply, reply.fault, receive, send)
        else:
            await answer(reply, send)

    async def _to_control(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._control is None:
            self._control = self._make_control()
        await self._control(scope, receive, send)

    async def _provider(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            call = call_of(scope, await self._body(receive))
            reply = self._received(call)
            await self._engine.commits.durable()
        except Elsewhere as elsewhere:
            reply = await self.passing.passed_on(call, elsewhere)
        except Gone:
            return
        except TooLarge as error:
            reply = self._failed(call_of(scope, b""), error)
        except StoreError as error:
            reply = failed(error)
        await self.finish(reply, receive, send)

    def _received(self, call: Call) -> Reply:
        """The provider's answer, or a problem where there is none. Raises Elsewhere."""
        if (refusal := self._access.to_provider(call)) is not None:
            return self._unanswered(call, refusal)
        named = self._engine.routes.hosts.provider(call.headers.get("host", ""))
        if named is None and call.way in ("proxy", "connect"):
            reason = "the proxy answers for the providers' hosts only (Host)"
            return self._unanswered(call, problem_reply(421, "Not through the proxy", reason))
        if named is None and call.path == "/" and call.method in ("GET", "HEAD"):
            return WELCOME
        try:
            if "content-encoding" in call.headers:
                call = decoded(call, self._limit)
            reply = self._engine.receive(call)
        except Elsewhere:
            raise
        except Exception as error:  # Answered by 500 and logged: one request must not end the server.
            return self._failed(call, error)
        return reply

    def _failed(self, call: Call, error: Exception) -> Reply:
        return self._unanswered(call, failed(error))

    def _unanswered(self, call: Call, reply: Reply) -> Reply:
        """Announce an answer of our own, which no journal has, for the log of requests; return it."""
        self._engine.signals.unanswered(call, reply)
        return reply

    async def _body(self, receive: Receive) -> bytes:
        """The whole body of a request. Raises Gone, and TooLarge as soon as the limit is exceeded."""
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
            if size > self._limit:
                raise TooLarge(self._limit)
        return b"".join(parts)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._following = asyncio.create_task(self._dispatcher.run())
                self._watching = asyncio.create_task(Watch(self._engine).run())
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._following is not None:
                    self._following.cancel()
                if self._watching is not None:
                    self._watching.cancel()
                await self._dispatcher.close()
                await self.passing.close()
                try:
                    self._engine.sandboxes.save()
                    self._engine.store.close()
                except StoreError as error:
                    logging.getLogger("msgsim").error("%s", error)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _is_browser(scope: Scope) -> bool:
    wanted = (value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and any(b"text/html" in value for value in wanted)
