"""Which rule decides is a question: asking changes nothing, and the answer tells what has to be written down."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Call, Channel
from msgsim.provider import discover
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.rule import Rule, Subject
from msgsim.scenarios.scenario import Counts, Match, Scenario
from msgsim.scenarios.yaml import parse
from msgsim.seed import Seed

TERMS = {name: terms_of(provider) for name, provider in discover().items()}
WHEN = [
    "{}",
    "{channel: sms}",
    "{nth: 2}",
    "{chance: 50%}",
    "{body: {$.to: x}}",
    "{header: {A: b}}",
    "{to: '+1*', nth: 1}",
]
OUTCOME = ["deliver: []", "respond: {error: forbidden}", "fault: {kind: latency}", "callbacks: [drop]"]
RULE = st.tuples(st.sampled_from(WHEN), st.sampled_from(OUTCOME), st.sampled_from(["", "times: 1"]))
RULES = st.lists(RULE, max_size=6)


def scenario(rules: list[tuple[str, str, str]]) -> Scenario:
    written = "".join(f"  - {{when: {when}, {outcome}, {times}}}\n" for when, outcome, times in rules)
    return Scenario([parse(f"name: a-test\nrules:\n{written or '  []'}", "a-test.yaml")], TERMS)


def subject(to: str, channel: str = "") -> Subject:
    call = Call("POST", "/v1/omnimessage", "", {"a": "b"}, b"")
    found = Subject(call, "messente", "send", "user", 1, to, body={"to": to})
    found.channel = Channel(channel, "id") if channel else None
    return found


def asked(rules: Scenario, one: Subject, counts: Counts) -> list[Match]:
    seed = Seed(1)
    kinds = [rules.before_body, rules.after_body]
    return [ask(one, seed, counts) for ask in (kinds if one.channel is None else [rules.per_draft, rules.underneath])]


@given(RULES, st.sampled_from(["+1", "+2", "x"]), st.sampled_from(["", "sms", "viber"]), st.integers(0, 2))
def test_asking_changes_nothing(rules: list[tuple[str, str, str]], to: str, channel: str, before: int) -> None:
    compiled = scenario(rules)
    counts = Counts(*({rule.place: before for rule in compiled.rules[:3]} for _ in range(2)))
    one, untouched = subject(to, channel), deepcopy(counts)
    first, second = asked(compiled, one, counts), asked(compiled, one, counts)
    assert first == second
    assert counts == untouched
    assert one.counted == {}
    if channel:
        assert all(match.rule is not None for match in first)


@given(RULES)
def test_every_rule_stands_in_one_list_per_endpoint_in_its_order(rules: list[tuple[str, str, str]]) -> None:
    compiled = scenario(rules)
    endpoint = compiled._endpoints["messente", "send"]
    lists: list[list[Rule]] = [
        endpoint.before_body,
        endpoint.after_body,
        list(endpoint.candidates(subject("+3", "sms"))),
    ]
    numbers = [rule.number for listed in lists for rule in listed]
    assert numbers == sorted(set(numbers))
    written = [rule for rule in compiled.rules if rule.place.startswith("a-test.yaml")]
    assert {rule.number for rule in written} <= set(numbers)


def test_a_match_tells_what_it_counted() -> None:
    compiled = scenario([("{nth: 2, channel: sms}", "deliver: []", "")])
    rule = compiled.rules[0]
    first = compiled.per_draft(subject("+3", "sms"), Seed(1), Counts({}, {}))
    assert first.counted == {rule.place: False}
    assert first.rule is not rule
    second = compiled.per_draft(subject("+3", "sms"), Seed(1), Counts({rule.place: 1}, {}))
    assert (second.rule, second.counted) == (rule, {rule.place: True})
    assert compiled.per_draft(subject("+3", "viber"), Seed(1), Counts({}, {})).counted == {}
