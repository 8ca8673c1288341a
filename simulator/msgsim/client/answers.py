"""What the control API answers, as the shapes of schemas/simulator/control.json.

Times are ISO 8601 texts in UTC (``2026-01-01T00:00:00.000Z``), durations are whole milliseconds unless they say
otherwise. A member that is `NotRequired` is left out where there is nothing to say.
"""

from typing import Any, Literal, NotRequired, TypedDict

Anything = Any
"""Any JSON: what somebody else wrote, or what a provider's schema describes."""
Credentials = dict[str, str]
"""One account, under the names that the provider has for its parts."""
Settings = dict[str, dict[str, Anything]]
"""By provider, as in schemas/<provider>/settings.json."""
MessageState = Literal[
    "scheduled", "queued", "sent", "delivered", "seen", "failed", "rejected", "expired", "cancelled"
]  # fmt: skip
CallbackState = Literal["pending", "done", "failed", "refused", "replayed", "dropped", "cancelled"]

_From = TypedDict("_From", {"from": str})
_PerhapsFrom = TypedDict("_PerhapsFrom", {"from": str | None})
_ControlFrom = TypedDict("_ControlFrom", {"from": NotRequired[str]})


class ProblemDocument(TypedDict):
    """RFC 9457: what is wrong with a request to the control API."""

    type: str
    title: str
    status: int
    detail: str
    mistakes: NotRequired[list[str]]
    """Of a scenario: file:line:column: reason."""


class Near(TypedDict):
    """Something that is nearly what was waited for."""

    text: str
    """It, and why it is not."""
    number: NotRequired[int]
    """Its number in the list."""
    request: NotRequired[int]
    """Number of a request that was refused."""
    why: NotRequired[list[str]]


class TimedOutDocument(ProblemDocument):
    """Nothing fitted in time."""

    found: int
    """How many fitted."""
    near: list[Near]


class Health(TypedDict):
    """A server, and its default sandbox."""

    status: Literal["ok"]
    version: str
    now: str
    providers: list[str]
    sandboxes: int
    scenario: list[str]
    mistakes: list[str]
    """Of the scenario files that were saved last."""
    https_port: int | None
    """None where it is not open."""
    proxy_port: int | None
    replica: str | None
    """Its name among the replicas on one PostgreSQL; None: the store has one server."""
    replicas: list[str]
    """Names of all that are alive, this one among them."""


class Ready(TypedDict):
    """A server whose store can be asked."""

    status: Literal["ok"]


class Interception(TypedDict):
    """Where programs reach the simulator by the providers' own host names."""

    https_port: int
    proxy_port: int
    hosts: list[str]
    """The providers' host names; ``*.`` in front stands for one label or more."""
    ca: str | None
    """The authority's certificate (PEM); None with one of the user's own."""


class ClockState(TypedDict):
    """A sandbox's time."""

    now: str
    rate: float
    """Sandbox seconds per real second; 0 is frozen."""
    frozen: bool


class Happened(TypedDict):
    """A status that was reached, or an attempt at a callback, while a clock was moved."""

    at: str
    kind: Literal["status", "callback"]
    message: NotRequired[str]
    """Of a status: the message's id."""
    channel: NotRequired[str]
    status: NotRequired[str]
    """In the provider's word."""
    code: NotRequired[int | None]
    callback: NotRequired[int]
    """Of an attempt: the callback's number."""
    attempt: NotRequired[int]
    """From 1."""
    url: NotRequired[str]
    answered: NotRequired[int | None]
    """The receiver's HTTP status; None without an answer."""
    error: NotRequired[str | None]


class Moved(ClockState):
    """Where a clock stands after it was moved."""

    happened: list[Happened]
    """The first 1000, in order."""
    total: int


class Sandbox(ClockState):
    """An isolated world."""

    name: str
    seed: int
    messages: int
    """How many it has."""
    scenario: list[str]


class WholeSandbox(Sandbox):
    """A sandbox, with what its user puts into the clients of the providers."""

    credentials: dict[str, Credentials]
    base_urls: dict[str, str]
    settings: Settings


class Channel(_PerhapsFrom):
    """One way a message takes; ``from`` is its sender."""

    channel: str
    id: str
    to: str | None
    text: str | None
    content: Anything
    """What is shown besides the text."""
    ttl: int | None
    """Until the next channel is tried."""
    status: str | None
    """The provider's word; None while it has not been tried."""
    code: int | None
    since: str | None


class Message(TypedDict):
    """An accepted message as it is now."""

    id: str
    number: int
    provider: str
    endpoint: str
    to: str
    state: MessageState
    """In a neutral word."""
    accepted: str
    start: str
    """When it leaves; later than `accepted` where it is scheduled."""
    channels: list[Channel]
    credential: str
    batch: str | None
    item: int
    """Place in its batch, from 1."""
    exchange: int
    """Number of the request that brought it."""


class Step(TypedDict):
    """A status of a message's plan."""

    at: str
    channel: str
    status: str
    code: int | None
    kind: MessageState
    """What the status means, in a neutral word."""
    past: bool


class Attempt(TypedDict):
    """One try at a callback."""

    number: int
    """From 1."""
    at: str
    headers: dict[str, str]
    body: str
    answered: int | None
    """The receiver's HTTP status; None without an answer."""
    answer: str | None
    error: str | None
    took: int
    """Real time."""


class Callback(TypedDict):
    """A post that is owed to the application."""

    number: int
    message: str | None
    """Id of the message it reports on."""
    due: str
    url: str
    kind: str
    """The provider's kind of callback."""
    status: str | None
    """The status it reports."""
    state: CallbackState
    reason: str | None
    twists: list[str]
    """How a scenario makes it misbehave."""
    attempts: list[Attempt]


class WholeMessage(Message):
    """A message with its plan and its callbacks."""

    plan: list[Step]
    rules: list[str]
    """Per channel file:line of the rule that decided."""
    extra: dict[str, Anything]
    """What else the provider's own endpoints show of it."""
    callbacks: list[Callback]


class Happening(TypedDict):
    """Something that happened or will, in words."""

    at: str
    what: str


class Decision(TypedDict):
    """The rule that decided, for one channel."""

    channel: str | None
    """None: for the request."""
    rule: str
    """file:line"""
    when: dict[str, Anything] | None
    """Its condition; None: it is not loaded any more."""
    outcome: str


class Reason(TypedDict):
    """An error a request was refused with, where it is documented, and which rule of which schema was broken."""

    key: str
    field: str | None
    text: str
    when: str | None
    source: str | None
    provenance: str | None
    rule: str | None
    reason: str | None
    schema: Anything
    document: str | None


class Explanation(TypedDict):
    """Why something is as it is, and what happens next."""

    prose: str
    decided_by: list[Decision]
    refused_by: list[Reason]
    past: list[Happening]
    next: list[Happening]
    notes: list[str]
    """What a strict reading would have refused."""
    fault: str | None


class Refusal(TypedDict):
    """One error of a request."""

    key: str
    """In the provider's catalogue: ``GET errors`` has it."""
    source: NotRequired[str | None]
    """The field, as the provider writes it."""
    detail: NotRequired[str | None]
    values: NotRequired[dict[str, Anything]]
    rule: NotRequired[str | None]
    reason: NotRequired[str | None]


class ProviderRequest(TypedDict):
    """A request of the application and its answer, without secrets."""

    number: int
    at: str
    kind: Literal["exchange"]
    provider: str
    endpoint: str
    """Empty where no endpoint has the path."""
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str
    status: int
    """HTTP status of the answer."""
    answer: str
    answer_headers: NotRequired[list[list[str]]]
    credential: NotRequired[str]
    refusals: NotRequired[list[Refusal]]
    messages: NotRequired[list[str]]
    """Ids of what it brought."""
    notes: NotRequired[list[str]]
    rule: NotRequired[str]
    fault: NotRequired[str]
    way: NotRequired[Literal["https", "proxy", "connect"]]
    """How it came where not by the plain port."""


class Entry(_ControlFrom):
    """A line of the journal: an exchange, an attempt at a callback, or what was asked of the control API."""

    number: int
    at: str
    kind: Literal["exchange", "attempt", "control"]
    provider: NotRequired[str]
    """Of an exchange, as in `ProviderRequest`."""
    endpoint: NotRequired[str]
    method: NotRequired[str]
    path: NotRequired[str]
    query: NotRequired[str]
    headers: NotRequired[dict[str, str]]
    body: NotRequired[str]
    status: NotRequired[int | str]
    """HTTP status of an answer; of a control action the status that was forced."""
    answer: NotRequired[str]
    answer_headers: NotRequired[list[list[str]]]
    credential: NotRequired[str]
    refusals: NotRequired[list[Refusal]]
    messages: NotRequired[list[str]]
    notes: NotRequired[list[str]]
    rule: NotRequired[str]
    fault: NotRequired[str]
    way: NotRequired[Literal["https", "proxy", "connect"]]
    callback: NotRequired[int]
    """Of an attempt: the callback's number."""
    subject: NotRequired[int]
    url: NotRequired[str]
    attempt: NotRequired[int]
    reports: NotRequired[str]
    """The provider's kind of callback."""
    error: NotRequired[str]
    took: NotRequired[int]
    err: NotRequired[int]
    """Of a control action: the code that was forced."""
    text: NotRequired[str]
    """Of a control action: what a phone wrote."""
    action: NotRequired[str]
    """Of a control action: clock, reset, settings, seed, scenario, reload, force, cancel, inbound, replay, ..."""
    message: NotRequired[str]
    id: NotRequired[str]
    to: NotRequired[str]
    now: NotRequired[str]
    rate: NotRequired[float]
    seed: NotRequired[int]
    names: NotRequired[list[str]]
    providers: NotRequired[list[str]]
    mistakes: NotRequired[list[str]]
    reason: NotRequired[str]


class Inbound(_From):
    """A message from a phone; ``from`` is the phone."""

    id: str
    number: int
    provider: str
    to: str
    text: str
    at: str
    message: str | None
    """Id of the message it answers."""


class WholeInbound(Inbound):
    """A message from a phone, and what was posted for it."""

    callbacks: list[Callback]


class Rule(TypedDict):
    """A rule of a scenario."""

    place: str
    """file:line"""
    when: dict[str, Anything]
    decided: int
    """How often it did."""
    times: int | None
    """How often it may; None: always."""
    chosen: bool
    """Whether it stands in a scenario that was chosen; the others are always on."""


class ScenarioFile(TypedDict):
    """A file of a scenario, as it is on the disk now."""

    file: str
    text: str | None
    reason: NotRequired[str]
    """Why it cannot be read."""


class Scenario(TypedDict):
    """What decides in a sandbox."""

    names: list[str]
    mistakes: list[str]
    """Of the version that was saved last; the one before it holds."""
    rules: list[Rule]
    files: list[ScenarioFile]


class ShippedScenario(TypedDict):
    """A scenario that comes with the simulator."""

    name: str
    title: str
    file: str


class CheckedRule(TypedDict):
    """A rule of a scenario that was checked."""

    place: str
    when: dict[str, Any]
    outcome: str
    """What it decides, in words."""


class CheckedScenario(TypedDict):
    """What is wrong with a scenario's text, or what it says."""

    names: list[str]
    mistakes: list[str]
    """file:line:column: reason."""
    rules: list[CheckedRule]


class ErrorEntry(TypedDict):
    """A documented error of a provider, and how it is brought about."""

    provider: str
    key: str
    status: int
    code: int | str | None
    title: str
    text: str
    when: str
    source: str
    provenance: str
    recipient: str | None
    """The one that brings it about; None where only a request or a scenario does."""
    example: dict[str, Anything]
    curl: str


class StatusEntry(TypedDict):
    """A documented status of a provider, and how it is brought about."""

    provider: str
    word: str
    kind: MessageState
    code: int | None
    meaning: str
    source: str
    provenance: str
    recipient: str | None
    channels: list[str]
    """Empty: all."""
    example: dict[str, Anything]
    curl: str


class Errors(TypedDict):
    """Every documented error and status."""

    errors: list[ErrorEntry]
    statuses: list[StatusEntry]


class SentSample(TypedDict):
    """A sample request and what it was answered."""

    provider: str
    endpoint: str
    request: int
    """Its number."""
    curl: str
    varied: bool
    """Whether recipients and texts are made up, for which the server needs the extra ``samples``."""
    status: int
    answer: str


class Share(TypedDict):
    """How much of what is documented was seen."""

    seen: int
    all: int
    percent: float


class Times(Share):
    """How often each was seen, by key."""

    times: dict[str, int]


class ProviderCoverage(Share):
    """Of one provider."""

    errors: Times
    outcomes: Times


class Coverage(Share):
    """Of all providers."""

    providers: dict[str, ProviderCoverage]


class Finding(TypedDict):
    """A habit of the application that a provider would frown at."""

    rule: str
    provider: str
    text: str
    advice: str
    times: int
    requests: list[int]
    """Numbers of the first ones."""
    callbacks: list[int]


class SinkAnswer(TypedDict, total=False):
    """What a sink answers a post."""

    status: int
    body: Anything
    """A text goes out as it is, anything else as JSON."""
    headers: dict[str, str]
    delay: str
    """Real time: ``2s``."""
    times: int
    """0: from then on always."""


class Posted(TypedDict):
    """What came to a sink."""

    number: int
    at: str
    method: str
    path: str
    """Below the sink."""
    query: str
    headers: dict[str, str]
    body: str
    json: Anything
    """None where the body is no JSON."""
    answered: int


class SinkPage(TypedDict):
    """A sink: what came, and what it will answer."""

    posts: list[Posted]
    total: int
    next: int | None
    answers: list[SinkAnswer]


class SinkSummary(TypedDict):
    """A sink of a sandbox."""

    name: str
    total: int
    """How many posts came."""


class Archive(TypedDict):
    """An HTTP archive (HAR 1.2)."""

    log: dict[str, Anything]
