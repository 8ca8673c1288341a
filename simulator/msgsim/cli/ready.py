"""``msgsim ready``: waits until a server answers, for scripts that have just started one."""

from threading import Event

import click

from msgsim.cli.exits import OK, TIMED_OUT
from msgsim.cli.remote import failed
from msgsim.client import DEFAULT_URL, Client, Problem, Unreachable

PAUSE = 0.05
"""Seconds between two tries."""


@click.command("ready")
@click.option(
    "--url",
    envvar="MSGSIM_URL",
    default=DEFAULT_URL,
    help=f"Where the simulator is: MSGSIM_URL.  [default: {DEFAULT_URL}]",
)
@click.option("--timeout", default="30s", help="250ms, 5s, 10m, ...  [default: 30s]")
def command(url: str, timeout: str) -> int:
    """Wait until a simulator answers; exit code 4 when it does not in time.

    \b
    Examples:
      msgsim serve & msgsim ready
      msgsim ready --url http://127.0.0.1:9000 --timeout 1m
    """
    from msgsim.clock import machine  # For start-up time.
    from msgsim.config import milliseconds

    try:
        end = machine() + milliseconds(timeout)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    pause = Event()
    while True:
        try:
            with Client(url) as client:
                click.echo(f"msgsim {client.health()['version']} is ready at {client.url}")
            return OK
        except (Unreachable, Problem) as error:
            if machine() >= end:
                return failed(f"not ready within {timeout}: {error}", TIMED_OUT)
        pause.wait(PAUSE)
