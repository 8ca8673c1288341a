"""What an exchange looks like in the journal: everything that was said, without the secrets."""

import re
from functools import lru_cache

from simulator.desk import Desk
from simulator.model import Exchange, Reply
from simulator.routes import Found

HIDDEN = "***"
NEVER_SHOWN = frozenset({"authorization", "cookie", "proxy-authorization"})


def exchange_of(desk: Desk, found: Found, reply: Reply) -> Exchange:
    call, secrets = desk.call, desk.provider.secrets
    rule = desk.rule
    return Exchange(
        provider=desk.provider.name,
        endpoint=found.endpoint.name if found.endpoint else "",
        method=call.method,
        path=call.path,
        query=hidden(call.query, secrets) if call.query else "",
        headers={
            name: HIDDEN if name in NEVER_SHOWN or name in secrets else value for name, value in call.headers.items()
        },
        body=hidden(call.body.decode(errors="replace"), secrets),
        status=reply.status,
        fault=desk.fault.kind if desk.fault else "",
        answer=hidden(reply.body.decode(errors="replace"), secrets),
        answer_headers=reply.headers,
        credential=desk.credential.shown or desk.credential.name,
        messages=tuple(message.id for message in desk.accepted),
        refusals=desk.refusals,
        rule=rule.place if rule else "",
        notes=tuple(desk.notes),
    )


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
