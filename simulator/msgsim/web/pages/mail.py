"""An e-mail made safe to look at: no scripts, no loads from elsewhere, remote pictures as placeholders.

The page it is shown in forbids all of this as well; what is rewritten here is what would otherwise be a blank.
"""

import re
from html import escape
from html.parser import HTMLParser

LEFT_OUT = frozenset({"script", "iframe", "object", "embed", "applet", "base", "link", "meta", "form", "template"})
WITH_CONTENT = frozenset({"script", "iframe", "object", "applet", "template"})
VOID = frozenset({"area", "br", "col", "hr", "input", "source", "track", "wbr"})
LOADS = frozenset({"src", "srcset", "background", "poster", "data", "action", "formaction", "ping"})

_REMOTE = re.compile(r"url\([^)]*\)?|@import[^;]*;?", re.IGNORECASE)
"""What a style would load. Spelled with escapes it passes here, and the policy stops it."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
"""Inline styles are what e-mails are made of; everything else is off."""

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
html {{ background: #fff; color: #16191d; font: 15px/1.5 system-ui, sans-serif; }} body {{ margin: 12px; }}
img, table {{ max-width: 100%; }}
.sim-picture {{ display: inline-block; border: 1px dashed #7b8794; padding: 10px 12px; color: #4a5560;
  font: 12px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }}
</style></head><body>{body}</body></html>"""


def page(html: str, title: str) -> str:
    """A whole document around what is left of an e-mail's HTML."""
    rewriter = _Rewriter()
    rewriter.feed(html)
    rewriter.close()
    return PAGE.format(title=escape(title or "E-mail"), body="".join(rewriter.written))


class _Rewriter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.written: list[str] = []
        self._inside = ""
        """The element whose content is left out."""

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
    harmless = [
        (name, _REMOTE.sub("none", value or "") if name == "style" else value or "")
        for name, value in attrs
        if not name.startswith("on") and name not in LOADS and all(letter.isalnum() or letter == "-" for letter in name)
    ]
    return "".join(f' {name}="{escape(value)}"' for name, value in harmless)


def _picture(attrs: dict[str, str | None]) -> str:
    source = attrs.get("src") or ""
    if source.startswith("data:image/"):
        return f'<img src="{escape(source)}" alt="{escape(attrs.get("alt") or "")}">'
    words = escape(attrs.get("alt") or "picture")
    return f'<span class="sim-picture">{words}<br>{escape(source)}</span>'
