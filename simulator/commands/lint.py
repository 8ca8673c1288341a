"""``msgsim lint``: what the application does that a provider would frown at."""

import click

from simulator.cli import FAILED, OK
from simulator.client import Client
from simulator.remote import as_json, remote, show_json


@click.command("lint")
@as_json
@remote
def command(client: Client, raw: bool) -> int:
    """List bad habits of the application seen in a sandbox; exit code 1 when there are any.

    \b
    Examples:
      msgsim lint
      msgsim lint --sandbox ci-17 --json
    """
    findings = client.lint()["findings"]
    if raw:
        show_json(findings)
    for finding in [] if raw else findings:
        click.echo(finding)
    return FAILED if findings else OK
