"""Patterns written by users: exact texts, shell wildcards, regular expressions, JSONPaths.

All are evaluated in linear time, so that no pattern can block the server.
"""

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
"""Whether a text matches a pattern."""
LONGEST = 2000
"""Most characters of a wildcard, a regular expression or a JSONPath."""
LARGEST = 400_000
"""Most bytes of a compiled regular expression: ``.{300}`` fits, ``(.{1000}){1000}`` does not."""
SEARCHED = 10_000
"""Characters of a text that a regular expression searches; the rest is ignored.

Together with `LARGEST` this bounds a search: 0.3 s for the worst expressions, a microsecond for usual ones.
"""
_WILD = "*?["
_NO_OPERATORS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
"""Escapes and character classes: operators have no meaning in them."""
_POSSESSIVE = re.compile(r"[?*+}]\+")
_LINEAR = (
    "regular expressions run in linear time here: without look-around, back-references, possessive or atomic groups, "
    "with \\z for \\Z, and not larger than some 300 counted characters"
)


def is_exact(text: str) -> bool:
    """Whether a pattern matches only itself."""
    return not (any(mark in text for mark in _WILD) or _is_expression(text))


def pattern(text: str) -> Fits:
    """Compile a pattern: exact, shell wildcard, or ``/regular expression/``. Raises ValueError for an invalid one."""
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
    """Compile a regular expression that is searched anywhere in a text, in linear time. Raises ValueError.

    Python's ``re`` backtracks, so the engine is Rust's ``regex``, reached through jsonschema-rs: the text is validated
    by the schema ``{"pattern": …}``.
    """
    from jsonschema_rs import Draft202012Validator, RegexOptions  # A heavy import, and few rules have expressions.

    try:
        if _POSSESSIVE.search(_NO_OPERATORS.sub("_", text)):  # To the engine ``a++`` is valid.
            raise ValueError(_LINEAR)
        text.encode()  # No lone surrogate, which not every version of the engine refuses by itself.
        options = RegexOptions(size_limit=LARGEST)
        searches = Draft202012Validator({"pattern": text}, pattern_options=options).is_valid
    except ValueError:
        raise ValueError(f"/{_short(text)}/ is no regular expression: {_reason(text)}") from None
    return lambda value: searches(_encodable(value[:SEARCHED]))


def _encodable(text: str) -> str:
    """A text without lone surrogates, which UTF-8 cannot encode."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _reason(text: str) -> str:
    """Why an expression was refused: Python's message if Python refuses it too, else what this engine lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            return str(error)
    return _LINEAR


def values(path: str, body: Json) -> list[Json]:
    """The values that a JSONPath finds in a body; empty where it does not suit the types of the values."""
    try:
        return [found.value for found in jsonpath(path).find(body)]
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return []


@lru_cache(maxsize=512)
def jsonpath(text: str) -> "JSONPath":
    """Compile a JSONPath. Raises ValueError for an invalid one, and if its evaluation may not be linear."""
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
    """Why evaluating a JSONPath may take more than one pass over the body; empty: it takes one."""
    from jsonpath_ng import Child, Descendants, Parent, Where  # For start-up time.
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
    """Whether it starts again at ``$`` for each value found; single values in comparisons do not count."""
    from jsonpath_ng import Root  # For start-up time.
    from jsonpath_ng.ext.filter import Expression

    parts = list(_parts(path))
    compared = [part.value for part in parts if isinstance(part, Expression)]
    roots = [sum(isinstance(part, Root) for part in listed) for listed in (parts, _parts(compared))]
    return roots[0] > roots[1]


def _parts(node: Json) -> "Iterator[JSONPath]":
    """Every part of a JSONPath, those in filters included; makes ``=~`` use the linear engine."""
    from jsonpath_ng import JSONPath  # For start-up time.
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
    """A replacement for ``Expression.find`` of ``=~``, which uses Python's engine."""

    def find(datum: Json) -> list[Json]:
        return [found for found in target.find(datum) if isinstance(found.value, str) and fits(found.value)]

    return find


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
