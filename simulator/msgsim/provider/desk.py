"""What a provider's functions may ask: of its sandbox, and of the request they answer."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from msgsim.contract import Contract
from msgsim.contract.decoding import BOM, json_of
from msgsim.model import Call, Credential, Inbound, Json, Message
from msgsim.seed import Seed


class View(Protocol):
    """What a provider may ask of its sandbox."""

    now: int
    """The sandbox's time."""
    settings: dict[str, Json]
    """This provider's settings in this sandbox."""
    compiled: Any
    """What `Provider.compile` made of them; the settings themselves where it compiles none."""
    seed: Seed
    contract: Contract

    def number(self) -> int:
        """The next number of this sandbox: what ids are made from."""

    def ticks(self, count: int) -> int:
        """The first of ``count`` unused ticks (100 ns since 1970), whole milliseconds at the start."""

    def message(self, id: str) -> Message | None:
        """A message of this provider by any of its ids."""

    def latest(
        self, after: tuple[int, int], until: int, most: int, fits: Callable[[Message], bool]
    ) -> tuple[list[tuple[int, Message]], tuple[int, int]]:
        """This provider's messages that fit, in the order in which they got their latest statuses, with that time.

        ``after`` and the second value are positions, a time and a key: where to begin, and up to where was looked.
        One call looks at so many messages that nobody else waits long; there may be more before ``until``.
        """

    def messages(self, after: int = 0) -> Iterator[Message]:
        """This provider's messages with a higher key, in the order in which they came."""

    def referred(self, reference: str) -> Iterator[Message]:
        """This provider's messages with a reference, newest first."""

    def inbound(self, since: int = 0, key: int = 0) -> Iterator[Inbound]:
        """This provider's inbound messages that came after ``since``, or then with a higher key, in that order."""

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
    """The Content-Type without its parameters, in lower case; empty where there is none."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower()


def body_of(desk: Desk) -> Json:
    """The JSON body of a request. Raises Refused with ``malformed`` and the decoder's reason."""
    call = desk.call
    if (media := media_of(call)) != JSON:
        desk.note(f"Content-Type is {media or 'missing'}; the document asks for {JSON}")
    if call.body[:3] == BOM:
        desk.note("a byte order mark stands in front of the JSON")
    return json_of(call.body, call.headers.get("content-type", ""))
