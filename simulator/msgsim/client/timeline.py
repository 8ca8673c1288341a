"""What happened in a sandbox, and what will, a line each: for a failed test's report, and for ``msgsim tail``."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgsim.client.answers import Callback, ClockState, Entry, Happened, Message, ProviderRequest, Reason, Step
from msgsim.client.api import Json
from msgsim.client.blocking import Client

HAPPY = "default.yaml:"
"""Who decided is told unless it was the happy path."""
KINDS = ("request", "inbound", "status", "callback", "control")
"""In the order in which they follow from each other, for what happened at the same time."""
INDENT = " " * 24
"""Where the text of a line begins."""
MOST_EXPLAINED = 10
"""Refused requests whose reasons are shown; each is asked for by itself."""
MOST_SHOWN = 1000
"""Characters of a body."""
MOST_MESSAGES = 50
"""Messages whose plans are shown; each is asked for by itself."""


class Line(NamedTuple):
    """One thing that happened."""

    at: str
    """ISO 8601"""
    kind: str
    """One of KINDS."""
    text: str
    bad: bool = False
    """A refusal, a failure, or a callback that was not taken."""
    more: tuple[str, ...] = ()
    """Further lines about it."""

    def __str__(self) -> str:
        return "\n".join([f"{self.at[11:23]}  {self.kind:<8}  {self.text}", *(f"{INDENT}{line}" for line in self.more)])


def timeline(sandbox: Client) -> str:
    """Requests with their bodies, statuses and callbacks in order, then what is still to come.

    Where nothing has come, why. Raises SimulatorError.
    """
    clock = sandbox.clock.get()
    journal = sandbox.journal()
    refused = [entry["number"] for entry in journal if entry.get("refusals")][-MOST_EXPLAINED:]
    lines = [
        _detailed(sandbox, line, entry, entry["number"] in refused) for entry in journal for line in of_entry(entry)
    ]
    messages = sandbox.messages.list(limit=MOST_MESSAGES)
    ahead: list[Line] = []
    for message in reversed(messages):
        for step in sandbox.messages.get(message["id"])["plan"]:
            (lines if step["past"] else ahead).append(of_step(message, step))
    ahead += [_owed(callback) for callback in sandbox.callbacks.list(state="pending")]
    now = f"{clock['now'][11:23]}  now, {_rate(clock)}"
    if ahead:
        now += "; to come:"
    shown = [*_dated(lines), now, *_dated(ahead, clock["now"][:10])]
    if len(messages) == MOST_MESSAGES:
        shown.append(f"(statuses of the newest {MOST_MESSAGES} messages only)")
    if hint := getattr(sandbox.requests.list(limit=1), "hint", ""):
        shown.append(hint)
    return "\n".join(shown)


def _detailed(sandbox: Client, line: Line, entry: Entry, explained: bool) -> Line:
    """A request with its body, and, where it is ``explained``, with why it was refused."""
    if entry["kind"] != "exchange":
        return line
    body = entry["body"] if len(entry["body"]) <= MOST_SHOWN else f"{entry['body'][:MOST_SHOWN]}…"
    more = body.splitlines()
    if explained:
        more += [_why(reason) for reason in sandbox.requests.explain(entry["number"])["refused_by"]]
    return line._replace(more=tuple(more))


def _why(reason: Reason) -> str:
    """An error, where it is and what it is about, in the provider's words and in ours."""
    place = f" at {reason['field']}" if reason["field"] else ""
    texts = [text.rstrip(".") for text in (reason["text"], reason["reason"], reason["when"]) if text]
    return f"refused: {reason['key']}{place}: {'; '.join(dict.fromkeys(texts))}"


def _dated(lines: Iterable[Line], day: str = "") -> Iterator[str]:
    """In order of time; the day stands alone where a new one begins."""
    for line in sorted(lines, key=lambda line: (line.at, KINDS.index(line.kind))):
        if line.at[:10] != day:
            day = line.at[:10]
            yield day
        yield str(line)


def _rate(clock: ClockState) -> str:
    if clock["frozen"]:
        return "frozen"
    return "running" if clock["rate"] == 1 else f"running {clock['rate']:g} times as fast"


def of_entry(entry: Entry) -> list[Line]:
    """A line of the journal."""
    if entry["kind"] == "exchange":
        return [of_exchange(entry)]
    if entry["kind"] == "attempt":
        return [of_attempt(entry["at"], entry["url"], entry["attempt"], entry.get("status"), entry.get("error"))]
    members = {name: value for name, value in entry.items() if name not in ("at", "kind", "number")}
    return [Line(entry["at"], "control", _members(members))]


def of_happened(thing: Happened) -> Line:
    """One thing that fell due while a clock was moved."""
    if thing["kind"] == "callback":
        return of_attempt(thing["at"], thing["url"], thing["attempt"], thing["answered"], thing["error"])
    code = "" if thing["code"] is None else f" {thing['code']}"
    return Line(thing["at"], "status", f"{thing['message']}  {thing['channel']} {thing['status']}{code}")


def of_event(name: str, data: Json) -> Line:
    """One event of the stream."""
    if name == "exchange":
        return of_exchange(data)
    if name == "message":
        return _of_message(data)
    if name == "callback":
        attempt = data["attempts"][-1]
        return of_attempt(attempt["at"], data["url"], attempt["number"], attempt["answered"], attempt["error"])
    members = {member: value for member, value in data.items() if member not in ("at", "kind", "number", "action")}
    return Line(data.get("at") or data["now"], "control", f"{name} {_members(members)}")


def _of_message(message: Message) -> Line:
    channels = ", ".join(f"{channel['channel']} {channel['status'] or '-'}" for channel in message["channels"])
    since = max((channel["since"] for channel in message["channels"] if channel["since"]), default=message["accepted"])
    bad = message["state"] in ("failed", "rejected", "expired")
    return Line(since, "status", f"{message['provider']} {message['id']} to {message['to']}  {channels}", bad)


def _members(members: Mapping[str, Json]) -> str:
    return " ".join(f"{name}={value}" for name, value in members.items())


def of_exchange(entry: Entry | ProviderRequest) -> Line:
    """A request and its answer."""
    text = f"{entry['provider']} {entry['method']} {entry['path']} -> {entry['status']}"
    for refusal in entry.get("refusals", ()):
        text += f"  {refusal['key']}" + (f" ({refusal['source']})" if refusal.get("source") else "")
    if HAPPY not in entry.get("rule", HAPPY):
        text += f"  by {entry['rule']}"
    for id in entry.get("messages", ())[:3]:
        text += f"  {id}"
    if (more := len(entry.get("messages", ())) - 3) > 0:
        text += f"  and {more} more"
    return Line(entry["at"], "request", text, int(entry["status"]) >= 400)


def of_step(message: Message, step: Step) -> Line:
    """A status of a message's plan."""
    code = "" if step["code"] is None else f" {step['code']}"
    text = f"{message['id']} to {message['to']}  {step['channel']} {step['status']}{code}"
    return Line(step["at"], "status", text, step["kind"] in ("failed", "rejected", "expired"))


def of_attempt(at: str, url: str, number: int, answered: int | str | None, error: str | None) -> Line:
    """A post to the application; ``answered`` is the HTTP status."""
    what = error or f"answered {answered}"
    return Line(at, "callback", f"{url} attempt {number}: {what}", bool(error) or not 200 <= int(answered or 0) < 400)


def _owed(callback: Callback) -> Line:
    return Line(callback["due"], "callback", f"{callback['url']} {callback['status'] or callback['kind']}")
