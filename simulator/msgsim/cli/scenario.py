"""``msgsim scenario``: shows or chooses the scenarios of a sandbox in a running simulator."""

import click

from msgsim.cli.remote import DefaultGroup, as_json, remote, show_json, show_table
from msgsim.client import Client
from msgsim.client.answers import Scenario


@click.group("scenario", cls=DefaultGroup, default="show")
def command() -> None:
    """Show the scenarios that decide in a sandbox, or choose others.

    \b
    Examples:
      msgsim scenario
      msgsim scenario use viber-falls-back-to-sms
      msgsim scenario use my-rules.yaml flaky-network
      msgsim scenario use
    """


@command.command("show")
@as_json
@remote
def show(client: Client, raw: bool) -> None:
    """Show the loaded scenarios, and how often each of their rules has decided."""
    found = client.scenario()
    if raw:
        show_json(found)
    else:
        _show(found)


@command.command("use")
@click.argument("names", nargs=-1)
@as_json
@remote
def use(client: Client, names: tuple[str, ...], raw: bool) -> None:
    """Load files of this machine or scenarios of the server, tried in the order of NAMES.

    Without any, every message is delivered again. What was accepted before keeps its plan.
    """
    chosen = client.choose(*names)
    if raw:
        show_json(chosen)
    else:
        _show(chosen)


def _show(scenario: Scenario) -> None:
    chosen = ", ".join(scenario["names"]) or "none: every message is delivered"
    click.echo(f"{click.style('scenario', bold=True)}  {chosen}")
    for mistake in scenario["mistakes"]:
        click.secho(f"  {mistake}", fg="red")
    show_table([["", rule["place"], f"decided {rule['decided']}x"] for rule in scenario["rules"] if rule["chosen"]])
