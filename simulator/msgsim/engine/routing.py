"""Which endpoint of which provider a path means: a table for known paths, patterns for the rest."""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from msgsim.model import Call
from msgsim.provider import Endpoint, Provider


class Found(Struct, frozen=True):
    """Where a request goes. Without an endpoint the path is unknown, or its method is not ``allowed``."""

    provider: Provider
    endpoint: Endpoint | None
    params: dict[str, str]
    allowed: tuple[str, ...] = ()
    missing: str = ""
    """What the provider has at this path and the simulator has not, in a sentence."""


_Methods = dict[str, tuple[Provider, Endpoint]]


class Hosts:
    """The providers' real host names: who is asked by name is asked whatever the path."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._exact: dict[str, Provider] = {}
        self._below: dict[str, Provider] = {}
        """By what stands after ``*.``: one label or more have to stand before it."""
        for provider in providers.values():
            for host in provider.hosts:
                (self._below if host.startswith("*.") else self._exact)[host.removeprefix("*.")] = provider

    @lru_cache(maxsize=1024)  # noqa: B019 - one set of providers lives as long as its process
    def provider(self, authority: str) -> Provider | None:
        """Whose host a Host header or a host name is; None for everybody else's."""
        host = authority.rpartition("@")[2].lower()
        name = (host.partition(":")[0] if not host.startswith("[") else host).rstrip(".")
        if (provider := self._exact.get(name)) is not None:
            return provider
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
        for provider in providers.values():
            for endpoint in provider.endpoints:
                self._add(provider, endpoint)
        self._any_case = {path.lower(): path for path in self._exact}

    def _add(self, provider: Provider, endpoint: Endpoint) -> None:
        if "{" in endpoint.path:
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(endpoint.path))
            compiled = re.compile(pattern, re.IGNORECASE if provider.any_case else 0)
            methods = self._patterns.setdefault(endpoint.path, (compiled, {}))[1]
        else:
            methods = self._exact.setdefault(endpoint.path, {})
        if endpoint.method in methods:
            raise ValueError(f"{endpoint.method} {endpoint.path} stands for two endpoints")
        methods[endpoint.method] = (provider, endpoint)
        if "{" not in endpoint.path:
            self._known_calls[endpoint.path, endpoint.method] = Found(provider, endpoint, {})

    def find(self, call: Call) -> Found | None:
        """None when not even the provider can be told."""
        named = self.hosts.provider(call.headers.get("host", ""))
        found = self._known_calls.get((call.path, call.method))
        if found is not None and named in (None, found.provider):
            return found
        if named is not None:
            return self._search(call, call.path, named)
        path, mounted = call.path, None
        head, _, rest = call.path[1:].partition("/")
        if head in self.providers:
            path, mounted = f"/{rest}", self.providers[head]
        return self._search(call, path, mounted)

    def _search(self, call: Call, path: str, mounted: Provider | None) -> Found | None:
        params: dict[str, str] = {}
        methods = self._exact.get(path) or self._exact.get(self._any_case.get(path.lower(), ""))
        if methods is not None and path not in self._exact and not next(iter(methods.values()))[0].any_case:
            methods = None
        if methods is None:
            methods, params = self._match(path)
        if methods and mounted:
            methods = {method: hit for method, hit in methods.items() if hit[0] is mounted}
        if methods:
            provider, endpoint = methods.get(call.method) or (next(iter(methods.values()))[0], None)
            return Found(provider, endpoint, params, tuple(sorted(methods)))
        owner = mounted or self._owner(call, path)
        return Found(owner, None, {}, missing=self.missing(owner, path)) if owner else None

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
        """Whose unknown path it is: who has it, else by the nearest known path, else by the kind of credentials.

        Without any it is that one's of the nearest who asks for them before it looks at the path.
        """
        calling = [provider for provider in self.providers.values() if provider.identify(call) is not None]
        having = [provider for provider in calling or self.providers.values() if provider.contract.missing(path)]
        if len(having) == 1:
            return having[0]
        parts = path.lower().split("/")
        near: dict[str, int] = {}
        for known, name in self._known():
            shared = 0
            for one, other in zip(known.lower().split("/"), parts, strict=False):
                if one != other:
                    break
                shared += 1
            near[name] = max(near.get(name, 0), shared)
        best = max(near.values(), default=0)
        nearest = [provider for name, provider in self.providers.items() if best > 2 and near[name] == best]
        if len(nearest) == 1:
            return nearest[0]
        if nearest:
            mine = [provider for provider in nearest if provider in calling]
            calling = mine or [provider for provider in nearest if provider.authorize_first]
        return calling[0] if len(calling) == 1 else None

    def missing(self, provider: Provider, path: str) -> str:
        """What a provider has at a path and the simulator has not, in a sentence; empty: nothing that is known of."""
        if (missing := provider.contract.missing(path.removeprefix(f"/{provider.name}"))) is None:
            return ""
        has = f"{provider.title} has {missing.methods} {missing.path} ({missing.what})"
        return f"{has}, msgsim does not; source: {missing.source}"

    def _known(self) -> list[tuple[str, str]]:
        return [(endpoint.path, name) for name, one in self.providers.items() for endpoint in one.endpoints]


def _part(written: str) -> str:
    """A part of a path: what stands for a slash or a percent sign in it is one, now that the path has been matched."""
    return re.sub("%(2f|25)", lambda found: "/" if found[1] != "25" else "%", written, flags=re.IGNORECASE)


def with_single_slashes(call: Call) -> Call:
    """As if base URL and path had been joined with one slash: real hosts answer two like one."""
    return replace(call, path=re.sub("/{2,}", "/", call.path))
