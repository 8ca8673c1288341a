"""``GET events``: what happens in a sandbox as Server-Sent Events, made of the journal and of messages' plans."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from msgsim.engine.recording import line_of
from msgsim.engine.statuses import reached
from msgsim.model import Entry, Json, Message, Unknown
from msgsim.storage.keys import NUMBERS
from msgsim.web.control import resources
from msgsim.web.control.context import Context
from msgsim.web.control.lists import TURN
from msgsim.web.control.subscriptions import Subscription
from msgsim.web.control.traffic import shown

HEARTBEAT = 15.0
"""Seconds without an event after which a comment is sent, so that proxies keep the connection open."""
LINES = 8
"""Entries of the journal that are read at once."""
MESSAGES = 100
"""Messages of one exchange that are read at once."""


async def events(context: Context, request: Request) -> Response:
    name = context.sandbox(request).name
    last = request.headers.get("last-event-id", "")
    return StreamingResponse(
        _stream(context, name, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(context: Context, name: str, last: str) -> AsyncIterator[bytes]:
    """The bytes of the stream. It rests after each piece of work, so that it takes a bounded share of the process."""
    loop, subscriptions = asyncio.get_running_loop(), context.subscriptions
    with subscriptions.to(name) as subscription:
        stream = Stream(context, subscription, last)
        yield b"retry: 1000\n: here is what happens from now on\n\n"
        while not subscriptions.closing:
            said, begun = bytearray(), loop.time()
            try:
                for event in stream.news():
                    said += event
                    if (worked := loop.time() - begun) > TURN:
                        await context.engine.commits.durable()
                        yield bytes(said)
                        await subscriptions.rest(worked)
                        said, begun = bytearray(), loop.time()
                worked = loop.time() - begun
                await context.engine.commits.durable()
                yield bytes(said)
                await subscriptions.rest(worked)
                await subscription.wait(stream.next_status, HEARTBEAT)
            except Unknown:
                return
            if not said:
                yield b": alive\n\n"


class Stream:
    """One client's position in the journal and on the sandbox's clock, and the events after it."""

    def __init__(self, context: Context, subscription: Subscription, last: str) -> None:
        """``last``: ``Last-Event-ID`` of a client that connects again; empty: it begins now."""
        self._context = context
        self._store = context.engine.store
        self._subscription = subscription
        self._sandbox = subscription.number
        self._line = subscription.sandbox.journal
        """Number of the last entry of the journal whose events were all sent."""
        self._place = 0
        """How many events of the entry after it were sent."""
        self._moment = subscription.sandbox.now()
        """Statuses up to this time were sent."""
        sandbox, *place = last.split(".")
        if sandbox == str(self._sandbox) and place and all(part.isdecimal() for part in place):
            self._line, self._place, *_ = (*map(int, place), 0)

    @property
    def next_status(self) -> int | None:
        """The time of the next status of any message; None: there is none."""
        return self._store.steps.time(self._sandbox, self._moment)

    def news(self) -> Iterator[bytes]:
        """New events, encoded; empty bytes after a piece of work without one. Raises Unknown for a deleted sandbox."""
        sandbox = self._subscription.sandbox
        if sandbox.number != self._sandbox:
            lowest, _ = self._store.journal.bounds(sandbox.number)
            self._sandbox, self._line, self._place, self._moment = sandbox.number, lowest - 1, 0, sandbox.now()
        as_of: dict[int, int] = {}
        """Message's key → the time up to which its statuses were sent."""
        while self._line < (newest := sandbox.journal):
            high = min(self._line + LINES, newest)  # Entries that come meanwhile are read in the next round.
            for entry in self._store.journal.between(sandbox.number, self._line + 1, high):
                for name, data in self._of_line(entry, as_of):
                    self._place += 1
                    yield self._event(name, data)
                self._line, self._place = entry.key & NUMBERS, 0
            self._line = high
            yield b""
        now = sandbox.now()
        for piece in reached(self._store, sandbox.number, self._moment, now):
            changed = {status.message.key: status for status in piece if as_of.get(status.message.key, 0) < status.at}
            for status in changed.values():
                yield self._event("message", self._shown(status.message, status.at))
            yield b""
        self._moment = max(self._moment, now)

    def _event(self, name: str, data: Json) -> bytes:
        head = f"id: {self._sandbox}.{self._line}.{self._place}\nevent: {name}\ndata: "
        return head.encode() + msgspec.json.encode(data) + b"\n\n"

    def _of_line(self, entry: Entry, as_of: dict[int, int]) -> Iterator[tuple[str, Json]]:
        """What was not told yet of a line of the journal; messages as they were then, or when the stream began."""
        at = max(entry.at, self._moment)
        if entry.exchange is not None:
            if self._place == 0:
                yield "exchange", line_of(entry)
            for message in self._messages(entry.key, entry.exchange.messages[max(self._place - 1, 0) :]):
                as_of[message.key] = at
                yield "message", self._shown(message, at)
        elif self._place:
            return
        elif entry.attempt is not None:
            callback = self._store.callbacks.by_key(entry.attempt.callback)
            if callback is not None:
                yield "callback", shown(self._context, callback)
        elif "message" in (control := line_of(entry)):
            for message in self._messages(0, [control["message"]]):
                as_of[message.key] = at
                yield "message", self._shown(message, at)
        else:
            yield control["action"], {**resources.clock(self._subscription.sandbox), **control}

    def _messages(self, exchange: int, ids: Sequence[str]) -> Iterator[Message]:
        """Those an exchange brought were numbered one after the other, most of the time."""
        near: dict[str, Message] = {}
        for place, id in enumerate(ids):
            if id not in near:
                try:
                    message = self._context.engine.find(self._subscription.sandbox, id)
                except Unknown:
                    continue
                near = {id: message}
                if len(ids) - place > 1:
                    number = message.key & NUMBERS
                    after = self._store.messages.between(self._sandbox, number + 1, number + MESSAGES)
                    near |= {message.id: message for message in after if message.exchange == exchange}
            yield near[id]

    def _shown(self, message: Message, at: int) -> Json:
        return resources.message(message, self._context.engine.providers[message.provider].contract, at)
