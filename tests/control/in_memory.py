"""An engine without a server, whose clock and store the test holds; and lists asked of it directly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from msgsim.config import Config
from msgsim.engine.receive import Engine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Call, Json, Message
from msgsim.provider import discover
from msgsim.storage.database import StoreError
from msgsim.storage.messages import Messages
from msgsim.storage.store import store_in
from msgsim.web.control.context import Context
from msgsim.web.control.lists import Listing
from msgsim.web.control.outcomes import Outcomes
from msgsim.web.control.polls import Polls
from msgsim.web.control.subscriptions import Subscriptions
from starlette.datastructures import QueryParams
from starlette.requests import Request

from tests.conftest import START

BASIC = {"authorization": "Basic YXBpOnBhc3N3b3Jk", "content-type": "application/json"}
PROVIDERS = discover()


Make = Callable[[Context, Request, Sandbox], Listing[Any]]


class Counting(Messages):
    """Counts those it decodes."""

    decoded = 0

    def _message(self, key: int, doc: bytes) -> Message:
        self.decoded += 1
        return super()._message(key, doc)


class Memory:
    """One sandbox in memory."""

    def __init__(self, **settings: Any) -> None:
        self.store = store_in(None)
        self.messages = self.store.messages = Counting(self.store._database, self.store.steps)
        self.engine = Engine(Config(store="memory", clock=f"frozen@{START}", seed=1, **settings), self.store, PROVIDERS)
        subscriptions = Subscriptions(self.engine)
        polls, unused = Polls(subscriptions), cast("Any", None)
        self.context = Context(self.engine, unused, subscriptions, polls, unused, Outcomes(self.engine), unused, unused)

    @property
    def sandbox(self) -> Sandbox:
        return self.engine.sandboxes.default

    def call(self, method: str, path: str, body: Json = None, headers: dict[str, str] = BASIC, query: str = "") -> Json:
        raw = b"" if body is None else msgspec.json.encode(body)
        return msgspec.json.decode(self.engine.receive(Call(method, path, query, headers, raw)).body)

    def send(self, to: str = "+37255500001", text: str = "Hello", channels: tuple[str, ...] = ("sms",)) -> str:
        """Its id."""
        messages = [{"channel": name, "text": text} for name in channels]
        return str(self.call("POST", "/v1/omnimessage", {"to": to, "messages": messages})["omnimessage_id"])

    def move(self, milliseconds: int) -> None:
        self.sandbox.clock = self.sandbox.clock.moved(self.sandbox.now() + milliseconds)

    def lose(self, act: Callable[[], object]) -> None:
        """What is done goes with a transaction that fails."""
        self.store.commit()
        act()
        self.store.records.keep(1, "messente", "\ud800", "", 1)
        with pytest.raises(StoreError):
            self.store.commit()

    def listing(
        self, make: Callable[[Context, Request, Sandbox], Listing[Any]], query: str
    ) -> Callable[[], Listing[Any]]:
        """The list as it is when it is called."""
        request = cast("Request", SimpleNamespace(query_params=QueryParams(query)))
        return lambda: make(self.context, request, self.sandbox)


@contextmanager
def memory(**settings: Any) -> Iterator[Memory]:
    """One sandbox in memory."""
    found = Memory(**settings)
    try:
        yield found
    finally:
        found.store.close()
