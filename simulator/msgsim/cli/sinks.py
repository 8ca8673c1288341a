"""``msgsim sinks``: receivers of callbacks inside the simulator."""

import json

import click

from msgsim.cli.remote import as_json, brief, remote, show_json, show_rows
from msgsim.client import Client


@click.command("sinks")
@click.argument("name", required=False)
@as_json
@remote
def command(client: Client, name: str | None, raw: bool) -> None:
    """List the sinks of a sandbox; with a NAME, its URL and what was posted to it.

    A sink is there as soon as something is posted to its URL.

    \b
    Examples:
      msgsim sinks
      msgsim sinks reports
    """
    if name is None:
        show_rows(
            client.sinks(),
            lambda sink: [sink["name"], f"{sink['total']} posts", client.sink(sink["name"]).url],
            raw,
            "sinks",
        )
        return
    sink = client.sink(name)
    posts = sink.posts()
    if raw:
        show_json(posts)
        return
    click.echo(sink.url)
    for post in posts:
        body = post["json"] if post["json"] is not None else post["body"]
        click.echo(f"{post['at'][11:23]}  {brief(json.dumps(body, ensure_ascii=False), 200)}")
