"""Sources of errors and outcomes as links: to the page that is named, else to where the provider's documents begin."""

import re

from markupsafe import Markup, escape

URL = re.compile(r"https?://[^\s()<>\"']+[^\s()<>\"'.,;]")
UNWRITTEN = ("none", "public clients")
"""What sources begin with that no document is."""


def linked(source: str, documents: str) -> Markup:
    """``documents``: empty where the provider has none."""
    written, end = [], 0
    for found in URL.finditer(source):
        written += [escape(source[end : found.start()]), _link(found[0], found[0])]
        end = found.end()
    if end or not documents or source.startswith(UNWRITTEN):
        return Markup("").join([*written, escape(source[end:])])
    return _link(documents, source)


def _link(url: str, words: str) -> Markup:
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(url, words)
