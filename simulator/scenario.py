"""Scenario files to rules; the first rule that fits decides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from simulator import yamlfile
from simulator.config import data_folder
from simulator.contract import FAILURES, KINDS, Contract, Schema
from simulator.model import Beat, Json
from simulator.rule import Outcome, Respond, Rule, Subject, digits, is_exact, one_of, outcome_of, tests_of
from simulator.seed import Seed
from simulator.yamlfile import Document, Mistake, Wrong, suggestion

NEUTRAL = KINDS[:-1]
BELOW_REQUEST = {"channel", "to", "from", "text", "item"}


class Terms(Struct, frozen=True):
    """The words of one provider that a scenario may use."""

    contract: Contract
    endpoints: tuple[str, ...]
    channels: tuple[str, ...]
    phones: bool = True


class Counts(Struct):
    """How often each rule has fitted and decided, by its place in its file."""

    fitted: dict[str, int]
    decided: dict[str, int]


class Scenario:
    """Rules of several files, compiled per provider: recipients that are exact cost one look-up."""

    def __init__(self, documents: Sequence[Document], terms: Mapping[str, Terms]) -> None:
        """Raises Wrong with every mistake of every file."""
        self.documents = tuple(documents)
        self.names = tuple(str(document.value["name"]) for document in documents if _named(document))
        always = [magic_rules(terms), *(compile_rules(document, terms) for document in always_on())]
        for rule in always[-1]:
            rule.base = True
        mine = _all(compile_rules(document, terms) for document in documents)
        self.rules = [*mine, *(rule for rules in always for rule in rules)]
        for number, rule in enumerate(self.rules):
            rule.number = number
        self._first_always = len(mine)
        self._gates = {name: [rule for rule in self.rules if _gate(rule, one)] for name, one in terms.items()}
        self._tables = {name: _Table(self.rules, name, one) for name, one in terms.items()}

    def gate(self, subject: Subject, seed: Seed, counts: Counts) -> Rule | None:
        """The rule that decides a request as a whole, before its body is read."""
        for rule in self._gates[subject.provider]:
            if _applies(rule, subject, seed, counts):
                return rule
        return None

    def decide(self, subject: Subject, seed: Seed, counts: Counts) -> Rule:
        """The rule that decides a channel of a draft; there is always one."""
        for rule in self._tables[subject.provider].candidates((subject.channel and subject.channel.to) or subject.to):
            if _applies(rule, subject, seed, counts):
                return rule
        raise LookupError("default.yaml has a rule that fits everything")

    def fallback(self, subject: Subject, seed: Seed, counts: Counts) -> Rule:
        """The rule among those always on: for what the deciding one leaves open."""
        for rule in self._tables[subject.provider].candidates((subject.channel and subject.channel.to) or subject.to):
            if (
                rule.number >= self._first_always
                and rule.outcome.deliver is not None
                and _applies(rule, subject, seed, counts)
            ):
                return rule
        raise LookupError("default.yaml has a rule that fits everything")


class _Table:
    """The rules of one provider below the request, exact recipients apart."""

    def __init__(self, rules: Iterable[Rule], name: str, terms: Terms) -> None:
        self.exact: dict[str, list[Rule]] = {}
        self.others: list[Rule] = []
        for rule in rules:
            if not _for(rule, name, terms):
                continue
            if rule.exact_to:
                self.exact.setdefault(recipient(rule.exact_to), []).append(rule)
            else:
                self.others.append(rule)

    def candidates(self, to: str) -> Iterable[Rule]:
        exact = self.exact.get(recipient(to))
        if exact is None:
            return self.others
        return sorted([*exact, *self.others], key=lambda rule: rule.number)


def recipient(to: str) -> str:
    """As it stands in the table: numbers without plus; ``sim-failed@example.com`` as ``SIM-FAILED``."""
    if to[:4].lower() == "sim-":
        return to.partition("@")[0].upper()
    return digits(to)


def _for(rule: Rule, name: str, terms: Terms) -> bool:
    """Whether a rule speaks to a provider: it names it, or uses only words it has."""
    if rule.provider:
        return rule.provider == name
    outcome = rule.outcome
    if outcome.respond and outcome.respond.error and outcome.respond.error not in terms.contract.errors:
        return False
    return all(_known(beat, terms.contract) for beat in outcome.deliver or ())


def _known(beat: Beat, contract: Contract) -> bool:
    return beat.status in contract.statuses or beat.status in NEUTRAL


def _gate(rule: Rule, terms: Terms) -> bool:
    return rule.whole_request and _for(rule, terms.contract.provider, terms)


def _applies(rule: Rule, subject: Subject, seed: Seed, counts: Counts) -> bool:
    if rule.times and counts.decided.get(rule.place, 0) >= rule.times:
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


def _all(compiled: Iterable[list[Rule]]) -> list[Rule]:
    """Compile everything before complaining, so that all mistakes come at once."""
    mistakes: list[Mistake] = []
    rules: list[Rule] = []
    iterator = iter(compiled)
    while True:
        try:
            rules += next(iterator)
        except StopIteration:
            break
        except Wrong as wrong:
            mistakes += wrong.mistakes
    if mistakes:
        raise Wrong(mistakes)
    return rules


def _named(document: Document) -> bool:
    return isinstance(document.value, dict) and "name" in document.value


@cache
def schema() -> Schema:
    """The published schema of scenario files."""
    return Schema(data_folder("schemas") / "simulator" / "scenario.json", {})


def compile_rules(document: Document, terms: Mapping[str, Terms]) -> list[Rule]:
    """The rules of a file. Raises Wrong with all its mistakes."""
    if not schema().accepts(document.value):
        from simulator.mistakes import of_schema

        raise Wrong(of_schema(document, schema().document))
    mistakes: list[Mistake] = []
    rules: list[Rule] = []
    for index, written in enumerate(document.value["rules"]):
        try:
            rules.append(_rule(document, index, written))
        except ValueError as wrong:
            mistakes.append(document.at(("rules", index), str(wrong)))
        mistakes += _unknown_terms(document, index, written, terms)
    if mistakes:
        raise Wrong(mistakes)
    return rules


def _rule(document: Document, index: int, written: Mapping[str, Json]) -> Rule:
    when = written.get("when", {})
    outcome = outcome_of(written)
    to = str(when.get("to", ""))
    place = f"{document.file}:{document.places[('rules', index)][0]}"
    answers = outcome.respond is not None or outcome.fault is not None
    return Rule(
        number=index,
        place=place,
        when=when,
        outcome=outcome,
        tests=tests_of(when),
        provider=when.get("provider", ""),
        exact_to=to if to and is_exact(to) else "",
        whole_request=answers and outcome.deliver is None and not BELOW_REQUEST & when.keys(),
        times=written.get("times", 0),
        nth=when.get("nth", 0),
        chance=float(str(when.get("chance", "100%")).rstrip("%")) / 100,
    )


def _unknown_terms(
    document: Document, index: int, written: Mapping[str, Json], terms: Mapping[str, Terms]
) -> Iterator[Mistake]:
    """Words that no provider in question knows, and lives that go on after their end."""
    when = written.get("when", {})
    named = when.get("provider")
    if named is not None and named not in terms:
        yield document.at(
            ("rules", index, "when", "provider"),
            f"there is no provider {named!r}{suggestion(named, terms)} (there are {', '.join(sorted(terms))})",
        )
        return
    asked = [terms[named]] if named else list(terms.values())
    whose = f"{named} has" if named else "there is"
    for key, known in (("endpoint", "endpoints"), ("channel", "channels")):
        words = sorted({word for one in asked for word in getattr(one, known)})
        if key in when and when[key] not in words:
            path = ("rules", index, "when", key)
            yield document.at(path, f"{whose} no {key} {when[key]!r}{suggestion(when[key], words)}")
    error = written.get("respond", {}).get("error")
    errors = [key for one in asked for key in one.contract.errors]
    if error is not None and error not in errors:
        yield document.at(
            ("rules", index, "respond", "error"), f"{whose} no error {error!r}{suggestion(error, errors)}"
        )
    yield from _unknown_statuses(document, index, written, asked, whose)


def _unknown_statuses(
    document: Document, index: int, written: Mapping[str, Json], asked: Sequence[Terms], whose: str
) -> Iterator[Mistake]:
    ended = ""
    for number, step in enumerate(written.get("deliver", ())):
        path = ("rules", index, "deliver", number)
        word = step["status"]
        known = [*NEUTRAL, *(status for one in asked for status in one.contract.statuses)]
        if word not in known:
            yield document.at((*path, "status"), f"{whose} no status {word!r}{suggestion(word, known)}")
            continue
        kind = _kind(word, asked)
        if ended:
            yield document.at((*path, "status"), f"nothing can follow {ended}; take {word} out")
        elif kind in FAILURES:
            ended = word
        codes = {code for one in asked for code in one.contract.codes}
        if step.get("err") is not None and codes and step["err"] not in codes:
            yield document.at(
                (*path, "err"), f"{whose} no number {step['err']} (known: {', '.join(map(str, sorted(codes)))})"
            )


def _kind(word: str, asked: Sequence[Terms]) -> str:
    found = [one.contract.statuses[word].kind for one in asked if word in one.contract.statuses]
    return found[0] if found else word


def always_on() -> list[Document]:
    """The files below every scenario: magic recipients by neutral word, then the happy path."""
    folder = data_folder("scenarios")
    return [yamlfile.read(folder / name, f"scenarios/{name}") for name in ("magic.yaml", "default.yaml")]


MAGIC_BLOCK = "+15005551"


def magic_number(number: int) -> str:
    """The reserved recipient of an outcome: ``+1 500 555 1nnn``."""
    return f"{MAGIC_BLOCK}{number:03d}"


def magic_id(key: str) -> str:
    """The reserved recipient where recipients are no phone numbers."""
    return f"SIM-{key.upper().replace('_', '-')}"


def magic_recipients(key: str, number: int, terms: Terms) -> tuple[str, ...]:
    """All recipients that bring an outcome about at one provider."""
    return (magic_number(number), magic_id(key)) if terms.phones else (magic_id(key),)


def magic_rules(terms: Mapping[str, Terms]) -> list[Rule]:
    """One rule for each error and outcome in the catalogues that has a number."""
    rules: list[Rule] = []
    for name, one in terms.items():
        file = f"schemas/{name}/errors.yaml"
        for error in one.contract.errors.values():
            if error.magic is not None:
                answer = Outcome(respond=Respond(error=error.key))
                rules += _magic(name, one, error.key, error.magic, answer, file)
        for status in one.contract.statuses.values():
            if status.magic is not None:
                outcome = Outcome(deliver=life(status.word, one.contract))
                catalogue = f"schemas/{name}/statuses.yaml"
                rules += _magic(name, one, status.word, status.magic, outcome, catalogue, status.channels)
    return rules


def life(word: str, contract: Contract) -> tuple[Beat, ...]:
    """The shortest life that ends in a status."""
    status = contract.statuses[word]
    before = ["sent", "delivered"] if status.kind == "seen" else [status.after] if status.after else []
    beats = [Beat(200 * (place + 1), neutral) for place, neutral in enumerate(before)]
    return (*beats, Beat(1000, word))


def _magic(
    name: str, terms: Terms, key: str, number: int, outcome: Outcome, file: str, channels: tuple[str, ...] = ()
) -> list[Rule]:
    tests = (one_of(channels),) if channels else ()
    return [
        Rule(0, f"{file}: {key}", {"provider": name, "to": to}, outcome, tests, provider=name, exact_to=to)
        for to in magic_recipients(key, number, terms)
    ]


def find(name: str) -> Path:
    """A file by its path, or a shipped scenario by its name. Raises Wrong with a suggestion."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.exists():
        return path
    shipped = {found.stem: found for found in data_folder("scenarios").glob("*.yaml")}
    if name in shipped:
        return shipped[name]
    raise Wrong([Mistake(name, 1, 1, f"no such file, and no scenario of that name ships{suggestion(name, shipped)}")])


def load(names: Iterable[str], terms: Mapping[str, Terms]) -> Scenario:
    """Files or shipped names, in order. Raises Wrong."""
    documents: list[Document] = []
    mistakes: list[Mistake] = []
    for name in names:
        try:
            path = find(name)
            shown = f"scenarios/{path.name}" if path.parent == data_folder("scenarios") else None
            documents.append(yamlfile.read(path, shown))
        except Wrong as wrong:
            mistakes += wrong.mistakes
    if mistakes:
        raise Wrong(mistakes)
    return Scenario(documents, terms)
