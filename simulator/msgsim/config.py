"""The settings of a server: their names, types and defaults, and the checks that no JSON Schema can express."""

import errno
import ipaddress
import os
import re
import socket
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Literal

import msgspec
import yaml
from msgspec import Struct, field

from msgsim.model import Int64, Json

ROOT = Path(__file__).resolve().parent
_DATA = ROOT / "_data" if (ROOT / "_data").is_dir() else ROOT.parents[1]
"""The folder of ``schemas`` and ``scenarios``. Determined at import, because a test may fake the file system later."""


POSTGRESQL = ("postgresql://", "postgres://")
"""URL schemes of the setting ``store`` that select PostgreSQL."""


class ConfigError(Exception):
    """Mistakes in flags, environment or settings file. The text has a line for each, which begins with its place."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set for a server."""

    host: str = "localhost"
    """``localhost`` listens on 127.0.0.1 and, where the machine has IPv6, on ::1."""
    port: int = 8080
    """0 picks a free one and prints it."""
    store: str = ""
    """A file, ``memory``, ``postgresql://...``, or empty for a file in the user's state directory."""
    scenario: tuple[str, ...] = ()
    """Files, or names of shipped scenarios, tried in order."""
    clock: str = "real"
    """``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z``, or a rate such as ``60x``."""
    seed: Int64 | None = None
    """None: the store's seed, which is drawn when the store is created."""
    workers: int = 1
    """Processes of ``msgsim serve`` that share the port and a store in PostgreSQL."""
    replica_host: str = ""
    """Host at which other replicas on the same PostgreSQL reach this one; empty: loopback if ``host`` is on loopback,
    else the address that the machine's host name resolves to."""
    pristine: bool = False
    """Leave out every ``X-Sim-*`` header of answers to providers' clients."""
    strict: bool = False
    """Refuse requests that only a tolerant reading of the provider's documents accepts."""
    fast_path: bool = True
    """Reuse the parsed head of the previous request of a connection if the bytes are the same (`web.edge.fastpath`)."""
    body_limit: int = 16 * 1024 * 1024
    """Largest body of a request, in bytes."""
    journal_limit: int = 100_000
    """Entries of the journal kept per sandbox; older ones are dropped."""
    callback_timeout: str = "10s"
    """Duration (`milliseconds`) after which an attempt at a callback fails."""
    callback_connections: int = 256
    """Limit of concurrent attempts at callbacks, over all receivers."""
    callback_connections_per_host: int = 16
    """Limit of concurrent attempts for one receiving host."""
    callback_hosts: tuple[str, ...] = ()
    """Hosts beyond loopback and private networks that callbacks may go to: ``name`` or ``name:port``."""
    callback_ca: str = ""
    """A PEM file with certificate authorities that receivers of callbacks may use, besides the well-known ones."""
    token: str = ""
    """Bearer token that the control API requires beyond loopback; empty: generated and printed at start."""
    https_port: int | None = None
    """Port that serves the same over TLS; 0 picks a free one, None: no TLS."""
    proxy_port: int | None = None
    """Port of an HTTP proxy on loopback that answers for the providers' hosts; 0 picks a free one, None: no proxy."""
    proxy_others: Literal["refuse", "tunnel"] = "refuse"
    """What the proxy does with requests to hosts that belong to no provider."""
    tls_names: tuple[str, ...] = ()
    """Host names besides the providers' for which the certificate authority issues certificates."""
    tls_cert: str = ""
    """A PEM file with a certificate chain to present for every name; empty: certificates of our authority."""
    tls_key: str = ""
    """A PEM file with the private key of ``tls_cert``."""
    ca_folder: str = ""
    """Folder of our certificate authority; empty: ``ca`` in the user's state directory."""
    log: Literal["text", "json", "none"] | None = None
    """Format of the line that ``msgsim serve`` prints per request; None: text on a terminal, else none."""
    providers: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Provider's name → settings, as its ``settings.json`` allows them."""


def is_local(host: str) -> bool:
    """Whether a host, with or without a port, is ``localhost``, a name below it, or a loopback address."""
    bare, _, port = host.rpartition(":")
    name = bare if port.isdigit() and (":" not in bare or bare.endswith("]")) else host
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_every_address(host: str) -> bool:
    """Whether a socket bound to this host listens on all addresses of the machine: ``0.0.0.0``, ``::`` or empty."""
    if ":" not in host:
        try:
            return not host or socket.inet_aton(host) == bytes(4)
        except OSError:
            return False
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def authority(host: str, port: int) -> str:
    """``host:port`` for a URL that reaches the server from this machine.

    ``localhost`` and ``0.0.0.0`` become 127.0.0.1, ``::`` becomes ``[::1]``.
    """
    if host.lower() == "localhost" or is_every_address(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def guarded(config: Config) -> Config:
    """The settings, with a generated token if the server listens beyond loopback and none is set.

    The token is random and not derived from the seed, because a seed may be known.
    """
    if config.token or is_local(config.host):
        return config
    return msgspec.structs.replace(config, token=os.urandom(16).hex())


def data_folder(name: str) -> Path:
    """The folder ``schemas`` or ``scenarios``: in the root of a checkout, inside the package when installed."""
    return _DATA / name


def read_own(path: Path) -> bytes:
    """The content of a file that comes with the package. Raises OSError.

    Read by `FileIO`, which libraries that fake the file system (`open`, `os`, `pathlib`) leave alone.
    """
    with FileIO(str(path)) as file:
        return file.readall()


def state_folder() -> Path:
    """The user's state directory of msgsim, by the custom of the platform: the default place of store and authority."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return base / "msgsim"


def faults(config: Config) -> Iterator[tuple[str, str]]:
    """Mistakes that neither types nor ``schemas/simulator/config.json`` find: a setting's name, and what is wrong."""
    texts = {name: value for name in config.__struct_fields__ if isinstance(value := getattr(config, name), str)}
    if unusable := [name for name, text in texts.items() if "\0" in text]:
        yield from ((name, "no text may have the character NUL") for name in unusable)
        return
    try:
        milliseconds(config.callback_timeout)
    except ValueError as error:
        yield "callback_timeout", str(error)
    for name, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if getattr(config, name) and not getattr(config, other):
            yield name, f"tls_cert and tls_key go together, and there is no {other}"
        if (file := getattr(config, name)) and (reason := _unreadable(file)):
            yield name, f"{written(file)}: {reason}"
    if "://" in config.host:
        yield (
            "host",
            f"{written(config.host)}: a name or an address is expected, without {config.host.partition('://')[0]}://",
        )
    if config.proxy_others == "tunnel" and not is_local(config.host):
        yield "proxy_others", "tunnel is for a host on loopback only: anybody could use it"
    if "://" in config.store and not config.store.startswith(POSTGRESQL):
        yield "store", "a file, memory, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE is expected"
    ports = {config.port: "port"} if config.port else {}
    for name in ("https_port", "proxy_port"):
        if (port := getattr(config, name)) and (other := ports.setdefault(port, name)) != name:
            yield name, f"{port} is taken by {other}"
    if config.workers > 1 and (reason := _not_shared(config)):
        yield "workers", reason
    if config.callback_ca and (reason := _no_authorities(config.callback_ca)):
        yield "callback_ca", f"{written(config.callback_ca)}: {reason}"


def _not_shared(config: Config) -> str:
    """Why several processes cannot serve with these settings; empty where they can."""
    if not config.store.startswith(POSTGRESQL):
        return f"{config.workers} processes need a store they share: set store to postgresql://..., or workers to 1"
    if not hasattr(os, "fork"):
        return "this system has no fork: start one process per port, and put a load balancer in front"
    return ""


def written(text: str) -> str:
    """A text for a message: as it is, or as a Python literal if it has unprintable characters or outer spaces."""
    return text if text.isprintable() and text.strip() == text else repr(text)


def _unreadable(file: str) -> str:
    """Why a file cannot be read; empty: it can."""
    try:
        Path(file).stat()  # It is not opened, because a named pipe (process substitution) can be read only once.
    except OSError as error:
        return error.strerror or str(error)
    return "" if os.access(file, os.R_OK) else os.strerror(errno.EACCES)


def _no_authorities(file: str) -> str:
    """Why a file has no certificates that can be used; empty: it has some."""
    import ssl  # Late: slow to import, and needed for this setting only.

    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # SSLError is an OSError, whose text is an internal code of OpenSSL.
        return "holds no certificate (PEM)" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
    return ""


def yaml_fault(error: yaml.MarkedYAMLError, text: str) -> str:
    """Why a text is not YAML: libyaml's reason, or that a tab was used, which libyaml seldom says."""
    mark, lines = error.problem_mark, text.split("\n")
    if mark is not None and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        return "a tab cannot indent YAML; write spaces"
    return str(error.problem or error.context)


LONGEST = 1000 * 366 * 86_400_000
"""The longest duration, in milliseconds: 1000 years. A clock's time plus a duration then fits into 64 bits."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>ms|[smhd])")


def milliseconds(text: str) -> int:
    """A duration such as ``250ms``, ``5s``, ``10m``, ``2h``, ``1d`` in milliseconds. Raises ValueError."""
    # `str`, because a Python client passes on what it was given, even a number or a timedelta.
    duration = _DURATION.fullmatch(str(text))
    if duration is None:
        raise ValueError(f"{text!r} is not a duration; write 250ms, 5s, 10m, 2h or 1d")
    length = float(duration["number"]) * _UNITS[duration["unit"]]
    if length > LONGEST:
        raise ValueError(f"{text} is longer than a thousand years")
    return round(length)
