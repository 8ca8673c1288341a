"""Prints one line per request that the server answers: as text, or as JSON."""

import json
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from queue import Empty, Full, Queue
from typing import Protocol, TextIO

import click

from msgsim.clock import iso, machine
from msgsim.engine.receive import Engine
from msgsim.model import Call, Exchange, Json, Reply
from msgsim.storage.changes import Changes
from msgsim.storage.database import StoreError
from msgsim.storage.keys import NUMBERS, SHIFT

MOST_UNWRITTEN = 10_000
"""Limit of lines that wait while the output is blocked; further lines are only counted."""
LAST = 1.0
"""Seconds that a stopping server waits until its last lines are written."""
ALONE = nullcontext()
"""A lock that does nothing, for an output that no other process writes to."""
Form = Callable[[dict[str, Json]], str]
"""Writes the facts about a request as a line, without its end."""


class Output(Protocol):
    """Accepts lines without blocking."""

    def __call__(self, line: str, /) -> None: ...


class RequestLog:
    """Follows an engine. Writes a line for each request when its changes are durable, just before it is answered."""

    def __init__(self, engine: Engine, form: Form, output: Output) -> None:
        self._engine = engine
        self._form = form
        self._output = output
        self._keys: list[int] = []
        """Keys of journal entries that are not durable yet."""
        engine.signals.recorded.follow(self._keys.append)
        engine.signals.committed.follow(self._committed)
        engine.signals.unanswered.follow(self._unanswered)

    def _committed(self, changes: Changes, error: StoreError | None) -> None:
        """Write a line for each request of a commit; if it failed, one line that says how many were lost."""
        for key in self._keys:
            if error is None:
                self._recorded(key)
        if error is not None and self._keys:
            self._write({"status": 503, "reason": f"{len(self._keys)} lost: {error}"})
        self._keys.clear()

    def _recorded(self, key: int) -> None:
        entry, sandbox = self._engine.store.journal.by_key(key), self._engine.sandboxes.numbered.get(key >> SHIFT)
        if entry is not None and entry.exchange is not None and sandbox is not None:
            place = {"sandbox": sandbox.name, "number": key & NUMBERS, "at": iso(entry.at)}
            self._write({**_facts(entry.exchange), **place})

    def _unanswered(self, call: Call, reply: Reply) -> None:
        reason = json.loads(reply.body)["detail"]
        self._write({"method": call.method, "path": call.path, "status": reply.status, "reason": reason})

    def _write(self, facts: dict[str, Json]) -> None:
        self._output(self._form({"time": iso(machine()), **facts}))


def _facts(exchange: Exchange) -> dict[str, Json]:
    """The facts of a line, without empty ones. Secrets are redacted already, in the journal that they come from."""
    facts: dict[str, Json] = {"method": exchange.method, "path": exchange.path, "query": exchange.query}
    facts |= {"status": exchange.status, "provider": exchange.provider, "endpoint": exchange.endpoint}
    facts |= {"credential": exchange.credential, "messages": list(exchange.messages)}
    facts |= {"refusals": [refusal.key for refusal in exchange.refusals], "fault": exchange.fault}
    return {name: value for name, value in facts.items() if value not in ("", [])}


def as_json(facts: dict[str, Json]) -> str:
    return json.dumps(facts)


def as_text(facts: dict[str, Json]) -> str:
    """``12:30:45.123  POST    400  messente    /v1/omnimessage  invalid_data (sandbox ci-17)``"""
    status = facts["status"]
    colour = "green" if status < 400 else "yellow" if status < 500 else "red"
    query = f"?{facts['query']}" if "query" in facts else ""
    notes = [*facts.get("refusals", ()), *(facts[name] for name in ("fault", "reason") if name in facts)]
    if facts.get("sandbox", "default") != "default":
        notes.append(f"(sandbox {facts['sandbox']})")
    columns = [
        click.style(facts["time"][11:23], dim=True),
        f"{_plain(facts.get('method', '-')):<6}",
        click.style(str(status), fg=colour),
        f"{facts.get('provider', '-'):<10}",
        _plain(facts.get("path", "-") + query),
        _plain(" ".join(notes)),
    ]
    return "  ".join(columns).rstrip()


def _plain(text: str) -> str:
    """A text with unprintable characters escaped: they could control the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


class Writer:
    """Writes lines in a thread of its own, so that a blocked output delays no request."""

    def __init__(self, stream: TextIO, turn: AbstractContextManager[object]) -> None:
        """``turn``: a lock that is held while lines are written, if other processes write to the same stream."""
        self._turn = turn
        self._file = stream.fileno()
        self._encoding = stream.encoding
        self._colours = stream.isatty()
        self._lines: Queue[str | None] = Queue(MOST_UNWRITTEN)
        self._left_out = 0
        self._thread = threading.Thread(target=self._run, name="request log", daemon=True)
        self._thread.start()

    def __call__(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except Full:
            self._left_out += 1

    def close(self) -> None:
        """Write the waiting lines, for at most LAST seconds; drop them if the queue is full: the output is blocked."""
        try:
            self._lines.put_nowait(None)
        except Full:
            return
        self._thread.join(LAST)

    def _run(self) -> None:
        going = True
        while going:
            lines = self._next()
            going = None not in lines
            text = "".join(f"{line}\n" for line in lines if line is not None)
            if self._left_out:
                text += f"{self._left_out} lines were left out: the output took none\n"
                self._left_out = 0
            try:
                with self._turn:
                    self._write(text if self._colours else click.unstyle(text))
            except OSError:  # Nobody reads any longer; the server goes on.
                self._forget()
                return

    def _next(self) -> list[str | None]:
        """Wait for a line; returns it with all others that are waiting. None in the list: `close` was called."""
        lines = [self._lines.get()]
        try:
            while True:
                lines.append(self._lines.get_nowait())
        except Empty:
            return lines

    def _write(self, text: str) -> None:
        """Write all of a text. Raises OSError."""
        rest = text.encode(self._encoding, "backslashreplace")
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def _forget(self) -> None:
        """Drops all further lines, after the output has failed."""
        while self._lines.get() is not None:
            pass


def log_requests(engine: Engine, form: str | None, turn: AbstractContextManager[object] = ALONE) -> Callable[[], None]:
    """Start to print a line per request on standard output; returns the function that ends it.

    ``form``: text, json or none; None: text on a terminal, else none. ``turn``: as in `Writer`.
    """
    form = form or ("text" if sys.stdout.isatty() else "none")
    if form == "none":
        return lambda: None
    sys.stdout.flush()
    writer = Writer(sys.stdout, turn)
    RequestLog(engine, as_json if form == "json" else as_text, writer)
    return writer.close
