"""The nouns: frozen values without behaviour.

Every time and duration is a whole number of milliseconds; times count from 1970-01-01 UTC on the
clock of the sandbox they belong to. What the store keeps many of is encoded by position
(``array_like``): a change of its members is a new `msgsim.storage.store.VERSION`.
"""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

Json = Any
"""What JSON can say: None, bool, int, float, str, list and dict."""
_INT64 = 1 << 63
Int64 = Annotated[int, Meta(ge=-_INT64, le=_INT64 - 1)]
"""A whole number that every row can hold."""


def whole(value: Json) -> Json:
    """A value of JSON or YAML with every whole number of 64 bits as an int, however it was written."""
    if type(value) is float:
        return int(value) if value.is_integer() and -_INT64 <= value < _INT64 else value
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list | tuple) else value


class Call(Struct, frozen=True, gc=False):
    """One HTTP request as it reached us. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base: str = "http://127.0.0.1/"
    """Scheme and authority as the client addressed us, with a trailing slash."""
    client: str = ""
    """The caller's address."""
    way: str = ""
    """How the request came where not by the plain port: ``https``, ``proxy`` or ``connect``."""
    sandbox: str = ""
    """What the client's credentials for the proxy name."""


class Fault(Struct, frozen=True, omit_defaults=True, gc=False):
    """How the connection misbehaves while an answer is given."""

    kind: str
    after: str = "nothing"
    """``accepted``: the message is taken on first and only its answer suffers."""
    delay: int = 0
    """Latency in milliseconds, or the pause between two drops of a drip."""


class Reply(Struct, frozen=True, gc=False):
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    media: str = "application/json"
    fault: Fault | None = None
    early: tuple[int, ...] = ()
    """Keys of the callbacks that leave before this answer does."""


class Credential(Struct, frozen=True, gc=False):
    """Who is calling: the account's name and what proves it."""

    name: str
    secret: str = ""
    shown: str = ""
    """What is kept and shown instead of the name, where the name itself is a secret."""


class Refusal(Struct, frozen=True, omit_defaults=True, gc=False):
    """One error on the way in, by its key in the provider's catalogue."""

    key: str
    source: str | None = None
    """Where in the request, as the provider writes it; None when it is not about a field."""
    detail: str | None = None
    """Replaces the catalogue's text."""
    values: dict[str, Json] = field(default_factory=dict)
    """Fill the ``{name}`` gaps of the catalogue's text."""
    rule: str | None = None
    """The schema rule or scenario rule that was broken, for the explanation."""
    reason: str | None = None
    """What is wrong in our own words, for the explanation; the provider's answer says nothing of it."""


class Refused(Exception):
    """The one exception of the way in: everything that is wrong with a request or with one draft."""

    def __init__(
        self, *refusals: Refusal, reply: Reply | None = None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(*refusals)
        self.refusals = refusals
        self.reply = reply
        """A finished answer, where a scenario dictates it word for word."""
        self.headers = headers
        """What is added to the headers of the provider's answer: by a scenario, or ``Allow`` for a wrong method."""


class Unknown(LookupError):
    """There is no such thing in this sandbox; the text says what was looked for."""


class Beat(Struct, frozen=True, omit_defaults=True, gc=False):
    """One step as a scenario writes it: milliseconds after the start of its channel's attempt."""

    after: int
    status: str
    """A status of the provider, or a neutral word (queued, sent, delivered, ...)."""
    err: int | None = None


class Twist(Struct, frozen=True, omit_defaults=True, gc=False):
    """One way in which callbacks misbehave."""

    kind: str
    delay: int = 0
    only: str = ""
    """The status whose callbacks it touches; empty: all."""
    pauses: tuple[int, ...] = ()
    """Before each further try, where it says how callbacks are retried."""


class Channel(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One way a message may go, in the order in which they are tried."""

    name: str
    id: str
    sender: str = ""
    to: str = ""
    """The recipient where this channel has its own; else the message's."""
    text: str = ""
    content: Json = None
    """What is shown besides the text, in the provider's members."""
    ttl: int | None = None
    """Milliseconds after which the next channel is tried; None: no limit."""


class Draft(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a send asks for; it becomes a message or its own refusal."""

    id: str
    to: str
    channels: tuple[Channel, ...]
    start: int | None = None
    """Not sent before this time; None: at once."""
    expires: int | None = None
    """Not sent after this time."""
    fate: tuple[Beat, ...] | None = None
    """What the provider's own rules make of it where no scenario says otherwise."""
    extra: Json = None
    """What the provider wants to find again: callback URLs, correlation ids, ..."""
    batch: str = ""
    item: int = 0
    reference: str = ""
    """The client's own id of it, where the provider finds messages by that; need not be unique."""
    handover: str = ""
    """The only status after which the next channel is tried; empty: any failure, and no success within ``ttl``."""
    fates: dict[int, tuple[Beat, ...]] = field(default_factory=dict)
    """As ``fate``, for channels that have one of their own, by their places."""


class Step(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """From this time on, this channel has this status."""

    at: int
    channel: int
    status: str
    code: int | None = None


class Message(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """An accepted draft with its plan."""

    key: int
    """Sandbox and number of acceptance: the order in which messages came."""
    id: str
    provider: str
    endpoint: str
    to: str
    channels: tuple[Channel, ...]
    steps: tuple[Step, ...]
    """The plan, in order of time."""
    accepted: int
    start: int
    """When the first channel is tried."""
    credential: str = ""
    secret: str = ""
    """What callbacks are signed with; never shown."""
    extra: Json = None
    batch: str = ""
    item: int = 0
    rules: tuple[str, ...] = ()
    """Per channel ``file:line`` of the rule that decided it."""
    exchange: int = 0
    """Key of the exchange that brought it."""
    reference: str = ""
    """The client's own id of it, where it gave one."""
    unreadable: str = ""
    """Why its row cannot be read; then nothing is known but its key, id, provider and recipient."""


class Inbound(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """A message from a phone to the application (MO)."""

    key: int
    id: str
    provider: str
    sender: str
    to: str
    text: str
    at: int
    credential: str = ""
    message: str = ""
    """Id of the message it replies to, if any."""
    extra: Json = None
    unreadable: str = ""
    """Why its row cannot be read; then nothing is known but its key, provider and time."""


class Due(Struct, frozen=True, omit_defaults=True, gc=False):
    """A callback as a provider plans it: which step or inbound message goes where, and when."""

    at: int
    url: str
    kind: str
    step: Step | None = None
    twists: tuple[str, ...] = ()
    retries: tuple[int, ...] | None = None
    """Pauses before each further try, as a scenario says; None: as the provider's settings say."""


class Callback(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One HTTP request we owe to the user's application."""

    key: int
    provider: str
    subject: int
    """Key of the message or inbound message it reports on."""
    due: int
    url: str
    kind: str
    step: Step | None = None
    twists: tuple[str, ...] = ()
    """How it misbehaves: corrupt, wrong-signature, ..."""
    state: str = "pending"
    """pending, done, failed, refused, replayed (it was one of the last two), dropped or cancelled."""
    tries: int = 0
    reason: str = ""
    retries: tuple[int, ...] | None = None
    """As in `Due`."""

    @property
    def failing(self) -> bool:
        """The last attempt failed, whether another follows or not."""
        return self.state in ("failed", "refused") or (self.state == "pending" and self.tries > 0)


class Post(Struct, frozen=True, gc=False):
    """A callback as it goes over the wire."""

    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    method: str = "POST"


class Attempt(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One try at a callback, and what the receiver said."""

    callback: int
    subject: int
    number: int
    url: str
    kind: str
    body: str
    headers: dict[str, str]
    status: int | None = None
    answer: str = ""
    error: str = ""
    took: int = 0
    """How long the answer took in milliseconds, by whole seconds: what is quick is always the same."""
    method: str = "POST"


class Original(Struct, frozen=True, omit_defaults=True, gc=False):
    """What the shown form of a request does not say and doing it again needs; other values stand for its secrets.

    Never shown. Empty: as it is shown.
    """

    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    query: str = ""
    body: str = ""
    answer: str = ""
    encoding: str = ""
    """In which ``body`` becomes bytes, and so does what is shown of it; empty: UTF-8."""
    client: str = ""
    """The caller's address; empty: loopback."""


class Exchange(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One request and its answer, secrets redacted."""

    provider: str
    endpoint: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str
    answer_headers: tuple[tuple[str, str], ...] = ()
    credential: str = ""
    messages: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    rule: str = ""
    fault: str = ""
    """How the connection misbehaved while this was answered."""
    notes: tuple[str, ...] = ()
    """Tolerances used: what a strict reading of the document would have refused."""
    way: str = ""
    """How it came where not by the plain port: ``https``, ``proxy`` or ``connect``."""
    original: Original | None = None
    """None: everything is shown as it was."""


class Entry(Struct, frozen=True, omit_defaults=True, array_like=True, gc=False):
    """One line of the journal."""

    key: int
    at: int
    kind: str
    """exchange, attempt or control."""
    provider: str = ""
    exchange: Exchange | None = None
    attempt: Attempt | None = None
    control: Json = None
