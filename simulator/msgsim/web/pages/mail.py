"""Makes the HTML of an e-mail safe: without scripts and remote content, with placeholders for remote pictures.

The Content-Security-Policy of its page forbids these as well. Rewriting shows where something was left out.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from html import escape
from html.parser import HTMLParser
from itertools import pairwise

from msgsim.model import Json

LEFT_OUT = frozenset({"script", "iframe", "object", "embed", "applet", "base", "link", "meta", "form", "template"})
"""Elements whose tags are removed."""
WITH_CONTENT = frozenset({"script", "iframe", "object", "applet", "template"})
"""Those whose content is removed as well."""
UNREAD = frozenset({"script", "style", "title", "template"})
"""Elements whose content is not part of the text."""
BLOCKS = frozenset(
    {"address", "blockquote", "br", "div", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p"}
) | {"pre", "section", "table", "tr", "ul", "header", "footer", "article"}
"""Elements that begin a line of the text, and end one."""
VOID = frozenset({"area", "br", "col", "hr", "input", "source", "track", "wbr"})
"""Elements without an end tag."""
LOADS = frozenset({"src", "srcset", "background", "poster", "data", "action", "formaction", "ping"})
"""Attributes that are removed, because they load or send something."""

_REMOTE = re.compile(r"url\([^)]*\)?|@import[^;]*;?", re.IGNORECASE)
"""The parts of a style that load something. Written with CSS escapes they are missed here, but POLICY forbids them."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-same-origin; frame-ancestors 'self'"
)
"""The Content-Security-Policy of an e-mail: inline styles and embedded pictures only.

No script runs in it, so that it may have the origin of the pages: their script measures the height of the e-mail.
"""

VIEWS = ("html", "text", "source", "headers")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
html {{ background: #fff; color: #16191d; font: 15px/1.5 system-ui, sans-serif; }} body {{ margin: 12px; }}
img, table {{ max-width: 100%; }}
.sim-picture {{ display: inline-block; border: 1px dashed #7b8794; padding: 10px 12px; color: #4a5560;
  font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }}
</style></head><body>{body}</body></html>"""


def page(html: str, title: str) -> str:
    """An HTML document with the safe part of an e-mail's HTML."""
    rewriter = _Rewriter()
    rewriter.feed(html)
    rewriter.close()
    return PAGE.format(title=escape(title or "E-mail"), body="".join(rewriter.written))


def shown(view: str, piece: Json, drawn: Json) -> Json:
    """The content of a view: text for ``text`` and ``source``, (name, value) pairs for ``headers``, None for ``html``.

    ``piece``: the e-mail, a piece of the kind ``mail``. ``drawn``: the bubble of its message.
    """
    if view == "headers":
        headers = {
            "From": piece["from"],
            "To": drawn["to"],
            "Subject": piece["subject"],
            "Date": format_datetime(datetime.fromisoformat(drawn["accepted"])),
            "Message-ID": drawn["id"],
            "Content-Type": "text/html; charset=utf-8",
        }
        return [(name, value) for name, value in headers.items() if value]
    return {"html": None, "text": text(piece["html"]), "source": piece["html"]}[view]


def text(html: str) -> str:
    """The text of an e-mail's HTML: a line for each block element, and the address behind each link."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.written).split("\n"))
    return "\n".join(line for line, before in pairwise(["", *lines]) if line or before).strip()


class _Reader(HTMLParser):
    """Collects the text of HTML in ``written``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._inside = ""
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside:
            return
        found = dict(attrs)
        if tag in UNREAD:
            self._inside = tag
        elif tag in BLOCKS:
            self.written.append("\n")
        elif tag == "img":
            self.written.append(f"[{found.get('alt') or 'picture'}]")
        elif tag == "a":
            self._link = found.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""
        elif tag in BLOCKS and not self._inside:
            self.written.append("\n")
        elif tag == "a" and self._link:
            self.written.append(f" ({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.written.append(data.replace("\n", " "))


class _Rewriter(HTMLParser):
    """Collects the safe part of HTML in ``written``."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._inside = ""
        """The open element whose content is left out; empty: none."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside:
            return
        if tag in LEFT_OUT:
            self._inside = tag if tag in WITH_CONTENT else ""
        elif tag == "img":
            self.written.append(_picture(dict(attrs)))
        else:
            self.written.append(f"<{tag}{_kept(attrs)}>")

    def handle_endtag(self, tag: str) -> None:
        if self._inside:
            self._inside = "" if tag == self._inside else self._inside
        elif tag not in LEFT_OUT and tag not in VOID and tag != "img":
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._inside:
            return
        in_style = bool(self.written) and self.written[-1].startswith("<style")
        self.written.append(_REMOTE.sub("none", data.replace("<", "")) if in_style else escape(data, quote=False))


def _kept(attrs: list[tuple[str, str | None]]) -> str:
    """The harmless attributes of an element, each after a space."""
    harmless = [
        (name, _REMOTE.sub("none", value or "") if name == "style" else value or "")
        for name, value in attrs
        if not name.startswith("on") and name not in LOADS and all(letter.isalnum() or letter == "-" for letter in name)
    ]
    return "".join(f' {name}="{escape(value)}"' for name, value in harmless)


def _picture(attrs: dict[str, str | None]) -> str:
    """An embedded picture (``data:``), or a placeholder with text and address of a remote one."""
    source = attrs.get("src") or ""
    if source.startswith("data:image/"):
        return f'<img src="{escape(source)}" alt="{escape(attrs.get("alt") or "")}">'
    words = escape(attrs.get("alt") or "picture")
    return f'<span class="sim-picture">{words}<br>{escape(source)}</span>'
