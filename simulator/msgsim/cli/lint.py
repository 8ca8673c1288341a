"""``msgsim lint``: lists habits of the application that a provider would object to."""

import click

from msgsim.cli.exits import FAILED, OK
from msgsim.cli.remote import as_json, remote, show_json
from msgsim.client import Client
from msgsim.client.api import Json


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
    findings = client.lint()
    if raw:
        show_json(findings)
    else:
        for finding in findings:
            _show(finding)
    return FAILED if findings else OK


def _show(finding: Json) -> None:
    times = "once" if finding["times"] == 1 else f"{finding['times']} times"
    click.echo(f"{click.style(finding['rule'], fg='yellow')}  {finding['provider']}: {finding['text']} ({times})")
    for what in ("requests", "callbacks"):
        if numbers := finding[what]:
            more = ", ..." if finding["times"] > len(numbers) else ""
            click.echo(f"  {what} {', '.join(map(str, numbers))}{more}")
    click.secho(f"  {finding['advice']}", dim=True)
