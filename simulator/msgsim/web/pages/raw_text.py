"""Raw text on the page: JSON laid out and coloured, requests to be sent again. Escapes everything it is given."""

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
"""Characters of one body that are shown."""
OWN_BUSINESS = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "accept", "origin"})
"""Headers that curl or a browser sets by itself."""
_TOKEN = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)'
    r"|(?P<word>true|false|null)"
)


def laid_out(body: str) -> str:
    """JSON indented by two; anything else as it is."""
    if len(body) > MOST:
        return f"{body[:MOST]}\n… {len(body) - MOST} characters more"
    try:
        return msgspec.json.format(body.encode(), indent=2).decode() if body.strip() else ""
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return body


def coloured(body: str) -> Markup:
    """JSON with its names, texts, numbers and words in spans; other text plain."""
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
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def is_own_business(name: str) -> bool:
    """Whether a header says more of the client's HTTP library than of the request."""
    return name in OWN_BUSINESS or name.startswith(("sec-", "accept-")) or name == "referer"


def request_of(exchange: Json, provider: Provider, sandbox: str) -> Example:
    """A request of the journal, to be sent again, with the sandbox's own credentials where it had hidden ones."""
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
    """JSON or a form, with credentials in the members that were hidden."""
    for name, value in credentials.items():
        hidden = rf"""((?:"{re.escape(name)}"\s*:\s*"|\b{re.escape(name)}=)){re.escape(HIDDEN)}"""
        text = value.join(re.sub(hidden, r"\1\0", text).split("\0"))
    return text
