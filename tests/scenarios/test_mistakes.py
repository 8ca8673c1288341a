"""Everything that can be wrong in a file, at its line and column, with a hint."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgsim.provider import discover
from msgsim.scenarios.compiler import schema
from msgsim.scenarios.reserved import terms_of
from msgsim.scenarios.scenario import Scenario
from msgsim.scenarios.yaml import BadFile, parse

TERMS = {name: terms_of(provider) for name, provider in discover().items()}


def mistakes(text: str) -> list[str]:
    """``line:column reason``"""
    try:
        Scenario([parse(text, "x.yaml")], TERMS)
    except BadFile as wrong:
        return [f"{one.line}:{one.column} {one.reason}" for one in wrong.mistakes]
    return []


def rule(written: str) -> str:
    return f"name: x\nrules:\n  - {written}\n"


SHAPE = [
    ("", "1:1 a mapping is expected, not nothing"),
    ("- a\n", "1:1 a mapping is expected, not a list"),
    ("name: x\n", "1:1 'rules' is missing"),
    ("rules: []\n", "1:1 'name' is missing"),
    ("name: X Y\nrules: []\n", "1:7 'X Y' is not of the form: How the scenario is chosen and shown"),
    ("name: x\nrules: {}\n", "2:8 a list is expected, not a mapping"),
    ("name: x\nrulez: []\nrules: []\n", "2:1 unknown key 'rulez'; did you mean 'rules'?"),
    (rule("{when: {}}"), "3:5 one of deliver, respond, fault, callbacks, reply is missing"),
    (rule("{delivr: []}"), "3:6 unknown key 'delivr'; did you mean 'deliver'?"),
    (rule("{deliver: [], when: {chanel: sms}}"), "3:26 unknown key 'chanel'; did you mean 'channel'?"),
    (rule("{deliver: [], times: 0}"), "3:26 0 is less than 1"),
    (rule("{deliver: [], times: 1.5}"), "3:26 a whole number is expected, not a number"),
    (rule("{deliver: [], when: {nth: 0}}"), "3:31 0 is less than 1"),
    (rule("{deliver: [], when: {item: first}}"), "3:32 a whole number is expected, not a text"),
    (rule("{deliver: [], when: {chance: 0.5}}"), "3:34 0.5 is not of the form: 30%"),
    (rule("{deliver: [], when: {chance: 120%}}"), "3:34 '120%' is not of the form: 30%"),
    (rule("{deliver: [], when: {until: 10}}"), "3:33 10 is not of the form: 250ms"),
    (rule("{deliver: [], when: {since: soon}}"), "3:33 'soon' is not of the form: "),
    (rule("{respond: {status: 503, headers: {a b: x}}}"), "3:38 'a b' is not of the form: letters, digits"),
    (rule('{respond: {status: 503, headers: {a: "x\\ny"}}}'), "3:42 'x\\ny' is not of the form: one line"),
    (rule("{deliver: [{after: 5, status: sent}]}"), "3:24 5 is not of the form: 250ms"),
    (rule("{deliver: [{after: 5 s, status: sent}]}"), "3:24 '5 s' is not of the form: "),
    (rule("{deliver: [{after: 5s}]}"), "3:16 'status' is missing"),
    (rule("{deliver: [{after: 5s, status: sent, code: 1}]}"), "3:42 unknown key 'code' (known: after, status, err)"),
    (rule("{respond: {}}"), "3:15 one of error, status is missing"),
    (rule("{respond: {error: forbidden, status: 403}}"), "3:15 only one of error, status can stand here"),
    (rule("{respond: {status: 99}}"), "3:24 99 is less than 200"),
    (rule("{fault: {kind: rest}}"), "3:20 'rest' is not one of latency, drip, reset"),
    (rule("{fault: {}}"), "3:13 'kind' is missing"),
    (
        rule("{fault: {kind: reset, after: acepted}}"),
        "3:34 'acepted' is not one of nothing, accepted; did you mean 'accepted'?",
    ),
    (rule("{fault: {kind: latency, delay: {uniform: [1s]}}}"), "3:46 at least 2 expected"),
    (rule("{fault: {kind: latency, delay: {gauss: [1s, 2s]}}}"), "3:37 unknown key 'gauss'"),
    (rule("{callbacks: []}"), "3:17 at least 1 expected"),
    (rule("{callbacks: [dupliacte]}"), "3:18 'dupliacte' is not one of duplicate, reorder"),
    (rule("{callbacks: [{delay: {bye: 1s}}]}"), "3:27 unknown key 'bye'"),
    (rule("{reply: {after: 1s}}"), "3:13 'text' is missing"),
    ("name: x\nrules: []\nexpect:\n  - {advance: 1m}\n", "4:5 'send' is missing"),
    ("name: x\nrules: []\nexpect:\n  - {send: {to: x}}\n", "4:12 'provider' is missing"),
    ("name: x\nrules: []\nexpect:\n  - {send: {provider: sinch}, fault: late}\n", "4:38 'late' is not one of latency"),
]
WORDS = [
    (rule("{deliver: [], when: {provider: mesente}}"), "3:36 there is no provider 'mesente'; did you mean 'messente'?"),
    (rule("{deliver: [], when: {provider: sinch, channel: viber}}"), "3:52 sinch has no channel 'viber'"),
    (rule("{deliver: [], when: {channel: vibr}}"), "3:35 there is no channel 'vibr'; did you mean 'viber'?"),
    (
        rule("{deliver: [], when: {provider: messente, endpoint: send-bulks}}"),
        "3:56 messente has no endpoint 'send-bulks'; did you mean 'send-bulk'?",
    ),
    (
        rule("{when: {provider: messente}, respond: {error: forbiden}}"),
        "3:51 messente has no error 'forbiden'; did you mean 'forbidden'?",
    ),
    (
        rule("{when: {provider: messente}, deliver: [{after: 1s, status: UNDELIVRD}]}"),
        "3:64 messente has no status 'UNDELIVRD'; did you mean 'UNDELIV'?",
    ),
    (
        rule("{when: {provider: messente}, deliver: [{after: 1s, status: FAILED, err: 77}]}"),
        "3:77 messente has no number 77 (known: 0, 1, 2,",
    ),
    (
        rule("{deliver: [{after: 1s, status: failed}, {after: 2s, status: delivered}]}"),
        "3:65 nothing can follow failed; take delivered out",
    ),
    (
        rule("{callbacks: [{duplicate: deliverd}]}"),
        "3:30 there is no status 'deliverd'; did you mean 'delivered'?",
    ),
    (rule("{when: {provider: cima360}, callbacks: [duplicate]}"), "3:44 cima360 has no callbacks"),
    (rule("{when: {provider: salesforce}, reply: {after: 1s, text: x}}"), "3:43 salesforce has no inbound messages"),
    (rule("{respond: {error: forbidden}, deliver: []}"), "3:44 deliver has no effect beside respond"),
    (rule("{deliver: [], when: {since: 2m, until: 90s}}"), "3:44 until 90s is not later than since 2m"),
    (rule("{deliver: [], when: {to: '/a(/'}}"), "3:30 /a(/ is no regular expression: missing )"),
    (rule("{deliver: [], when: {header: {X-A: '/[/'}}}"), "3:40 /[/ is no regular expression"),
    (rule("{deliver: [], when: {body: {'$.a[': 1}}}"), "3:41 $.a[ is no JSONPath"),
    (
        "name: x\nrules: []\nexpect:\n  - send: {provider: sinch, endpoint: send-mms}\n",
        "4:39 sinch has no endpoint 'send-mms'; did you mean 'send-sms'?",
    ),
    (
        "name: x\nrules: []\nexpect:\n  - send: {provider: sinch}\n    error: forbiden\n",
        "5:12 sinch has no error 'forbiden'; did you mean 'forbidden'?",
    ),
    (
        "name: x\nrules: []\nexpect:\n  - send: {provider: messente}\n    statuses: [[sms, DELIVERD]]\n",
        "5:22 messente has no status 'DELIVERD'; did you mean 'DELIVRD'?",
    ),
]
YAML = [
    ("name: [x\n", "2:1 not YAML: "),
    ("name: x\nname: y\nrules: []\n", "2:1 'name' stands here twice"),
    ("name: x\nrules: !!python/object:os.system []\n", "2:8 "),
    ("name: \x00\n", "1:1 not YAML: "),
]


@pytest.mark.parametrize(("text", "expected"), [*SHAPE, *WORDS, *YAML])
def test_a_mistake_is_told_where_it_stands(text: str, expected: str) -> None:
    told = mistakes(text)
    assert len(told) == 1, told
    assert told[0].startswith(expected), told


@pytest.mark.parametrize("text", [text for text, _ in SHAPE])
def test_the_published_schema_refuses_it_too(text: str) -> None:
    assert not Draft202012Validator(schema().document).is_valid(parse(text, "x").value)


def test_all_mistakes_come_at_once_in_their_order() -> None:
    text = (
        rule("{respond: {error: forbiden}}")
        + "  - {deliver: [{after: 1s, status: lost}]}\n  - {when: {channel: fax}, deliver: []}\n"
    )
    assert [one.partition(" ")[0] for one in mistakes(text)] == ["3:23", "4:36", "5:22"]


def test_words_of_one_line_are_not_taken_for_truth_or_numbers() -> None:
    value = parse('a: yes\nb: +37255500001\nc: 0123\nd: 10:30\ne: true\nf: 12\ng: "no"\nh: -1.5\ni: null', "x").value
    assert value == dict(a="yes", b="+37255500001", c="0123", d="10:30", e=True, f=12, g="no", h=-1.5, i=None)  # noqa: C408


def test_a_bomb_stops() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    (told,) = mistakes(bomb)
    assert "too many values" in told


MIXED = """name: mixed
rules:
  - when: {provider: messent, channel: vibr, chance: 0.5}
    deliver: [{after: 5, status: DELIVERD}, {after: 1s, status: 7}]
  - when: {provider: messente, nonsense: 1}
    respond: {error: forbiden}
expect:
  - send: {provider: messente, endpoint: sned}
    status: fine
"""


def test_what_breaks_the_schema_hides_no_mistake_of_meaning() -> None:
    assert [mistake.partition(";")[0].partition(" (known")[0] for mistake in mistakes(MIXED)] == [
        "3:22 there is no provider 'messent'",
        "3:40 there is no channel 'vibr'",
        "3:54 0.5 is not of the form: 30%: a share of the cases, decided by the seed.",
        "4:23 5 is not of the form: 250ms, 5s, 10m, 2h or 1d",
        "4:34 there is no status 'DELIVERD'",
        "4:65 a text is expected, not a number",
        "5:32 unknown key 'nonsense'",
        "6:22 messente has no error 'forbiden'",
        "8:42 messente has no endpoint 'sned'",
        "9:13 a whole number is expected, not a text",
    ]


LEAVES = st.sampled_from(["messente", "sinch", "sms", "viber", "DELIVRD", "1s", "5x", "x", ""])
KEYS = st.sampled_from(
    [*schema().document["$defs"]["rule"]["properties"], "provider", "channel", "after", "status", "err"]
)
WRITTEN: st.SearchStrategy[Any] = st.recursive(
    LEAVES | st.integers(-2, 300) | st.none() | st.booleans() | st.floats(0, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(WRITTEN, max_size=3), st.lists(WRITTEN, max_size=2))
def test_whatever_stands_in_a_file_is_used_or_a_mistake(rules: list[object], expect: list[object]) -> None:
    found = mistakes(json.dumps({"name": "x", "rules": rules, "expect": expect}))
    assert all(mistake.partition(" ")[2] for mistake in found)
