"""A simulator in memory, whose answers are used in OpenAPI documents, dry runs and tests of scenarios."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from msgsim.callbacks.dispatcher import Dispatcher
from msgsim.callbacks.http import Poster
from msgsim.config import Config
from msgsim.contract import Contract
from msgsim.engine.receive import Engine
from msgsim.model import Attempt, Call, Callback, Exchange, Json, Message, Post, Reply
from msgsim.provider import Provider, discover
from msgsim.storage.store import store_in

START = "2026-01-01T00:00:00Z"
"""The time of the frozen clock."""
NOWHERE = "http://127.0.0.1:9"
"""The URL of callbacks; nothing is posted to it."""


class Sent(Struct, frozen=True):
    """A request, its answer, its exchange in the journal, and the messages that it contained."""

    call: Call
    reply: Reply
    exchange: Exchange
    messages: tuple[Message, ...]


class InMemory:
    """A simulator without network and files. Its clock is frozen; receivers answer every callback with 200."""

    def __init__(
        self, scenario: Iterable[str] = (), seed: int = 1, providers: Mapping[str, Provider] | None = None
    ) -> None:
        """Raises BadFile for a scenario that cannot be used."""
        known = discover() if providers is None else providers
        settings = {name: receivers(provider) for name, provider in known.items()}
        config = Config(
            store="memory", clock=f"frozen@{START}", seed=seed, scenario=tuple(scenario), providers=settings
        )
        self.engine = Engine(config, store_in(None), known)
        self._dispatcher = Dispatcher(self.engine, _Taken(config), config)

    @property
    def now(self) -> int:
        return self.engine.sandboxes.default.now()

    def contract(self, provider: str) -> Contract:
        return self.engine.providers[provider].contract

    def fresh(self) -> None:
        """Replace the sandbox by an empty one."""
        self.engine.sandboxes.open("default")

    def close(self) -> None:
        self.engine.store.close()

    def receive(self, call: Call) -> Sent:
        """Answer a request. Raises Unknown."""
        sandbox, store = self.engine.sandboxes.default, self.engine.store
        number, first = sandbox.journal + 1, sandbox.messages
        reply = self.engine.receive(call)
        found = [store.messages.by_key(sandbox.base + number) for number in range(first + 1, sandbox.messages + 1)]
        entry = store.journal.by_key(sandbox.base + number)
        assert entry is not None
        assert entry.exchange is not None
        return Sent(call, reply, entry.exchange, tuple(message for message in found if message is not None))

    async def send(self, call: Call) -> Sent:
        """As `receive`, and post the callbacks that have to leave before the answer."""
        sent = self.receive(call)
        await self._dispatcher.post_now(sent.reply.early)
        return sent

    async def advance(self, by: int) -> None:
        """Advance the clock by milliseconds, which posts the callbacks that become due."""
        await self._dispatcher.driver.advance(self.engine.sandboxes.default, self.now + by)

    def owed(self, sent: Sent) -> list[Callback]:
        """The callbacks of a request's messages and of the inbound replies to them, in the order of their due times."""
        store, sandbox = self.engine.store, self.engine.sandboxes.default
        ids = {message.id for message in sent.messages}
        answers = [inbound.key for inbound in store.inbound.earliest(sandbox.number) if inbound.message in ids]
        found = [
            callback
            for message in sent.messages
            for callback in store.callbacks.of(message.key)
            if callback.step is not None
        ]
        found += [callback for key in answers for callback in store.callbacks.of(key) if callback.step is None]
        return sorted(found, key=lambda callback: (callback.due, callback.key))


class _Taken(Poster):
    """A poster that sends nothing, and for which every attempt is answered with 200."""

    async def attempt(self, callback: Callback, post: Post) -> tuple[Attempt, bool]:
        number, body = callback.tries + 1, post.body.decode(errors="replace")
        return Attempt(callback.key, callback.subject, number, callback.url, callback.kind, body, {}, status=200), False


def receivers(provider: Provider) -> dict[str, Json]:
    """A value for each setting of a provider that is the URL of a receiver of callbacks."""
    if not provider.contract.settings:
        return {}
    properties = provider.contract.schema("settings").document["properties"]
    return {
        name: f"{NOWHERE}/{provider.name}/{name}"
        for name, entry in properties.items()
        if any(option.get("format") == "http-url" for option in entry.get("anyOf", ()))
    }
