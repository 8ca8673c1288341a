"""Redacts secrets in the texts of an exchange.

A secret is recognised by name (members, parameters and headers that the provider lists as secret) and by value (every
credential read from the request, wherever else it occurs and however it is escaped there).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from msgsim.engine.disguise import Disguise
from msgsim.model import Json

HIDDEN = "***"
"""What replaces a secret."""
_USER = re.compile(r"(:(?:\\?/){2})[^/?#\s\"'\\<>]+@")
"""User and password of a URL, in JSON too, where a slash may be escaped."""
NEVER_SHOWN = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that are secret whatever the provider."""
SHORTEST = 6
"""Least number of characters of a secret that is redacted by value: shorter values occur in ordinary words."""
LONGEST, MOST = 4096, 20
"""Most characters of a secret, and most secrets of a request, that are redacted by value: each search takes time."""
Place = tuple[int, int, str]
"""Start, end and replacement of a part of a text."""


def without_credentials(text: str) -> str:
    """A text with the user and password of each URL in it redacted."""
    return _USER.sub(rf"\1{HIDDEN}@", text) if "@" in text else text


class Secrets:
    """The secrets of one request: ``names`` (in lower case) that are secret, and the ``values`` that were read.

    Redacted to ``***``; with a ``disguise`` to substitutes instead.
    """

    def __init__(self, names: frozenset[str], values: Iterable[str] = (), disguise: Disguise | None = None) -> None:
        self._names = names
        self._disguise = disguise
        self.values: set[str] = set()
        """The secrets found so far; `by_name` adds to them."""
        self._add(values)

    def _add(self, values: Iterable[str]) -> None:
        for value in values:
            if SHORTEST <= len(value) <= LONGEST and len(self.values) < MOST:
                self.values.add(value)

    def disguised(self, text: str) -> str:
        """A text with substitutes for its secrets; only with a disguise."""
        assert self._disguise is not None
        return self.by_value(self._disguise.urls(self.by_name(text)))

    def _instead(self, text: str, hidden: str, disguised: Callable[[Disguise], Callable[[str], str]]) -> str:
        """The replacement of a value as it is written in a text."""
        return hidden if self._disguise is None else disguised(self._disguise)(text)

    def by_name(self, text: str) -> str:
        """A text without the values of JSON members, parameters and multipart parts that have a secret name.

        The values are remembered for `by_value`.
        """
        if not self._names or not text:
            return text
        folded = text.casefold()
        if "\\" not in text and "%" not in text and not any(name in folded for name in self._names):
            return text
        found = sorted({*self._members(text), *self._parts(text), *self._pairs(text)})
        return _replaced(text, found)

    def may_be_in(self, text: str) -> bool:
        """Whether redaction could change a text; cheap, and true in case of doubt."""
        if "\\" in text or "%" in text or "@" in text:
            return True
        folded = text.casefold()
        if any(name in folded for name in self._names):
            return True
        return any(value in text or " " in value for value in self.values)

    def by_value(self, text: str) -> str:
        """A text without the secret values, however they are escaped in it."""
        escaped = "\\" in text or "%" in text
        disguise = self._disguise
        for value in self.values:
            if disguise is not None:
                text = _any_spelling(value).sub(_Spelled(disguise, value), text)
            elif escaped or (" " in value and "+" in text):
                text = _any_spelling(value).sub(HIDDEN, text)
            elif value in text:
                text = text.replace(value, HIDDEN)
        return text

    def _members(self, text: str) -> Iterator[Place]:
        """The values of JSON members with secret names, complete or truncated."""
        done = 0
        for name in _STRING.finditer(text):
            if name.start() < done or (colon := _COLON.match(text, name.end())) is None:
                continue
            if _unescaped(name[0][1:-1]).casefold() in self._names:
                begin = colon.end()
                done = _end_of_value(text, begin)
                self._add(_strings(text[begin:done]))
                yield begin, done, self._instead(text[begin:done], f'"{HIDDEN}"', _JSON_VALUE)

    def _pairs(self, text: str) -> Iterator[Place]:
        """The values of parameters with secret names, in a query, a form or a URL inside JSON."""
        in_json = text.lstrip()[:1] in ("{", "[", '"')
        value, done = _UP_TO_QUOTE if in_json else _UP_TO_NEXT, 0
        for name in _PAIR.finditer(text):
            if name.start() >= done and _plain(name[1]) in self._names:
                found = value.match(text, name.end())
                assert found is not None
                done = found.end()
                self._add([unquote_plus(found[0])])
                yield *found.span(), self._instead(found[0], HIDDEN, _PARAMETER)

    def _parts(self, text: str) -> Iterator[Place]:
        """The values of parts with secret names in a multipart form."""
        if not text.startswith("--"):
            return
        boundary, at = text.partition("\n")[0].rstrip("\r"), 0
        for part in text.split(boundary):
            head, blank, value = part.partition("\n\r\n" if "\r\n" in part else "\n\n")
            name = _PART_NAME.search(head[:LONGEST_PART_HEAD])
            if name is not None and _plain(name[1]) in self._names:
                begin, value = at + len(head) + len(blank), value.rstrip("\r\n")
                self._add([value.strip("\r\n")])
                yield begin, begin + len(value), self._instead(value, HIDDEN, _PLAIN)
            at += len(part) + len(boundary)


class _Spelled(Struct, frozen=True):
    """Replaces each match by the substitute for a secret, escaped like the match."""

    disguise: Disguise
    secret: str

    def __call__(self, found: re.Match[str]) -> str:
        return self.disguise.spelled(self.secret, found[0])


_JSON_VALUE = attrgetter("json")
_PARAMETER = attrgetter("parameter")
_PLAIN = attrgetter("of")
"""The method of `Disguise` for a value in JSON, in a parameter, or in plain text."""
LONGEST_PART_HEAD = 4096
"""Characters of a multipart part's headers in which its name is searched."""
# Each of these patterns takes linear time, whatever the text.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_BARE = re.compile(r'[^\s",\[\]{}]*')
_BRACKET = re.compile(r'[\[{\]}]|"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_PAIR = re.compile(r'(?:(?<=[?&;\s"])|^)([^=&;?\s"]+)=')
_UP_TO_NEXT, _UP_TO_QUOTE = re.compile(r"[^&\r\n]*"), re.compile(r'[^&\s"\\]*')
_PART_NAME = re.compile(r'\bname="?([^"\r\n;]*)', re.IGNORECASE)


def _plain(name: str) -> str:
    """The decoded name of a parameter in lower case, without the ``[]`` that some frameworks append when it repeats."""
    return unquote_plus(name).strip().casefold().partition("[")[0]


def _end_of_value(text: str, begin: int) -> int:
    """The end of the JSON value at ``begin``; the end of the text for a truncated value."""
    if text[begin : begin + 1] not in ("[", "{"):
        value = _STRING.match(text, begin) or _BARE.match(text, begin)
        assert value is not None
        return value.end()
    depth = 0
    for bracket in _BRACKET.finditer(text, begin):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket[0], 0)
        if depth == 0:
            return bracket.end()
    return len(text)


def _strings(value: str) -> Iterator[str]:
    """The strings in a JSON value, unescaped; a number or word as it is written."""
    for string in _STRING.findall(value):
        yield _unescaped(string[1:-1])
    if value[:1] not in ('"', "[", "{"):
        yield value


def _unescaped(inner: str) -> str:
    """The inside of a JSON string, unescaped; unchanged where it is invalid."""
    if "\\" not in inner:
        return inner
    try:
        said: Json = msgspec.json.decode(f'"{inner}"')
    except (msgspec.DecodeError, UnicodeEncodeError):
        return inner
    return str(said)


def _replaced(text: str, found: Iterable[Place]) -> str:
    """The text with each place replaced; ``found`` is sorted, and a place inside another is replaced with it."""
    parts, done = [], 0
    for begin, end, instead in found:
        if begin >= done:
            parts += [text[done:begin], instead]
            done = end
    return "".join([*parts, text[done:]])


@lru_cache(maxsize=256)
def _any_spelling(value: str) -> re.Pattern[str]:
    """A pattern for a value; each character may be plain, escaped as in JSON, or percent-encoded."""
    return re.compile("".join(map(_spellings, value)), re.IGNORECASE if not value.isascii() else 0)


_SHORT = {'"': r"\"", "\\": r"\\", "/": r"\/", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def _spellings(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    escapes = "".join(f"\\\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    percent = "".join(f"%(?i:{byte:02x})" for byte in letter.encode(errors="surrogatepass"))
    spelled = [escapes, percent, re.escape(letter)]
    if letter in _SHORT:
        spelled.insert(0, re.escape(_SHORT[letter]))
    if letter == " ":
        spelled.append(r"\+")
    return f"(?:{'|'.join(spelled)})"
