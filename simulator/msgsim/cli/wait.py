"""``msgsim wait``: waits until messages, requests or callbacks fit filters, for scripts."""

import click

from msgsim.cli.remote import ROWS, as_json, remote, show_rows
from msgsim.client import Client
from msgsim.client.api import Json

FILTERS = {
    "messages": ("provider", "to", "from_", "channel", "status", "text", "search", "since"),
    "requests": ("provider", "endpoint", "status", "refused", "credential", "since"),
    "callbacks": ("state", "kind", "message", "since"),
}
"""Name of a list → its filters, which are the names of options here and of arguments of the client."""
EVER = "start"
"""Value of ``--since`` with which everything in the sandbox counts."""


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
@click.option(
    "--since", help="Also what fits already, of 5m ago or a time; start: of ever.  [default: only what is new]"
)
@click.option("--count", type=click.IntRange(1), default=1, help="So many that fit.  [default: 1]")
@click.option("--timeout", default="30s", help="250ms, 5s, 10m, ...  [default: 30s]")
@as_json
@remote
def command(client: Client, what: str, count: int, timeout: str, raw: bool, **filters: Json) -> None:
    """Wait for messages, requests or callbacks that begin to fit, and print them.

    What fits already when it is called does not count, unless --since says from when on it does. The exit code is 4
    when they do not come in time; what came nearest is told.

    \b
    Examples:
      msgsim wait --to +37255500001 --status delivered
      msgsim wait --since 5m --to +37255500001 --status delivered
      msgsim wait messages --provider sinch --count 3 --timeout 2m
      msgsim wait requests --provider messente --refused
      msgsim wait callbacks --state done --count 2 --since start
    """
    given = {name: value for name, value in filters.items() if value is not None}
    if strange := [name for name in given if name not in FILTERS[what]]:
        raise click.UsageError(f"--{strange[0].rstrip('_')} is no filter of {what}")
    new = "since" not in given
    if given.get("since") == EVER:
        del given["since"]
    click.echo(f"{_awaited(what, count, given, new)}, for at most {timeout}", err=True)
    show_rows(getattr(client, what).wait(**given, count=count, timeout=timeout, new=new), ROWS[what], raw, what)


def _awaited(what: str, count: int, filters: dict[str, Json], new: bool) -> str:
    """``waiting for 2 new messages with to +37255500001, status delivered``"""
    rows = what if count > 1 else what.removesuffix("s")
    words = ", ".join(
        name.rstrip("_") if value is True else f"{name.rstrip('_')} {value}" for name, value in filters.items()
    )
    return f"waiting for {count} {'new ' if new else ''}{rows}{' with ' if words else ''}{words}"
