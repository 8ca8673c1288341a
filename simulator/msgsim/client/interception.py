"""Lets unmodified programs reach the simulator by the providers' own host names.

`variables` is for a program that is started (``msgsim exec --intercept``), `redirected` for this process (the pytest
fixture). Both use the ports for TLS and the proxy and the certificate authority of the server.
"""

import contextlib
import os
import socket
import ssl
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from msgsim.client.answers import Interception

LOCAL = "localhost,127.0.0.1,::1"
"""Hosts that are never reached through the proxy."""
TRUST_STORE_PASSWORD = "changeit"  # noqa: S105 - what every Java installation has; it protects certificates, no secrets
NODE_HOOK = """\
// Node before 22.21 has no setting for a proxy: connections to the providers' hosts go to the simulator's TLS port.
const net = require("node:net");
const hosts = %(pattern)s;
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const place = Array.isArray(args[0]) ? args[0] : args;
  const options = place[0];
  if (options && typeof options === "object" && hosts.test(options.host || "")) {
    place[0] = { ...options, host: "127.0.0.1", port: Number(options.port) === 80 ? %(plain)d : %(tls)d };
  }
  return connect.apply(this, args);
};
"""
PYTHON_HOOK = """\
# Python's clients that read no proxy from the environment: the providers' hosts are found at the simulator's ports.
import importlib.machinery, importlib.util, re, socket, sys

_hosts = re.compile(%(pattern)r, re.IGNORECASE)
_looked_up = socket.getaddrinfo


def _resolve(host, port, *more, **named):
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and _hosts.fullmatch(name.rstrip(".")):
        return _looked_up("127.0.0.1", %(plain)d if port in (80, "80", "http") else %(tls)d, *more, **named)
    return _looked_up(host, port, *more, **named)


socket.getaddrinfo = _resolve

# The environment's own sitecustomize, which this one stands in front of.
_others = [path for path in sys.path if path != %(folder)r]
_spec = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _spec is not None and _spec.loader is not None:
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
"""
PHP_SETTINGS = "curl.cainfo={bundle}\nopenssl.cafile={bundle}\n"


class Server(NamedTuple):
    """How a program reaches a simulator by the providers' host names."""

    plain_port: int
    https_port: int
    proxy_port: int
    hosts: tuple[str, ...]
    """The providers' host names; ``*.`` in front stands for one label or more."""
    ca: str
    """The authority's certificate (PEM); empty: the server has a certificate of the user, who trusts it already."""

    def has(self, host: str) -> bool:
        """Whether a host name is a provider's."""
        name = host.lower().rstrip(".")
        return any(name.endswith(known[1:]) if known.startswith("*.") else name == known for known in self.hosts)


def server_at(url: str, answer: Interception) -> Server:
    """The server at a URL, from its answer to ``POST intercept``."""
    parts = urlsplit(url)
    plain = parts.port or (443 if parts.scheme == "https" else 80)
    return Server(plain, answer["https_port"], answer["proxy_port"], tuple(answer["hosts"]), answer["ca"] or "")


def variables(server: Server, folder: Path, sandbox: str = "") -> dict[str, str]:
    """Environment variables that programs of the common languages read for a proxy and for trusted authorities.

    ``folder``: the files that the variables name are written there, and must exist as long as the programs run.
    ``sandbox``: the one for requests whose credentials belong to no sandbox; empty: the default one.
    """
    hook = folder / "intercept.cjs"
    pattern = "|".join(_expression(host) for host in server.hosts)
    ports = {"plain": server.plain_port, "tls": server.https_port}
    hook.write_text(NODE_HOOK % {"pattern": f"/^({pattern})$/i", **ports})
    python = folder / "python"
    python.mkdir(exist_ok=True)
    (python / "sitecustomize.py").write_text(PYTHON_HOOK % {"pattern": pattern, "folder": str(python), **ports})
    account = f"{quote(sandbox, '')}:x@" if sandbox else ""
    proxy = f"http://{account}127.0.0.1:{server.proxy_port}"
    java = {
        "http.proxyHost": "127.0.0.1", "http.proxyPort": server.proxy_port,
        "https.proxyHost": "127.0.0.1", "https.proxyPort": server.proxy_port,
        "http.nonProxyHosts": "localhost|127.*|[::1]",
    }  # fmt: skip
    found = {
        "HTTPS_PROXY": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "http_proxy": proxy,
        "NO_PROXY": LOCAL, "no_proxy": LOCAL,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(python), os.environ.get("PYTHONPATH")))),
        "NODE_USE_ENV_PROXY": "1", "NODE_OPTIONS": f'{os.environ.get("NODE_OPTIONS", "")} --require "{hook}"'.strip(),
    }  # fmt: skip
    if server.ca:
        found |= _trusting(server.ca, folder, java)
    found["JAVA_TOOL_OPTIONS"] = " ".join(f"-D{name}={value}" for name, value in java.items())
    return found


def _trusting(ca: str, folder: Path, java: dict[str, Any]) -> dict[str, str]:
    """Write the authority to files: alone, with the system's own, for Java and PHP; returns variables that name them.

    ``java``: properties of the JVM, to which those of the trust store are added.
    """
    from msgsim.client.trust import bundle, trust_store  # Late: cryptography is slow to import.

    alone, together, store = folder / "ca.pem", folder / "all.pem", folder / "trust.p12"
    alone.write_text(ca)
    together.write_bytes(bundle(ca.encode()))
    store.write_bytes(trust_store(ca.encode(), TRUST_STORE_PASSWORD))
    (folder / "msgsim.ini").write_text(PHP_SETTINGS.format(bundle=together))
    java |= {"javax.net.ssl.trustStore": store, "javax.net.ssl.trustStorePassword": TRUST_STORE_PASSWORD}
    by_bundle = (
        "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "HTTPLIB2_CA_CERTS", "AWS_CA_BUNDLE",
        "CARGO_HTTP_CAINFO",
    )  # fmt: skip
    return {
        **dict.fromkeys(by_bundle, str(together)),
        **dict.fromkeys(("NODE_EXTRA_CA_CERTS", "DENO_CERT"), str(alone)),
        "PHP_INI_SCAN_DIR": f"{os.environ.get('PHP_INI_SCAN_DIR', '')}:{folder}",
    }


def _expression(host: str) -> str:
    """A host name as a regular expression, the same for JavaScript and Python; ``*.`` is one label or more."""
    name = host.removeprefix("*.").replace(".", r"\.")
    return rf"(.+\.){name}" if host.startswith("*.") else name


@contextlib.contextmanager
def redirected(server: Server, sandbox: str = "") -> Iterator[None]:
    """Within ``with``, this process and the programs it starts reach the simulator by the providers' host names.

    HTTP clients that read the environment (requests, httpx, urllib) use the proxy. For those that do not (aiohttp),
    host names are resolved to the simulator's ports, and the authority is added to the SSL context that aiohttp created
    when it was imported. urllib's global opener, which keeps the proxies found at its first use, is replaced.
    """
    before = dict(os.environ)
    looked_up = socket.getaddrinfo
    opener = getattr(urllib.request, "_opener", None)
    with tempfile.TemporaryDirectory(prefix="msgsim-") as folder:
        found = variables(server, Path(folder), sandbox)
        try:
            os.environ.update(found)
            socket.getaddrinfo = _resolving(server, looked_up)
            urllib.request.install_opener(None)
            context = getattr(sys.modules.get("aiohttp.connector"), "_SSL_CONTEXT_VERIFIED", None)
            if isinstance(context, ssl.SSLContext) and server.ca:
                context.load_verify_locations(cadata=server.ca)
            yield
        finally:
            urllib.request.install_opener(opener)
            socket.getaddrinfo = looked_up
            os.environ.clear()
            os.environ.update(before)


def _resolving(server: Server, looked_up: Callable[..., Any]) -> Callable[..., Any]:
    """A ``getaddrinfo`` that resolves a provider's host to this machine and the simulator's port.

    ``looked_up`` is the original, which resolves all other hosts.
    """

    def resolve(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and server.has(name):
            ours = server.plain_port if port in (80, "80", "http") else server.https_port
            return looked_up("127.0.0.1", ours, *more, **named)
        return looked_up(host, port, *more, **named)

    return resolve
