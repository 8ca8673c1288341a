"""The shapes of the control API's answers, as in schemas/simulator/control.json.

Times are ISO 8601 texts in UTC (``2026-01-01T00:00:00.000Z``), durations are whole milliseconds unless stated
otherwise. A member that is `NotRequired` is left out if it has no value.
"""

from typing import Any, Literal, NotRequired, TypedDict

Anything = Any
"""Any JSON, such as a body that the application wrote, or a value that a provider's schema describes."""
Credentials = dict[str, str]
"""An account: the provider's name for each of its parts → value."""
Settings = dict[str, dict[str, Anything]]
"""Provider → its settings, as in schemas/<provider>/settings.json."""
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
    """Those of a scenario: ``file:line:column: reason``."""


class Near(TypedDict):
    """A near miss: something that nearly fits what was waited for."""

    text: str
    """What it is, and why it does not fit."""
    number: NotRequired[int]
    """Its number in the list."""
    request: NotRequired[int]
    """Number of a request that was refused."""
    why: NotRequired[list[str]]


class TimedOutDocument(ProblemDocument):
    """Not enough fitted in time."""

    found: int
    """How many fitted."""
    near: list[Near]


class Health(TypedDict):
    """The state of a server and of its default sandbox."""

    status: Literal["ok"]
    version: str
    now: str
    providers: list[str]
    sandboxes: int
    scenario: list[str]
    mistakes: list[str]
    """Those in the last saved version of the scenario files."""
    https_port: int | None
    """None: not open."""
    proxy_port: int | None
    """None: not open."""
    replica: str | None
    """Its name among the replicas on one PostgreSQL; None: the store has one server."""
    replicas: list[str]
    """Names of all replicas that are alive, including this one."""


class Ready(TypedDict):
    """The state of a server that reaches its store."""

    status: Literal["ok"]


class Interception(TypedDict):
    """How programs reach the simulator by the providers' own host names."""

    https_port: int
    proxy_port: int
    hosts: list[str]
    """The providers' host names; ``*.`` in front stands for one label or more."""
    ca: str | None
    """The authority's certificate (PEM); None: the server uses a certificate of the user."""


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
    """The provider's word."""
    code: NotRequired[int | None]
    callback: NotRequired[int]
    """Of an attempt: the callback's number."""
    attempt: NotRequired[int]
    """From 1."""
    url: NotRequired[str]
    answered: NotRequired[int | None]
    """The receiver's HTTP status; None: no answer."""
    error: NotRequired[str | None]


class Moved(ClockState):
    """A clock after it was moved, and what happened on the way."""

    happened: list[Happened]
    """The first 1000 events, in order."""
    total: int
    """How many events there were."""


class Sandbox(ClockState):
    """An isolated part of a server, with messages, settings, scenarios and a clock of its own."""

    name: str
    seed: int
    messages: int
    """How many messages it has."""
    scenario: list[str]


class WholeSandbox(Sandbox):
    """A sandbox, with the values that its user sets in the clients of the providers."""

    credentials: dict[str, Credentials]
    base_urls: dict[str, str]
    settings: Settings


class Channel(_PerhapsFrom):
    """A channel by which a message is sent; ``from`` is its sender."""

    channel: str
    id: str
    to: str | None
    text: str | None
    content: Anything
    """Content besides the text."""
    ttl: int | None
    """Duration after which the next channel is tried."""
    status: str | None
    """The provider's word; None: the channel has not been tried."""
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
    """A neutral word."""
    accepted: str
    start: str
    """When it is sent; later than `accepted` if it is scheduled."""
    channels: list[Channel]
    credential: str
    batch: str | None
    item: int
    """Place in its batch, from 1."""
    exchange: int
    """Number of the request that contained it."""


class Step(TypedDict):
    """A status of a message's plan."""

    at: str
    channel: str
    status: str
    code: int | None
    kind: MessageState
    """What the status means, as a neutral word."""
    past: bool
    """Whether the clock has reached it."""


class Attempt(TypedDict):
    """One attempt at a callback."""

    number: int
    """From 1."""
    at: str
    headers: dict[str, str]
    body: str
    answered: int | None
    """The receiver's HTTP status; None: no answer."""
    answer: str | None
    error: str | None
    took: int
    """Milliseconds of real time."""


class Callback(TypedDict):
    """A callback to the application: a POST that was made or is to be made."""

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
    """The ways in which a scenario makes it differ from a correct callback."""
    attempts: list[Attempt]


class WholeMessage(Message):
    """A message with its plan and its callbacks."""

    plan: list[Step]
    rules: list[str]
    """For each channel, ``file:line`` of the rule that decided."""
    extra: dict[str, Anything]
    """Further members of the message in answers of the provider's own endpoints."""
    callbacks: list[Callback]


class Happening(TypedDict):
    """A past or future event, in words."""

    at: str
    what: str


class Decision(TypedDict):
    """The rule that decided, for a channel or for the request."""

    channel: str | None
    """None: the rule decided for the request."""
    rule: str
    """``file:line``"""
    when: dict[str, Anything] | None
    """The rule's condition; None: the rule is not loaded any more."""
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
    """Why a message, request or callback is as it is, and what happens next."""

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
    """The key in the provider's catalogue, which ``GET errors`` lists."""
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
    """Empty: no endpoint has the path."""
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
    """Ids of the messages that it contained."""
    notes: NotRequired[list[str]]
    rule: NotRequired[str]
    fault: NotRequired[str]
    way: NotRequired[Literal["https", "proxy", "connect"]]
    """The port by which it came; left out: the plain port."""


class Entry(_ControlFrom):
    """An entry of the journal: an exchange, an attempt at a callback, or an action of the control API."""

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
    """Id of the message that it answers; None: there is none."""


class WholeInbound(Inbound):
    """A message from a phone, and its callbacks."""

    callbacks: list[Callback]


class Rule(TypedDict):
    """A rule of a scenario."""

    place: str
    """``file:line``"""
    when: dict[str, Anything]
    decided: int
    """How often it has decided."""
    times: int | None
    """How often it may decide; None: no limit."""
    chosen: bool
    """Whether it is in a chosen scenario; False: it always applies."""


class ScenarioFile(TypedDict):
    """A file of a scenario, as it is on disk now."""

    file: str
    text: str | None
    reason: NotRequired[str]
    """Why it cannot be read."""


class Scenario(TypedDict):
    """The scenarios of a sandbox."""

    names: list[str]
    mistakes: list[str]
    """Those in the last saved version of the files; the last version without mistakes stays loaded."""
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
    """The mistakes in a scenario's text, or its rules."""

    names: list[str]
    mistakes: list[str]
    """``file:line:column: reason``"""
    rules: list[CheckedRule]


class ErrorEntry(TypedDict):
    """A documented error of a provider, with a request that causes it."""

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
    """The reserved recipient that causes it; None: only a certain request or a scenario does."""
    example: dict[str, Anything]
    curl: str


class StatusEntry(TypedDict):
    """A documented status of a provider, with a request that causes it."""

    provider: str
    word: str
    kind: MessageState
    code: int | None
    meaning: str
    source: str
    provenance: str
    recipient: str | None
    channels: list[str]
    """The channels that have it; empty: all."""
    example: dict[str, Anything]
    curl: str


class Errors(TypedDict):
    """Every documented error and status."""

    errors: list[ErrorEntry]
    statuses: list[StatusEntry]


class SentSample(TypedDict):
    """A sample request and its answer."""

    provider: str
    endpoint: str
    request: int
    """The request's number."""
    curl: str
    varied: bool
    """Whether recipients and texts are generated, for which the server needs the extra ``samples``."""
    status: int
    answer: str


class Share(TypedDict):
    """How many of the documented errors or outcomes were seen."""

    seen: int
    all: int
    percent: float


class Times(Share):
    """How often each error or outcome was seen; ``times``: key → count."""

    times: dict[str, int]


class ProviderCoverage(Share):
    """The coverage of one provider."""

    errors: Times
    outcomes: Times


class Coverage(Share):
    """The coverage of all providers."""

    providers: dict[str, ProviderCoverage]


class Finding(TypedDict):
    """A habit of the application that a provider would object to."""

    rule: str
    provider: str
    text: str
    advice: str
    times: int
    requests: list[int]
    """Numbers of the first requests that show it."""
    callbacks: list[int]
    """Numbers of the first callbacks that show it."""


class SinkAnswer(TypedDict, total=False):
    """An answer of a sink to posts."""

    status: int
    body: Anything
    """A text is sent as it is, anything else as JSON."""
    headers: dict[str, str]
    delay: str
    """Real time before the answer, such as ``2s``."""
    times: int
    """How many posts get it; 0: all further ones."""


class Posted(TypedDict):
    """A request that a sink received."""

    number: int
    at: str
    method: str
    path: str
    """The part of the path after the sink's name."""
    query: str
    headers: dict[str, str]
    body: str
    json: Anything
    """The decoded body; None: it is no JSON."""
    answered: int
    """HTTP status of the sink's answer."""


class SinkPage(TypedDict):
    """A sink: the posts that it received, and its next answers."""

    posts: list[Posted]
    total: int
    next: int | None
    answers: list[SinkAnswer]


class SinkSummary(TypedDict):
    """A sink of a sandbox."""

    name: str
    total: int
    """How many posts it has received."""


class Archive(TypedDict):
    """An HTTP archive (HAR 1.2)."""

    log: dict[str, Anything]
