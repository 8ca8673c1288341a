"""``msgsim send``: sends sample requests to providers, as an application would send them."""

import click

from msgsim.cli.remote import as_json, brief, remote, show_json, show_table
from msgsim.client import Client
from msgsim.client.api import Json


@click.command("send")
@click.argument("provider", required=False)
@click.option("--count", type=click.IntRange(1, 1000), default=1, help="So many requests.  [default: 1]")
@click.option("--seed", type=int, help="The same seed sends the same.  [default: other ones each time]")
@click.option("--curl", is_flag=True, help="Show each request as a command for a shell.")
@as_json
@remote
def command(client: Client, provider: str | None, count: int, seed: int | None, curl: bool, raw: bool) -> None:
    """Send sample requests of a provider, or of all in turn, and show what was answered.

    \b
    Examples:
      msgsim send messente
      msgsim send sinch --seed 7 --curl
      msgsim send --count 100
    """
    sent = client.sample(provider or "", count, seed)
    if raw:
        show_json(sent)
    elif curl:
        for one in sent:
            click.echo(one["curl"])
            click.secho(f"# {one['status']} {brief(one['answer'], 200)}", dim=True)
    else:
        show_table([_row(one) for one in sent])
    if not all(one["varied"] for one in sent):
        from msgsim.examples.variations import HINT  # Heavy, and seldom needed.

        click.secho(f"msgsim: {HINT}", dim=True, err=True)


def _row(one: Json) -> list[str]:
    status = click.style(str(one["status"]), fg="green" if one["status"] < 400 else "red")
    return [one["provider"], one["endpoint"], status, brief(one["answer"], 100)]
