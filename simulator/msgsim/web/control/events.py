"""What happens in a sandbox, told as it happens: Server-Sent Events out of the journal and the plans."""

from collections.abc import AsyncIterator, Iterator
from heapq import heapify, heappop, heappush

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from msgsim.model import Entry, Json, Unknown
from msgsim.storage.store import NUMBERS
from msgsim.web.control import view
from msgsim.web.control.context import Context
from msgsim.web.control.feed import Listener
from msgsim.web.control.traffic import shown

HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""
AT_ONCE = 500
"""Lines of the journal told in one turn of the loop."""
MOST_FOLLOWED = 10_000
"""Messages on their way whose statuses a stream follows."""
Told = tuple[str, Json]


async def events(context: Context, request: Request) -> Response:
    name = context.sandbox(request).name
    last = request.headers.get("last-event-id", "")
    return StreamingResponse(
        _stream(context, name, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(context: Context, name: str, last: str) -> AsyncIterator[bytes]:
    with context.feed.listening(name) as listener:
        followed = Followed(context, listener)
        cursor = _resumed(last, listener)
        yield b"retry: 1000\n: here is what happens from now on\n\n"
        while not context.feed.closing:
            number = listener.number
            cursor, told = _news(context, listener, followed, cursor)
            await context.engine.commits.durable()
            for event, data in told:
                head = f"id: {number}.{cursor}\nevent: {event}\ndata: "
                yield head.encode() + msgspec.json.encode(data) + b"\n\n"
            if cursor < listener.sandbox.journal and listener.number == number:
                continue
            try:
                await listener.wait(followed.next_moment(), HEARTBEAT)
            except Unknown:
                return
            if listener.number != number:
                followed, cursor = Followed(context, listener), 0
            elif not told:
                yield b": alive\n\n"


def _resumed(last: str, listener: Listener) -> int:
    """Go on where a client was cut off, while the sandbox is still the same one."""
    number, _, line = last.partition(".")
    if number == str(listener.number) and line.isdigit():
        return int(line)
    return listener.sandbox.journal


def _news(context: Context, listener: Listener, followed: "Followed", cursor: int) -> tuple[int, list[Told]]:
    """Lines of the journal after the cursor, then statuses that fell due; and where to go on."""
    told: list[Told] = []
    for entry in list(context.engine.store.journal(listener.number, after=cursor, limit=AT_ONCE)):
        cursor = entry.key & NUMBERS
        told += _told(context, listener, followed, entry)
    return cursor, [*told, *(("message", data) for data in followed.fallen_due())]


def _told(context: Context, listener: Listener, followed: "Followed", entry: Entry) -> Iterator[Told]:
    if entry.exchange is not None:
        yield "exchange", view.entry(entry)
        for id in entry.exchange.messages:
            yield from followed.message(id)
    elif entry.attempt is not None:
        callback = context.engine.store.callback(entry.attempt.callback)
        if callback is not None:
            yield "callback", shown(context, callback)
    else:
        control = view.entry(entry)
        if "message" in control:
            yield from followed.message(control["message"])
        else:
            yield control["action"], {**view.clock(listener.sandbox), **control}


class Followed:
    """Messages on their way, by the time at which each changes next."""

    def __init__(self, context: Context, listener: Listener) -> None:
        self._engine = context.engine
        self._listener = listener
        now = listener.sandbox.now()
        self._moments: list[tuple[int, int]] = []
        for message in context.engine.store.changing(listener.number, now):
            self._moments += [(step.at, message.key) for step in message.steps if step.at > now]
            if len(self._moments) >= MOST_FOLLOWED:
                break
        heapify(self._moments)

    def message(self, id: str) -> Iterator[Told]:
        """One that came or was changed just now."""
        try:
            message = self._engine.find(self._listener.sandbox, id)
        except Unknown:
            return
        now = self._listener.sandbox.now()
        for step in message.steps:
            if step.at > now and len(self._moments) < MOST_FOLLOWED:
                heappush(self._moments, (step.at, message.key))
        yield "message", self._shown(message.key)

    def next_moment(self) -> int | None:
        return self._moments[0][0] if self._moments else None

    def fallen_due(self) -> Iterator[Json]:
        """Each message whose plan has a step at a time that has come; a plan that was cut has none any more."""
        now = self._listener.sandbox.now()
        due: dict[int, set[int]] = {}
        while self._moments and self._moments[0][0] <= now:
            at, key = heappop(self._moments)
            due.setdefault(key, set()).add(at)
        for key, times in due.items():
            message = self._engine.store.message_by_key(key)
            if message is not None and any(step.at in times for step in message.steps):
                yield self._shown(key)

    def _shown(self, key: int) -> Json:
        message = self._engine.store.message_by_key(key)
        assert message is not None
        contract = self._engine.providers[message.provider].contract
        return view.message(message, contract, self._listener.sandbox.now())
