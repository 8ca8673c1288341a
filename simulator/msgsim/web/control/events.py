"""What happens in a sandbox, told as it happens: Server-Sent Events out of the journal and the plans."""

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
"""Seconds after which a silent stream says that it is alive."""
LINES = 8
"""Numbers of lines of the journal that are read at once."""
MESSAGES = 100
"""Messages of one request that are read at once."""


async def events(context: Context, request: Request) -> Response:
    name = context.sandbox(request).name
    last = request.headers.get("last-event-id", "")
    return StreamingResponse(
        _stream(context, name, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(context: Context, name: str, last: str) -> AsyncIterator[bytes]:
    """What is new, piece by piece; who listens rests after each piece, so that others are not slower for it."""
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
    """How far one who listens has been told, in the journal and on the clock."""

    def __init__(self, context: Context, subscription: Subscription, last: str) -> None:
        """``last``: the id of the last event the client has, where it was cut off."""
        self._context = context
        self._store = context.engine.store
        self._subscription = subscription
        self._sandbox = subscription.number
        self._line = subscription.sandbox.journal
        """Everything up to this line of the journal was told."""
        self._place = 0
        """How many events of the line after it were told."""
        self._moment = subscription.sandbox.now()
        """Statuses up to this time were told."""
        sandbox, *place = last.split(".")
        if sandbox == str(self._sandbox) and place and all(part.isdecimal() for part in place):
            self._line, self._place, *_ = (*map(int, place), 0)

    @property
    def next_status(self) -> int | None:
        """When the next message gets a status; None: never."""
        return self._store.steps.time(self._sandbox, self._moment)

    def news(self) -> Iterator[bytes]:
        """Events, and nothing where a step of work gave none. Raises Unknown when the sandbox is gone."""
        sandbox = self._subscription.sandbox
        if sandbox.number != self._sandbox:
            lowest, _ = self._store.journal.bounds(sandbox.number)
            self._sandbox, self._line, self._place, self._moment = sandbox.number, lowest - 1, 0, sandbox.now()
        as_of: dict[int, int] = {}
        """Keys of messages, and as of which time they were told."""
        while self._line < (newest := sandbox.journal):
            high = min(self._line + LINES, newest)  # What comes while these are told is read in the next round.
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
