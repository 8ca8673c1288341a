"""Runs the server of `msgsim serve` in this process, and prints its start message."""

import gc
import shlex
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import click

from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START, OK
from msgsim.cli.remote import failed
from msgsim.cli.request_log import ALONE, log_requests
from msgsim.client import DEFAULT_URL
from msgsim.config import Config, authority, is_every_address
from msgsim.provider import discover
from msgsim.scenarios.yaml import BadFile
from msgsim.server import Server
from msgsim.storage.database import StoreError
from msgsim.web.edge.replies import CannotStart

if TYPE_CHECKING:
    from msgsim.web.edge.ports import Bind

Origin = Callable[[str], str]
"""Name of a setting → where its value comes from, as a prefix for an error message; empty: a flag or the default."""


class Started(NamedTuple):
    """The facts about a server in its start message."""

    seed: int
    store: str
    """Where the server stores its data, in words."""
    https_port: int | None
    """None: not open."""
    proxy_port: int | None
    """None: not open."""


def serve(
    settings: Config,
    listening: list[socket.socket],
    started: Callable[[Server, Started], None],
    origin: Origin,
    binding: "Bind | None" = None,
    turn: AbstractContextManager[object] = ALONE,
) -> int:
    """Serve until stopped; returns the exit code. If the server cannot start, the reason is printed.

    ``listening``: sockets of the plain port; ``started``: called in the event loop when requests are answered;
    ``binding``: as in `Server`; ``turn``: as in `log_requests`.
    """
    ending: list[Callable[[], None]] = []

    def answers(seed: int) -> None:
        _settle_memory()
        ports = server.ports
        https, proxy = (None, None) if ports is None else (ports.port("https"), ports.port("proxy"))
        started(server, Started(seed, server.store_summary, https, proxy))
        ending.append(log_requests(server.engine, settings.log, turn))

    try:
        server = Server(settings, answers, binding)
    except (ValueError, BadFile, StoreError, CannotStart) as error:
        for bound in listening:
            bound.close()
        if isinstance(error, ValueError | BadFile):
            return failed(str(error), BAD_CONFIGURATION)
        return cannot_start(error, origin)
    try:
        server.run(listening)
    except (StoreError, CannotStart) as error:
        return cannot_start(error, origin)
    finally:
        for end in ending:
            end()
    return OK


def cannot_start(error: StoreError | CannotStart, origin: Origin) -> int:
    """Print why the server cannot start, and where the setting to change comes from; returns the exit code."""
    setting = error.setting if isinstance(error, CannotStart) else "store"
    return failed(f"{origin(setting)}{error}", CANNOT_START)


def _settle_memory() -> None:
    """Exclude the objects that exist at start from garbage collection, and let the collector run less often.

    `Server` does not do this itself, because in a test the process and its collector belong to the test.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def greet(settings: Config, port: int, started: Started, origins: list[str]) -> None:
    """Print the start message: addresses, store, seed, token. ``origins``: the file and variables with settings."""
    root = f"http://{authority(settings.host, port)}"
    everywhere = " and every other address of this machine" if is_every_address(settings.host) else ""
    name = click.style("messaging-simulator", bold=True)
    click.echo(f"{name} on {click.style(root, fg='green')}{everywhere}  (Ctrl+C stops it)")
    lines = [(provider.title, provider.base_url(root)) for provider in discover().values()]
    shown = f"?token={quote(settings.token, safe='')}" if settings.token else ""
    lines += [("inbox", f"{root}/__sim/{shown}"), ("control API", f"{root}/__sim/v1/health")]
    ports = [("HTTPS", "https", started.https_port), ("proxy", "http", started.proxy_port)]
    lines += [(name, f"{scheme}://{authority(settings.host, bound)}") for name, scheme, bound in ports if bound]
    if settings.workers > 1:
        lines.append(("workers", f"{settings.workers} processes"))
    lines += [("store", started.store), ("seed", str(started.seed))]
    if origins:
        lines.append(("settings", ", ".join(origins)))
    if settings.token:
        lines.append(("token", settings.token))
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        click.echo(f"  {name:<{width}}  {value}")
    where = "" if root == DEFAULT_URL else f" --url {root}"
    where += f" --token {shlex.quote(settings.token)}" if settings.token else ""
    click.echo(f"Try: msgsim send messente{where}")
