"""``msgsim explain``: why a message, request or callback is as it is, and what happens next."""

import click

from msgsim.cli.remote import as_json, remote, show_json
from msgsim.client import Client


@click.command("explain")
@click.argument("what", type=click.Choice(["message", "request", "callback"]))
@click.argument("which")
@as_json
@remote
def command(client: Client, what: str, which: str, raw: bool) -> None:
    """Explain a message by its id, or a request or a callback by its number: which rule decided, and what comes next.

    \b
    Examples:
      msgsim explain message 75cbf2b6-74e8-4c75-8093-f1041587cd04
      msgsim explain request 17
      msgsim explain callback 3
    """
    if what == "message":
        found = client.messages.explain(which)
    elif not which.isdecimal():
        raise click.UsageError(f"{which!r} is no number of a {what}; `msgsim {what}s` lists them")
    elif what == "request":
        found = client.requests.explain(int(which))
    else:
        found = client.callbacks.explain(int(which))
    if raw:
        show_json(found)
    else:
        click.echo(found["prose"])
