"""The values that all modules share: requests, messages, callbacks, journal entries. All are frozen.

Every time and duration is a whole number of milliseconds; times count from 1970-01-01 UTC on the clock of the sandbox
they belong to. Values that the store keeps are encoded by position (``array_like``), so a change of their members needs
a new `msgsim.storage.store.VERSION`.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

Json = Any
"""A value of JSON: None, bool, int, float, str, list or dict."""
_INT64 = 1 << 63
Int64 = Annotated[int, Meta(ge=-_INT64, le=_INT64 - 1)]
"""A whole number that a column of both databases can hold."""


def whole(value: Json) -> Json:
    """A value of JSON or YAML in which ``1.0`` has become ``1``: floats that are whole numbers of 64 bits are ints."""
    if type(value) is float:
        return int(value) if value.is_integer() and -_INT64 <= value < _INT64 else value
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list | tuple) else value


class Call(Struct, frozen=True, gc=False):
    """One HTTP request to a provider."""

    method: str
    path: str
    """Percent-decoded, except ``%2F`` and ``%25``, which may be part of an id in the path (`web.edge.calls`)."""
    query: str
    """As it was sent, without the question mark."""
    headers: dict[str, str]
    """Names in lower case; several headers of one name are joined by a comma."""
    body: bytes
    base: str = "http://127.0.0.1/"
    """Scheme and authority as the client addressed us, with a trailing slash."""
    client: str = ""
    """The caller's address."""
    way: str = ""
    """The port it came by: ``https``, ``proxy``, ``connect`` (TLS in a tunnel of the proxy); empty: the plain port."""
    sandbox: str = ""
    """The sandbox named by the client's credentials for the proxy; empty: none."""


class Fault(Struct, frozen=True, omit_defaults=True, gc=False):
    """A simulated failure of the connection on which an answer is sent."""

    kind: str
    """latency, drip, reset, empty, truncate, garbage or hang; see ``docs/scenarios.md``."""
    after: str = "nothing"
    """``accepted``: the message is accepted and stored before its answer is damaged; ``nothing``: it is not."""
    delay: int = 0
    """Milliseconds before the answer (latency), or between two bytes of it (drip)."""


class Reply(Struct, frozen=True, gc=False):
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    media: str = "application/json"
    fault: Fault | None = None
    early: tuple[int, ...] = ()
    """Keys of the callbacks that have to be posted before this answer is sent."""


class Credential(Struct, frozen=True, gc=False):
    """The credentials of a request: the account's name, and the password, key or token that proves it."""

    name: str
    secret: str = ""
    shown: str = ""
    """What is stored and shown instead of the name, if the name itself is a secret; empty: the name."""


class Refusal(Struct, frozen=True, omit_defaults=True, gc=False):
    """One error in a request, by its key in the provider's error catalogue."""

    key: str
    source: str | None = None
    """The member of the request that is wrong, as the provider's errors name it; None: it is not about a member."""
    detail: str | None = None
    """Replaces the catalogue's text."""
    values: dict[str, Json] = field(default_factory=dict)
    """Values for the ``{name}`` gaps in the catalogue's text."""
    rule: str | None = None
    """The schema rule that was violated, or the scenario rule that dictated the refusal; shown by ``explain``."""
    reason: str | None = None
    """What is wrong, in the simulator's words; shown by ``explain`` and never in the provider's answer."""


class Refused(Exception):
    """Raised while a request is read and accepted: everything that is wrong with it, or with one of its items."""

    def __init__(
        self, *refusals: Refusal, reply: Reply | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(*refusals)
        self.refusals = refusals
        self.reply = reply
        """A complete answer that a scenario dictates; None: the provider words the refusals."""
        self.headers = headers
        """Headers added to the provider's answer: by a scenario, or ``Allow`` for a wrong method."""


class Unknown(LookupError):
    """A sandbox, message, callback or scenario that does not exist; the text says what was looked for."""


class Beat(Struct, frozen=True, omit_defaults=True, gc=False):
    """One step of a plan as a scenario or a provider's rules write it, before its time is known."""

    after: int
    """Milliseconds after its channel was first tried."""
    status: str
    """A status of the provider, or a neutral word (queued, sent, delivered, ...)."""
    err: int | None = None
    """The provider's error code; None: the one that belongs to the status, if any."""


class Twist(Struct, frozen=True, omit_defaults=True, gc=False):
    """One entry of ``callbacks`` in a scenario rule: how callbacks deviate from what the provider normally sends."""

    kind: str
    """A key of `plan.TWISTS`: duplicate, reorder, drop, ..."""
    delay: int = 0
    """Milliseconds; what they delay depends on the kind."""
    only: str = ""
    """The status whose callbacks are affected, in the provider's or a neutral word; empty: all."""
    pauses: tuple[int, ...] = ()
    """Milliseconds before each retry, for the kind ``retry``."""


class Channel(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """A channel of a message, such as viber or sms. A message's channels are tried in their order."""

    name: str
    id: str
    """The id of the message on this channel."""
    sender: str = ""
    to: str = ""
    """The recipient on this channel; empty: the message's recipient."""
    text: str = ""
    content: Json = None
    """Pictures, buttons and the like, in the members of the provider's request."""
    ttl: int | None = None
    """Milliseconds without success after which the next channel is tried; None: no limit."""


class Draft(Struct, frozen=True, omit_defaults=True, gc=False):
    """One item of a send as its provider read it; it becomes a message or is refused by itself."""

    id: str
    to: str
    channels: tuple[Channel, ...]
    start: int | None = None
    """Scheduled time before which it is not sent; None: it is sent at once."""
    expires: int | None = None
    """Time after which no channel is tried any more; None: no limit."""
    fate: tuple[Beat, ...] | None = None
    """Its steps by the provider's own rules (a blacklisted number fails), if no scenario rule fits; None: as usual."""
    extra: Json = None
    """What the provider needs later: callback URLs, correlation ids, ..."""
    batch: str = ""
    """Id of the batch it came in; empty: none."""
    item: int = 0
    """Its index in the batch, from 0."""
    reference: str = ""
    """The client's own id of the message, where the provider finds messages by it; need not be unique."""
    handover: str = ""
    """The only status after which the next channel is tried; empty: any failure, and no success within ``ttl``."""
    fates: dict[int, tuple[Beat, ...]] = field(default_factory=dict)
    """Index of a channel → its steps, as in ``fate``, where they differ from those of the other channels."""


class Step(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One status of a plan: from a time on, a channel has this status."""

    at: int
    channel: int
    """Index in the message's ``channels``."""
    status: str
    """In the provider's word."""
    code: int | None = None
    """The provider's error code, if any."""


class Message(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """An accepted draft with its plan."""

    key: int
    """The sandbox's base plus the number of the acceptance, so that keys of a sandbox ascend (`storage.keys`)."""
    id: str
    provider: str
    endpoint: str
    to: str
    channels: tuple[Channel, ...]
    steps: tuple[Step, ...]
    """The plan, in order of time."""
    accepted: int
    """When it was accepted."""
    start: int
    """When the first channel is tried."""
    credential: str = ""
    """The name of the account that sent it, as it may be shown."""
    secret: str = ""
    """The key that signs its callbacks; never shown."""
    extra: Json = None
    batch: str = ""
    item: int = 0
    rules: tuple[str, ...] = ()
    """For each channel ``file:line`` of the scenario rule that decided its steps."""
    exchange: int = 0
    """Key of the journal entry with the request that sent it."""
    reference: str = ""
    """The client's own id of the message; empty: it gave none."""
    unreadable: str = ""
    """Why its row cannot be decoded; then only key, id, provider and recipient are known. Empty: it can."""


class Inbound(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """A message from a recipient's phone to the user's application (mobile originated, MO)."""

    key: int
    id: str
    provider: str
    sender: str
    to: str
    text: str
    at: int
    credential: str = ""
    message: str = ""
    """Id of the message that it replies to; empty: none."""
    extra: Json = None
    """What the provider needs later."""
    unreadable: str = ""
    """Why its row cannot be decoded; then only key, provider and time are known. Empty: it can."""


class Due(Struct, frozen=True, omit_defaults=True, gc=False):
    """A callback that a provider plans, before it is stored as a `Callback`."""

    at: int
    """When it is due."""
    url: str
    kind: str
    """The provider's name for this sort of callback, such as ``dlr``."""
    step: Step | None = None
    """The status that it reports; None: it reports an inbound message."""
    twists: tuple[str, ...] = ()
    """Kinds of the twists that a scenario applied."""
    retries: tuple[int, ...] | None = None
    """Milliseconds before each retry, from a scenario; None: the provider's setting ``retries`` holds."""


class Callback(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One HTTP request that is owed to the user's application (a webhook)."""

    key: int
    provider: str
    subject: int
    """Key of the message or inbound message that it reports on."""
    due: int
    """When the next attempt is due."""
    url: str
    kind: str
    step: Step | None = None
    twists: tuple[str, ...] = ()
    """Kinds of the twists that a scenario applied: corrupt, wrong-signature, ..."""
    state: str = "pending"
    """pending, done, failed, refused (the host is not allowed), replayed (after it had failed or was refused), dropped
    (by a scenario) or cancelled."""
    tries: int = 0
    """Attempts so far."""
    reason: str = ""
    """Why it failed without an attempt."""
    retries: tuple[int, ...] | None = None
    """As in `Due`."""

    @property
    def failing(self) -> bool:
        """Whether its last attempt failed, even if a retry follows."""
        return self.state in ("failed", "refused") or (self.state == "pending" and self.tries > 0)


class Post(Struct, frozen=True, gc=False):
    """The HTTP request of a callback."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    method: str = "POST"


class Attempt(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One attempt at a callback: the request, and what the receiver answered."""

    callback: int
    """Key of the callback."""
    subject: int
    """Key of the message or inbound message."""
    number: int
    """1 for the first attempt."""
    url: str
    kind: str
    body: str
    headers: dict[str, str]
    status: int | None = None
    """The receiver's HTTP status; None: it did not answer, and ``error`` says why."""
    answer: str = ""
    """The body of the receiver's answer."""
    error: str = ""
    took: int = 0
    """Milliseconds until the answer, rounded down to whole seconds so that journals of quick receivers are equal."""
    method: str = "POST"


class Original(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a replay needs of a request and its redacted form in the journal does not have. Never shown.

    Its secrets are replaced by other values of the same form (`engine.disguise`). An empty member: as in the journal.
    """

    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    query: str = ""
    body: str = ""
    answer: str = ""
    encoding: str = ""
    """The encoding in which ``body``, or the shown body, has to be encoded to get the bytes; empty: UTF-8."""
    client: str = ""
    """The caller's address; empty: loopback."""


class Exchange(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One request to a provider and its answer, with secrets redacted."""

    provider: str
    endpoint: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str
    """The body of the answer."""
    answer_headers: tuple[tuple[str, str], ...] = ()
    credential: str = ""
    """The name of the account, as it may be shown; empty: none."""
    messages: tuple[str, ...] = ()
    """Ids of the messages that it sent."""
    refusals: tuple[Refusal, ...] = ()
    rule: str = ""
    """``file:line`` of the scenario rule that dictated the answer; empty: none did."""
    fault: str = ""
    """Kind of the fault of the connection; empty: none."""
    notes: tuple[str, ...] = ()
    """Tolerances used: what strict mode would have refused."""
    way: str = ""
    """As in `Call`."""
    original: Original | None = None
    """None: the journal shows everything as it was."""


class Entry(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One entry of the journal."""

    key: int
    """The sandbox's base plus the number of the entry (`storage.keys`)."""
    at: int
    kind: str
    """``exchange``, ``attempt`` or ``control``: which of the three members below is set."""
    provider: str = ""
    exchange: Exchange | None = None
    attempt: Attempt | None = None
    control: Json = None
    """An action of the control API: an object whose ``action`` names it."""
