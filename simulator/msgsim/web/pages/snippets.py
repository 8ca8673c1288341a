"""Snippets: the line of a message that a list shows, with the words of a search marked."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from markupsafe import Markup, escape

from msgsim.model import Json

BEFORE, LENGTH = 8, 160
"""Number of characters before the first found word, and length of a snippet without ellipsis."""


def snippet(drawn: Json, words: Sequence[str] = ()) -> Markup:
    """The snippet of a bubble around the first of the ``words`` that is found, with all of them marked.

    Without words, or where none is found, the beginning of the text.
    """
    texts = list(_texts(drawn))
    if not words:
        return escape(_line(texts[0])[:LENGTH])
    either = re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))), re.IGNORECASE)
    text = _line(next((text for text in texts if either.search(text)), texts[0]))
    first = either.search(text)
    start = max(0, first.start() - BEFORE) if first else 0
    shown = text[start : start + LENGTH]
    marked, end = [escape("…" if start else "")], 0
    for found in either.finditer(shown):
        marked += [escape(shown[end : found.start()]), Markup("<mark>{}</mark>").format(found[0])]
        end = found.end()
    return Markup("").join([*marked, escape(shown[end:])])


def _texts(drawn: Json) -> Iterator[str]:
    """The texts of a bubble that are searched; the first, never empty, is shown where no word is found.

    These are its text or first title or the channel's name, then all strings of its pieces and of all channels.
    """
    titles = (str(piece.get(name) or "") for piece in drawn["pieces"] for name in ("subject", "name", "text"))
    cards = (str(card["title"] or card["text"] or "") for piece in drawn["pieces"] for card in piece.get("cards", ()))
    yield drawn["text"] or next(filter(None, chain(titles, cards)), "") or drawn["channel"]
    for piece in drawn["pieces"]:
        yield from _strings(piece)
    for channel in drawn["channels"]:
        yield from _strings([channel["text"], channel["from"], channel["content"]])


def _strings(value: Json) -> Iterator[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _line(text: str) -> str:
    """A text on one line, with single spaces."""
    return " ".join(text.split())
