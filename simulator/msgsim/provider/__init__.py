"""What a provider is, on one page: endpoints, a contract, and a few pure functions.

A provider is the value ``provider`` of a package in ``simulator/msgsim/providers/`` and the folder of the
same name in ``schemas/``. It is registered by being there. `msgsim.provider.desk` has what its functions may ask.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
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
from msgsim.provider.desk import Desk, View

Parse = Callable[[Desk], Json]
"""Request → body, where the body is not simply JSON (a query string, a form). Raises Refused."""
Shape = Callable[[Json, Desk], Json]
"""Any JSON → the form its schema describes: case of members, defaults merged, scalars. Notes each tolerance used."""
Check = Callable[[Json, Desk], Iterable[Refusal]]
"""Body → the violations of rules that no schema can say; called even when the schema found violations."""


class Send(Struct, frozen=True):
    """An endpoint that takes one message on."""

    name: str
    method: str
    path: str
    schema: str
    """What the body has to fit."""
    read: Callable[[Json, Desk], Draft]
    """Body → draft. Raises Refused."""
    answer: Callable[[Message, Json, Desk], Reply]
    """The accepted message and the body → answer."""
    parse: Parse | None = None
    shape: Shape | None = None
    check: Check | None = None


class SendMany(Struct, frozen=True):
    """An endpoint that takes many messages on, one per item of its body."""

    name: str
    method: str
    path: str
    schema: str
    """What the whole body has to fit."""
    items: Callable[[Json], list[Json]]
    """Body → its items."""
    read: Callable[[Json, int, Json, Desk], Draft]
    """Item, its place, the batch → draft. Raises Refused for this item."""
    answer: Callable[[Sequence[Message | Refused], Json, Desk], Reply]
    """One result per item and the batch → answer. May raise Refused: then nothing of the request is kept."""
    batch: Callable[[Json, Desk], Json] | None = None
    """Body → what its items have in common, made once per request; None: the body itself."""
    shape_item: Shape | None = None
    """The same for one item: what it notes in strict mode refuses this item only, where ``partial``."""
    item_schema: str = ""
    """What each item has to fit by itself, where one bad item does not spoil the batch."""
    partial: bool = False
    """Items are accepted and refused one by one; otherwise one refusal refuses all."""
    parse: Parse | None = None
    shape: Shape | None = None
    check: Check | None = None
    also: tuple[tuple[str, str], ...] = ()
    """Further methods and paths at which it is served."""


class Ask(Struct, frozen=True):
    """An endpoint that does anything else: status, cancel, token, registration, lookup."""

    name: str
    method: str
    path: str
    answer: Callable[[Json, Desk], Reply]
    """Body (None without one) → answer. Raises Refused."""
    schema: str = ""
    """What the body has to fit; empty: there is no body to check."""
    parse: Parse | None = None
    shape: Shape | None = None
    open: bool = False
    """Needs no credentials."""
    sparing: str = ""
    """What to do instead of asking this again and again, for the lint; empty: it may be asked at any time."""
    also: tuple[tuple[str, str], ...] = ()
    """Further methods and paths at which it is served."""


AnySend = Send | SendMany
Endpoint = AnySend | Ask
Identify = Callable[[Call], Credential | None]
"""The credentials in a request, unchecked; None: there are none."""
Authorize = Callable[[Endpoint | None, Credential | None, Desk], Credential]
"""Raises Refused with the documented error. No endpoint: the path or the method is unknown."""
Refuse = Callable[[Sequence[Refusal], Desk], Reply]
"""Refusals in the provider's words."""


class Api(Struct, frozen=True):
    """One of several APIs of a provider, with what it has of its own; what it leaves out is the provider's.

    Its schemas are those below ``schemas/<provider>/<name>/``. An ``errors.yaml`` there is its catalogue: in a request
    to it an error is known by its key, everywhere else by ``<name>.<key>``.
    """

    name: str
    title: str
    endpoints: tuple[Endpoint, ...]
    refuse: Refuse | None = None
    identify: Identify | None = None
    authorize: Authorize | None = None
    hosts: tuple[str, ...] = ()
    """Those of the provider's host names that serve this API; no API without ``hosts`` is served there."""
    in_query: bool = False
    """Credentials stand in the query string, as the document asks, not in headers."""


class Provider(Struct, frozen=True):
    """One simulated API, or several under one roof."""

    name: str
    title: str
    contract: Contract
    endpoints: tuple[Endpoint, ...]
    """Of all its APIs."""
    identify: Identify
    authorize: Authorize
    refuse: Refuse
    credentials: Callable[[str], dict[str, str]]
    """Sandbox name → what its user puts into the client: the names as the provider calls them."""
    base_url: Callable[[str], str]
    """Root URL of the simulator → what its user puts into the client."""
    callbacks: Callable[[Message, Iterable[Step], Any], list[Due]] | None = None
    """Which steps are reported where, under these compiled settings."""
    post: Callable[[Callback, Message | Inbound, Any, Contract], Post] | None = None
    """The bytes of one callback, under these compiled settings."""
    compile: Callable[[dict[str, Json]], Any] | None = None
    """Settings → what this provider's functions work with, made once where they are set; None: the settings."""
    receive: Callable[[Inbound, Message | None, View], tuple[Inbound, list[Due]]] | None = None
    """Give an inbound message the provider's shape, and say where it is pushed to."""
    channels: tuple[str, ...] = ()
    success: range = range(200, 300)
    """Receiver's statuses that make a callback done; after anything else its setting ``retries`` holds."""
    hosts: tuple[str, ...] = ()
    """The provider's real host names, in lower case; ``*.`` in front stands for one label or more."""
    documents: str = ""
    """Where its public documents begin: sources that name a page of them lead there."""
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
    recipients: frozenset[str] = frozenset()
    """Members (in lower case) of a send's body that hold a recipient's number or address."""
    texts: frozenset[str] = frozenset()
    """Members (in lower case) of a send's body that hold what the recipient reads."""
    device: Callable[[str, str, Json], Iterable[dict[str, Json]]] | None = None
    """A channel's name, text and content → pieces of `msgsim.engine.device` that the recipient sees; None: the text."""
    apis: tuple[Api, ...] = ()
    """Besides its first, which has no name of its own and the endpoints that are in none of these."""
    first: str = ""
    """Title of that first API; empty: the provider's."""

    def api(self, endpoint: Endpoint | None = None) -> "Voice":
        """Whose endpoint it is; without one the provider's first API."""
        return self.voice(next((api for api in self.apis if endpoint in api.endpoints), None))

    def voice(self, api: Api | None = None) -> "Voice":
        """An API with what it leaves to the provider; None: the first."""
        if api is None:
            others = {endpoint for other in self.apis for endpoint in other.endpoints}
            mine = tuple(endpoint for endpoint in self.endpoints if endpoint not in others)
            title, contract = self.first or self.title, self.contract.of("")
            return Voice("", title, mine, self.refuse, self.identify, self.authorize, contract)
        return Voice(
            api.name,
            api.title,
            api.endpoints,
            api.refuse or self.refuse,
            api.identify or self.identify,
            api.authorize or self.authorize,
            self.contract.of(api.name),
            api.hosts,
            api.in_query,
        )

    def voices(self) -> "tuple[Voice, ...]":
        """All its APIs, the first one first."""
        return (self.voice(), *map(self.voice, self.apis))


class Voice(Struct, frozen=True):
    """An `Api` in which nothing is left out: how the provider speaks at some of its endpoints."""

    name: str
    """Empty for the provider's first API."""
    title: str
    endpoints: tuple[Endpoint, ...]
    refuse: Refuse
    identify: Identify
    authorize: Authorize
    contract: Contract
    """Its errors alone, by the keys that it knows them by."""
    hosts: tuple[str, ...] = ()
    in_query: bool = False


def endpoints_of(apis: Iterable[Api]) -> tuple[Endpoint, ...]:
    return tuple(endpoint for api in apis for endpoint in api.endpoints)


def callback_body(callback: Callback, body: Json) -> bytes:
    """The JSON of a callback; where a scenario corrupts it, the first half of it."""
    encoded = msgspec.json.encode(body)
    return encoded[: len(encoded) // 2] if "corrupt" in callback.twists else encoded


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
