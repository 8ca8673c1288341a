"""What a provider is, on one page: endpoints, a contract, and a few pure functions.

A provider is the value ``provider`` of a package in ``simulator/msgsim/providers/`` and the folder of the
same name in ``schemas/``. It is registered by being there.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from msgsim.contract import Contract
from msgsim.contract.decoding import read_json
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


def fingerprint(kind: str, secret: str) -> str:
    """What is shown of a secret that is a name too: ``key-1a2b3c4d``, enough to tell two apart."""
    return f"{kind}-{blake2b(secret.encode(), digest_size=4).hexdigest()}"


BOM = b"\xef\xbb\xbf"
"""The byte order mark that some editors and .NET clients write in front of UTF-8."""


def positive(parameters: Mapping[str, str], name: str, default: int, refusal: Refusal) -> int:
    """A parameter of a query that is a whole number from 1 on. Raises Refused with ``refusal``."""
    text = parameters.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise Refused(refusal)
    return int(text)


def callback_body(callback: Callback, body: Json) -> bytes:
    """The JSON of a callback; where a scenario corrupts it, the first half of it."""
    encoded = msgspec.json.encode(body)
    return encoded[: len(encoded) // 2] if "corrupt" in callback.twists else encoded


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


def json_of(data: bytes, media: str = "") -> Json:
    """What JSON says; ``media`` is the Content-Type it came with. Raises Refused with ``malformed`` and the reason."""
    try:
        return read_json(data.removeprefix(BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Refusal("malformed", reason=_why_no_json(data, media, error))) from None


_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_PLACE = re.compile(r"(?:JSON is malformed: )?(.*?)(?: \(byte (\d+)\)| - at .*)?", re.DOTALL)
_CONTROLS = {0: "NUL", 9: "tab", 10: "line feed", 13: "carriage return"}


def _why_no_json(data: bytes, media: str, error: Exception) -> str:
    """The decoder's reason in a person's words; positions count bytes from 0."""
    if not data.removeprefix(BOM).strip():
        return "there is no body"
    try:
        data.decode()
    except UnicodeDecodeError as found:
        charset = _CHARSET.search(media)
        said = f": the body says {charset[1]}" if charset and charset[1].lower() not in ("utf-8", "utf8") else ""
        return f"byte 0x{data[found.start]:02x} at {found.start} is not UTF-8{said}"
    if isinstance(error, RecursionError):
        return "lists and objects are nested too deeply"
    fitting = _PLACE.fullmatch(str(error))
    assert fitting is not None
    reason, place = fitting[1], fitting[2]
    if place is None:
        return "it ends too early" if "truncated" in reason else reason[:1].lower() + reason[1:]
    at = int(place) + len(data) - len(data.removeprefix(BOM)) - (reason == "trailing characters")  # msgspec is past it
    code = data[at] if at < len(data) else 0x20
    if code < 0x20:
        return f"a raw {_CONTROLS.get(code, f'control character 0x{code:02x}')} at {at}"
    return f"{reason} at position {at}"


def knows(credential: Credential, accounts: Mapping[str, str], name: str, secret: str) -> bool:
    """Whether a name and a secret fit: anybody's while there are no accounts.

    ``name`` and ``secret`` were issued for the sandbox: together always good, another secret with that name never.
    """
    if credential.name == name and credential.secret == secret:
        return True
    if credential.name in accounts:
        return credential.secret == accounts[credential.name]
    return not accounts and credential.name != name


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
