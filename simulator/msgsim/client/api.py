"""The control API as methods, each of which builds one `Request` and hands it to whoever sends it.

Generic in what sending returns: the answer (`msgsim.client.Client`), or something to be awaited (`AsyncClient`).
Answers are the JSON of the API as dictionaries and lists; times in them are ISO 8601 texts.
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

Json = Any
T = TypeVar("T")
Pick = Callable[[Json], Json]

PATIENCE = 30.0
"""Seconds an answer may take beyond what was asked to be waited for."""


class Request(NamedTuple):
    """One call of the control API."""

    method: str
    path: str
    """Below ``/__sim/v1/``."""
    query: dict[str, str] = {}  # noqa: RUF012 - never written to
    body: Json = None
    """A text is sent as it is (YAML), anything else as JSON."""
    seconds: float = PATIENCE
    pick: Pick = lambda answer: answer
    """The part of the answer that is wanted."""


Ask = Callable[[Request], T]


class Messages(Generic[T]):
    """Accepted messages; ``status`` is the provider's word or a neutral one, ``since`` a time."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self,
        *,
        provider: str = "",
        to: str = "",
        from_: str = "",
        channel: str = "",
        status: str = "",
        text: str = "",
        since: str = "",
        before: int | None = None,
        limit: int | None = None,
    ) -> T:
        """Newest first."""
        query = _query(
            provider=provider, to=to, from_=from_, channel=channel, status=status, text=text, since=since,
            before=before, limit=limit,
        )  # fmt: skip
        return self._ask(Request("GET", "messages", query, pick=_member("messages")))

    def wait(
        self,
        *,
        provider: str = "",
        to: str = "",
        from_: str = "",
        channel: str = "",
        status: str = "",
        text: str = "",
        since: str = "",
        count: int | None = None,
        timeout: str = "5s",
    ) -> T:
        """The newest message that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        query = _query(provider=provider, to=to, from_=from_, channel=channel, status=status, text=text, since=since)
        return self._ask(_waiting("messages", query, count, timeout))

    def get(self, id: str) -> T:
        """One message with its plan and its callbacks, by any id its provider gave it."""
        return self._ask(Request("GET", f"messages/{quote(id, '')}"))

    def explain(self, id: str) -> T:
        """Which rule decided, and what will happen next and when."""
        return self._ask(Request("GET", f"messages/{quote(id, '')}/explain"))

    def force(self, id: str, status: str, err: int | None = None) -> T:
        """Give it a status now; the rest of its plan is dropped."""
        asked: dict[str, Json] = {"status": status} if err is None else {"status": status, "err": err}
        return self._ask(Request("POST", f"messages/{quote(id, '')}/status", body=asked))

    def cancel(self, id: str) -> T:
        return self._ask(Request("POST", f"messages/{quote(id, '')}/cancel"))


class Requests(Generic[T]):
    """What the application asked of the providers, and what it was answered."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self,
        *,
        provider: str = "",
        endpoint: str = "",
        status: int | None = None,
        refused: bool | None = None,
        credential: str = "",
        before: int | None = None,
        limit: int | None = None,
    ) -> T:
        """Newest first."""
        query = _query(
            provider=provider, endpoint=endpoint, status=status, refused=refused, credential=credential,
            before=before, limit=limit,
        )  # fmt: skip
        return self._ask(Request("GET", "requests", query, pick=_member("requests")))

    def wait(
        self,
        *,
        provider: str = "",
        endpoint: str = "",
        status: int | None = None,
        refused: bool | None = None,
        credential: str = "",
        count: int | None = None,
        timeout: str = "5s",
    ) -> T:
        """The newest request that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        query = _query(provider=provider, endpoint=endpoint, status=status, refused=refused, credential=credential)
        return self._ask(_waiting("requests", query, count, timeout))

    def get(self, number: int) -> T:
        return self._ask(Request("GET", f"requests/{number}"))

    def explain(self, number: int) -> T:
        """Which rule of which schema or scenario refused it, with its source document."""
        return self._ask(Request("GET", f"requests/{number}/explain"))


class Callbacks(Generic[T]):
    """What is owed to the application, each with its attempts."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(
        self, *, state: str = "", kind: str = "", message: str = "", after: int | None = None, limit: int | None = None
    ) -> T:
        """Oldest first; ``state`` is pending, done, failed, refused, dropped or cancelled."""
        query = _query(state=state, kind=kind, message=message, after=after, limit=limit)
        return self._ask(Request("GET", "callbacks", query, pick=_member("callbacks")))

    def wait(
        self, *, state: str = "", kind: str = "", message: str = "", count: int | None = None, timeout: str = "5s"
    ) -> T:
        """The oldest callback that fits; with ``count`` all that fit, once there are as many. Raises TimedOut."""
        return self._ask(_waiting("callbacks", _query(state=state, kind=kind, message=message), count, timeout))

    def get(self, number: int) -> T:
        return self._ask(Request("GET", f"callbacks/{number}"))

    def explain(self, number: int) -> T:
        return self._ask(Request("GET", f"callbacks/{number}/explain"))

    def replay(self, number: int) -> T:
        """Owe it once more, now."""
        return self._ask(Request("POST", f"callbacks/{number}/replay"))


class SandboxClock(Generic[T]):
    """The sandbox's time. Durations are ``250ms``, ``5s``, ``10m``, ``2h`` or ``1d``."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def get(self) -> T:
        """``{"now": ..., "rate": ..., "frozen": ...}``"""
        return self._ask(Request("GET", "clock"))

    def advance(self, by: str) -> T:
        """Everything that falls due happens in order before this returns; the list of it."""
        return self._ask(Request("POST", "clock/advance", body={"by": by}, seconds=600, pick=_member("happened")))

    def set(self, to: str) -> T:
        """Go to a time; what happened on the way."""
        return self._ask(Request("POST", "clock/set", body={"to": to}, seconds=600, pick=_member("happened")))

    def run_until_idle(self) -> T:
        """Go to where nothing is owed and nothing changes any more; what happened on the way."""
        return self._ask(Request("POST", "clock/run-until-idle", seconds=600, pick=_member("happened")))

    def freeze(self) -> T:
        return self._ask(Request("POST", "clock/freeze"))

    def resume(self) -> T:
        """Real time, from now on."""
        return self._ask(Request("POST", "clock/resume"))

    def speed(self, rate: float) -> T:
        """``60`` is a minute a second."""
        return self._ask(Request("POST", "clock/speed", body={"rate": rate}))


class Sandboxes(Generic[T]):
    """Isolated worlds on one server."""

    def __init__(self, ask: Ask[T]) -> None:
        self._ask = ask

    def list(self) -> T:
        return self._ask(Request("GET", "sandboxes", pick=_member("sandboxes")))

    def create(
        self,
        name: str = "",
        *,
        seed: int | None = None,
        seed_from: str = "",
        clock: str = "",
        scenario: tuple[str, ...] = (),
        settings: dict[str, dict[str, Json]] | None = None,
    ) -> T:
        """A new, empty one; ``name``, ``credentials`` and ``base_urls`` are in what comes back. Raises OSError.

        ``scenario`` names files of this machine, which are read here, and scenarios that the server has.

        ``clock`` is ``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z`` or a rate such as ``60x``. Instead of a
        ``seed``, after which a reset brings the same ids again, it may follow from a text, after which ids go on.
        """
        asked = {
            "name": name,
            "seed": seed,
            "seed_from": seed_from,
            "clock": clock,
            "scenario": list(scenario),
            "settings": settings,
        }
        body = {key: value for key, value in asked.items() if value not in ("", None, [])} | _texts(scenario)
        return self._ask(Request("POST", "sandboxes", body=body))

    def get(self, name: str) -> T:
        return self._ask(Request("GET", f"sandboxes/{quote(name, '')}"))

    def delete(self, name: str) -> T:
        return self._ask(Request("DELETE", f"sandboxes/{quote(name, '')}"))


class Sink(Generic[T]):
    """A receiver of callbacks inside the simulator: give ``url`` to the provider, and look at what came."""

    def __init__(self, ask: Ask[T], name: str, url: str) -> None:
        self._ask = ask
        self._path = f"sinks/{quote(name, '')}"
        self.url = url

    def posts(self) -> T:
        """Oldest first; each with ``json`` where its body is JSON."""
        return self._ask(Request("GET", self._path, pick=_member("posts")))

    def wait(self, count: int = 1, timeout: str = "5s") -> T:
        """The posts, once there are as many. Raises TimedOut."""
        query = {"wait": timeout, "count": str(count)}
        return self._ask(Request("GET", self._path, query, seconds=_seconds(timeout), pick=_member("posts")))

    def answer(self, *answers: int | dict[str, Json]) -> T:
        """What the next posts get, in turn: statuses, or ``{"status": 503, "body": ..., "delay": "2s"}``."""
        listed = [{"status": one} if isinstance(one, int) else one for one in answers]
        return self._ask(Request("PUT", self._path, body={"answers": listed}))

    def clear(self) -> T:
        return self._ask(Request("DELETE", self._path))


class Api(Generic[T]):
    """One sandbox of one server."""

    def __init__(self, ask: Ask[T], url: str, name: str) -> None:
        self._ask = ask
        self.url = url
        self.name = name
        """The sandbox; an application without its credentials gets there by the header ``X-Sim-Sandbox``."""
        self.messages = Messages(ask)
        self.requests = Requests(ask)
        self.callbacks = Callbacks(ask)
        self.clock = SandboxClock(ask)
        self.sandboxes = Sandboxes(ask)

    def base_url(self, provider: str) -> T:
        """What the application gets as the provider's address."""
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_of("base_urls", provider)))

    def credentials(self, provider: str) -> T:
        """What the application gets as its account: names as the provider calls them."""
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_of("credentials", provider)))

    def environment(self) -> T:
        """What an application is told in variables: ``MESSENTE_BASE_URL``, ``MESSENTE_USERNAME``, ...

        Each is the provider's name and the name the provider has for it; MSGSIM_URL and MSGSIM_SANDBOX come along.
        """
        return self._ask(Request("GET", f"sandboxes/{quote(self.name, '')}", pick=_variables(self.url)))

    def sink(self, name: str = "callbacks") -> Sink[T]:
        return Sink(self._ask, name, f"{self.url}/__sim/sink/{quote(name, '')}?{urlencode({'sandbox': self.name})}")

    def sinks(self) -> T:
        """Their names, and how many posts each has."""
        return self._ask(Request("GET", "sinks", pick=_member("sinks")))

    def interception(self) -> T:
        """Open TLS and the proxy where they are not open yet: ports, the providers' hosts, the authority (PEM)."""
        return self._ask(Request("POST", "intercept"))

    def health(self) -> T:
        return self._ask(Request("GET", "health"))

    def scenario(self) -> T:
        """What is loaded, each rule with how often it decided."""
        return self._ask(Request("GET", "scenario"))

    def scenarios(self) -> T:
        """What is shipped."""
        return self._ask(Request("GET", "scenarios", pick=_member("scenarios")))

    def choose(self, *names: str) -> T:
        """Files or shipped scenarios, tried in order; none for the happy path alone. Raises OSError for a file.

        A file of this machine is read here and sent; other names are those that the server has.
        """
        return self._ask(Request("PUT", "scenario", body={"names": list(names), **_texts(names)}))

    def tell(self, text: str) -> T:
        """A scenario of one's own, as YAML."""
        return self._ask(Request("PUT", "scenario", body=text))

    def settings(self) -> T:
        return self._ask(Request("GET", "settings"))

    def configure(self, settings: dict[str, dict[str, Json]]) -> T:
        """``{"messente": {"callback_url": ...}}``"""
        return self._ask(Request("PUT", "settings", body=settings))

    def inbound(self, provider: str, sender: str, to: str, text: str) -> T:
        """A phone writes to the application."""
        asked = {"provider": provider, "from": sender, "to": to, "text": text}
        return self._ask(Request("POST", "inbound", body=asked))

    def inbox(self) -> T:
        """What phones wrote to the application."""
        return self._ask(Request("GET", "inbound", pick=_member("inbound")))

    def sample(self, provider: str = "", count: int = 1, seed: int | None = None) -> T:
        """Send realistic sample traffic; what was sent."""
        asked = {"provider": provider, "count": count, "seed": seed}
        body = {name: value for name, value in asked.items() if value not in ("", None)}
        return self._ask(Request("POST", "sample", body=body, pick=_member("sent")))

    def reset(self) -> T:
        """Empty the sandbox: the same seed, settings and scenario, and the clock where it stands.

        Where a seed was given, the same requests bring the same ids again; else ids go on.
        """
        return self._ask(Request("POST", "reset"))

    def reseed(self, seed: int) -> T:
        return self._ask(Request("POST", "seed", body={"seed": seed}))

    def errors(self, provider: str = "") -> T:
        """Every documented error and outcome, and the recipient that brings it about."""
        return self._ask(Request("GET", "errors", _query(provider=provider)))

    def coverage(self, provider: str = "", alone: bool = False) -> T:
        """Which documented errors and outcomes were seen since the server started: in all sandboxes, or in this one."""
        return self._ask(Request("GET", "coverage", _query(provider=provider, sandbox=self.name if alone else "")))

    def lint(self) -> T:
        """What the application does that a provider would frown at."""
        return self._ask(Request("GET", "lint", pick=_member("findings")))

    def journal(self) -> T:
        """Everything that happened, oldest first."""
        return self._ask(Request("GET", "journal.jsonl", pick=_lines))

    def har(self) -> T:
        """The exchanges as an HTTP archive, for a browser's network panel."""
        return self._ask(Request("GET", "journal.har"))


def _query(**filters: str | int | bool | None) -> dict[str, str]:
    said = {name.rstrip("_"): value for name, value in filters.items() if value not in ("", None)}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in said.items()}


def _waiting(what: str, query: dict[str, str], count: int | None, timeout: str) -> Request:
    asked = {**query, "wait": timeout, "count": str(count or 1)}
    pick = _member(what)
    return Request(
        "GET",
        what,
        asked,
        seconds=_seconds(timeout),
        pick=pick if count is not None else lambda answer: pick(answer)[0],
    )


def _seconds(timeout: str) -> float:
    """How long to listen for the answer to a long poll. Raises ValueError."""
    from msgsim.config import milliseconds

    return milliseconds(timeout) / 1000 + PATIENCE


def _member(name: str) -> Pick:
    return lambda answer: answer[name]


def _of(member: str, provider: str) -> Pick:
    def pick(answer: Json) -> Json:
        if provider not in answer[member]:
            raise LookupError(f"there is no provider {provider!r} (there are {', '.join(answer[member])})")
        return answer[member][provider]

    return pick


def _variables(url: str) -> Pick:
    def pick(sandbox: Json) -> Json:
        told = {"MSGSIM_URL": url, "MSGSIM_SANDBOX": sandbox["name"]}
        for provider, base_url in sandbox["base_urls"].items():
            told[f"{provider.upper()}_BASE_URL"] = base_url
            for name, value in sandbox["credentials"][provider].items():
                told[f"{provider.upper()}_{_snake(name)}"] = value
        return told

    return pick


def _snake(name: str) -> str:
    """``AuthenticationToken`` and ``X-Api-Key`` to ``AUTHENTICATION_TOKEN`` and ``X_API_KEY``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).upper()


def _lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.splitlines()]


def _texts(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """``{"texts": ...}`` with the files among the names of scenarios; nothing where there is none."""
    files = [name for name in names if name.endswith((".yaml", ".yml")) and Path(name).is_file()]
    return {"texts": {name: Path(name).read_text(encoding="utf-8") for name in files}} if files else {}
