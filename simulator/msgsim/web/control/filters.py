"""Filters of the list of messages, each with a reason for the messages that do not pass it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter

from msgspec import Struct
from starlette.requests import Request

from msgsim.clock import iso
from msgsim.contract import KINDS
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Message
from msgsim.plan import state, word
from msgsim.provider import Provider
from msgsim.scenarios.pattern import is_exact, pattern
from msgsim.web.control import resources
from msgsim.web.control.context import chosen
from msgsim.web.control.context import moment as time_in
from msgsim.web.control.lists import Test

LITERAL = frozenset("0123456789bcdegmopqruvxz ")
"""Characters that case folding makes of no other character but a capital of the same letter (see `as_written`)."""


class Moment(Struct, frozen=True):
    """The sandbox and the time for which messages are filtered: a status follows from the plan and the time."""

    providers: Mapping[str, Provider]
    sandbox: Sandbox
    now: int

    def words(self, message: Message) -> set[str]:
        """The words for its present status: that of each channel that was tried, and the neutral one of the whole."""
        reached = {step.status for step in state(message, self.now) if step is not None}
        return {word(message, self.providers[message.provider].contract, self.now), *reached}


def filters(request: Request, moment: Moment) -> list[Test[Message]]:
    """The filters in a query. Raises ValueError for one that is not understood."""
    query = request.query_params
    tests: list[Test[Message]] = []
    providers = moment.providers
    if (provider := chosen(request, "provider", providers)) is not None:
        tests.append(
            Test(lambda message: message.provider == provider, lambda message: f"its provider is {message.provider}")
        )
    if (to := query.get("to")) is not None:
        number = _number(to)
        tests.append(
            Test(
                lambda message: (
                    number(message.to) or any(channel.to and number(channel.to) for channel in message.channels)
                ),
                lambda message: f"it goes to {message.to}",
            )
        )
    if (sender := query.get("from")) is not None:
        tests.append(_on_a_channel("sender", _number(sender), "it comes from", str))
    if (name := chosen(request, "channel", channels(providers))) is not None:
        tests.append(_on_a_channel("name", name.__eq__, "it goes by", str))
    if (text := query.get("text")) is not None:
        tests.append(_on_a_channel("text", _text(text), "it says", repr))
    if (since := time_in(request, "since", moment.now)) is not None:
        tests.append(
            Test(
                lambda message: message.accepted >= since,
                lambda message: f"it was accepted before, at {iso(message.accepted)}",
            )
        )
    if (status := chosen(request, "status", statuses(providers))) is not None:
        tests.append(has_status(frozenset({status}), moment))
    return tests


def statuses(providers: Mapping[str, Provider]) -> list[str]:
    """All words for a message's status: ``scheduled``, the neutral words, then those of the providers."""
    return ["scheduled", *KINDS, *(word for provider in providers.values() for word in provider.contract.statuses)]


def channels(providers: Mapping[str, Provider]) -> list[str]:
    """Names of the channels of all providers, with repetitions."""
    return [channel for provider in providers.values() for channel in provider.channels]


def _on_a_channel(member: str, fits: Callable[[str], bool], verb: str, written: Callable[[str], str]) -> Test[Message]:
    """A filter for a member of any of the message's channels; ``verb`` and ``written`` word the reason."""
    value = attrgetter(member)

    def one_fits(message: Message) -> bool:
        for channel in message.channels:  # noqa: SIM110 - of every message there is: a generator takes twice as long
            if fits(value(channel)):
                return True
        return False

    return Test(one_fits, lambda message: f"{verb} {_either(written(value(channel)) for channel in message.channels)}")


def has_status(wanted: Collection[str], moment: Moment) -> Test[Message]:
    """A filter by status: one of ``wanted`` is the present status of the message or of one of its channels."""

    def why(message: Message) -> str:
        contract = moment.providers[message.provider].contract
        text = f"its status is {_either(sorted(moment.words(message)))}"
        known = {step.status for step in message.steps} | {
            contract.statuses[step.status].kind for step in message.steps
        }
        for step in message.steps:
            if step.at > moment.now and (step.status in wanted or contract.statuses[step.status].kind in wanted):
                ahead = resources.ahead(moment.sandbox, step.at)
                return f"{text}, and {step.status} follows at {iso(step.at)}{ahead}"
        return text + (", it was that before" if known & set(wanted) else ", and that is not in its plan")

    return Test(lambda message: not moment.words(message).isdisjoint(wanted), why)


def _number(wanted: str) -> Callable[[str], bool]:
    """A test of phone numbers, with or without plus; patterns (wildcards, ``/regular expression/``) as in scenarios."""
    if is_exact(wanted):
        bare = wanted.strip().removeprefix("+")
        return lambda value: value.removeprefix("+") == bare
    fits = pattern(wanted)
    return lambda value: fits(value) or fits(f"+{value}")


def _text(wanted: str) -> Callable[[str], bool]:
    """A test of texts: contains ``wanted`` in any case, or matches it as a pattern if it is one."""
    if is_exact(wanted):
        folded = wanted.casefold()
        return lambda value: folded in value.casefold()
    return pattern(wanted)


def as_written(text: str) -> str:
    """The longest part of a text that is certainly in the stored row of a message with this text, in some case.

    SQL can then leave out other rows. The part has LITERAL characters only: rows contain others as escapes, and some
    letters outside ASCII are folded to the letters that LITERAL leaves out.
    """
    parts = "".join(letter if letter in LITERAL else "\n" for letter in text.casefold()).split("\n")
    return max(parts, key=len)


def _either(values: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(values))
