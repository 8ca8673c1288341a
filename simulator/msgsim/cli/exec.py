"""``msgsim exec``: runs one command with a simulator that is stopped when the command has ended."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from msgsim.config import Config
    from msgsim.model import Json

CANNOT_RUN, NOT_FOUND, SIGNALLED = 126, 127, 128
"""Exit codes as in a shell: the command cannot be run, does not exist, or was ended by a signal (128 + its number)."""

HELP = """Start a simulator on a free port, run COMMAND with base URLs and credentials in its environment, stop.

The exit code is the command's. MSGSIM_URL, MESSENTE_BASE_URL, MESSENTE_USERNAME, ... are what `msgsim env` prints.

\b
Examples:
  msgsim exec -- pytest
  msgsim exec --scenario viber-falls-back-to-sms -- npm test
  msgsim exec --intercept -- python send.py        # its requests to https://api.messente.com come here
  msgsim exec -- sh -c 'curl -s "$MSGSIM_URL/__sim/v1/health"'
"""


@click.command("exec", help=HELP, context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on.  [default: a free one]")
@click.option("--store", default="memory", help="A file, or 'memory'.  [default: memory]")
@click.option("--scenario", multiple=True, help="A file or a shipped scenario; may be given several times.")
@click.option("--clock", help="real, frozen, frozen@2026-01-01T00:00:00Z, or a rate such as 60x.  [default: real]")
@click.option("--seed", type=int, help="Ids and chance follow from it.  [default: the store's; drawn for a new one]")
@click.option("--intercept", is_flag=True, help="COMMAND reaches it by the providers' own host names, unmodified.")
@click.option("--proxy-others", type=click.Choice(["refuse", "tunnel"]), help="Its other requests.  [default: refuse]")
@click.option("--strict", is_flag=True, default=None, help="Refuse what only a tolerant reading accepts.")
@click.option("--config", type=click.Path(), help="Settings file.  [default: msgsim.yaml, if it is there]")
@click.argument("arguments", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...], intercept: bool, config: str | None, **flags: "Json") -> int:
    from msgsim.cli.exits import BAD_CONFIGURATION, CANNOT_START  # For start-up time.
    from msgsim.cli.remote import failed
    from msgsim.cli.settings import read, sources
    from msgsim.config import ConfigError
    from msgsim.scenarios.yaml import BadFile
    from msgsim.storage.database import StoreError
    from msgsim.web.edge.replies import CannotStart

    try:
        settings = read({**flags, "host": "localhost", "workers": 1}, os.environ, config)
        if origins := sources(os.environ, config):
            click.echo(f"msgsim: settings from {', '.join(origins)}", err=True)
        return _run(arguments, intercept, settings)
    except (ConfigError, BadFile, ValueError) as error:
        return failed(str(error), BAD_CONFIGURATION)
    except (CannotStart, StoreError) as error:
        return failed(str(error), CANNOT_START)


def _run(arguments: tuple[str, ...], intercept: bool, settings: "Config") -> int:
    """Run the command; returns its exit code, as a shell has it.

    Raises BadFile, CannotStart, StoreError and ValueError if the simulator cannot start.
    """
    import msgspec  # For start-up time.

    from msgsim.cli.remote import failed
    from msgsim.client import Client
    from msgsim.client.interception import server_at, variables
    from msgsim.testing import Simulator

    with ExitStack() as stack:
        # A running server with the same settings file may occupy the ports for TLS and the proxy: 0 picks free ones.
        ports = {name: getattr(settings, name) and 0 for name in ("https_port", "proxy_port")}
        simulator = stack.enter_context(Simulator(**msgspec.structs.asdict(settings) | ports))
        client = stack.enter_context(Client(simulator.url))
        click.echo(f"msgsim: seed {simulator.seed}", err=True)
        environment = os.environ | client.environment()
        if intercept:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="msgsim-")))
            environment |= variables(server_at(client.url, client.interception()), folder)
        try:
            child = subprocess.Popen(arguments, env=environment)  # noqa: S603 - running it is what was asked for
        except FileNotFoundError:
            return failed(f"{arguments[0]}: there is no such command", NOT_FOUND)
        except OSError as error:
            return failed(f"{arguments[0]}: {error.strerror}", CANNOT_RUN)
        with _outlived_by(child):
            code = child.wait()
    return SIGNALLED - code if code < 0 else code


@contextmanager
def _outlived_by(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Until the command has ended, ignore SIGINT, which a terminal sends to the command too, and pass SIGTERM on to it.

    So the command can clean up while the simulator still answers.
    """
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: child.terminate()),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
