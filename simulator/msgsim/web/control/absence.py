"""Explains why a sandbox has received no request: the requests went to another sandbox, to no provider, or nowhere."""

from msgsim.clock import machine
from msgsim.engine.sandbox import Sandbox
from msgsim.model import Entry, Exchange
from msgsim.web.control.context import Context
from msgsim.web.control.resources import span


def absence(context: Context, sandbox: Sandbox) -> str:
    """Why a sandbox has no requests, and what to do; empty: it has some since it was created or reset."""
    engine = context.engine
    if sandbox.asked is not None or engine.store.journal.count(sandbox.number, kind="exchange"):
        return ""
    for other in _asked_since(context, sandbox.opened):
        assert other.asked is not None
        at, key = other.asked
        entry = engine.store.journal.by_key(key)
        if entry is not None and entry.exchange is not None:
            came, advice = _came(context, other, entry.exchange, _age(at)), _advice(sandbox, other, entry)
            return f"sandbox {other.name} {came}: {advice}"
    lost = engine.unplaced
    if lost is not None and lost.at >= sandbox.opened:
        return f"{lost.method} {lost.path} came {_age(lost.at)} and led to no sandbox: {lost.reason}"
    return (
        "nothing has asked this server since the sandbox was made or emptied:"
        " give the application its base URL, msgsim.base_url(…)"
    )


def _asked_since(context: Context, moment: int) -> list[Sandbox]:
    """Sandboxes with a request since a time of the machine's clock: the default one first, then the latest request."""
    asked = [one for one in context.engine.sandboxes.values() if one.asked is not None and one.asked[0] >= moment]
    return sorted(asked, key=lambda one: (one.name != "default", -(one.asked or (0, 0))[0]))


def _came(context: Context, other: Sandbox, exchange: Exchange, age: str) -> str:
    """What came of a request in another sandbox, in words."""
    account = f" from {exchange.credential!r}" if exchange.credential else ""
    if len(exchange.messages) == 1:
        return f"took a message to {context.engine.find(other, exchange.messages[0]).to}{account} {age}"
    if exchange.messages:
        return f"took {len(exchange.messages)} messages{account} {age}"
    keys = ", ".join(refusal.key for refusal in exchange.refusals[:3])
    refused = f" ({keys})" if keys else ""
    return f"answered {exchange.method} {exchange.path}{account} with {exchange.status}{refused} {age}"


def _advice(sandbox: Sandbox, other: Sandbox, entry: Entry) -> str:
    if sandbox.name == "default":
        return f"look there (X-Sim-Sandbox: {other.name})"
    return f"give the application msgsim.credentials({entry.provider!r}), which lead to sandbox {sandbox.name}"


def _age(moment: int) -> str:
    return f"{span(max(0, machine() - moment))} ago"
