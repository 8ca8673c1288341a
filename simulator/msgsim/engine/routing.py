"""Which endpoint of which provider a path means: a table for known paths, patterns for the rest."""

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
    """Where a request goes. Without an endpoint the path is unknown, or its method is not ``allowed``."""

    provider: Provider
    voice: Voice
    endpoint: Endpoint | None
    params: dict[str, str]
    allowed: tuple[str, ...] = ()
    missing: str = ""
    """What the provider has at this path and the simulator has not, in a sentence."""


_Methods = dict[str, Found]


class Named(Struct, frozen=True):
    """Who is asked at a host name: a provider, and which of its APIs."""

    provider: Provider
    voices: tuple[Voice, ...]

    def serves(self, found: Found) -> bool:
        return found.provider is self.provider and any(voice.name == found.voice.name for voice in self.voices)


class Hosts:
    """The providers' real host names: who is asked by name is asked whatever the path."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._exact: dict[str, Named] = {}
        self._below: dict[str, Named] = {}
        """By what stands after ``*.``: one label or more have to stand before it."""
        for provider in providers.values():
            voices = provider.voices()
            for host in provider.hosts:
                claiming = tuple(voice for voice in voices if host in voice.hosts)
                named = Named(provider, claiming or tuple(voice for voice in voices if not voice.hosts))
                (self._below if host.startswith("*.") else self._exact)[host.removeprefix("*.")] = named

    @lru_cache(maxsize=1024)  # noqa: B019 - one set of providers lives as long as its process
    def provider(self, authority: str) -> Provider | None:
        """Whose host a Host header or a host name is; None for everybody else's."""
        named = self.named(authority)
        return None if named is None else named.provider

    @lru_cache(maxsize=1024)  # noqa: B019 - one set of providers lives as long as its process
    def named(self, authority: str) -> Named | None:
        """Who is asked at a Host header or a host name; None for everybody else's."""
        host = authority.rpartition("@")[2].lower()
        name = (host.partition(":")[0] if not host.startswith("[") else host).rstrip(".")
        if (named := self._exact.get(name)) is not None:
            return named
        labels = name.split(".")
        endings = [".".join(labels[start:]) for start in range(1, len(labels))]
        return next((self._below[ending] for ending in endings if ending in self._below), None)

    def belongs(self, host: str) -> bool:
        """Whether a host is a provider's, be it simulated or not: it shares its registered domain with one that is."""
        domain = host.lower().rstrip(".").split(".")[-2:]
        return any(known.split(".")[-2:] == domain for known in (*self._exact, *self._below))


class Routes:
    """All providers side by side, at their own paths and below ``/<provider>/``; each alone at its own host names."""

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
        """None when not even the provider can be told."""
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
        """All patterns that fit: the same path may be written twice with other names."""
        methods: _Methods = {}
        params: dict[str, str] = {}
        for pattern, listed in self._patterns.values():
            if found := pattern.fullmatch(path):
                methods = {**listed, **methods}
                params |= {name: _part(value) for name, value in found.groupdict().items()}
        return methods, params

    def _owner(self, call: Call, path: str) -> Provider | None:
        """Whose unknown path it is; None when several could be meant.

        Candidates are those whose credentials the request has, else all. The owner is who is known to have the path
        without its being simulated; else who shares most of it with a known path; else, of several that share as much,
        who has been sent credentials, or who asks for them before it looks at the path.
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
        """Whose endpoints begin with most parts of a path; empty where that is no more than `LEAST_SHARED`."""
        parts = path.lower().split("/")
        shared = {name: _shared(provider.endpoints, parts) for name, provider in self.providers.items()}
        most = max(shared.values(), default=0)
        return [self.providers[name] for name, count in shared.items() if most > LEAST_SHARED and count == most]

    def missing(self, provider: Provider, path: str) -> str:
        """What a provider has at a path and the simulator has not, in a sentence; empty: nothing that is known of."""
        if (missing := provider.contract.missing(path.removeprefix(f"/{provider.name}"))) is None:
            return ""
        has = f"{provider.title} has {missing.methods} {missing.path} ({missing.what})"
        return f"{has}, msgsim does not; source: {missing.source}"


LEAST_SHARED = 2
"""Parts of a path: the empty one before its first slash, and one that several providers may have."""


def _shared(endpoints: Iterable[Endpoint], parts: list[str]) -> int:
    """How many parts of a path the nearest of some endpoints has."""
    return max((_common(endpoint.path.lower().split("/"), parts) for endpoint in endpoints), default=0)


def _nearest_voice(voices: Sequence[Voice], path: str) -> Voice:
    """In which API's words an unknown path is answered: the first, unless others share more of the path."""
    parts = path.lower().split("/")
    return max(voices, key=lambda voice: _shared(voice.endpoints, parts))


def _common(left: list[str], right: list[str]) -> int:
    """How many parts two paths have in common from their beginning."""
    return sum(takewhile(bool, map(eq, left, right)))


_SLASH = re.compile("%(2f|25)", re.IGNORECASE)


def _part(written: str) -> str:
    """A part of a path: what stands for a slash or a percent sign in it is one, now that the path has been matched."""
    return _SLASH.sub(lambda found: "/" if found[1] != "25" else "%", written)


def with_single_slashes(call: Call) -> Call:
    """As if base URL and path had been joined with one slash: real hosts answer two like one."""
    return replace(call, path=re.sub("/{2,}", "/", call.path))


@lru_cache(maxsize=256)
def root_url(proto: str | None, forwarded: str | None, host: str | None, scheme: str) -> str:
    """The root URL as the client wrote it, whatever stands in between."""
    first = (proto or scheme).partition(",")[0].strip()
    return f"{first}://{(forwarded or host or '127.0.0.1').partition(',')[0].strip()}/"
