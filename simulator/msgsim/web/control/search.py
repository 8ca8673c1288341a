"""The search language for messages: ``status:failed channel:viber "parcel" -test``.

A message fits if it fits each term. A term is searched in the whole message; with a key such as ``status:`` it is
searched in one place. Quotes allow spaces and colons in a term. A minus excludes the messages that fit the term.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from msgsim.model import Channel, Json, Message
from msgsim.scenarios.yaml import suggestion
from msgsim.web.control.filters import Moment, as_written, channels, has_status, statuses
from msgsim.web.control.lists import Test

KEYS = ("to", "from", "text", "status", "provider", "channel")
_TERM = re.compile(r'(?P<minus>-?)(?:(?P<key>[A-Za-z]+):(?!//))?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))')
"""A term. What precedes ``://`` is no key, so that URLs need no quotes."""
Fits = Callable[[str], bool]
"""Whether a text of a message fits."""


class Term(Struct, frozen=True):
    """A term of a search."""

    key: str
    """Where it is searched, one of KEYS; empty: in the whole message."""
    value: str
    excluded: bool = False
    """With a minus: messages that fit are excluded."""

    def __str__(self) -> str:
        """The term in the search language."""
        key = f"{self.key}:" if self.key else ""
        return f'{"-" * self.excluded}{key}"{self.value}"'


def terms(search: str) -> list[Term]:
    """The terms of a search in their order, without keys that have no value. Raises ValueError for an unknown key."""
    return [term for term in map(_term, _TERM.finditer(search)) if term.value]


def _term(match: re.Match[str]) -> Term:
    """The term of a match of _TERM; its value is empty for a key without a value, which is still being typed."""
    written, excluded = match["key"] or "", bool(match["minus"])
    value = match["plain"] if match["quoted"] is None else match["quoted"]
    if written.lower() in KEYS:
        return Term(written.lower(), value, excluded)
    if written:
        hint = suggestion(written.lower(), KEYS) or f"; there are {', '.join(KEYS)}"
        raise ValueError(f"search: there is no key {written!r} (a text with a colon is put in quotes){hint}")
    unfinished = match["quoted"] is None and value[:-1].lower() in KEYS and value.endswith(":")
    return Term("", "" if unfinished else value, excluded)


class Searched:
    """A search as tests of messages."""

    def __init__(self, search: str, moment: Moment) -> None:
        """Raises ValueError for an unknown key, and for a status, provider or channel that does not exist."""
        self.terms = terms(search)
        self.tests = [_test(term, moment) for term in self.terms]
        known = [*statuses(moment.providers), *channels(moment.providers), *moment.providers]
        written = (as_written(term.value) for term in self.terms if _stands_in_rows(term, known))
        self.written = max(written, key=len, default="")
        """A text, the longest known, that the row of every message that fits contains; empty: none is known."""


def _stands_in_rows(term: Term, known: Iterable[str]) -> bool:
    """Whether the row of every message that fits a term contains its value.

    A term without a key may also be the beginning of a ``known`` word, which a row need not contain.
    """
    if term.excluded or term.key not in ("", "to", "from", "text"):
        return False
    return bool(term.key) or not _beginning(term.value, known)


def _test(term: Term, moment: Moment) -> Test[Message]:
    found = _tests[term.key](term.value, moment)
    if not term.excluded:
        return found
    return Test(lambda message: not found.fits(message), lambda message: f"it fits {Term(term.key, term.value)}")


def _to(value: str, moment: Moment) -> Test[Message]:
    fits = _part(value)
    return Test(lambda message: any(map(fits, _recipients(message))), lambda message: f"it goes to {message.to}")


def _from(value: str, moment: Moment) -> Test[Message]:
    fits = _part(value)
    return Test(
        lambda message: any(fits(channel.sender) for channel in message.channels),
        lambda message: f"it comes from {' or '.join({channel.sender for channel in message.channels})}",
    )


def _text(value: str, moment: Moment) -> Test[Message]:
    fits = _part(value)
    return Test(
        lambda message: any(_says(channel, fits) for channel in message.channels),
        lambda message: f"it says {' or '.join(repr(channel.text) for channel in message.channels)}",
    )


def _status(value: str, moment: Moment) -> Test[Message]:
    return has_status(_words(value, "status", statuses(moment.providers)), moment)


def _provider(value: str, moment: Moment) -> Test[Message]:
    wanted = _words(value, "provider", moment.providers)
    return Test(lambda message: message.provider in wanted, lambda message: f"its provider is {message.provider}")


def _channel(value: str, moment: Moment) -> Test[Message]:
    wanted = _words(value, "channel", channels(moment.providers))
    return Test(
        lambda message: any(channel.name in wanted for channel in message.channels),
        lambda message: f"it goes by {' or '.join(channel.name for channel in message.channels)}",
    )


def _anywhere(value: str, moment: Moment) -> Test[Message]:
    """The value is part of a text, a recipient or a sender, or the beginning of a status, a provider or a channel."""
    fits = _part(value)
    reached = _beginning(value, statuses(moment.providers))
    providers = _beginning(value, moment.providers)
    names = _beginning(value, channels(moment.providers))

    def is_there(message: Message) -> bool:
        return (
            message.provider in providers
            or any(map(fits, _recipients(message)))
            or any(
                channel.name in names or fits(channel.sender) or _says(channel, fits) for channel in message.channels
            )
            or bool(reached and not reached.isdisjoint(moment.words(message)))
        )

    return Test(is_there, lambda message: f"{value!r} is nowhere in it")


_tests: dict[str, Callable[[str, Moment], Test[Message]]] = {
    "": _anywhere,
    "to": _to,
    "from": _from,
    "text": _text,
    "status": _status,
    "provider": _provider,
    "channel": _channel,
}


def _part(value: str) -> Fits:
    """Whether a text contains the value, ignoring case."""
    folded = value.casefold()
    return lambda text: folded in text.casefold()


def _words(value: str, key: str, known: Iterable[str]) -> frozenset[str]:
    """The known word that equals the value, else all that begin with it, ignoring case. Raises ValueError for none."""
    words = list(dict.fromkeys(known))
    if found := frozenset(word for word in words if word.casefold() == value.casefold()) or _beginning(value, words):
        return found
    hint = suggestion(value, words) or f"; there are {', '.join(words)}"
    raise ValueError(f"search: there is no {key} {value!r}{hint}")


def _beginning(value: str, known: Iterable[str]) -> frozenset[str]:
    """The known words that begin with the value, ignoring case."""
    folded = value.casefold()
    return frozenset(word for word in known if word.casefold().startswith(folded))


def _recipients(message: Message) -> Iterator[str]:
    yield message.to
    for channel in message.channels:
        if channel.to:
            yield channel.to


def _says(channel: Channel, fits: Fits) -> bool:
    """Whether the text or any string in the content of a channel fits."""
    return fits(channel.text) or any(map(fits, _texts(channel.content)))


def _texts(content: Json) -> Iterator[str]:
    """All strings in the content of a channel, such as subject, template values and links."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for inner in content.values() if isinstance(content, dict) else content:
            yield from _texts(inner)
