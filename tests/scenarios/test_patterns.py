"""Patterns that users write: what they fit, and that none of them can hang the server."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgsim.model import Json
from msgsim.scenarios.pattern import LONGEST, SEARCHED, is_exact, jsonpath, pattern, values

from tests.conftest import Http
from tests.scenarios.conftest import Play, Send

HOSTILE = (
    "/(a+)+$/",
    "/^(a|a)*$/",
    "/(a|aa)+$/",
    "/^([a-zA-Z]+)*$/",
    "/(a*)*b/",
    "/(x+x+)+y|(.*a){20}$/",
    "/^(([a-z])+.)+[A-Z]([a-z])+$/",
)
"""Each of them takes Python's own engine longer than anybody waits, on `LONG`."""
LONG = "a" * 5000 + "!"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_expression_that_explodes_elsewhere_is_answered_at_once(send: Send, control: Http, hostile: str) -> None:
    assert send(text="a" * 900 + "!").status == 201
    assert control("GET", "messages", query={"text": hostile}).json["total"] == 0
    assert control("GET", "messages", query={"to": hostile, "from": hostile}).json["total"] == 0


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("when", ["{text: '%s'}", "{header: {X-A: '%s'}}", "{body: {$.text1: '%s'}}", "{from: '%s'}"])
def test_such_an_expression_in_a_rule_hangs_nothing(play: Play, send: Send, hostile: str, when: str) -> None:
    play(f"  - when: {when % hostile}\n    respond: {{error: forbidden}}\n")
    assert send(text="a" * 900 + "!", headers={"X-A": LONG}, text1=LONG).status == 201


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_filter_of_a_jsonpath_runs_on_the_same_engine(hostile: str) -> None:
    body = {"messages": [{"text": LONG, "channel": "sms"}, {"text": "-", "channel": "viber"}]}
    assert values(f"$.messages[?(@.text =~ '{hostile[1:-1]}')].channel", body) == []
    assert values("$.messages[?(@.text =~ '^-$')].channel", body) == ["viber"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/(?=a)b/", "linear time"),
        (r"/(a)\1/", "linear time"),
        (r"/a\Z/", r"with \z for \Z"),
        ("/(.{1000}){1000}/", "not larger"),
        ("/[/", "unterminated character set"),
        ("/" + "(" * 1500 + "/", "recursion"),
        ("/" + "a" * LONGEST + "/", "longer than"),
        ("*" * (LONGEST + 1), "longer than"),
        ("/\ud800/", "linear time"),
    ],
)
def test_what_cannot_be_used_is_told(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        pattern(text)


def test_it_is_a_mistake_with_its_place_everywhere(control: Http) -> None:
    text = "name: a-test\nrules:\n  - when: {text: '/(?=a)b/', body: {'$..a..b': x}}\n    deliver: []\n"
    answer = control("PUT", "scenario", body=text)
    first, second = answer.json["mistakes"]
    assert answer.status == 400
    assert first.startswith("scenario:3:18: /(?=a)b/ is no regular expression: ")
    assert second == "scenario:3:48: $..a..b cannot be used here: it may descend (..) only once"
    assert "linear time" in control("GET", "messages", query={"text": r"/(a)\1/"}).json["detail"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("$..*..*..*", "descend"),
        ("$.m[?($.m[*])]", "go back"),
        ("$.m[*].`parent`[*]", "go back"),
        ("$.m[*].$.m[*]", "go back"),
        ("$.text.`sub(/(a+)+$/, x)`", "sub"),
        ("$.text * 999999999", "multiply"),
        ("$.m[?(@.a =~ '(?=a)')]", "linear time"),
        ("$.[", "no JSONPath"),
        ("$" + ".a" * LONGEST, "longer than"),
    ],
)
def test_a_jsonpath_that_walks_more_than_once_is_refused(path: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        jsonpath(path)


def test_a_jsonpath_may_compare_with_one_value_from_the_top() -> None:
    assert values("$.m[?(@.to == $.to)].n", {"to": "1", "m": [{"to": "2", "n": 1}, {"to": "1", "n": 2}]}) == [2]


@pytest.mark.parametrize("path", ["$.to - 1", "$.to / 0", "$.m.`sorted`", "$.to.`len`", "$[\\a]", "$..a"])
def test_a_path_that_does_not_suit_the_body_finds_nothing(path: str) -> None:
    body: Json
    for body in ({"to": [{}], "m": [1, "a", None]}, {"to": 1, "m": 2}, [], None, "a", 1.5):
        values(path, body)  # Raises nothing.


def test_an_expression_looks_at_the_beginning_of_a_text() -> None:
    fits = pattern("/b/")
    assert fits("a" * (SEARCHED - 1) + "b")
    assert not fits("a" * SEARCHED + "b")


PIECES = st.sampled_from(["a", "b", "1", ".", "[ab]", "[^a]", r"\d", "ü", "(a|b)", "(?:ab)", "^", "$", r"\.", "x?"])
EXPRESSION = st.lists(st.tuples(PIECES, st.sampled_from(["", "", "*", "+", "{2}", "{1,3}"])), max_size=6).map(
    lambda parts: "".join(piece if piece in "^$" else piece + times for piece, times in parts).replace("x?*", "x*")
)


@given(EXPRESSION, st.text("ab1.xü\n", max_size=12))
def test_it_fits_what_python_s_engine_fits(expression: str, text: str) -> None:
    try:
        if re.search(r"[?*+}]\+", expression):
            return  # Possessive: refused, as the next test says.
        expected = re.search(expression.replace("$", r"\Z"), text, re.ASCII) is not None
    except re.error:
        return
    assert pattern(f"/{expression}/")(text) is expected


@pytest.mark.parametrize("expression", ["x?+.", "a*+b", "a++", "a{1,3}+", "[a]]*+", r"\\++"])
def test_possessive_repetition_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="possessive"):
        pattern(f"/{expression}/")


@pytest.mark.parametrize(
    ("expression", "text"), [(r"\++", "++"), ("[?+*+]", "+"), (r"a\*+", "a**"), ("[]*+]+", "]+"), (r"[\]*+]", "]")]
)
def test_signs_that_repeat_nothing_are_signs(expression: str, text: str) -> None:
    assert pattern(f"/{expression}/")(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_pattern_or_a_clear_refusal(text: str, value: str) -> None:
    try:
        fits = pattern(text)
    except ValueError:
        assert not is_exact(text)
    else:
        assert fits(value) in (True, False)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abm"), inner, max_size=3),
    max_leaves=8,
)
PATH = st.lists(
    st.sampled_from(
        [".a", ".m", "..b", "[0]", "[*]", "[?(@.a)]", "[?(@.a =~ 'a')]", "[/a]", ".`len`", ".`sorted`", "[1:]"]
    ),
    max_size=4,
).map(lambda parts: "$" + "".join(parts))


@given(PATH, JSON)
def test_no_path_fails_on_any_body(path: str, body: Json) -> None:
    try:
        jsonpath(path)
    except ValueError:
        return
    assert isinstance(values(path, body), list)
