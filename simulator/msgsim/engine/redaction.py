"""What an exchange looks like in the journal: everything that was said, without the secrets.

A secret is told by its name, which the provider lists, and by what it is: every credential that was read from the
request, wherever else it stands and however it is escaped there.
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
_USER = re.compile(r"(:(?:\\?/){2})[^/?#\s\"'\\<>]+@")
"""User and password of a URL, in JSON too, where a slash may be escaped."""
NEVER_SHOWN = frozenset({"authorization", "cookie", "proxy-authorization"})
SHORTEST = 6
"""Characters of a secret that is hidden wherever it stands: shorter ones are parts of words."""
LONGEST, MOST = 4096, 20
"""Characters of one, and how many of one request: looking for each takes time."""
Place = tuple[int, int, str]
"""Begin, end, and what is shown instead."""


def without_credentials(text: str) -> str:
    """A text with URLs in it, none of which says who asks."""
    return _USER.sub(rf"\1{HIDDEN}@", text) if "@" in text else text


class Secrets:
    """Those of one request: ``names`` in lower case, and the values that were read.

    With a ``disguise`` they are not hidden, but other values stand for them.
    """

    def __init__(self, names: frozenset[str], values: Iterable[str] = (), disguise: Disguise | None = None) -> None:
        self._names = names
        self._disguise = disguise
        self.values: set[str] = set()
        """Those that were found so far."""
        self._add(values)

    def _add(self, values: Iterable[str]) -> None:
        for value in values:
            if SHORTEST <= len(value) <= LONGEST and len(self.values) < MOST:
                self.values.add(value)

    def disguised(self, text: str) -> str:
        """A text in which other values stand for its secrets; needs a disguise."""
        assert self._disguise is not None
        return self.by_value(self._disguise.urls(self.by_name(text)))

    def _instead(self, text: str, hidden: str, disguised: Callable[[Disguise], Callable[[str], str]]) -> str:
        """What stands for a value as it is written."""
        return hidden if self._disguise is None else disguised(self._disguise)(text)

    def by_name(self, text: str) -> str:
        """Without the values of members, parameters and parts that are named as secret; they are remembered."""
        if not self._names or not text:
            return text
        folded = text.casefold()
        if "\\" not in text and "%" not in text and not any(name in folded for name in self._names):
            return text
        found = sorted({*self._members(text), *self._parts(text), *self._pairs(text)})
        return _blotted(text, found)

    def may_be_in(self, text: str) -> bool:
        """Whether a value or a name stands in a text, or may do so escaped, or the user of a URL."""
        if "\\" in text or "%" in text or "@" in text:
            return True
        folded = text.casefold()
        if any(name in folded for name in self._names):
            return True
        return any(value in text or " " in value for value in self.values)

    def by_value(self, text: str) -> str:
        """Without the secrets themselves."""
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
        """Values of JSON members, whole or cut off."""
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
        """Values of parameters, in a query or a form or a URL inside JSON."""
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
        """Values of parts of a multipart form."""
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
    """What stands for a secret wherever it is found."""

    disguise: Disguise
    secret: str

    def __call__(self, found: re.Match[str]) -> str:
        return self.disguise.spelled(self.secret, found[0])


_JSON_VALUE = attrgetter("json")
_PARAMETER = attrgetter("parameter")
_PLAIN = attrgetter("of")
"""How a value is written: what a disguise makes of it goes by that."""
LONGEST_PART_HEAD = 4096
"""Characters before the value of a part in which its name is looked for."""
# Each of these reads a text from left to right once, whatever stands in it.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_BARE = re.compile(r'[^\s",\[\]{}]*')
_BRACKET = re.compile(r'[\[{\]}]|"(?:[^"\\]|\\.)*(?:"|\\?$)', re.DOTALL)
_PAIR = re.compile(r'(?:(?<=[?&;\s"])|^)([^=&;?\s"]+)=')
_UP_TO_NEXT, _UP_TO_QUOTE = re.compile(r"[^&\r\n]*"), re.compile(r'[^&\s"\\]*')
_PART_NAME = re.compile(r'\bname="?([^"\r\n;]*)', re.IGNORECASE)


def _plain(name: str) -> str:
    """The name of a parameter, without the brackets that some frameworks write behind those that come several times."""
    return unquote_plus(name).strip().casefold().partition("[")[0]


def _end_of_value(text: str, begin: int) -> int:
    """Where a JSON value ends; the end of the text, where it is cut off."""
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
    """What the strings in a JSON value say, and numbers as they are written."""
    for string in _STRING.findall(value):
        yield _unescaped(string[1:-1])
    if value[:1] not in ('"', "[", "{"):
        yield value


def _unescaped(inner: str) -> str:
    """What the inside of a JSON string says; itself, where it says nothing."""
    if "\\" not in inner:
        return inner
    try:
        said: Json = msgspec.json.decode(f'"{inner}"')
    except (msgspec.DecodeError, UnicodeEncodeError):
        return inner
    return str(said)


def _blotted(text: str, found: Iterable[Place]) -> str:
    """The text with something else between each begin and end; a place inside another goes with it."""
    parts, done = [], 0
    for begin, end, instead in found:
        if begin >= done:
            parts += [text[done:begin], instead]
            done = end
    return "".join([*parts, text[done:]])


@lru_cache(maxsize=256)
def _any_spelling(value: str) -> re.Pattern[str]:
    """A text as it is, with the escapes of JSON, or percent-encoded, each letter for itself."""
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
