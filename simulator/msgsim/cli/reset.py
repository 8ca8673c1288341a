"""``msgsim reset``: empties a sandbox."""

import click

from msgsim.cli.remote import remote
from msgsim.client import Client


@click.command("reset")
@remote
def command(client: Client) -> None:
    """Empty a sandbox: its messages, callbacks and journal. Seed, settings, scenario and clock stay.

    \b
    Examples:
      msgsim reset
      msgsim reset --sandbox ci-17
    """
    client.reset()
    click.echo(f"sandbox {client.name} is empty")
