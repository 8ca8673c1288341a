"""Defines what a provider is: its endpoints, its contract (schemas, errors, statuses) and a few pure functions.

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
"""Request → body, for endpoints whose body is no JSON (a query string, a form). Raises Refused."""
Shape = Callable[[Json, Desk], Json]
"""Body → body in the form of the schema: members in the documented case, defaults added, numbers for digits in a text.

It notes each tolerance that it uses (`Desk.note`)."""
Check = Callable[[Json, Desk], Iterable[Refusal]]
"""Body → violations of rules that JSON Schema cannot express; called even if the schema found violations."""


class Send(Struct, frozen=True):
    """An endpoint that accepts one message per request."""

    name: str
    method: str
    path: str
    schema: str
    """Name of the body's schema in ``schemas/<provider>/``."""
    read: Callable[[Json, Desk], Draft]
    """Body → draft. Raises Refused."""
    answer: Callable[[Message, Json, Desk], Reply]
    """Accepted message, body → answer."""
    parse: Parse | None = None
    shape: Shape | None = None
    check: Check | None = None


class SendMany(Struct, frozen=True):
    """An endpoint that accepts many messages per request, one for each item of its body."""

    name: str
    method: str
    path: str
    schema: str
    """Name of the whole body's schema in ``schemas/<provider>/``."""
    items: Callable[[Json], list[Json]]
    """Body → its items."""
    read: Callable[[Json, int, Json, Desk], Draft]
    """Item, its index, batch → draft. Raises Refused for this item."""
    answer: Callable[[Sequence[Message | Refused], Json, Desk], Reply]
    """Result of each item, batch → answer. May raise Refused: then no message of the request is accepted."""
    batch: Callable[[Json, Desk], Json] | None = None
    """Body → batch: what ``read`` and ``answer`` need of the whole body, made once; None: the body itself."""
    shape_item: Shape | None = None
    """As ``shape``, for one item. If ``partial``, a tolerance in strict mode refuses this item only."""
    item_schema: str = ""
    """Name of the schema that each item is validated against by itself; empty: only the whole body is validated."""
    partial: bool = False
    """Items are accepted or refused one by one; otherwise one refused item refuses the whole request."""
    parse: Parse | None = None
    shape: Shape | None = None
    check: Check | None = None
    also: tuple[tuple[str, str], ...] = ()
    """Further pairs of method and path at which it is served."""


class Ask(Struct, frozen=True):
    """An endpoint that accepts no messages: status, cancel, token, registration, lookup."""

    name: str
    method: str
    path: str
    answer: Callable[[Json, Desk], Reply]
    """Body (None: there is none) → answer. Raises Refused."""
    schema: str = ""
    """Name of the body's schema in ``schemas/<provider>/``; empty: the body is not read."""
    parse: Parse | None = None
    shape: Shape | None = None
    open: bool = False
    """It needs no credentials."""
    sparing: str = ""
    """Advice of ``msgsim lint`` to a client that polls it too often; empty: it may be polled."""
    also: tuple[tuple[str, str], ...] = ()
    """Further pairs of method and path at which it is served."""


AnySend = Send | SendMany
Endpoint = AnySend | Ask
Identify = Callable[[Call], Credential | None]
"""Request → its credentials, unchecked; None: it has none."""
Authorize = Callable[[Endpoint | None, Credential | None, Desk], Credential]
"""Checks credentials for an endpoint (None: path or method are unknown). Raises Refused with the documented error."""
Refuse = Callable[[Sequence[Refusal], Desk], Reply]
"""Refusals → the provider's error answer."""


class Api(Struct, frozen=True):
    """A further API of a provider. For each member that it leaves out, the provider's own holds (`Provider.voice`).

    Its schemas are below ``schemas/<provider>/<name>/``. An ``errors.yaml`` there is its own catalogue of errors: its
    endpoints name an error by its key, scenarios and all others by ``<name>.<key>``.
    """

    name: str
    title: str
    endpoints: tuple[Endpoint, ...]
    refuse: Refuse | None = None
    identify: Identify | None = None
    authorize: Authorize | None = None
    hosts: tuple[str, ...] = ()
    """The provider's host names that serve this API. APIs without ``hosts`` are not served at a host named here."""
    in_query: bool = False
    """Credentials are parameters of the query string, not headers."""


class Provider(Struct, frozen=True):
    """A simulated provider: one API, and any further ones in ``apis``."""

    name: str
    title: str
    contract: Contract
    endpoints: tuple[Endpoint, ...]
    """The endpoints of all its APIs."""
    identify: Identify
    authorize: Authorize
    refuse: Refuse
    credentials: Callable[[str], dict[str, str]]
    """Sandbox's name → the credentials to configure in a client: the provider's name for each → its value."""
    base_url: Callable[[str], str]
    """Root URL of the simulator → the base URL to configure in a client."""
    callbacks: Callable[[Message, Iterable[Step], Any], list[Due]] | None = None
    """Message, steps, compiled settings → the callbacks that report these steps; None: it has no callbacks."""
    post: Callable[[Callback, Message | Inbound, Any, Contract], Post] | None = None
    """Callback, what it reports on, compiled settings, contract → its HTTP request."""
    compile: Callable[[dict[str, Json]], Any] | None = None
    """Settings → the form in which its functions get them, made once when they are set; None: as they are."""
    receive: Callable[[Inbound, Message | None, View], tuple[Inbound, list[Due]]] | None = None
    """Inbound message, message it replies to, view → it in the provider's form, and the callbacks that report it."""
    channels: tuple[str, ...] = ()
    """Names of its channels."""
    success: range = range(200, 300)
    """HTTP statuses of a receiver that make a callback done; after others it is retried by the setting ``retries``."""
    hosts: tuple[str, ...] = ()
    """The provider's real host names, in lower case; ``*.`` in front matches one label or more."""
    documents: str = ""
    """URL of its public documents, to which the ``source`` of an error or status is linked."""
    phones: bool = True
    """Recipients are phone numbers; otherwise ids, such as the reserved recipient ``SIM-SERVER-ERROR``."""
    any_case: bool = False
    """Upper and lower case do not matter in paths."""
    authorize_first: bool = False
    """Credentials are checked before an unknown path or method is reported."""
    strict: str = "malformed"
    """Key of the error with which strict mode refuses what only a tolerant reading accepts."""
    secrets: frozenset[str] = frozenset()
    """Headers, query parameters and members (in lower case) that are redacted wherever they are shown."""
    recipients: frozenset[str] = frozenset()
    """Members (in lower case) of a send's body that contain a recipient's number or address."""
    texts: frozenset[str] = frozenset()
    """Members (in lower case) of a send's body that contain the text for the recipient."""
    device: Callable[[str, str, Json], Iterable[dict[str, Json]]] | None = None
    """Channel's name, text, content → the pieces (`msgsim.engine.device`) that a phone shows; None: only the text."""
    apis: tuple[Api, ...] = ()
    """Its further APIs. The first API has no name, and the endpoints that are in none of these."""
    first: str = ""
    """Title of the first API; empty: the provider's title."""

    def api(self, endpoint: Endpoint | None = None) -> "Voice":
        """The API that an endpoint belongs to; None: the first API."""
        return self.voice(next((api for api in self.apis if endpoint in api.endpoints), None))

    def voice(self, api: Api | None = None) -> "Voice":
        """An API, with the provider's own members where it leaves them out; None: the first API."""
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
        """All its APIs, beginning with the first."""
        return (self.voice(), *map(self.voice, self.apis))


class Voice(Struct, frozen=True):
    """An `Api` with all members filled in: how its endpoints check credentials and word their errors."""

    name: str
    """Empty for the provider's first API."""
    title: str
    endpoints: tuple[Endpoint, ...]
    refuse: Refuse
    identify: Identify
    authorize: Authorize
    contract: Contract
    """With only this API's errors, by its own keys."""
    hosts: tuple[str, ...] = ()
    in_query: bool = False


def endpoints_of(apis: Iterable[Api]) -> tuple[Endpoint, ...]:
    """All endpoints of several APIs."""
    return tuple(endpoint for api in apis for endpoint in api.endpoints)


def callback_body(callback: Callback, body: Json) -> bytes:
    """The encoded JSON of a callback; only its first half if a scenario corrupts the callback."""
    encoded = msgspec.json.encode(body)
    return encoded[: len(encoded) // 2] if "corrupt" in callback.twists else encoded


class TwiceRegistered(Exception):
    """Two packages in ``providers/`` have the same provider name."""


def discover() -> dict[str, Provider]:
    """Name → provider, for each package in ``providers/``. Raises TwiceRegistered."""
    found: dict[str, Provider] = {}
    package = importlib.import_module("msgsim.providers")
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        value: Provider = importlib.import_module(f"msgsim.providers.{module}").provider
        if value.name in found:
            raise TwiceRegistered(f"two providers are called {value.name!r}")
        found[value.name] = value
    return found
