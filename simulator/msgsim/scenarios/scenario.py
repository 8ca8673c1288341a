"""Rules of several files, tried in order; the first that fits decides."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter

from msgspec import Struct, field

from msgsim.config import data_folder
from msgsim.contract import Contract
from msgsim.model import Beat
from msgsim.scenarios import yaml
from msgsim.scenarios.compiler import NEUTRAL, compile_rules
from msgsim.scenarios.reserved import Terms, magic_rules, recipient
from msgsim.scenarios.rule import DRAFT, Rule, Subject
from msgsim.scenarios.yaml import Document, Mistake, Wrong
from msgsim.seed import Seed

ALWAYS_ON = ("magic", "default")
"""Below every scenario: magic recipients by neutral word, then the happy path."""


class Counts(Struct):
    """How often each rule has fitted and decided, by its place in its file; when each scenario was chosen."""

    fitted: dict[str, int]
    decided: dict[str, int]
    chosen: dict[str, int] = field(default_factory=dict)


class Scenario:
    """Rules of several files, compiled per provider: recipients that are exact cost one look-up."""

    def __init__(self, documents: Sequence[Document], terms: Mapping[str, Terms]) -> None:
        """Raises Wrong with every mistake of every file."""
        self.documents = tuple(documents)
        self.names = tuple(str(document.value["name"]) for document in documents if _named(document))
        self.key = " ".join(self.names)
        self.digests = tuple(document.digest for document in documents if document.digest)
        """Of the files that were read, in order."""
        with yaml.uncollected():
            always = [magic_rules(terms), *(compile_rules(one, terms, expecting=False) for one in always_on())]
            for rule in always[-1]:
                rule.base = True
            mine = _all(partial(compile_rules, document, terms) for document in documents)
            self.rules = [*mine, *(rule for rules in always for rule in rules)]
            for number, rule in enumerate(self.rules):
                rule.number = number
                rule.always = rule.needs == DRAFT and not _is_conditional(rule)
            self.timed = any(rule.since or rule.until for rule in mine)
            self.gated = any(rule.needs < DRAFT for rule in self.rules)
            """Whether there is anything to say of a request as a whole."""
            self._first_always = len(mine)
            self._asked: dict[tuple[str, str], _Asked] = {}
            for name, one in terms.items():
                speaking = [rule for rule in self.rules if _for(rule, name, one)]
                table = _Table(speaking)
                whole = [rule for rule in speaking if rule.needs < DRAFT]
                for endpoint in one.endpoints:
                    rules = speaking if endpoint in one.sends else whole
                    self._asked[name, endpoint] = _Asked(rules, endpoint, table)

    def gate(self, subject: Subject, seed: Seed, counts: Counts) -> Rule | None:
        """The rule that decides a request as a whole.

        Asked before the body is read, and once more after that for the rules that look into it.
        """
        rules = self._asked[subject.provider, subject.endpoint].rules
        while subject.asked < len(rules) and rules[subject.asked].needs <= subject.known:
            rule = rules[subject.asked]
            subject.asked += 1
            if _applies(rule, subject, seed, counts):
                return rule
        return None

    def decide(self, subject: Subject, seed: Seed, counts: Counts) -> Rule:
        """The rule that decides a channel of a draft; there is always one."""
        asked = self._asked[subject.provider, subject.endpoint]
        for rule in asked.table.candidates(subject):
            if rule.always or (
                (rule.needs == DRAFT or rule.number >= asked.before) and _applies(rule, subject, seed, counts)
            ):
                return rule
        raise LookupError("default.yaml has a rule that fits everything")

    def fallback(self, subject: Subject, seed: Seed, counts: Counts) -> Rule:
        """The rule among those always on: for what the deciding one leaves open."""
        for rule in self._asked[subject.provider, subject.endpoint].table.candidates(subject):
            if (
                rule.number >= self._first_always
                and rule.outcome.deliver is not None
                and _applies(rule, subject, seed, counts)
            ):
                return rule
        raise LookupError("default.yaml has a rule that fits everything")


class _Asked:
    """The rules for one endpoint: those that answer whole requests, as far as no rule about messages stands before
    them, and all of its provider.
    """

    def __init__(self, rules: Iterable[Rule], endpoint: str, table: "_Table") -> None:
        self.table = table
        self.rules: list[Rule] = []
        self.before = 0
        """Rules with lower numbers that decide whole requests are in the list."""
        for rule in rules:
            if rule.when.get("endpoint", endpoint) != endpoint:
                continue
            if rule.needs == DRAFT:
                break
            self.rules.append(rule)
            self.before = rule.number + 1


class _Table:
    """The rules of one provider, exact recipients apart."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.exact: dict[str, list[Rule]] = {}
        self.others: list[Rule] = []
        for rule in rules:
            if rule.exact_to:
                self.exact.setdefault(recipient(rule.exact_to), []).append(rule)
            else:
                self.others.append(rule)

    def candidates(self, subject: Subject) -> Iterable[Rule]:
        """In the order of their numbers, found one by one: mostly the first decides."""
        to = (subject.channel and subject.channel.to) or subject.to
        exact = self.exact.get(recipient(to))
        return self.others if exact is None else merge(exact, self.others, key=attrgetter("number"))


def _for(rule: Rule, name: str, terms: Terms) -> bool:
    """Whether a rule speaks to a provider: it names it, or uses only words it has."""
    if rule.provider:
        return rule.provider == name
    outcome = rule.outcome
    if outcome.respond and outcome.respond.error and outcome.respond.error not in terms.contract.errors:
        return False
    if outcome.reply is not None and not terms.receives:
        return False
    return all(_known(beat, terms.contract) for beat in outcome.deliver or ())


def _known(beat: Beat, contract: Contract) -> bool:
    return beat.status in contract.statuses or beat.status in NEUTRAL


def _is_conditional(rule: Rule) -> bool:
    return bool(rule.tests or rule.times or rule.since or rule.until or rule.nth or rule.chance < 1.0)


def _applies(rule: Rule, subject: Subject, seed: Seed, counts: Counts) -> bool:
    if rule.times and counts.decided.get(rule.place, 0) >= rule.times:
        return False
    if (rule.until and subject.elapsed >= rule.until) or subject.elapsed < rule.since:
        return False
    if not rule.fits(subject):
        return False
    if rule.chance < 1.0 and seed.fraction(subject.place, f"{rule.place} {subject.item}") >= rule.chance:
        return False
    if rule.nth:
        if rule.place not in subject.nth:
            counts.fitted[rule.place] = fitted = counts.fitted.get(rule.place, 0) + 1
            subject.nth[rule.place] = fitted == rule.nth
        return subject.nth[rule.place]
    return True


def _all(compiling: Iterable[Callable[[], list[Rule]]]) -> list[Rule]:
    """Compile everything before complaining, so that all mistakes come at once."""
    mistakes: list[Mistake] = []
    rules: list[Rule] = []
    for compiled in compiling:
        try:
            rules += compiled()
        except Wrong as wrong:
            mistakes += wrong.mistakes
    if mistakes:
        raise Wrong(mistakes)
    return rules


def carried(counts: Counts, before: Scenario, after: Scenario) -> Counts:
    """The counts of rules that an edit left as they were, at their new lines."""
    places: dict[str, list[str]] = {}
    for rule in before.rules:
        places.setdefault(_written(rule), []).append(rule.place)
    moved = Counts({}, {}, counts.chosen)
    if before.key in counts.chosen:
        moved.chosen[after.key] = counts.chosen[before.key]
    for rule in after.rules:
        if old := places.get(_written(rule)):
            place = old.pop(0)
            for kind, kept in ((counts.fitted, moved.fitted), (counts.decided, moved.decided)):
                if place in kind:
                    kept[rule.place] = kind[place]
    return moved


def _written(rule: Rule) -> str:
    return f"{rule.place.rpartition(':')[0]} {rule.when} {rule.outcome} {rule.times}"


def _named(document: Document) -> bool:
    return isinstance(document.value, dict) and "name" in document.value


def always_on() -> list[Document]:
    """The files below every scenario."""
    folder = data_folder("scenarios")
    return [yaml.read(folder / f"{name}.yaml", f"scenarios/{name}.yaml") for name in ALWAYS_ON]
