"""The provider's view of its sandbox. Creating a view changes nothing."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from msgsim.contract.schema import Schema
from msgsim.engine.plans import rewrite
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.settings import InForce
from msgsim.engine.statuses import Position, latest
from msgsim.model import Call, Credential, Inbound, Json, Message, Refusal, Refused
from msgsim.provider import Provider, Voice
from msgsim.storage.keys import NUMBERS, SPAN
from msgsim.storage.store import Store


class SandboxView:
    """`msgsim.provider.View` at one moment."""

    def __init__(self, provider: Provider, sandbox: Sandbox, store: Store, settings: InForce) -> None:
        self.provider = provider
        self.sandbox = sandbox
        self.store = store
        self.settings = settings.raw
        self.compiled = settings.compiled
        self.contract = provider.contract
        self.seed = sandbox.seed
        self.now = sandbox.now()

    def number(self) -> int:
        return self.sandbox.take_number(self.store)

    def ticks(self, count: int) -> int:
        return self.sandbox.take_ticks(count, self.store)

    def message(self, id: str) -> Message | None:
        message = find_message(self.store, self.sandbox, id, self.provider.name)
        return None if message is None or message.unreadable else message

    def latest(
        self, after: Position, until: int, most: int, fits: Callable[[Message], bool]
    ) -> tuple[list[tuple[int, Message]], Position]:
        def mine(message: Message) -> bool:
            return message.provider == self.provider.name and not message.unreadable and fits(message)

        return latest(self.store, self.sandbox.number, after, until, self.now, most, mine)

    def messages(self, after: int = 0) -> Iterator[Message]:
        messages = self.store.messages
        lowest, highest = messages.bounds(self.sandbox.number)
        for low in range(max(lowest, (after & NUMBERS) + 1), highest + 1, SPAN):
            high = min(low + SPAN - 1, highest)
            for message in messages.between(self.sandbox.number, low, high, self.provider.name):
                if not message.unreadable:
                    yield message

    def referred(self, reference: str) -> Iterator[Message]:
        found = self.store.messages.referred(self.sandbox.number, reference)
        return (message for message in found if message.provider == self.provider.name and not message.unreadable)

    def inbound(self, since: int = 0, key: int = 0) -> Iterator[Inbound]:
        found = self.store.inbound.earliest(self.sandbox.number, self.provider.name, since, key, self.now)
        return (inbound for inbound in found if not inbound.unreadable)

    def rewrite(self, message: Message, reports: bool = True) -> None:
        rewrite(self.store, self.sandbox, self.provider, message, self.now, self.compiled, reports=reports)

    def record(self, kind: str, key: str) -> Json:
        return self.store.records.find(self.sandbox.number, self.provider.name, kind, key)

    def records(self, kind: str) -> list[tuple[str, Json]]:
        return self.store.records.all(self.sandbox.number, self.provider.name, kind)

    def keep(self, kind: str, key: str, value: Json) -> None:
        self.store.records.keep(self.sandbox.number, self.provider.name, kind, key, value)

    def forget(self, kind: str, key: str) -> None:
        self.store.records.drop(self.sandbox.number, self.provider.name, kind, key)


class RequestView(SandboxView):
    """`msgsim.provider.Desk`: the view while one request is answered."""

    def __init__(
        self,
        call: Call,
        provider: Provider,
        voice: Voice,
        sandbox: Sandbox,
        store: Store,
        settings: InForce,
        params: dict[str, str],
        claimed: Credential | None = None,
        strict: bool = False,
    ) -> None:
        super().__init__(provider, sandbox, store, settings)
        self.voice = voice
        self.contract = voice.contract
        self.call = call
        self.params = params
        self.strict = strict
        self.credential = Credential("")
        """The caller, once authorized; an empty name before."""
        self.claimed = claimed or self.credential
        """The credentials that the request carries, accepted or not."""
        self.written = call.path
        """The path as the client wrote it; ``call.path`` may be a corrected path."""
        self.notes: list[str] = []
        """Tolerances used so far."""

    @property
    def issued(self) -> dict[str, str]:
        return self.provider.credentials(self.sandbox.name)

    def schema(self, name: str) -> Schema:
        """A wire schema; with the setting ``extensions``, also with members that the API has but its documents lack."""
        return self.contract.schema(name, bool(self.settings.get("extensions")))

    def known(self, refusals: Sequence[Refusal]) -> tuple[Refusal, ...]:
        """Refusals with the keys of the whole provider's catalogue: for an API of its own ``<api>.<key>``."""
        if not self.voice.name:
            return tuple(refusals)
        errors = self.contract.errors
        return tuple(
            replace(refusal, key=errors[refusal.key].key) if refusal.key in errors else refusal for refusal in refusals
        )

    def note(self, tolerance: str, source: str | None = None) -> None:
        if self.strict:
            raise Refused(Refusal(self.provider.strict, source, tolerance))
        if tolerance not in self.notes:
            self.notes.append(tolerance)


def find_message(store: Store, sandbox: Sandbox, id: str, provider: str = "") -> Message | None:
    """A message by any of its ids, or None; ``provider``: only a message of this provider.

    Only the message's own id is indexed. The ids of its channels share the first 48 bits (13 characters) with it.
    """
    message = store.messages.by_id(sandbox.number, id)
    if message is None and len(id) >= 13:
        message = store.messages.near(sandbox.number, id[:13], f"{id[:13]}~")
        if message is not None and all(channel.id != id for channel in message.channels):
            message = None
    return message if message is not None and provider in ("", message.provider) else None
