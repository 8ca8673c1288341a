"""Patterns that users write: exact texts, shell wildcards, regular expressions, JSONPaths. None of them can hang us."""

import re
import warnings
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache
from operator import mul
from typing import TYPE_CHECKING

from msgsim.model import Json

if TYPE_CHECKING:
    from jsonpath_ng.jsonpath import JSONPath

Fits = Callable[[str], bool]
LONGEST = 2000
"""Characters of a wildcard, a regular expression or a JSONPath."""
LARGEST = 400_000
"""Bytes of a compiled regular expression: ``.{300}`` fits, ``(.{1000}){1000}`` does not."""
SEARCHED = 10_000
"""Characters of a text that a regular expression looks at.

With `LARGEST` it bounds what one search takes: 0.3 s for the worst expressions there are, a microsecond for usual ones.
"""
_WILD = "*?["
_NO_OPERATORS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""Escapes and classes, in which no sign repeats anything."""
_POSSESSIVE = re.compile(r"[?*+}]\+")
_LINEAR = (
    "regular expressions run in linear time here: without look-around, back-references, possessive or atomic groups, "
    "with \\z for \\Z, and not larger than some 300 counted characters"
)


def is_exact(text: str) -> bool:
    """Whether a pattern is nothing but the text it fits."""
    return not (any(mark in text for mark in _WILD) or _is_expression(text))


def pattern(text: str) -> Fits:
    """Exact, shell wildcard, or ``/regular expression/``. Raises ValueError."""
    if is_exact(text):
        return lambda value: value == text
    if len(text) > LONGEST:
        raise ValueError(f"{_short(text)} is longer than {LONGEST} characters")
    if _is_expression(text):
        return expression(text[1:-1])
    found = re.compile(translate(text)).match
    return lambda value: found(value) is not None


def _is_expression(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == "/"


def expression(text: str) -> Fits:
    """Whether a regular expression fits anywhere in a text, decided in linear time. Raises ValueError.

    The engine is that of jsonschema-rs (Rust's ``regex``): the schema of any text that the expression fits.
    """
    from jsonschema_rs import Draft202012Validator, RegexOptions  # A heavy import, and few rules have expressions.

    try:
        if _POSSESSIVE.search(_NO_OPERATORS.sub("_", text)):  # The engine reads it as a repetition of a repetition.
            raise ValueError(_LINEAR)
        text.encode()  # No lone surrogate, which not every version of the engine refuses by itself.
        options = RegexOptions(size_limit=LARGEST)
        searches = Draft202012Validator({"pattern": text}, pattern_options=options).is_valid
    except ValueError:
        raise ValueError(f"/{_short(text)}/ is no regular expression: {_reason(text)}") from None
    return lambda value: searches(_encodable(value[:SEARCHED]))


def _encodable(text: str) -> str:
    """Without lone surrogates, which no UTF-8 can say."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _reason(text: str) -> str:
    """Why an expression was refused: Python's words where it is none for Python either."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            return str(error)
    return _LINEAR


def values(path: str, body: Json) -> list[Json]:
    """What a JSONPath finds in a body; nothing where it asks for what the body's values cannot give."""
    try:
        return [found.value for found in jsonpath(path).find(body)]
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return []


@lru_cache(maxsize=512)
def jsonpath(text: str) -> "JSONPath":
    """A JSONPath that takes a time in proportion to the body, whatever the body is. Raises ValueError."""
    from jsonpath_ng.ext import parse  # A heavy import, and few rules have paths.

    if len(text) > LONGEST:
        raise ValueError(f"{_short(text)} is longer than {LONGEST} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: JSONPath = parse(text)
    except Exception as error:
        raise ValueError(f"{_short(text)} is no JSONPath: {error}") from None
    if reason := _endless(found):
        raise ValueError(f"{_short(text)} cannot be used here: {reason}")
    return found


def _endless(path: "JSONPath") -> str:
    """What in a JSONPath may take more than one walk through the body; empty when nothing does."""
    from jsonpath_ng import Child, Descendants, Parent, Where
    from jsonpath_ng.ext.arithmetic import Operation
    from jsonpath_ng.ext.string import Sub

    parts = list(_parts(path))
    if sum(isinstance(part, Descendants) for part in parts) > 1:
        return "it may descend (..) only once"
    for part in parts:
        if isinstance(part, Parent) or (isinstance(part, (Child, Descendants, Where)) and _restarts(part.right)):
            return "it may not go back to $ or to `parent` for each value that it finds"
        if isinstance(part, Sub):
            return "sub(...) is not taken; write the regular expression as the pattern"
        if isinstance(part, Operation) and part.op is mul:
            return "it may not multiply"
    return ""


def _restarts(path: "JSONPath") -> bool:
    """Whether it begins anew at ``$``, but for single values that others are compared with."""
    from jsonpath_ng import Root
    from jsonpath_ng.ext.filter import Expression

    parts = list(_parts(path))
    compared = [part.value for part in parts if isinstance(part, Expression)]
    roots = [sum(isinstance(part, Root) for part in listed) for listed in (parts, _parts(compared))]
    return roots[0] > roots[1]


def _parts(node: Json) -> "Iterator[JSONPath]":
    """Every part of a JSONPath, those in its filters too; ``=~`` is given the engine that is linear."""
    from jsonpath_ng import JSONPath
    from jsonpath_ng.ext.filter import Expression

    if isinstance(node, (list, tuple)):
        for inner in node:
            yield from _parts(inner)
    elif isinstance(node, JSONPath):
        yield node
        if isinstance(node, Expression) and node.op == "=~":
            node.find = _found_by(node.target, expression(str(node.value)))
        for inner in list(vars(node).values()):
            yield from _parts(inner)


def _found_by(target: "JSONPath", fits: Fits) -> Callable[[Json], list[Json]]:
    """Instead of ``Expression.find`` for ``=~``, which asks Python's engine."""

    def find(datum: Json) -> list[Json]:
        return [found for found in target.find(datum) if isinstance(found.value, str) and fits(found.value)]

    return find


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
