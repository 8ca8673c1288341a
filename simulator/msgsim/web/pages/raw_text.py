"""Bodies as HTML: JSON indented and coloured, everything escaped. Also rebuilds requests of the journal for curl."""

import re

import msgspec
from markupsafe import Markup, escape

from msgsim.engine.redaction import HIDDEN
from msgsim.examples.catalogue import endpoint_at
from msgsim.examples.request import Example
from msgsim.examples.samples import signed
from msgsim.model import Json
from msgsim.provider import Provider

MOST = 60_000
"""Limit of characters of a body that are shown."""
OWN_BUSINESS = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "origin"})
"""Headers that HTTP clients set by themselves; see `is_own_business`."""
_TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)'
    r"|(?P<word>true|false|null)"
)


def laid_out(body: str) -> str:
    """JSON indented by two; other text unchanged. A text longer than MOST is cut and not indented."""
    if len(body) > MOST:
        return f"{body[:MOST]}\n… {len(body) - MOST} characters more"
    try:
        return msgspec.json.format(body.encode(), indent=2).decode() if body.strip() else ""
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return body


def coloured(body: str) -> Markup:
    """A body as HTML: JSON with a span for each name, string, number and word (such as null); other text escaped."""
    text = laid_out(body)
    if text[:1] not in ("{", "[", '"'):
        return escape(text)
    written: list[str | Markup] = []
    end = 0
    for token in _TOKEN.finditer(text):
        span = Markup('<span class="j-{}">{}</span>').format(token.lastgroup, token[0])
        written += [escape(text[end : token.start()]), span]
        end = token.end()
    return Markup("").join([*written, escape(text[end:])])


def pretty(value: Json) -> str:
    """A value as JSON, indented by two."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def is_own_business(name: str) -> bool:
    """Whether a header (its name in lower case) is set by the HTTP client and not by the application."""
    return name in OWN_BUSINESS or name.startswith(("sec-", "accept-")) or name == "referer"


def request_of(exchange: Json, provider: Provider, sandbox: str) -> Example:
    """The request of an exchange, to be sent again: redacted credentials are replaced by those of the sandbox."""
    method, path = exchange["method"], exchange["path"]
    _, issued = signed(provider, sandbox, endpoint_at(provider, method, path))
    own = {name.lower(): value for name, value in issued.items()}
    headers = {
        name: own.get(name.lower(), value) if HIDDEN in value else value
        for name, value in exchange["headers"].items()
        if not is_own_business(name)
    }
    members = {**provider.credentials(sandbox), **issued}
    return Example(method, path, headers, _filled(exchange["body"] or "", members), _filled(exchange["query"], members))


def _filled(text: str, credentials: dict[str, str]) -> str:
    """A JSON body, form or query with ``credentials`` (name of a member → value) where redaction hid those members."""
    for name, value in credentials.items():
        hidden = rf"""((?:"{re.escape(name)}"\s*:\s*"|\b{re.escape(name)}=)){re.escape(HIDDEN)}"""
        text = value.join(re.sub(hidden, r"\1\0", text).split("\0"))
    return text
