"""Links for the sources of errors and statuses: to the URL that a source names, else to the provider's documents."""

import re

from markupsafe import Markup, escape

URL = re.compile(r"https?://[^\s()<>\"']+[^\s()<>\"'.,;]")
"""A URL in a text, without the punctuation behind it."""
UNWRITTEN = ("none", "public clients")
"""How the text of a source begins that is not a document."""


def linked(source: str, documents: str) -> Markup:
    """The text of a source as HTML with links; ``documents``: URL of the provider's documents; empty: it has none."""
    written, end = [], 0
    for found in URL.finditer(source):
        written += [escape(source[end : found.start()]), _link(found[0], found[0])]
        end = found.end()
    if end or not documents or source.startswith(UNWRITTEN):
        return Markup("").join([*written, escape(source[end:])])
    return _link(documents, source)


def _link(url: str, words: str) -> Markup:
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, words)
