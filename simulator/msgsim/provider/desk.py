"""What a provider's functions may ask: of its sandbox, and of the request they answer."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgsim.contract import Contract
from msgsim.contract.decoding import BOM, json_of
from msgsim.model import Call, Credential, Inbound, Json, Message
from msgsim.seed import Seed


class View(Protocol):
    """A provider's access to its sandbox. Messages and records are those of this provider in this sandbox only."""

    now: int
    """The sandbox's time."""
    settings: dict[str, Json]
    """This provider's settings in this sandbox."""
    compiled: Any
    """What `Provider.compile` made of the settings; the settings themselves if the provider has no ``compile``."""
    seed: Seed
    contract: Contract

    def number(self) -> int:
        """The next number of this sandbox, from which ids are made; each call uses one up."""

    def ticks(self, count: int) -> int:
        """Reserve ``count`` ticks of 100 ns since 1970 for version 1 UUIDs; the first one, on a whole millisecond."""

    def message(self, id: str) -> Message | None:
        """A message by its id, or by the id on one of its channels; None: there is none."""

    def latest(
        self, after: tuple[int, int], until: int, most: int, fits: Callable[[Message], bool]
    ) -> tuple[list[tuple[int, Message]], tuple[int, int]]:
        """At most ``most`` messages that fit, each with the time of its latest status, in the order of these times.

        ``after`` and the second value are positions (a time and a key): where to begin, and up to where was searched.
        One call examines a limited number of messages, so that other requests need not wait; a position before
        ``until`` means that there may be more.
        """

    def messages(self, after: int = 0) -> Iterator[Message]:
        """Messages whose key is greater than ``after``, oldest first."""

    def referred(self, reference: str) -> Iterator[Message]:
        """Messages with the client's ``reference``, newest first."""

    def inbound(self, since: int = 0, key: int = 0) -> Iterator[Inbound]:
        """Inbound messages after the position (``since``, ``key``) of time and key, oldest first."""

    def rewrite(self, message: Message, reports: bool = True) -> None:
        """Store a message whose plan was cut; callbacks of the lost future are dropped.

        ``reports``: the new steps owe callbacks too.
        """

    def record(self, kind: str, key: str) -> Json:
        """Something the provider keeps in this sandbox; None when there is none."""

    def records(self, kind: str) -> list[tuple[str, Json]]:
        """All of a kind, by key."""

    def keep(self, kind: str, key: str, value: Json) -> None: ...

    def forget(self, kind: str, key: str) -> None: ...


class Desk(View, Protocol):
    """What a provider may ask while it answers one request."""

    call: Call
    credential: Credential
    params: dict[str, str]
    """The ``{names}`` of the endpoint's path."""
    strict: bool

    @property
    def issued(self) -> dict[str, str]:
        """What the user of this sandbox was told to put into the client; always good."""

    def note(self, tolerance: str, source: str | None = None) -> None:
        """Put down in the journal, once, what only a tolerant reading accepts. Raises Refused when strict.

        ``source``: the member it is about, as the provider writes it; None: no member.
        """


JSON = "application/json"


def media_of(call: Call) -> str:
    """The media type of a request in lower case, without parameters; empty: it has none."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()


def body_of(desk: Desk) -> Json:
    """The JSON body of a request. Raises Refused with ``malformed`` and the decoder's reason."""
    call = desk.call
    if (media := media_of(call)) != JSON:
        desk.note(f"Content-Type is {media or 'missing'}; the document asks for {JSON}")
    if call.body[:3] == BOM:
        desk.note("a byte order mark stands in front of the JSON")
    return json_of(call.body, call.headers.get("content-type", ""))
