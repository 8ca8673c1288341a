"""Settings: what there is to set for a server, and what of it cannot be used."""

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
"""Looked up once: a test may fake the file system later."""


POSTGRESQL = ("postgresql://", "postgres://")
"""How the address of a database begins."""


class ConfigError(Exception):
    """Something in flags, environment or a settings file cannot be used; a line for each mistake, its place first."""


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set for a server."""

    host: str = "localhost"
    """``localhost`` is IPv4 and, where there is it, IPv6."""
    port: int = 8080
    """0 picks a free one and prints it."""
    store: str = ""
    """A file, ``memory``, ``postgresql://...``, or empty for a file in the user's state directory."""
    scenario: tuple[str, ...] = ()
    """Files, or names of shipped scenarios, tried in order."""
    clock: str = "real"
    """``real``, ``frozen``, ``frozen@2026-01-01T00:00:00Z``, or a rate such as ``60x``."""
    seed: Int64 | None = None
    """None: that of the store, which is drawn when it is made."""
    workers: int = 1
    """Processes of ``msgsim serve`` that share the port and a store in PostgreSQL."""
    replica_host: str = ""
    """Where other replicas on the same PostgreSQL reach this one; empty: loopback where ``host`` is, else the address
    of this machine's name."""
    pristine: bool = False
    """Leave out every ``X-Sim-*`` header of answers to providers' clients."""
    strict: bool = False
    """Refuse what only a tolerant reading of the documents accepts."""
    fast_path: bool = True
    """Request heads that come again on a connection are not read again."""
    body_limit: int = 16 * 1024 * 1024
    """Bytes of a request body."""
    journal_limit: int = 100_000
    """Entries kept per sandbox."""
    callback_timeout: str = "10s"
    callback_connections: int = 256
    """Callbacks under way at once, over all receivers."""
    callback_connections_per_host: int = 16
    callback_hosts: tuple[str, ...] = ()
    """Hosts beyond loopback and private networks that callbacks may go to: ``name`` or ``name:port``."""
    callback_ca: str = ""
    """A file (PEM) of certificates that receivers' own are trusted by, besides those of known authorities."""
    token: str = ""
    """What the control API asks for when it is served beyond loopback; empty: made up at start."""
    https_port: int | None = None
    """Serves the same over TLS; 0 picks a free one, None: no TLS."""
    proxy_port: int | None = None
    """An HTTP proxy on loopback that answers for the providers' hosts; 0 picks a free one, None: no proxy."""
    proxy_others: Literal["refuse", "tunnel"] = "refuse"
    """What the proxy does with requests to other hosts."""
    tls_names: tuple[str, ...] = ()
    """Further names that TLS is served for."""
    tls_cert: str = ""
    """A certificate chain of one's own (PEM), for every name; else certificates come from the authority."""
    tls_key: str = ""
    """Its private key (PEM)."""
    ca_folder: str = ""
    """Where the certificate authority is kept; empty: in the user's state directory."""
    log: Literal["text", "json", "none"] | None = None
    """How ``msgsim serve`` prints a line per request; None: as text on a terminal, else not at all."""
    providers: dict[str, dict[str, Json]] = field(default_factory=dict)
    """Per provider what its ``settings.json`` allows."""


def is_local(host: str) -> bool:
    """Whether a host, with a port or without, names this machine and nothing else."""
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
    """Whether who listens there is reached at every address of the machine: ``0.0.0.0``, ``::`` and others."""
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
    """Host and port as URLs write them, where this machine can open them.

    Of ``localhost``, which is served on both, the address that everybody has; of all addresses the one of loopback.
    """
    if host.lower() == "localhost" or is_every_address(host):
        host = "::1" if ":" in host else "127.0.0.1"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def guarded(config: Config) -> Config:
    """With a token where it is served beyond loopback. The only randomness that no seed may foretell."""
    if config.token or is_local(config.host):
        return config
    return msgspec.structs.replace(config, token=os.urandom(16).hex())


def data_folder(name: str) -> Path:
    """``schemas`` or ``scenarios``: beside the package in a checkout, inside it when installed."""
    return _DATA / name


def read_own(path: Path) -> bytes:
    """A file that comes with the package. Raises OSError.

    `FileIO` is the system's own way, which stays when a test puts a fake in the place of `open`, `os` and `pathlib`.
    """
    with FileIO(str(path)) as file:
        return file.readall()


def state_folder() -> Path:
    """Where the store lives unless told otherwise, by the custom of the platform."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData/Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return base / "msgsim"


def faults(config: Config) -> Iterator[tuple[str, str]]:
    """What neither types nor the schema of the settings can say: the name of a setting, and what is wrong with it."""
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
    """A name as it is, or quoted where a line would not show it."""
    return text if text.isprintable() and text.strip() == text else repr(text)


def _unreadable(file: str) -> str:
    """Why a file cannot be read; empty where it can."""
    try:
        Path(file).stat()  # It is not read: whoever writes into a pipe does so once.
    except OSError as error:
        return error.strerror or str(error)
    return "" if os.access(file, os.R_OK) else os.strerror(errno.EACCES)


def _no_authorities(file: str) -> str:
    """Why a file holds no certificate; empty where it holds one."""
    import ssl  # At start only where it is needed.

    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # What OpenSSL says is one too, in words of its own.
        return "holds no certificate (PEM)" if isinstance(error, ssl.SSLError) else error.strerror or str(error)
    return ""


def yaml_fault(error: yaml.MarkedYAMLError, text: str) -> str:
    """What is wrong with a text that is not YAML; libyaml's own words for a tab seldom name the tab."""
    mark, lines = error.problem_mark, text.split("\n")
    if mark is not None and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        return "a tab cannot indent YAML; write spaces"
    return str(error.problem or error.context)


LONGEST = 1000 * 366 * 86_400_000
"""Milliseconds: what is planned from any time a clock can show is a time that the store can hold."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(?P<number>[0-9]+\.?[0-9]*|\.[0-9]+)(?P<unit>ms|[smhd])")


def milliseconds(text: str) -> int:
    """``250ms``, ``5s``, ``10m``, ``2h``, ``1d`` as milliseconds. Raises ValueError."""
    # A client in Python may have been given a number, or a timedelta.
    duration = _DURATION.fullmatch(str(text))
    if duration is None:
        raise ValueError(f"{text!r} is not a duration; write 250ms, 5s, 10m, 2h or 1d")
    length = float(duration["number"]) * _UNITS[duration["unit"]]
    if length > LONGEST:
        raise ValueError(f"{text} is longer than a thousand years")
    return round(length)
