"""``msgsim serve``: run the simulator until it is told to stop."""

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgsim.config import Config
    from msgsim.model import Json
    from msgsim.server import Server

HELP = """Serve the simulated providers.

\b
Every setting has an environment twin: --port is MSGSIM_PORT. A flag beats the environment,
the environment beats the settings file, the file beats the default. The file is msgsim.yaml in the
working folder, or the one that --config or MSGSIM_CONFIG names.

\b
Examples:
  msgsim serve
  msgsim serve --port 0 --store memory --clock frozen --seed 1
  msgsim serve --scenario viber-falls-back-to-sms --scenario my-rules.yaml
"""


@click.command("serve", help=HELP)
@click.option("--host", help="Address to listen on.  [default: localhost]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 picks a free one and prints it.  [default: 8080]")
@click.option("--store", help="A file, 'memory', or postgresql://….  [default: a file in your state directory]")
@click.option("--scenario", multiple=True, help="A file or a shipped scenario; may be given several times.")
@click.option("--clock", help="real, frozen, frozen@2026-01-01T00:00:00Z, or a rate such as 60x.  [default: real]")
@click.option("--seed", type=int, help="Ids and chance follow from it.  [default: the store's; drawn for a new one]")
@click.option("--workers", type=click.IntRange(1, 1), help="Processes; one serves thousands of requests a second.")
@click.option("--replica-host", help="Where other replicas on the same PostgreSQL reach this one.")
@click.option("--pristine", is_flag=True, default=None, help="Leave X-Sim-* headers out of providers' answers.")
@click.option("--strict", is_flag=True, default=None, help="Refuse what only a tolerant reading accepts.")
@click.option(
    "--callback-host",
    "callback_hosts",
    multiple=True,
    help="A host, or host:port, beyond private networks.",
)
@click.option("--callback-ca", help="Certificates (PEM) that receivers' own are trusted by, besides known ones.")
@click.option("--https-port", type=click.IntRange(0, 65535), help="Serve over TLS too; 0 picks a free one.")
@click.option(
    "--proxy-port", type=click.IntRange(0, 65535), help="An HTTP proxy that answers for the providers' hosts."
)
@click.option(
    "--proxy-others", type=click.Choice(["refuse", "tunnel"]), help="Other hosts through it.  [default: refuse]"
)
@click.option("--tls-name", "tls_names", multiple=True, help="A further name that TLS is served for.")
@click.option("--tls-cert", help="A certificate of your own (PEM), with --tls-key.")
@click.option("--tls-key", help="Its private key (PEM).")
@click.option("--ca-folder", help="Where the certificate authority is.  [default: in your state directory]")
@click.option("--quiet", is_flag=True, help="Print no line per request: --log none.")
@click.option(
    "--log",
    type=click.Choice(["text", "json", "none"]),
    help="A line per request.  [default: text on a terminal, else none]",
)
@click.option("--config", type=click.Path(), help="Settings file.  [default: msgsim.yaml, if it is there]")
@click.option("--port-file", type=click.Path(path_type=Path), help="Written with the port once requests are answered.")
def command(config: str | None, port_file: Path | None, quiet: bool, **flags: "Json") -> int:
    if quiet:
        if flags["log"] not in (None, "none"):
            raise click.UsageError(f"--quiet and --log {flags['log']} contradict each other")
        flags["log"] = "none"
    from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START, OK
    from msgsim.cli.remote import failed
    from msgsim.cli.request_log import log_requests
    from msgsim.cli.settings import origin, read, sources
    from msgsim.config import ConfigError, guarded
    from msgsim.scenarios.yaml import BadFile
    from msgsim.server import Server, listen
    from msgsim.storage.database import StoreError
    from msgsim.web.edge.replies import CannotStart

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(OK))
    try:
        settings = guarded(read(flags, os.environ, config))
        listening = listen(settings)
    except ConfigError as error:
        return failed(str(error), BAD_CONFIGURATION)
    except CannotStart as error:
        return failed(f"{origin(error.setting, flags, os.environ, config)}{error}", CANNOT_START)
    try:
        origins = sources(os.environ, config)
        port = listening[0].getsockname()[1]

        def started(seed: int) -> None:
            _tell_port(port, port_file)
            _settle_memory()
            _greet(settings, port, seed, origins, server)
            ending.append(log_requests(server.engine, settings.log))

        ending: list[Callable[[], None]] = []
        server = Server(settings, started)
    except (ValueError, BadFile, StoreError, CannotStart) as error:
        for bound in listening:
            bound.close()
        if isinstance(error, ValueError | BadFile):
            return failed(str(error), BAD_CONFIGURATION)
        setting = error.setting if isinstance(error, CannotStart) else "store"
        return failed(f"{origin(setting, flags, os.environ, config)}{error}", CANNOT_START)
    try:
        server.run(listening)
    finally:
        for end in ending:
            end()
    return OK


def _tell_port(port: int, port_file: Path | None) -> None:
    if port_file is not None:
        part = port_file.with_name(f"{port_file.name}.part")
        part.write_text(f"{port}\n")
        part.replace(port_file)  # Whoever waits for the file finds the whole port in it.


def _settle_memory() -> None:
    """What is there at start stays: the collector need not look at it again, nor after every few requests.

    Here, and not in the server: the process of a test is the test's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _greet(settings: "Config", port: int, seed: int, origins: list[str], server: "Server") -> None:
    import shlex
    from urllib.parse import quote

    from msgsim.client import DEFAULT_URL
    from msgsim.config import authority, is_every_address
    from msgsim.provider import discover

    root = f"http://{authority(settings.host, port)}"
    everywhere = " and every other address of this machine" if is_every_address(settings.host) else ""
    name = click.style("messaging-simulator", bold=True)
    click.echo(f"{name} on {click.style(root, fg='green')}{everywhere}  (Ctrl+C stops it)")
    lines = [(provider.title, provider.base_url(root)) for provider in discover().values()]
    shown = f"?token={quote(settings.token, safe='')}" if settings.token else ""
    lines += [("inbox", f"{root}/__sim/{shown}"), ("control API", f"{root}/__sim/v1/health")]
    if server.ports is not None:
        ports = [("HTTPS", "https", server.ports.port("https")), ("proxy", "http", server.ports.port("proxy"))]
        lines += [(name, f"{scheme}://{authority(settings.host, bound)}") for name, scheme, bound in ports if bound]
    lines += [("store", server.store_summary), ("seed", str(seed))]
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
