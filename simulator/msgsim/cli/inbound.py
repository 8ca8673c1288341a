"""``msgsim inbound``: sends a message from a phone (an MO) to the application, or lists such messages."""

import click

from msgsim.cli.remote import as_json, brief, callback_row, remote, show_json, show_rows, show_table
from msgsim.client import Client
from msgsim.client.answers import Inbound


@click.command("inbound")
@click.argument("provider", required=False)
@click.option("--from", "sender", default="", help="The phone's number.")
@click.option("--to", default="", help="What it writes to: a number or a short code of the application.")
@click.option("--text", default="", help="What it says.")
@as_json
@remote
def command(client: Client, provider: str | None, sender: str, to: str, text: str, raw: bool) -> None:
    """Send a message from a phone (an MO) to the application; without a PROVIDER, list those that came.

    Its callback is posted before the command ends.

    \b
    Examples:
      msgsim inbound sinch --from 5511999998888 --to 27000 --text STOP
      msgsim inbound
    """
    if provider is None:
        show_rows(client.inbox(), _row, raw, "messages from phones")
        return
    if missing := [name for name, value in (("--from", sender), ("--to", to), ("--text", text)) if not value]:
        raise click.UsageError(
            f"{', '.join(missing)} is missing: a message from a phone has a sender, a goal and a text"
        )
    sent = client.inbound(provider, sender, to, text)
    if raw:
        show_json(sent)
        return
    click.echo(f"inbound {sent['id']} from {sent['from']} to {sent['to']}")
    show_table([callback_row(callback) for callback in sent["callbacks"]])
    if not sent["callbacks"]:
        click.secho("no callback: the settings name no URL for it", fg="yellow")


def _row(inbound: Inbound) -> list[str]:
    text = brief(inbound["text"])
    return [inbound["at"][11:23], inbound["provider"], inbound["from"], inbound["to"], inbound["id"], text]
