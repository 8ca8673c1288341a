"""The lines of a replay bundle: a record of a sandbox that can be replayed on another simulator.

JSON Lines, with or without gzip: a header, the sandbox's states, its journal, its messages and callbacks as they were
in the end, and a last line. `docs/how-to/replay.md` describes them.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import msgspec
from msgspec import Struct, field

from msgsim.clock import iso
from msgsim.engine.states import State
from msgsim.model import Callback, Json, Message, Original
from msgsim.storage.keys import NUMBERS

FORMAT = 1
"""Version of the format; increased when an older ``msgsim`` could not replay a new bundle."""
LONGEST = 1 << 26
"""Limit of a line in bytes: enough for a body of the default limit with every character escaped."""
LARGEST = 1 << 30
"""Limit of all lines together, in bytes."""
_T = TypeVar("_T")


class BadBundle(Exception):
    """A file is no bundle, or cannot be read by this version; the text says where and why."""


class NamedText(Struct, frozen=True):
    """The name and content of a scenario file."""

    file: str
    text: str


class Header(Struct, frozen=True, tag_field="kind", tag="bundle"):
    """The first line."""

    format: int
    version: str
    """Version of the simulator that wrote it."""
    sandbox: str
    credentials: dict[str, str] = field(default_factory=dict)
    """Placeholder in the bundle → secret, for secrets that everybody knows, such as the sandbox's own credentials."""
    named: dict[str, NamedText] = field(default_factory=dict)
    """Name → scenario, for those that requests named in ``X-Sim-Scenario``."""


class StateLine(Struct, frozen=True, tag_field="kind", tag="state"):
    """Seed, scenario and settings that decide answers after an entry of the journal."""

    state: State


class EntryLine(Struct, frozen=True):
    """An entry of the journal, as ``GET journal.jsonl`` has it."""

    number: int
    at: str
    line: dict[str, Json] = field(default_factory=dict)
    """All its members, as decoded JSON, except for ``original`` and ``refused``, which only bundles have."""


class ExchangeLine(EntryLine, frozen=True, tag_field="kind", tag="exchange"):
    """One request and its answer."""

    provider: str = ""
    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    way: str = ""
    original: Original = field(default_factory=Original)


class AttemptLine(EntryLine, frozen=True, tag_field="kind", tag="attempt"):
    """One attempt at a callback, and what the receiver answered."""

    callback: int = 0
    status: int | None = None
    answer: str = ""
    error: str = ""
    took: int = 0
    refused: bool = False
    """Whether callbacks may not be sent to its URL, so that no further attempt was planned."""


class ControlLine(EntryLine, frozen=True, tag_field="kind", tag="control"):
    """One action of the control API; members that its ``action`` does not have are empty."""

    action: str = ""
    id: str = ""
    message: str = ""
    status: str = ""
    err: int | None = None
    provider: str = ""
    sender: str = field(default="", name="from")
    to: str = ""
    text: str = ""
    callback: int = 0
    providers: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()


class MessageLine(Struct, frozen=True, tag_field="kind", tag="message"):
    """A message and its plan at the end."""

    number: int
    id: str
    plan: list[list[Json]]
    """Time, channel, status and code of each step."""

    @property
    def name(self) -> str:
        return f"message {self.id}"


class CallbackLine(Struct, frozen=True, tag_field="kind", tag="callback"):
    """A callback at the end."""

    number: int
    due: str
    state: str
    tries: int
    status: str | None = None

    @property
    def name(self) -> str:
        return f"callback {self.number}"


class End(Struct, frozen=True, tag_field="kind", tag="end"):
    """The last line."""

    lines: int
    """The number of lines before this one."""
    settled: bool = True
    """Whether nothing happened while the bundle was written, so that messages and callbacks agree with the journal."""


Line = Header | StateLine | ExchangeLine | AttemptLine | ControlLine | MessageLine | CallbackLine | End


def message_line(message: Message) -> MessageLine:
    plan = [[iso(step.at), message.channels[step.channel].name, step.status, step.code] for step in message.steps]
    return MessageLine(message.key & NUMBERS, message.id, plan)


def callback_line(callback: Callback) -> CallbackLine:
    status = callback.step.status if callback.step else None
    return CallbackLine(callback.key & NUMBERS, iso(callback.due), callback.state, callback.tries, status)


def read(path: Path) -> Iterator[Line]:
    """The lines of a bundle, one by one. Raises BadBundle, also for what is missing at the end."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield from _lines(cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file)
    except (OSError, EOFError, zlib.error) as error:
        raise BadBundle(str(getattr(error, "strerror", None) or error)) from None


def _lines(stream: BinaryIO) -> Iterator[Line]:
    """The lines of an unpacked stream. Raises BadBundle, and what the stream raises."""
    number, size, last = 0, 0, None
    while data := stream.readline(LONGEST + 1):
        number, size = number + 1, size + len(data)
        if len(data) > LONGEST or size > LARGEST:
            raise BadBundle(f"line {number}: longer than a bundle may be")
        last = _line(data, number)
        if isinstance(last, End) and last.lines != number - 1:
            raise BadBundle(f"line {number}: {last.lines} lines should stand before it")
        yield last
    if not isinstance(last, End):
        raise BadBundle(f"line {number + 1}: the end is missing; the file is cut off" if last else "it is empty")


def _line(data: bytes, number: int) -> Line:
    """Parse a line; ``number`` counts from 1. Raises BadBundle."""
    try:
        members = msgspec.json.decode(data)
        if number == 1:
            _check_header(members)
        if isinstance(members, dict) and members.get("kind") in ("exchange", "attempt", "control"):
            members["line"] = {name: value for name, value in members.items() if name not in ("original", "refused")}
        line: Line = msgspec.convert(members, Line)
        return line
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadBundle(f"line {number}: {error}") from None


def _check_header(members: Json) -> None:
    """Raises BadBundle if the members of the first line are no header, or one of another format."""
    if not isinstance(members, dict) or members.get("kind") != "bundle":
        raise BadBundle("line 1: this is no replay bundle; msgsim export writes one")
    if members.get("format") != FORMAT:
        raise BadBundle(
            f"line 1: its format is {members.get('format')!r}, and this msgsim reads {FORMAT};"
            f" it comes from version {members.get('version')}"
        )
