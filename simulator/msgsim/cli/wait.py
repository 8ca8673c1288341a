"""``msgsim wait``: until something has happened, for scripts that cannot know how long it takes."""

import click

from msgsim.cli.remote import ROWS, as_json, remote, show_rows
from msgsim.client import Client
from msgsim.client.api import Json

FILTERS = {
    "messages": ("provider", "to", "from_", "channel", "status", "text", "search"),
    "requests": ("provider", "endpoint", "status", "refused", "credential"),
    "callbacks": ("state", "kind", "message"),
}


@click.command("wait")
@click.argument("what", type=click.Choice(list(FILTERS)), default="messages")
@click.option("--provider", help="messages, requests: of one provider only.")
@click.option("--to", help="messages: recipient.")
@click.option("--from", "from_", help="messages: sender.")
@click.option("--channel", help="messages: sms, viber, whatsapp, ...")
@click.option("--status", help="messages: a status, the provider's word or a neutral one; requests: HTTP status.")
@click.option("--text", help="messages: part of the text.")
@click.option("--search", help="messages: words anywhere in it, or in one place (status:failed channel:viber).")
@click.option("--endpoint", help="requests: name of the endpoint.")
@click.option("--refused", is_flag=True, default=None, help="requests: only those that were refused.")
@click.option("--credential", help="requests: account.")
@click.option("--state", help="callbacks: pending, done, failed, refused, failing, ...")
@click.option("--kind", help="callbacks: what is reported.")
@click.option("--message", help="callbacks: id of the message.")
@click.option("--count", type=click.IntRange(1), default=1, help="So many that fit.  [default: 1]")
@click.option("--timeout", default="30s", help="250ms, 5s, 10m, ...  [default: 30s]")
@as_json
@remote
def command(client: Client, what: str, count: int, timeout: str, raw: bool, **filters: Json) -> None:
    """Wait for messages, requests or callbacks that fit; exit code 4 when they do not come in time.

    \b
    Examples:
      msgsim wait --to +37255500001 --status delivered
      msgsim wait messages --provider sinch --count 3 --timeout 2m
      msgsim wait requests --provider messente --refused
      msgsim wait callbacks --state done --count 2
    """
    given = {name: value for name, value in filters.items() if value is not None}
    if strange := [name for name in given if name not in FILTERS[what]]:
        raise click.UsageError(f"--{strange[0].rstrip('_')} is no filter of {what}")
    found = getattr(client, what).wait(**given, count=count, timeout=timeout)
    show_rows(found, ROWS[what], raw)
