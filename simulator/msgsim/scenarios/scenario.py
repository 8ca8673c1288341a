"""A scenario: the rules of its files, tried in order; the first that matches decides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter
from types import MappingProxyType

from msgspec import Struct, field

from msgsim.config import data_folder, read_own
from msgsim.contract import Contract
from msgsim.model import Beat
from msgsim.scenarios import yaml
from msgsim.scenarios.compiler import NEUTRAL, compile_rules
from msgsim.scenarios.reserved import Terms, magic_rules, recipient
from msgsim.scenarios.rule import DRAFT, HEAD, Rule, Subject
from msgsim.scenarios.yaml import BadFile, Document, Mistake
from msgsim.seed import Seed

ALWAYS_ON = ("magic", "default")
"""Files below every scenario: magic recipients by neutral word, then the happy path."""


class Counts(Struct):
    """Place of a rule → how often it has matched (only with ``nth``), and how often it has decided; and, key of a
    scenario → when it was activated, on the sandbox's clock.
    """

    fitted: dict[str, int]
    decided: dict[str, int]
    chosen: dict[str, int] = field(default_factory=dict)


class Match(Struct, frozen=True, gc=False):
    """Which rule decides; None: no rule. Nothing has been counted yet: the caller does that."""

    rule: Rule | None
    counted: Mapping[str, bool]
    """Place of each rule with ``nth`` that otherwise matched → whether this was its n-th match."""


class Scenario:
    """The rules of several files and those that are always on, compiled per endpoint.

    Rules with exact recipients are found in a table, so that ten thousand of them cost what ten do.
    """

    def __init__(self, documents: Sequence[Document], terms: Mapping[str, Terms]) -> None:
        """Raises BadFile with every mistake of every file."""
        self.documents = tuple(documents)
        self.names = tuple(str(document.value["name"]) for document in documents if _named(document))
        self.key = " ".join(self.names)
        self.digests = tuple(document.digest for document in documents if document.digest)
        """Digests of the files, in order; texts that were sent have none."""
        with yaml.uncollected():
            always = [
                magic_rules(terms),
                *(compile_rules(document, terms, expecting=False) for document in always_on()),
            ]
            for rule in always[-1]:
                rule.base = True
            mine = _all(partial(compile_rules, document, terms) for document in documents)
            self.rules = [*mine, *(rule for rules in always for rule in rules)]
            for number, rule in enumerate(self.rules):
                rule.number = number
                rule.always = rule.needs == DRAFT and not _is_conditional(rule)
            self.timed = any(rule.since or rule.until for rule in mine)
            self._first_always = len(mine)
            self._endpoints: dict[tuple[str, str], _Endpoint] = {}
            for name, words in terms.items():
                speaking = [rule for rule in self.rules if _for(rule, name, words)]
                for endpoint in words.endpoints:
                    here = [rule for rule in speaking if _speaks_of(rule, endpoint, words)]
                    self._endpoints[name, endpoint] = _Endpoint(here, endpoint in words.sends)

    def before_body(self, subject: Subject, seed: Seed, counts: Counts) -> Match:
        """Which rule decides a request as a whole without looking at its body."""
        return _first(self._endpoints[subject.provider, subject.endpoint].before_body, subject, seed, counts)

    def after_body(self, subject: Subject, seed: Seed, counts: Counts) -> Match:
        """Which rule decides a request as a whole, now that its body is known."""
        return _first(self._endpoints[subject.provider, subject.endpoint].after_body, subject, seed, counts)

    def per_draft(self, subject: Subject, seed: Seed, counts: Counts) -> Match:
        """Which rule decides a channel of a draft; never None."""
        return _first(self._endpoints[subject.provider, subject.endpoint].candidates(subject), subject, seed, counts)

    def underneath(self, subject: Subject, seed: Seed, counts: Counts) -> Match:
        """Which rule that is always on decides the statuses of a channel, where the deciding rule leaves them open."""
        candidates = self._endpoints[subject.provider, subject.endpoint].candidates(subject)
        rules = (rule for rule in candidates if rule.number >= self._first_always and rule.outcome.deliver is not None)
        return _first(rules, subject, seed, counts)


class _Endpoint:
    """The rules of an endpoint in three lists: matched before the body is read, after it, and per draft.

    Rules keep their order: a rule about whole requests that follows a rule about messages is matched per draft, too.
    """

    def __init__(self, rules: Iterable[Rule], sends: bool) -> None:
        self.before_body: list[Rule] = []
        self.after_body: list[Rule] = []
        self._exact: dict[str, list[Rule]] = {}
        """Rules per draft with an exact recipient, by recipient."""
        self._others: list[Rule] = []
        drafts = False
        for rule in rules:
            drafts = drafts or (sends and rule.needs == DRAFT)
            if drafts:
                where = self._exact.setdefault(recipient(rule.exact_to), []) if rule.exact_to else self._others
            else:
                where = self.before_body if rule.needs == HEAD and not self.after_body else self.after_body
            if sends or rule.needs != DRAFT:
                where.append(rule)

    def candidates(self, subject: Subject) -> Iterable[Rule]:
        """The rules for a draft by number, merged lazily, because mostly the first decides."""
        to = (subject.channel and subject.channel.to) or subject.to
        exact = self._exact.get(recipient(to))
        return self._others if exact is None else merge(exact, self._others, key=attrgetter("number"))


def _for(rule: Rule, name: str, terms: Terms) -> bool:
    """Whether a rule applies to a provider: it names the provider, or uses only names that the provider has."""
    if rule.provider:
        return rule.provider == name
    outcome = rule.outcome
    if outcome.respond and outcome.respond.error and outcome.respond.error not in terms.contract.errors:
        return False
    if outcome.reply is not None and not terms.receives:
        return False
    return all(_known(beat, terms.contract) for beat in outcome.deliver or ())


def _speaks_of(rule: Rule, endpoint: str, terms: Terms) -> bool:
    """Whether a rule applies to an endpoint: it names this endpoint or none, and only an error that it can answer."""
    respond = rule.outcome.respond
    possible = respond is None or not respond.error or respond.error in terms.possible(endpoint)
    return possible and rule.when.get("endpoint", endpoint) == endpoint


def _known(beat: Beat, contract: Contract) -> bool:
    return beat.status in contract.statuses or beat.status in NEUTRAL


def _is_conditional(rule: Rule) -> bool:
    return bool(rule.tests or rule.times or rule.since or rule.until or rule.nth or rule.chance < 1.0)


def _first(rules: Iterable[Rule], subject: Subject, seed: Seed, counts: Counts) -> Match:
    """The first rule that matches. Changes nothing."""
    counted = _NOTHING
    for rule in rules:
        if rule.always:
            return Match(rule, counted)
        if not _applies(rule, subject, seed, counts):
            continue
        if rule.nth:
            turn = subject.counted.get(rule.place)
            if turn is None:
                turn = counts.fitted.get(rule.place, 0) + 1 == rule.nth
                counted = {**counted, rule.place: turn}
            if not turn:
                continue
        return Match(rule, counted)
    return Match(None, counted)


_NOTHING: Mapping[str, bool] = MappingProxyType({})


def _applies(rule: Rule, subject: Subject, seed: Seed, counts: Counts) -> bool:
    """Whether all conditions of a rule but ``nth`` hold."""
    if rule.times and counts.decided.get(rule.place, 0) >= rule.times:
        return False
    if (rule.until and subject.elapsed >= rule.until) or subject.elapsed < rule.since:
        return False
    if not rule.fits(subject):
        return False
    return rule.chance >= 1.0 or seed.fraction(subject.place, f"{rule.place} {subject.item}") < rule.chance


def _all(compiling: Iterable[Callable[[], list[Rule]]]) -> list[Rule]:
    """Compile all files. Raises BadFile with the mistakes of all of them together."""
    mistakes: list[Mistake] = []
    rules: list[Rule] = []
    for compiled in compiling:
        try:
            rules += compiled()
        except BadFile as error:
            mistakes += error.mistakes
    if mistakes:
        raise BadFile(mistakes)
    return rules


def carried(counts: Counts, before: Scenario, after: Scenario) -> Counts:
    """The counts after a reload: rules that the edit has not changed keep their counts, at their new lines."""
    places: dict[str, list[str]] = {}
    for rule in before.rules:
        places.setdefault(_written(rule), []).append(rule.place)
    moved = Counts({}, {}, counts.chosen)
    if before.key in counts.chosen:
        moved.chosen[after.key] = counts.chosen[before.key]
    for rule in after.rules:
        if old := places.get(_written(rule)):
            place = old.pop(0)
            for old_counts, new_counts in ((counts.fitted, moved.fitted), (counts.decided, moved.decided)):
                if place in old_counts:
                    new_counts[rule.place] = old_counts[place]
    return moved


def _written(rule: Rule) -> str:
    """Equal for two rules that say the same in the same file, whatever their lines."""
    return f"{rule.place.rpartition(':')[0]} {rule.when} {rule.outcome} {rule.times}"


def _named(document: Document) -> bool:
    return isinstance(document.value, dict) and "name" in document.value


def always_on() -> list[Document]:
    """The files of `ALWAYS_ON`."""
    folder = data_folder("scenarios")
    return [yaml.read(folder / f"{name}.yaml", f"scenarios/{name}.yaml", read_own) for name in ALWAYS_ON]
