"""Past and future events of a sandbox, a line each: for the report of a failed test, and for ``msgsim tail``."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgsim.client.answers import Callback, ClockState, Entry, Happened, Message, ProviderRequest, Reason, Step
from msgsim.client.api import Json
from msgsim.client.blocking import Client

HAPPY = "default.yaml:"
"""The file of the happy path in the place of a rule. A line names the rule that decided unless it is in this file."""
KINDS = ("request", "inbound", "status", "callback", "control")
"""Kinds of lines. Lines with the same time are sorted in this order, in which one event causes the next."""
INDENT = " " * 24
"""Indentation of further lines, to the column where the text of a line begins."""
MOST_EXPLAINED = 10
"""Most refused requests whose reasons are shown, the last ones. Each takes a call of the control API."""
MOST_SHOWN = 1000
"""Most characters of a body that are shown."""
MOST_MESSAGES = 50
"""Most messages whose plans are shown, the newest ones. Each takes a call of the control API."""


class Line(NamedTuple):
    """One event."""

    at: str
    """ISO 8601"""
    kind: str
    """One of KINDS."""
    text: str
    bad: bool = False
    """Whether it is a refusal, a failure, or a callback that the receiver did not accept."""
    more: tuple[str, ...] = ()
    """Further lines about it."""

    def __str__(self) -> str:
        return "\n".join([f"{self.at[11:23]}  {self.kind:<8}  {self.text}", *(f"{INDENT}{line}" for line in self.more)])


def timeline(sandbox: Client) -> str:
    """Requests with their bodies, statuses and callbacks in order of time, then those still to come; a line each.

    If no request has come, the last line says why. Raises SimulatorError.
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
    """The line of a request with its body and, if ``explained``, why it was refused; other lines as they are."""
    if entry["kind"] != "exchange":
        return line
    body = entry["body"] if len(entry["body"]) <= MOST_SHOWN else f"{entry['body'][:MOST_SHOWN]}…"
    more = body.splitlines()
    if explained:
        more += [_why(reason) for reason in sandbox.requests.explain(entry["number"])["refused_by"]]
    return line._replace(more=tuple(more))


def _why(reason: Reason) -> str:
    """A line about an error of a request: its key, the field, and the texts of the provider and of the simulator."""
    place = f" at {reason['field']}" if reason["field"] else ""
    texts = [text.rstrip(".") for text in (reason["text"], reason["reason"], reason["when"]) if text]
    return f"refused: {reason['key']}{place}: {'; '.join(dict.fromkeys(texts))}"


def _dated(lines: Iterable[Line], day: str = "") -> Iterator[str]:
    """Lines in order of time as texts; before the first line of each day but ``day``, one with the date."""
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
    """The line for an entry of the journal, in a list."""
    if entry["kind"] == "exchange":
        return [of_exchange(entry)]
    if entry["kind"] == "attempt":
        return [of_attempt(entry["at"], entry["url"], entry["attempt"], entry.get("status"), entry.get("error"))]
    members = {name: value for name, value in entry.items() if name not in ("at", "kind", "number")}
    return [Line(entry["at"], "control", _members(members))]


def of_happened(thing: Happened) -> Line:
    """The line for a status or an attempt that fell due while a clock was moved."""
    if thing["kind"] == "callback":
        return of_attempt(thing["at"], thing["url"], thing["attempt"], thing["answered"], thing["error"])
    code = "" if thing["code"] is None else f" {thing['code']}"
    return Line(thing["at"], "status", f"{thing['message']}  {thing['channel']} {thing['status']}{code}")


def of_event(name: str, data: Json) -> Line:
    """The line for an event of the stream: name and data of an `Event`."""
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
    """The line for a request and its answer."""
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
    """The line for a status in the plan of a message."""
    code = "" if step["code"] is None else f" {step['code']}"
    text = f"{message['id']} to {message['to']}  {step['channel']} {step['status']}{code}"
    return Line(step["at"], "status", text, step["kind"] in ("failed", "rejected", "expired"))


def of_attempt(at: str, url: str, number: int, answered: int | str | None, error: str | None) -> Line:
    """The line for an attempt at a callback; ``answered``: HTTP status of the receiver, None: no answer."""
    what = error or f"answered {answered}"
    return Line(at, "callback", f"{url} attempt {number}: {what}", bool(error) or not 200 <= int(answered or 0) < 400)


def _owed(callback: Callback) -> Line:
    """The line for a pending callback."""
    return Line(callback["due"], "callback", f"{callback['url']} {callback['status'] or callback['kind']}")
