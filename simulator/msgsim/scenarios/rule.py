"""A rule of a scenario: its conditions and its outcome."""

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

from msgspec import Struct, field

from msgsim.config import LONGEST, milliseconds
from msgsim.model import Beat, Call, Channel, Fault, Json, Twist, whole
from msgsim.scenarios.pattern import Fits, is_exact, pattern, values
from msgsim.seed import Seed

Test = Callable[["Subject"], bool]
"""Whether a condition of a rule holds."""
HEAD, BODY, DRAFT = range(3)
"""How much of a request a rule needs to decide: its headers, its body, or a single draft."""


LATE = 60_000
"""Default delay of a late callback in milliseconds."""
RETRIES = (1000, 5000, 30_000)
"""Default pauses before each retry in milliseconds."""


class Subject(Struct):
    """What rules are matched against: a channel of a draft, or the request as a whole (``channel`` is None)."""

    call: Call
    provider: str
    endpoint: str
    credential: str
    place: int
    """Number of the request in its sandbox; with the seed it determines what chance decides."""
    to: str = ""
    channel: Channel | None = None
    item: int = 0
    body: Json = None
    elapsed: int = 0
    """Milliseconds since the scenario was activated."""
    counted: Mapping[str, bool] = field(default_factory=dict)
    """Place of a rule with ``nth`` → whether this draft is its n-th. A draft is counted once, not once per channel."""


class Respond(Struct, frozen=True, omit_defaults=True):
    """A dictated answer: an error of the catalogue by its key, or a raw status with a body."""

    error: str = ""
    status: int = 0
    body: Json = None
    headers: tuple[tuple[str, str], ...] = ()


class FaultSpec(Struct, frozen=True):
    """A fault as a rule writes it; a random delay is drawn for each request."""

    kind: str
    after: str = "nothing"
    shape: str = "fixed"
    """Distribution of the delay: fixed, uniform, normal or lognormal."""
    first: int = 0
    """Milliseconds: the delay, the least, the mean or the median."""
    second: int = 0
    """Milliseconds: the most, the standard deviation, or the 84th percentile."""

    def drawn(self, seed: Seed, place: int) -> Fault:
        """The fault of a request (its number is ``place``)."""
        if self.shape == "fixed":
            return Fault(self.kind, self.after, self.first)
        share = min(max(seed.fraction(place, "fault"), 1e-9), 1 - 1e-9)
        if self.shape == "uniform":
            delay = self.first + (self.second - self.first) * share
        elif self.shape == "normal":
            delay = NormalDist(self.first, max(self.second, 1)).inv_cdf(share)
        else:
            spread = max(self.second / max(self.first, 1), 1.0)
            delay = self.first * spread ** NormalDist().inv_cdf(share)
        return Fault(self.kind, self.after, max(0, round(min(delay, LONGEST))))


class Outcome(Struct, frozen=True, omit_defaults=True):
    """What a rule decides. What it leaves open (None) is decided by the rules that are always on."""

    deliver: tuple[Beat, ...] | None = None
    respond: Respond | None = None
    fault: FaultSpec | None = None
    callbacks: tuple[Twist, ...] = ()
    reply: tuple[int, str] | None = None
    """The recipient's reply: milliseconds after the channel is tried, and text."""


class Rule(Struct):
    """A compiled rule. Exact recipients and endpoints are looked up in tables before ``tests`` run."""

    number: int
    place: str
    """``file:line``, the identity of the rule."""
    when: Mapping[str, Json]
    outcome: Outcome
    tests: tuple[Test, ...]
    provider: str = ""
    exact_to: str = ""
    needs: int = DRAFT
    """DRAFT, or HEAD or BODY for a rule about a request as a whole."""
    since: int = 0
    until: int = 0
    """Milliseconds after the scenario was activated between which the rule is active; 0: no limit."""
    times: int = 0
    """How often it may decide; 0: no limit."""
    nth: int = 0
    """Only the n-th match decides; 0: every match."""
    chance: float = 1.0
    base: bool = False
    """It is in ``default.yaml``, the happy path below all other rules."""
    always: bool = False
    """It has no conditions that could fail for a draft."""

    def fits(self, subject: Subject) -> bool:
        for test in self.tests:  # noqa: SIM110 - a generator costs more than most rules have to test
            if not test(subject):
                return False
        return True


def digits(number: str) -> str:
    """A phone number without a leading plus: recipients match with and without it."""
    return number.removeprefix("+")


def tests_of(when: Mapping[str, Json]) -> tuple[Test, ...]:
    """The tests of a ``when``, cheapest first. Raises ValueError for an invalid pattern."""
    found: list[Test] = []
    if (endpoint := when.get("endpoint")) is not None:
        found.append(lambda subject: subject.endpoint == endpoint)
    if (channel := when.get("channel")) is not None:
        found.append(lambda subject: subject.channel is not None and subject.channel.name == channel)
    if (item := when.get("item")) is not None:
        found.append(lambda subject: subject.item + 1 == item)
    if (to := when.get("to")) is not None and not is_exact(str(to)):
        found.append(_recipient(pattern(str(to))))
    if (sender := when.get("from")) is not None:
        found.append(_sender(pattern(str(sender))))
    if (text := when.get("text")) is not None:
        found.append(_text(pattern(str(text))))
    if (credential := when.get("credential")) is not None:
        found.append(_credential(pattern(str(credential))))
    found += [_header(name.lower(), pattern(str(wanted))) for name, wanted in when.get("header", {}).items()]
    found += [_body(path, wanted) for path, wanted in when.get("body", {}).items()]
    return tuple(found)


def one_of(channels: tuple[str, ...]) -> Test:
    return lambda subject: subject.channel is not None and subject.channel.name in channels


def _recipient(fits: Fits) -> Test:
    def test(subject: Subject) -> bool:
        to = (subject.channel.to if subject.channel else "") or subject.to
        return fits(to) or fits(f"+{to}" if to[:1].isdigit() else to)

    return test


def _sender(fits: Fits) -> Test:
    return lambda subject: subject.channel is not None and fits(subject.channel.sender)


def _text(fits: Fits) -> Test:
    return lambda subject: subject.channel is not None and fits(subject.channel.text)


def _credential(fits: Fits) -> Test:
    return lambda subject: fits(subject.credential)


def _header(name: str, fits: Fits) -> Test:
    return lambda subject: name in subject.call.headers and fits(subject.call.headers[name])


def _body(path: str, wanted: Json) -> Test:
    fits, wanted = pattern(wanted) if isinstance(wanted, str) else None, whole(wanted)

    def test(subject: Subject) -> bool:
        found = values(path, subject.body)
        if fits is not None:
            return any(isinstance(value, str) and fits(value) for value in found)
        return any(value == wanted and type(value) is type(wanted) for value in found)

    return test


def outcome_of(rule: Mapping[str, Json]) -> Outcome:
    """The outcome of a rule whose YAML has passed the schema. Raises ValueError for a duration that is too long."""
    deliver = rule.get("deliver")
    reply = rule.get("reply")
    return Outcome(
        deliver=None
        if deliver is None
        else tuple(
            sorted(
                (Beat(milliseconds(step["after"]), step["status"], whole(step.get("err"))) for step in deliver),
                key=lambda beat: beat.after,
            )
        ),
        respond=_respond(rule["respond"]) if "respond" in rule else None,
        fault=_fault(rule["fault"]) if "fault" in rule else None,
        callbacks=tuple(_twist(twist) for twist in rule.get("callbacks", ())),
        reply=(milliseconds(reply["after"]), reply["text"]) if reply else None,
    )


def _respond(respond: Mapping[str, Json]) -> Respond:
    headers = tuple((name, str(value)) for name, value in respond.get("headers", {}).items())
    return Respond(respond.get("error", ""), whole(respond.get("status", 0)), respond.get("body"), headers)


def _fault(fault: Mapping[str, Json]) -> FaultSpec:
    slow = fault["kind"] in ("latency", "drip")
    delay = fault.get("delay", "1s" if fault["kind"] == "latency" else "100ms")
    after = fault.get("after", "accepted" if slow else "nothing")
    if isinstance(delay, str):
        return FaultSpec(fault["kind"], after, "fixed", milliseconds(delay))
    ((shape, (first, second)),) = delay.items()
    return FaultSpec(fault["kind"], after, shape, milliseconds(first), milliseconds(second))


def _twist(twist: str | Mapping[str, Json]) -> Twist:
    if isinstance(twist, str):
        return Twist(twist, delay=LATE if twist == "delay" else 0, pauses=RETRIES if twist == "retry" else ())
    ((kind, argument),) = twist.items()
    if kind == "retry":
        return _retry(argument)
    if isinstance(argument, dict):
        late = milliseconds(argument["by"]) if "by" in argument else LATE if kind == "delay" else 0
        return Twist(kind, late, argument.get("status", ""))
    if is_duration(argument):
        return Twist(kind, milliseconds(argument))
    return Twist(kind, LATE if kind == "delay" else 0, argument)


def _retry(argument: str | Sequence[str] | Mapping[str, Json]) -> Twist:
    """The twist ``retry``: a pause, several pauses, a status, or a mapping with both."""
    if isinstance(argument, str):
        if is_duration(argument):
            return Twist("retry", pauses=(milliseconds(argument),))
        return Twist("retry", only=argument, pauses=RETRIES)
    if isinstance(argument, Mapping):
        after = argument.get("after")
        pauses = RETRIES if after is None else tuple(milliseconds(pause) for pause in after)
        return Twist("retry", only=argument.get("status", ""), pauses=pauses)
    return Twist("retry", pauses=tuple(milliseconds(pause) for pause in argument))


def is_duration(text: str) -> bool:
    try:
        milliseconds(text)
    except ValueError:
        return False
    return True
