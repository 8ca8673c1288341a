"""``msgsim serve``: runs the simulator until it is stopped."""

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.model import Json

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
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes that share the port; with PostgreSQL only.  [default: 1]"
)
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
    from msgsim.cli.exits import BAD_CONFIGURATION, OK
    from msgsim.cli.remote import failed
    from msgsim.cli.serving import Started, cannot_start, greet, serve
    from msgsim.cli.settings import origin, read, sources
    from msgsim.config import ConfigError, guarded
    from msgsim.server import listen
    from msgsim.web.edge.replies import CannotStart

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(OK))

    def origin_of(setting: str) -> str:
        return origin(setting, flags, os.environ, config)

    def announce(port: int, started: Started) -> None:
        _tell_port(port, port_file)
        greet(settings, port, started, sources(os.environ, config))

    try:
        settings = guarded(read(flags, os.environ, config))
        if settings.workers > 1:
            from msgsim.cli.workers import SharedPorts, serve_with_workers  # Late: one process does not need it.

            ports = SharedPorts(settings)
            return serve_with_workers(settings, ports, partial(announce, ports.port), origin_of)
        listening = listen(settings)
        port = listening[0].getsockname()[1]
        return serve(settings, listening, lambda server, started: announce(port, started), origin_of)
    except ConfigError as error:
        return failed(str(error), BAD_CONFIGURATION)
    except CannotStart as error:
        return cannot_start(error, origin_of)


def _tell_port(port: int, port_file: Path | None) -> None:
    """Write the port to the file of ``--port-file``; None: there is none."""
    if port_file is not None:
        part = port_file.with_name(f"{port_file.name}.part")
        part.write_text(f"{port}\n")
        part.replace(port_file)  # Atomic: a reader of the file never finds half a port.
