"""What an exchange looks like in the journal: everything that was said, without the secrets."""

import re
from functools import lru_cache

from msgsim.engine.exchange import Desk
from msgsim.engine.routing import Found
from msgsim.model import Exchange, Reply

HIDDEN = "***"
NEVER_SHOWN = frozenset({"authorization", "cookie", "proxy-authorization"})


def exchange_of(desk: Desk, found: Found, reply: Reply) -> Exchange:
    call, secrets = desk.call, desk.provider.secrets
    headers = call.headers.copy()
    for name in _hidden_headers(secrets):
        if name in headers:
            headers[name] = HIDDEN
    return Exchange(
        desk.provider.name,
        found.endpoint.name if found.endpoint else "",
        call.method,
        call.path,
        hidden(call.query, secrets) if call.query else "",
        headers,
        hidden(call.body.decode(errors="replace"), secrets),
        reply.status,
        hidden(reply.body.decode(errors="replace"), secrets),
        reply.headers,
        desk.credential.shown or desk.credential.name,
        tuple([message.id for message in desk.accepted]),
        desk.refusals,
        desk.rule.place if desk.rule else "",
        desk.fault.kind if desk.fault else "",
        tuple(desk.notes),
    )


@lru_cache(maxsize=16)
def _hidden_headers(secrets: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(NEVER_SHOWN | secrets))


def hidden(text: str, secrets: frozenset[str]) -> str:
    if not secrets or not text:
        return text
    folded = text.casefold()
    if not any(name in folded for name in secrets):
        return text
    return _blot(secrets).sub(lambda found: f'{found[1]}"{HIDDEN}"' if found[1] else f"{found[2]}{HIDDEN}", text)


@lru_cache(maxsize=16)
def _blot(secrets: frozenset[str]) -> re.Pattern[str]:
    """Members of JSON, their values whole or cut off, and parameters of a query or a form."""
    names = "|".join(sorted(map(re.escape, secrets)))
    member = rf'("(?:{names})"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^\s",}}\]]+)'
    return re.compile(rf"{member}|((?:^|[?&])(?:{names})=)[^&\s]*", re.IGNORECASE | re.DOTALL)
