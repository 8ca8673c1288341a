"""What a provider is, on one page: endpoints, a contract, and a few pure functions.

A provider is the value ``provider`` of a package in ``simulator/msgsim/providers/`` and the folder of the
same name in ``schemas/``. It is registered by being there.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from msgsim.contract import Contract
from msgsim.model import (
    Call,
    Callback,
    Credential,
    Draft,
    Due,
    Inbound,
    Json,
    Message,
    Post,
    Refusal,
    Refused,
    Reply,
    Step,
)
from msgsim.seed import Seed


class Desk(Protocol):
    """What a provider may ask of the sandbox while it answers one request."""

    call: Call
    now: int
    """The sandbox's time."""
    credential: Credential
    params: dict[str, str]
    """The ``{names}`` of the endpoint's path."""
    settings: dict[str, Json]
    """This provider's settings in this sandbox."""
    strict: bool
    seed: Seed
    contract: Contract

    @property
    def issued(self) -> dict[str, str]:
        """What the user of this sandbox was told to put into the client; always good."""

    def number(self) -> int:
        """The next number of this sandbox: what ids are made from."""

    def ticks(self, count: int) -> int:
        """The first of ``count`` unused ticks (100 ns since 1970), whole milliseconds at the start."""

    def note(self, tolerance: str) -> None:
        """Put down in the journal what only a tolerant reading accepts. Raises Refused when strict."""

    def message(self, id: str) -> Message | None:
        """A message of this provider by any of its ids."""

    def messages(self, since: int = 0) -> Iterator[Message]:
        """This provider's messages that still changed after ``since``, oldest first."""

    def inbound(self, since: int = 0) -> Iterator[Inbound]:
        """This provider's inbound messages that came after ``since``, oldest first."""

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


class Send(Struct, frozen=True):
    """An endpoint that takes messages on."""

    name: str
    method: str
    path: str
    schema: str
    """What the whole body has to fit."""
    read: Callable[[Json, int, Json, Desk], Draft]
    """Item, its place, the whole body → draft. Raises Refused for this item."""
    answer: Callable[[Sequence[Message | Refused], Json, Desk], Reply]
    """May raise Refused: then nothing of the request is kept."""
    parse: Callable[[Desk], Json] | None = None
    """Body from the request where it is not simply JSON (a query string)."""
    shape: Callable[[Json], Json] | None = None
    """Puts a body into the form the schema speaks of: case of members, defaults merged, scalars."""
    items: Callable[[Json], list[Json]] | None = None
    """The items of a batch; None: the body is the only one."""
    item_schema: str = ""
    """What each item has to fit by itself, where one bad item does not spoil the batch."""
    check: Callable[[Json, Desk], Iterable[Refusal]] | None = None
    """Rules that a schema cannot say; asked even when the schema found something."""
    partial: bool = False
    """Items are accepted and refused one by one; otherwise one refusal refuses all."""


class Ask(Struct, frozen=True):
    """An endpoint that does anything else: status, cancel, token, registration, lookup."""

    name: str
    method: str
    path: str
    answer: Callable[[Json, Desk], Reply]
    """Body (None without one) → answer. Raises Refused."""
    schema: str = ""
    """What the body has to fit; empty: there is no body to check."""
    shape: Callable[[Json], Json] | None = None
    open: bool = False
    """Needs no credentials."""


Endpoint = Send | Ask


class Provider(Struct, frozen=True):
    """One simulated API."""

    name: str
    title: str
    contract: Contract
    endpoints: tuple[Endpoint, ...]
    identify: Callable[[Call], Credential | None]
    """The credentials in a request, unchecked; None: there are none."""
    authorize: Callable[[Endpoint | None, Credential | None, Desk], Credential]
    """Raises Refused with the documented error. No endpoint: the path or the method is unknown."""
    refuse: Callable[[Sequence[Refusal], Desk], Reply]
    """Refusals in the provider's words."""
    credentials: Callable[[str], dict[str, str]]
    """Sandbox name → what its user puts into the client: the names as the provider calls them."""
    base_url: Callable[[str], str]
    """Root URL of the simulator → what its user puts into the client."""
    callbacks: Callable[[Message, Iterable[Step], dict[str, Json]], list[Due]] | None = None
    """Which steps are reported where, under these settings."""
    post: Callable[[Callback, Message | Inbound, dict[str, Json], Contract], Post] | None = None
    """The bytes of one callback."""
    receive: Callable[[Inbound, Message | None, Desk], tuple[Inbound, list[Due]]] | None = None
    """Give an inbound message the provider's shape, and say where it is pushed to."""
    channels: tuple[str, ...] = ()
    success: range = range(200, 300)
    """Receiver's statuses that make a callback done; anything else is tried again."""
    phones: bool = True
    """Recipients are phone numbers; else they are ids such as ``SIM-SERVER-ERROR``."""
    any_case: bool = False
    """Paths match in any case of letters."""
    authorize_first: bool = False
    """Unknown paths and methods are told only to those who may ask."""
    strict: str = "malformed"
    """Key of the error that answers, in strict mode, what only a tolerant reading accepts."""
    secrets: frozenset[str] = frozenset()
    """Headers, query parameters and members (in lower case) that are never shown."""


class TwiceRegistered(Exception):
    """Two packages claim one provider name."""


def discover() -> dict[str, Provider]:
    """Every provider there is, by name. Raises TwiceRegistered."""
    found: dict[str, Provider] = {}
    package = importlib.import_module("msgsim.providers")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        value: Provider = importlib.import_module(f"msgsim.providers.{module}").provider
        if value.name in found:
            raise TwiceRegistered(f"two providers are called {value.name!r}")
        found[value.name] = value
    return found
