"""What a provider sees of its sandbox while one request is answered."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from msgsim.clock import LATEST
from msgsim.contract.schema import Schema
from msgsim.engine.keeping import check_due, check_inbound
from msgsim.engine.sandbox import Sandbox
from msgsim.engine.statuses import Position, latest
from msgsim.model import Call, Callback, Credential, Due, Fault, Inbound, Json, Message, Refusal, Refused, Unknown
from msgsim.plan import twist
from msgsim.provider import Provider
from msgsim.scenarios.rule import Rule
from msgsim.storage.store import FROM_PHONES, Store


class Desk:
    """`msgsim.provider.Desk` for one exchange, and what came of it so far."""

    def __init__(
        self,
        call: Call,
        provider: Provider,
        sandbox: Sandbox,
        store: Store,
        settings: dict[str, Json],
        params: dict[str, str],
        strict: bool = False,
    ) -> None:
        self.call = call
        self.provider = provider
        self.sandbox = sandbox
        self.store = store
        self.settings = settings
        self.params = params
        self.strict = strict
        self.contract = provider.contract
        self.seed = sandbox.seed
        self.now = sandbox.now()
        self.credential = self.claimed = Credential("")
        """Who is calling, once it is known; and who the request says it is, whether that is believed or not."""
        self.outcome = call.headers.get("x-sim-outcome")
        """What the client asks for: an error, a status or a neutral word."""
        sandbox.journal = self.exchange = sandbox.journal + 1
        self.accepted: list[Message] = []
        self.owing: list[Callback] = []
        self.replies: list[Inbound] = []
        self.refusals: tuple[Refusal, ...] = ()
        self.notes: list[str] = []
        self.rule: Rule | None = None
        self.fault: Fault | None = None

    @property
    def issued(self) -> dict[str, str]:
        return self.provider.credentials(self.sandbox.name)

    def number(self) -> int:
        return self.sandbox.take_number(self.store)

    def ticks(self, count: int) -> int:
        return self.sandbox.take_ticks(count, self.store)

    def schema(self, name: str) -> Schema:
        """A wire schema, with what the API has beyond the documents where the setting ``extensions`` is on."""
        return self.contract.schema(name, bool(self.settings.get("extensions")))

    def note(self, tolerance: str, source: str | None = None) -> None:
        if self.strict:
            raise Refused(Refusal(self.provider.strict, source, tolerance))
        if tolerance not in self.notes:
            self.notes.append(tolerance)

    def message(self, id: str) -> Message | None:
        message = find_message(self.store, self.sandbox, id, self.provider.name)
        return None if message is None or message.unreadable else message

    def latest(
        self, after: Position, until: int, most: int, fits: Callable[[Message], bool]
    ) -> tuple[list[tuple[int, Message]], Position]:
        def mine(message: Message) -> bool:
            return message.provider == self.provider.name and not message.unreadable and fits(message)

        return latest(self.store, self.sandbox.number, after, until, self.now, most, mine)

    def referred(self, reference: str) -> Iterator[Message]:
        found = self.store.referred(self.sandbox.number, reference)
        return (message for message in found if message.provider == self.provider.name and not message.unreadable)

    def inbound(self, since: int = 0, key: int = 0) -> Iterator[Inbound]:
        found = self.store.inbound(self.sandbox.number, self.provider.name, since, key, self.now)
        return (inbound for inbound in found if not inbound.unreadable)

    def rewrite(self, message: Message, reports: bool = True) -> None:
        rewrite(self.store, self.sandbox, self.provider, message, self.now, self.settings, reports=reports)

    def record(self, kind: str, key: str) -> Json:
        return self.store.record(self.sandbox.number, self.provider.name, kind, key)

    def records(self, kind: str) -> list[tuple[str, Json]]:
        return self.store.records(self.sandbox.number, self.provider.name, kind)

    def keep(self, kind: str, key: str, value: Json) -> None:
        self.store.keep_record(self.sandbox.number, self.provider.name, kind, key, value)

    def forget(self, kind: str, key: str) -> None:
        self.store.drop_record(self.sandbox.number, self.provider.name, kind, key)

    def owe(self, message: Message, decided: Sequence[Rule]) -> None:
        """Plan the callbacks of a message that has just been accepted, as the rule of each channel twists them."""
        if self.provider.callbacks is None:
            return
        dues = self.provider.callbacks(message, message.steps, self.settings)
        if not dues:
            return
        twists = [rule.outcome.callbacks for rule in decided]
        for adverse in {one: None for one in twists if one}:
            mine = [due for due in dues if due.step is not None and twists[due.step.channel] == adverse]
            others = [due for due in dues if due not in mine]
            twisted = twist(mine, adverse, message, self.contract)
            dues = sorted([*others, *twisted], key=lambda due: due.at)
        self.owing += owed(self.sandbox, self.provider.name, message.key, dues)

    def heard(
        self, at: int, sender: str, to: str, text: str, answered: Message | None, credential: str
    ) -> tuple[Inbound, list[Due]]:
        """An inbound message in the provider's shape, and where it is pushed to.

        Raises Unknown when it takes none, and Unkeepable.
        """
        provider, sandbox = self.provider, self.sandbox
        if provider.receive is None:
            raise Unknown(f"{provider.name} has no inbound messages")
        sandbox.inbound += 1
        bare = Inbound(
            sandbox.base + FROM_PHONES + sandbox.inbound,
            "",
            provider.name,
            sender,
            to,
            text,
            at,
            credential,
            answered.id if answered else "",
        )
        inbound, dues = provider.receive(bare, answered, self)
        check_inbound(inbound)
        return inbound, dues


def owed(sandbox: Sandbox, provider: str, subject: int, dues: list[Due]) -> list[Callback]:
    """Callbacks with their keys, in order of time. Raises Unkeepable."""
    found = []
    for due in dues:
        check_due(due)
        if due.at > LATEST:
            due = replace(due, at=LATEST)
        sandbox.callbacks += 1
        state = "dropped" if "drop" in due.twists else "pending"
        key = sandbox.base + sandbox.callbacks
        found.append(
            Callback(
                key, provider, subject, due.at, due.url, due.kind, due.step, due.twists, state, retries=due.retries
            )
        )
    return found


def find_message(store: Store, sandbox: Sandbox, id: str, provider: str = "") -> Message | None:
    """A message by any id its provider gave it: ids of one acceptance share their first 48 bits."""
    message = store.message(sandbox.number, id)
    if message is None and len(id) >= 13:
        message = store.message_near(sandbox.number, id[:13], f"{id[:13]}~")
        if message is not None and all(channel.id != id for channel in message.channels):
            message = None
    return message if message is not None and provider in ("", message.provider) else None


def rewrite(
    store: Store,
    sandbox: Sandbox,
    provider: Provider,
    message: Message,
    now: int,
    settings: dict[str, Json],
    reports: bool = True,
) -> None:
    """Store a cut plan; callbacks of the lost future are cancelled, those of new steps planned.

    Raises ValueError for a message that cannot be read: what its row still says would be lost.
    """
    if message.unreadable:
        raise ValueError(message.unreadable)
    before = store.message_by_key(message.key)
    store.rewrite_message(message)
    for callback in store.callbacks_of(message.key):
        if callback.state == "pending" and callback.step is not None and callback.step not in message.steps:
            store.rewrite_callback(cancelled(callback))
    new = [step for step in message.steps if before is None or step not in before.steps]
    if reports and new and provider.callbacks is not None:
        store.add_callbacks(owed(sandbox, provider.name, message.key, provider.callbacks(message, new, settings)))


def cancelled(callback: Callback) -> Callback:
    return replace(callback, state="cancelled", reason="the plan was cut before it was due")
