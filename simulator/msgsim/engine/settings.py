"""The settings of each provider in each sandbox, compiled when they change."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgsim.engine.sandbox import Sandbox, merged
from msgsim.model import Json, whole
from msgsim.provider import Provider

Given = Mapping[str, dict[str, Json]]
"""Provider → settings as somebody gave them."""


class InForce(NamedTuple):
    """The effective settings of one provider: its defaults, overridden by the server's, then by the sandbox's own."""

    raw: dict[str, Json]
    compiled: Any
    """What `Provider.compile` returned for them; ``raw`` where the provider has none."""


class Settings:
    """The settings of the server and of its sandboxes."""

    def __init__(self, configured: Given, providers: Mapping[str, Provider]) -> None:
        """Raises ValueError for invalid settings."""
        self._providers = providers
        self._configured = self.checked(configured)
        self._common = {name: self._in_force(name, {}) for name in providers}
        """For sandboxes without settings of their own."""

    def of(self, sandbox: Sandbox, provider: str) -> InForce:
        """The effective settings of a provider in a sandbox."""
        own: InForce | None = sandbox.settings.get(provider)
        return self._common[provider] if own is None else own

    def given(self, sandbox: Sandbox, provider: str) -> dict[str, Json]:
        """The settings of a provider without its defaults: the server's, overridden by the sandbox's own."""
        return merged({}, self._configured.get(provider, {}), sandbox.saved.settings.get(provider, {}))

    def compile(self, sandbox: Sandbox) -> None:
        """Compile the settings that a sandbox has saved, after a change. Raises ValueError."""
        saved = sandbox.saved.settings
        sandbox.settings = {name: self._in_force(name, own) for name, own in saved.items() if name in self._providers}

    def checked(self, settings: Given) -> dict[str, dict[str, Json]]:
        """The settings with whole numbers as int. Raises ValueError for an unknown provider or an invalid setting."""
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
