"""``msgsim messages``: accepted messages and their statuses."""

import click

from msgsim.cli.remote import as_json, message_row, remote, show_json, show_rows, show_table
from msgsim.client import Client
from msgsim.client.api import Json


@click.command("messages")
@click.argument("id", required=False)
@click.option("--provider", default="", help="Of one provider only.")
@click.option("--to", default="", help="Recipient.")
@click.option("--from", "from_", default="", help="Sender.")
@click.option("--channel", default="", help="sms, viber, whatsapp, ...")
@click.option("--status", default="", help="The provider's word, or queued, sent, delivered, seen, failed, ...")
@click.option("--text", default="", help="Part of the text.")
@click.option("--search", default="", help="Words anywhere in it, or in one place: status:failed channel:viber.")
@click.option("--limit", type=click.IntRange(1), default=20, help="At most so many, the newest.  [default: 20]")
@as_json
@remote
def command(client: Client, id: str | None, raw: bool, **filters: Json) -> None:
    """List accepted messages, newest first; with an ID, the whole life of one.

    \b
    Examples:
      msgsim messages
      msgsim messages --provider messente --status delivered
      msgsim messages --to +37255500001 --json
      msgsim messages --search 'status:failed channel:viber "parcel"'
      msgsim messages 75cbf2b6-74e8-4c75-8093-f1041587cd04
    """
    if id is None:
        show_rows(client.messages.list(**filters), message_row, raw, "messages")
        return
    message = client.messages.get(id)
    if raw:
        show_json(message)
        return
    show_table([message_row(message)])
    click.echo(f"\n{client.messages.explain(id)['prose']}")
