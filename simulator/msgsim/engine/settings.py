"""What is set for each provider in each sandbox, compiled where it is set."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgsim.engine.sandbox import Sandbox, merged
from msgsim.model import Json, whole
from msgsim.provider import Provider

Given = Mapping[str, dict[str, Json]]
"""Per provider, what somebody set."""


class InForce(NamedTuple):
    """The settings of one provider: defaults, then the server's, then a sandbox's own."""

    raw: dict[str, Json]
    compiled: Any
    """What the provider made of them; the raw ones where it compiles none."""


class Settings:
    """Those of the server, and of the sandboxes over them."""

    def __init__(self, configured: Given, providers: Mapping[str, Provider]) -> None:
        """Raises ValueError."""
        self._providers = providers
        self._configured = self.checked(configured)
        self._common = {name: self._in_force(name, {}) for name in providers}
        """For sandboxes that have none of their own."""

    def of(self, sandbox: Sandbox, provider: str) -> InForce:
        own: InForce | None = sandbox.settings.get(provider)
        return self._common[provider] if own is None else own

    def given(self, sandbox: Sandbox, provider: str) -> dict[str, Json]:
        """What the settings of the server and of the sandbox say of one provider."""
        return merged({}, self._configured.get(provider, {}), sandbox.kept.settings.get(provider, {}))

    def compile(self, sandbox: Sandbox) -> None:
        """Put what a sandbox keeps in force. Raises ValueError."""
        kept = sandbox.kept.settings
        sandbox.settings = {name: self._in_force(name, own) for name, own in kept.items() if name in self._providers}

    def checked(self, settings: Given) -> dict[str, dict[str, Json]]:
        """Raises ValueError."""
        for name, given in settings.items():
            if name not in self._providers:
                raise ValueError(f"there is no provider {name!r} (there are {', '.join(self._providers)})")
            contract = self._providers[name].contract
            if given and (mistake := contract.wrong_settings(given)):
                raise ValueError(f"settings of {name}: {mistake}")
        return {name: whole(given) for name, given in settings.items()}

    def _in_force(self, name: str, own: dict[str, Json]) -> InForce:
        provider = self._providers[name]
        raw = merged(provider.contract.settings, self._configured.get(name, {}), own)
        return InForce(raw, raw if provider.compile is None else provider.compile(raw))
