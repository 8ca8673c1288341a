"""Finds the endpoint of a request: a table for fixed paths, regular expressions for paths with parameters."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from operator import eq

from msgspec import Struct
from msgspec.structs import replace

from msgsim.model import Call
from msgsim.provider import Endpoint, Provider, Voice


class Found(Struct, frozen=True):
    """The target of a request. Without an endpoint the path is unknown, or the method is not among ``allowed``."""

    provider: Provider
    voice: Voice
    endpoint: Endpoint | None
    params: dict[str, str]
    allowed: tuple[str, ...] = ()
    missing: str = ""
    """A sentence about what the provider has at this path and the simulator does not; empty: nothing known."""


_Methods = dict[str, Found]


class Named(Struct, frozen=True):
    """The provider behind a host name, and which of its APIs are served there."""

    provider: Provider
    voices: tuple[Voice, ...]

    def serves(self, found: Found) -> bool:
        return found.provider is self.provider and any(voice.name == found.voice.name for voice in self.voices)


class Hosts:
    """The providers' real host names. A request to such a host is for its provider, whatever the path."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._exact: dict[str, Named] = {}
        self._below: dict[str, Named] = {}
        """By the domain after ``*.``; at least one label has to precede it."""
        for provider in providers.values():
            voices = provider.voices()
            for host in provider.hosts:
                claiming = tuple(voice for voice in voices if host in voice.hosts)
                named = Named(provider, claiming or tuple(voice for voice in voices if not voice.hosts))
                (self._below if host.startswith("*.") else self._exact)[host.removeprefix("*.")] = named

    @lru_cache(maxsize=1024)  # noqa: B019 - one set of providers lives as long as its process
    def provider(self, authority: str) -> Provider | None:
        """The provider that a Host header or host name belongs to; None: no provider."""
        named = self.named(authority)
        return None if named is None else named.provider

    @lru_cache(maxsize=1024)  # noqa: B019 - one set of providers lives as long as its process
    def named(self, authority: str) -> Named | None:
        """The provider and its APIs at a Host header or host name; None: no provider."""
        host = authority.rpartition("@")[2].lower()
        name = (host.partition(":")[0] if not host.startswith("[") else host).rstrip(".")
        if (named := self._exact.get(name)) is not None:
            return named
        labels = name.split(".")
        endings = [".".join(labels[start:]) for start in range(1, len(labels))]
        return next((self._below[ending] for ending in endings if ending in self._below), None)

    def belongs(self, host: str) -> bool:
        """Whether a host shares its registered domain (its last two labels) with a simulated host of a provider."""
        domain = host.lower().rstrip(".").split(".")[-2:]
        return any(known.split(".")[-2:] == domain for known in (*self._exact, *self._below))


class Routes:
    """All endpoints: at their own paths, below ``/<provider>/``, and at their provider's host names.

    Raises ValueError for two endpoints with one method and path.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self.providers = providers
        self.hosts = Hosts(providers)
        self._exact: dict[str, _Methods] = {}
        self._known_calls: dict[tuple[str, str], Found] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], _Methods]] = {}
        self._voices = [(provider, voice) for provider in providers.values() for voice in provider.voices()]
        for provider, voice in self._voices:
            for endpoint in voice.endpoints:
                for method, path in ((endpoint.method, endpoint.path), *getattr(endpoint, "also", ())):
                    self._add(method, path, Found(provider, voice, endpoint, {}))
        self._any_case = {path.lower(): path for path in self._exact}

    def _add(self, method: str, path: str, found: Found) -> None:
        if "{" in path:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
            compiled = re.compile(pattern, re.IGNORECASE if found.provider.any_case else 0)
            methods = self._patterns.setdefault(path, (compiled, {}))[1]
        else:
            methods = self._exact.setdefault(path, {})
            self._known_calls.setdefault((path, method), found)
        if method in methods:
            raise ValueError(f"{method} {path} stands for two endpoints")
        methods[method] = found

    def find(self, call: Call) -> Found | None:
        """The target of a request; None when it belongs to no provider."""
        named = self.hosts.named(call.headers.get("host", ""))
        found = self._known_calls.get((call.path, call.method))
        if found is not None and (named is None or named.serves(found)):
            return found
        if named is not None:
            return self._search(call, call.path, named)
        path, mounted = call.path, None
        head, _, rest = call.path[1:].partition("/")
        if head in self.providers:
            path, provider = f"/{rest}", self.providers[head]
            mounted = Named(provider, provider.voices())
        return self._search(call, path, mounted)

    def _search(self, call: Call, path: str, mounted: Named | None) -> Found | None:
        params: dict[str, str] = {}
        methods = self._exact.get(path) or self._exact.get(self._any_case.get(path.lower(), ""))
        if methods is not None and path not in self._exact and not next(iter(methods.values())).provider.any_case:
            methods = None
        if methods is None:
            methods, params = self._match(path)
        if methods and mounted:
            methods = {method: hit for method, hit in methods.items() if mounted.serves(hit)}
        if methods:
            hit = methods.get(call.method) or replace(next(iter(methods.values())), endpoint=None)
            return replace(hit, params=params, allowed=tuple(sorted(methods)))
        owner = mounted.provider if mounted else self._owner(call, path)
        if owner is None:
            return None
        voices = mounted.voices if mounted else owner.voices()
        return Found(owner, _nearest_voice(voices, path), None, {}, missing=self.missing(owner, path))

    def _match(self, path: str) -> tuple[_Methods, dict[str, str]]:
        """The methods of all patterns that match a path, and its parameters.

        Several patterns may match, as two endpoints may give the parameters of one path different names.
        """
        methods: _Methods = {}
        params: dict[str, str] = {}
        for pattern, listed in self._patterns.values():
            if found := pattern.fullmatch(path):
                methods = {**listed, **methods}
                params |= {name: _part(value) for name, value in found.groupdict().items()}
        return methods, params

    def _owner(self, call: Call, path: str) -> Provider | None:
        """The provider that answers for an unknown path; None when several may be meant.

        The first of these that leaves exactly one provider:
        1. the real API has the path, the simulator does not (of those whose credentials the request has, or of all);
        2. its endpoints share the longest beginning with the path;
        3. of several that share as much, or of all when no path is near: the request has its credentials;
        4. of several that share as much: it checks credentials before the path.
        """
        providers = self.providers.values()
        calling = [provider for provider in providers if provider.identify(call) is not None]
        having = [provider for provider in calling or providers if provider.contract.missing(path)]
        if len(having) == 1:
            return having[0]
        nearest = self._nearest(path)
        if len(nearest) == 1:
            return nearest[0]
        if nearest:
            called = [provider for provider in nearest if provider in calling]
            calling = called or [provider for provider in nearest if provider.authorize_first]
        return calling[0] if len(calling) == 1 else None

    def _nearest(self, path: str) -> list[Provider]:
        """The providers whose endpoints share the longest beginning with a path; empty up to `LEAST_SHARED` parts."""
        parts = path.lower().split("/")
        shared = {name: _shared(provider.endpoints, parts) for name, provider in self.providers.items()}
        most = max(shared.values(), default=0)
        return [self.providers[name] for name, count in shared.items() if most > LEAST_SHARED and count == most]

    def missing(self, provider: Provider, path: str) -> str:
        """A sentence about what a provider has at a path and the simulator does not; empty: nothing known."""
        if (missing := provider.contract.missing(path.removeprefix(f"/{provider.name}"))) is None:
            return ""
        has = f"{provider.title} has {missing.methods} {missing.path} ({missing.what})"
        return f"{has}, msgsim does not; source: {missing.source}"


LEAST_SHARED = 2
"""Shared parts of a path that prove nothing: the empty part before the first slash, and a further one (``v1``)."""


def _shared(endpoints: Iterable[Endpoint], parts: list[str]) -> int:
    """How many parts from its beginning a path shares with the nearest of these endpoints."""
    return max((_common(endpoint.path.lower().split("/"), parts) for endpoint in endpoints), default=0)


def _nearest_voice(voices: Sequence[Voice], path: str) -> Voice:
    """The API that answers for an unknown path: the first, unless another shares more of the path."""
    parts = path.lower().split("/")
    return max(voices, key=lambda voice: _shared(voice.endpoints, parts))


def _common(left: list[str], right: list[str]) -> int:
    """How many parts two paths share from their beginning."""
    return sum(takewhile(bool, map(eq, left, right)))


_SLASH = re.compile("%(2f|25)", re.IGNORECASE)


def _part(written: str) -> str:
    """A parameter of a path with ``%2F`` and ``%25`` decoded: they stay encoded until the path has been matched."""
    return _SLASH.sub(lambda found: "/" if found[1] != "25" else "%", written)


def with_single_slashes(call: Call) -> Call:
    """The request with each run of slashes in its path as one slash, as real hosts read it.

    Clients send two slashes when the base URL that they are given ends with a slash.
    """
    return replace(call, path=re.sub("/{2,}", "/", call.path))


@lru_cache(maxsize=256)
def root_url(proto: str | None, forwarded: str | None, host: str | None, scheme: str) -> str:
    """The root URL as the client wrote it, with the forwarding headers of proxies in between."""
    first = (proto or scheme).partition(",")[0].strip()
    return f"{first}://{(forwarded or host or '127.0.0.1').partition(',')[0].strip()}/"
