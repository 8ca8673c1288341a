"""``msgsim requests``: the application's requests to providers, and the answers."""

import click

from msgsim.cli.remote import as_json, remote, request_row, show_json, show_rows, show_table
from msgsim.client import Client
from msgsim.client.api import Json


@click.command("requests")
@click.argument("number", type=int, required=False)
@click.option("--provider", default="", help="To one provider only.")
@click.option("--endpoint", default="", help="Name of the endpoint.")
@click.option("--status", type=int, help="HTTP status of the answer.")
@click.option("--refused", is_flag=True, default=None, help="Only those that were refused.")
@click.option("--credential", default="", help="The account's name.")
@click.option("--limit", type=click.IntRange(1), default=20, help="At most so many, the newest.  [default: 20]")
@as_json
@remote
def command(client: Client, number: int | None, raw: bool, **filters: Json) -> None:
    """List requests to providers, newest first; with a NUMBER, one with its answer and why it was answered so.

    \b
    Examples:
      msgsim requests
      msgsim requests --refused
      msgsim requests 17
      msgsim requests --provider sinch --status 400 --json
    """
    if number is None:
        show_rows(client.requests.list(**filters), request_row, raw, "requests")
        return
    entry = client.requests.get(number)
    if raw:
        show_json(entry)
        return
    show_table([request_row(entry)])
    for name in ("body", "answer"):
        click.echo(f"\n{click.style(name, bold=True)}\n{entry.get(name) or '(empty)'}")
    click.echo(f"\n{client.requests.explain(number)['prose']}")
