"""``msgsim tail``: prints requests, statuses and callbacks of a sandbox as they happen."""

from typing import TYPE_CHECKING

import click

from msgsim.cli.remote import remote
from msgsim.client import Client

if TYPE_CHECKING:
    from msgsim.client.timeline import Line


@click.command("tail")
@click.option("--json", "raw", is_flag=True, help='One JSON document a line: {"event": ..., "data": ...}.')
@click.option("--count", type=click.IntRange(1), help="Stop after so many lines.  [default: when the server stops]")
@remote
def command(client: Client, raw: bool, count: int | None) -> None:
    """Show requests, statuses and callbacks of a sandbox as they happen.

    \b
    Examples:
      msgsim tail
      msgsim tail --sandbox ci-17
      msgsim tail --json | jq 'select(.event == "callback")'
    """
    import json  # For start-up time.

    from msgsim.client.timeline import of_event

    for number, (name, data) in enumerate(client.events(), 1):
        if raw:
            click.echo(json.dumps({"event": name, "data": data}, ensure_ascii=False))
        else:
            _show(of_event(name, data))
        if number == count:
            return


def _show(line: "Line") -> None:
    colours = {"request": "green", "callback": "cyan", "control": "blue"}
    kind = click.style(f"{line.kind:<8}", fg="red" if line.bad else colours.get(line.kind))
    click.echo(f"{line.at[11:23]}  {kind}  {line.text}")
