"""The contents of the start page: what an application needs to reach a sandbox, and code that sends a first message."""

from urllib.parse import quote, urlsplit

from msgsim.client.sandboxes import dotenv, variables
from msgsim.engine.receive import Engine
from msgsim.examples.samples import request_to, trial_for
from msgsim.examples.snippets import LANGUAGES, snippets
from msgsim.model import Json
from msgsim.provider import AnySend, Provider
from msgsim.web.pages.contents import Contents
from msgsim.web.pages.look import Look


class Start:
    """Reads what the start page shows, each time for the sandbox of a `Look`."""

    def __init__(self, engine: Engine, contents: Contents) -> None:
        self._engine = engine
        self._contents = contents

    async def shown(self, look: Look) -> Json:
        """``variables``: lines of a ``.env`` file. ``intercepting``: shell commands; empty: there is no proxy port."""
        world = await self._contents.get(look, f"sandboxes/{quote(look.sandbox.name)}", "default")
        worlds = await self._contents.get(look, "sandboxes", "default")
        addresses = await self._addresses(look)
        return {
            "ways": [self._way(look, provider, world) for provider in self._engine.providers.values()],
            "variables": [dotenv(name, value) for name, value in variables(look.root)(world).items()],
            "languages": list(LANGUAGES),
            "worlds": worlds["sandboxes"],
            "addresses": list(addresses.items()),
            "intercepting": _for_a_shell(look, addresses.get("Proxy", "")),
        }

    def _way(self, look: Look, provider: Provider, world: Json) -> Json:
        """Base URL, credentials and code for a provider; ``world``: the sandbox, as the control API answers it."""
        trial = trial_for(provider, ())
        example = request_to(provider, trial.endpoint, trial.body, look.sandbox.name)
        return {
            "name": provider.name,
            "title": provider.title,
            "channels": provider.channels,
            "base_url": provider.base_url(look.root),
            "credentials": world["credentials"][provider.name],
            "endpoints": provider.endpoints,
            "sends": [endpoint for endpoint in provider.endpoints if isinstance(endpoint, AnySend)],
            "snippets": snippets(example, look.root),
        }

    async def _addresses(self, look: Look) -> dict[str, str]:
        """``HTTPS`` and ``Proxy`` → URL of the port for unmodified programs; a closed port is left out."""
        health = await self._contents.get(look, "health", "default")
        host = urlsplit(look.root).hostname or "127.0.0.1"
        ports = [("HTTPS", "https", health["https_port"]), ("Proxy", "http", health["proxy_port"])]
        return {title: f"{scheme}://{host}:{port}" for title, scheme, port in ports if port is not None}


def _for_a_shell(look: Look, proxy: str) -> str:
    """Shell commands that make common programs use the proxy and trust the CA; empty ``proxy``: no commands."""
    if not proxy:
        return ""
    own = proxy if look.sandbox.name == "default" else proxy.replace("://", f"://{quote(look.sandbox.name, '')}:x@")
    ca = "$PWD/msgsim-ca.pem"
    return f"""curl -so msgsim-ca.pem {look.root}/__sim/ca.pem
export HTTPS_PROXY={own} HTTP_PROXY={own} NO_PROXY=localhost,127.0.0.1
export SSL_CERT_FILE={ca} REQUESTS_CA_BUNDLE={ca} CURL_CA_BUNDLE={ca} NODE_EXTRA_CA_CERTS={ca}"""
