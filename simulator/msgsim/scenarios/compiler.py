"""Compiles a scenario file to rules, or reports all of its mistakes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from msgsim.config import data_folder, milliseconds
from msgsim.contract import FAILURES, KINDS
from msgsim.contract.schema import Schema
from msgsim.model import Json, whole
from msgsim.scenarios.dictated import unsendable
from msgsim.scenarios.pattern import is_exact, jsonpath, pattern
from msgsim.scenarios.reserved import Terms
from msgsim.scenarios.rule import BODY, DRAFT, HEAD, Outcome, Rule, is_duration, outcome_of, tests_of
from msgsim.scenarios.yaml import BadFile, Document, Mistake, suggestion

NEUTRAL = KINDS[:-1]
"""The neutral words for statuses."""
BELOW_REQUEST = frozenset({"channel", "to", "from", "text", "item"})
"""Conditions of ``when`` about a message and not about the request as a whole."""
PATTERNS = ("to", "from", "text", "credential")
"""Conditions of ``when`` whose value is a pattern."""
ACCEPTING = ("deliver", "callbacks", "reply")
"""Outcomes that need an accepted message; they exclude ``respond``."""
_Path = tuple[str | int, ...]
"""Keys and indexes from the root of the file, or of a rule, to a value."""


@cache
def schema() -> Schema:
    """The published schema of scenario files."""
    return Schema(data_folder("schemas") / "simulator" / "scenario.json", {})


def compile_rules(document: Document, terms: Mapping[str, Terms], expecting: bool = True) -> list[Rule]:
    """The rules of a file. Raises BadFile with all its mistakes, in the order of its lines.

    ``expecting``: check its expectations too. Values that break the schema are left out; all others are checked
    further, so that one run reports every mistake.
    """
    intact = schema().accepts(document.value)
    refused = [] if intact else _of_schema(document)
    mistakes: list[Mistake] = []
    rules: list[Rule] = []
    for index, written in _items(document, "rules", "rule", intact):
        found = [
            document.at(("rules", index, *path), reason)
            for path, reason in (
                *_unreadable(written.get("when", {})),
                *_senseless(written),
                *_unsendable(written),
                *_unknown(written, terms),
            )
        ]
        if found:
            mistakes += found
            continue
        try:
            rules.append(_rule(document, index, written))
        except ValueError as error:  # A duration longer than any calendar has.
            mistakes.append(document.at(("rules", index), str(error)))
    for index, expected in _items(document, "expect", "expectation", intact) if expecting else ():
        mistakes += [
            document.at(("expect", index, *path), reason) for path, reason in _unknown_expected(expected, terms)
        ]
    places = {(mistake.line, mistake.column) for mistake in refused}
    mistakes = [*refused, *(mistake for mistake in mistakes if (mistake.line, mistake.column) not in places)]
    if mistakes:
        raise BadFile(sorted(mistakes))
    return rules


def _of_schema(document: Document) -> list[Mistake]:
    from msgsim.scenarios.violations import (  # For start-up time.
        of_schema,
    )  # Late: it imports jsonschema, which explains and is slow to load.

    return of_schema(document, schema().document)


def _items(document: Document, member: str, definition: str, intact: bool) -> Iterable[tuple[int, Json]]:
    """The items of a list of the file, with their indexes.

    Of a file that is not ``intact`` (breaks the schema) only what is valid of each item.
    """
    if intact:
        return enumerate(document.value.get(member, ()))
    from msgsim.scenarios.violations import sound_items  # Late, as above.

    return sound_items(document.value, member, schema().document, definition)


def _rule(document: Document, index: int, written: Mapping[str, Json]) -> Rule:
    when = written.get("when", {})
    outcome = outcome_of(written)
    to = str(when.get("to", ""))
    return Rule(
        number=index,
        place=f"{document.file}:{document.place(('rules', index))[0]}",
        when=when,
        outcome=outcome,
        tests=tests_of(when),
        provider=when.get("provider", ""),
        exact_to=to if to and is_exact(to) else "",
        needs=_needs(when, outcome),
        since=milliseconds(when.get("since", "0s")),
        until=milliseconds(when.get("until", "0s")),
        times=whole(written.get("times", 0)),
        nth=whole(when.get("nth", 0)),
        chance=float(when.get("chance", "100%").rstrip("%")) / 100,
    )


def _needs(when: Mapping[str, Json], outcome: Outcome) -> int:
    """How much of a request has to be known before a rule can decide: HEAD, BODY or DRAFT."""
    answers = outcome.respond is not None or outcome.fault is not None
    lives = outcome.deliver is not None or outcome.callbacks or outcome.reply is not None
    if not answers or lives or BELOW_REQUEST & when.keys():
        return DRAFT
    return BODY if "body" in when else HEAD


def _unreadable(when: Mapping[str, Json]) -> Iterator[tuple[_Path, str]]:
    """Invalid regular expressions and JSONPaths."""
    patterns: list[tuple[_Path, Json]] = [(("when", key), when[key]) for key in PATTERNS if key in when]
    for key in ("header", "body"):
        patterns += [(("when", key, name), wanted) for name, wanted in when.get(key, {}).items()]
    for path, text in patterns:
        try:
            pattern(str(text))
            if path[1] == "body":
                jsonpath(str(path[2]))
        except ValueError as error:
            yield path, str(error)


def _senseless(written: Mapping[str, Json]) -> Iterator[tuple[_Path, str]]:
    """Contradictions: outcomes that exclude each other, and ``until`` that is not later than ``since``."""
    if "respond" in written:
        for outcome in ACCEPTING:
            if outcome in written:
                yield (outcome,), f"{outcome} has no effect beside respond: nothing is accepted"
    when = written.get("when", {})
    if "since" in when and "until" in when and milliseconds(when["since"]) >= milliseconds(when["until"]):
        yield ("when", "until"), f"until {when['until']} is not later than since {when['since']}"


def _unsendable(written: Mapping[str, Json]) -> Iterator[tuple[_Path, str]]:
    """Dictated answers that HTTP cannot transport."""
    if (respond := written.get("respond")) is not None:
        for path, reason in unsendable(respond.get("status", 0), respond.get("headers", {}), respond.get("body")):
            yield ("respond", *path), reason


def _unknown(written: Mapping[str, Json], terms: Mapping[str, Terms]) -> Iterator[tuple[_Path, str]]:
    """Names that the rule's provider does not have; in a rule without a provider, names that none has."""
    when = written.get("when", {})
    named = when.get("provider")
    if named is not None and named not in terms:
        yield ("when", "provider"), _no_provider(named, terms)
        named = None  # The rest of the rule is checked against all providers, as the intended one is unknown.
    providers = [terms[named]] if named else list(terms.values())
    whose = f"{named} has" if named else "there is"
    for key, known in (("endpoint", "endpoints"), ("channel", "channels")):
        if key not in when:
            continue
        words = sorted({word for provider in providers for word in getattr(provider, known)})
        if when[key] not in words:
            yield ("when", key), f"{whose} no {key} {when[key]!r}{suggestion(when[key], words)}"
    error = written.get("respond", {}).get("error")
    if error is not None and not any(error in provider.possible(when.get("endpoint", "")) for provider in providers):
        errors = [key for provider in providers for key in provider.possible(when.get("endpoint", ""))]
        yield ("respond", "error"), f"{whose} no error {error!r}{suggestion(error, errors)}"
    if "callbacks" in written:
        if not any(provider.reports for provider in providers):
            yield ("callbacks",), f"{whose} no callbacks"
        yield from _unknown_twisted(written["callbacks"], providers, whose, when.get("channel", ""))
    if "reply" in written and not any(provider.receives for provider in providers):
        yield ("reply",), f"{whose} no inbound messages"
    if "deliver" in written:
        yield from _unknown_steps(written["deliver"], providers, whose, when.get("channel", ""))


def _unknown_twisted(
    twists: Sequence[Json], providers: Sequence[Terms], whose: str, channel: str
) -> Iterator[tuple[_Path, str]]:
    """Unknown statuses in the twists of callbacks."""
    for number, twist in enumerate(twists):
        for kind, argument in twist.items() if isinstance(twist, dict) else ():
            path: _Path = ("callbacks", number, kind)
            word = argument
            if isinstance(argument, dict):
                path, word = (*path, "status"), argument.get("status")
            if not isinstance(word, str) or is_duration(word):
                continue
            if reason := _no_status(word, providers, whose, [channel] if channel else []):
                yield path, reason


def _unknown_steps(
    steps: Sequence[Json], providers: Sequence[Terms], whose: str, channel: str
) -> Iterator[tuple[_Path, str]]:
    """Statuses that do not exist, or not on the channel; that no single channel has all; that follow a failure."""
    ended = ""
    together = [{channel} if channel else set(provider.channels) for provider in providers]
    for number, step in enumerate(steps):
        word = step["status"]
        if reason := _no_status(word, providers, whose, [channel] if channel else []):
            yield ("deliver", number, "status"), reason
            continue
        knowing = [set(_channels(word, provider)) for provider in providers]
        together = [before & now for before, now in zip(together, knowing, strict=True)]
        if not any(together):
            only = ", ".join(sorted(set().union(*knowing)))
            yield ("deliver", number, "status"), f"{word} exists only on {only}, where a status before it does not"
            return
        if ended:
            yield ("deliver", number, "status"), f"nothing can follow {ended}; take {word} out"
        elif _kind(word, providers) in FAILURES:
            ended = word
        if "err" in step:
            if any(step["err"] in provider.contract.codes for provider in providers):
                continue
            if codes := {code for provider in providers for code in provider.contract.codes}:
                known = ", ".join(map(str, sorted(codes)))
                yield ("deliver", number, "err"), f"{whose} no number {step['err']} (known: {known})"


def _unknown_expected(expected: Mapping[str, Json], terms: Mapping[str, Terms]) -> Iterator[tuple[_Path, str]]:
    """Names in an expectation that its provider does not have."""
    send = expected["send"]
    if (named := send["provider"]) not in terms:
        yield ("send", "provider"), _no_provider(named, terms)
        return
    provider, whose = terms[named], f"{named} has"
    if (endpoint := send.get("endpoint")) is not None and endpoint not in provider.endpoints:
        yield ("send", "endpoint"), f"{whose} no endpoint {endpoint!r}{suggestion(endpoint, provider.endpoints)}"
    for number, channel in enumerate(send.get("channels", ())):
        if channel not in provider.channels:
            yield ("send", "channels", number), _no_channel(channel, provider, whose)
    if (error := expected.get("error")) is not None and error not in provider.contract.errors:
        yield ("error",), f"{whose} no error {error!r}{suggestion(error, provider.contract.errors)}"
    for number, (channel, word) in enumerate(expected.get("statuses", ())):
        if channel not in provider.channels:
            yield ("statuses", number, 0), _no_channel(channel, provider, whose)
        elif word is not None and (reason := _no_status(word, [provider], whose, [channel])):
            yield ("statuses", number, 1), reason
    for number, word in enumerate(expected.get("callbacks", ())):
        if word is not None and (reason := _no_status(word, [provider], whose, send.get("channels", ()))):
            yield ("callbacks", number), reason


def _no_provider(named: str, terms: Mapping[str, Terms]) -> str:
    return f"there is no provider {named!r}{suggestion(named, terms)} (there are {', '.join(sorted(terms))})"


def _no_channel(channel: str, provider: Terms, whose: str) -> str:
    return f"{whose} no channel {channel!r}{suggestion(channel, provider.channels)}"


def _no_status(word: str, providers: Sequence[Terms], whose: str, channels: Sequence[str]) -> str:
    """Why no provider has a status on any of these channels (empty: on any channel); empty when some provider does."""
    if not _is_status(word, providers):
        return f"{whose} no status {word!r}{suggestion(word, _statuses(providers))}"
    where = {name for provider in providers for name in _channels(word, provider)}
    if not channels or where & set(channels):
        return ""
    return f"{word} does not exist on {', '.join(channels)} (only on {', '.join(sorted(where))})"


def _channels(word: str, terms: Terms) -> Sequence[str]:
    """The channels that have a status. Neutral words are valid on all; where one has no meaning, planning skips it."""
    if word in NEUTRAL:
        return terms.channels
    status = terms.contract.statuses.get(word)
    return () if status is None else status.channels or terms.channels


def _is_status(word: str, providers: Iterable[Terms]) -> bool:
    return word in NEUTRAL or any(word in provider.contract.statuses for provider in providers)


def _statuses(providers: Iterable[Terms]) -> list[str]:
    return [*NEUTRAL, *(status for provider in providers for status in provider.contract.statuses)]


def _kind(word: str, providers: Sequence[Terms]) -> str:
    found = [provider.contract.statuses[word].kind for provider in providers if word in provider.contract.statuses]
    return found[0] if found else word
