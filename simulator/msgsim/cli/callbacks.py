"""``msgsim callbacks``: the callbacks (DLRs and MOs) of a sandbox and their attempts."""

import click

from msgsim.cli.remote import DefaultGroup, as_json, callback_row, remote, show_json, show_rows, show_table
from msgsim.client import Client
from msgsim.client.api import Json


@click.group("callbacks", cls=DefaultGroup, default="list")
def command() -> None:
    """List callbacks (DLRs and MOs), show one with its attempts, or post one again.

    \b
    Examples:
      msgsim callbacks
      msgsim callbacks --state failed
      msgsim callbacks show 3
      msgsim callbacks replay 3
    """


@command.command("list")
@click.option(
    "--state",
    default="",
    help="pending, done, failed, refused, replayed, dropped or cancelled; failing: the last attempt failed.",
)
@click.option("--kind", default="", help="What is reported.")
@click.option("--host", default="", help="Host and port it goes to.")
@click.option("--status", default="", help="The status it reports.")
@click.option("--message", default="", help="Id of the message it reports on.")
@click.option("--limit", type=click.IntRange(1), default=20, help="At most so many, the oldest.  [default: 20]")
@as_json
@remote
def list_all(client: Client, raw: bool, **filters: Json) -> None:
    """List them, oldest first."""
    show_rows(client.callbacks.list(**filters), callback_row, raw, "callbacks")


@command.command("show")
@click.argument("number", type=int)
@as_json
@remote
def show(client: Client, number: int, raw: bool) -> None:
    """Show one: what it reports, each attempt, and what happens next."""
    if raw:
        show_json(client.callbacks.get(number))
    else:
        click.echo(client.callbacks.explain(number)["prose"])


@command.command("replay")
@click.argument("number", type=int)
@as_json
@remote
def replay(client: Client, number: int, raw: bool) -> None:
    """Create the same callback again, and post it now."""
    again = client.callbacks.replay(number)
    if raw:
        show_json(again)
    else:
        show_table([callback_row(again)])
