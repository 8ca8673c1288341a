"""Requests that are good as they are: each provider's first sample, with credentials."""

from base64 import b64encode
from typing import Any

from msgsim.provider import AnySend, Provider


def headers(provider: Provider, sandbox: str = "default") -> dict[str, str]:
    """The credentials of a sandbox the way the provider wants them."""
    given = provider.credentials(sandbox)
    if provider.name == "messente":
        return {"Authorization": "Basic " + b64encode(f"{given['username']}:{given['password']}".encode()).decode()}
    if provider.name == "salesforce":
        return {"Authorization": f"Bearer {given['access_token']}"}
    return given


def first_send(provider: Provider) -> AnySend:
    return next(endpoint for endpoint in provider.endpoints if isinstance(endpoint, AnySend))


def sample(provider: Provider, endpoint: AnySend | None = None) -> Any:
    """The first example of an endpoint's schema."""
    chosen = endpoint or first_send(provider)
    return provider.contract.schema(chosen.schema).document["examples"][0]
