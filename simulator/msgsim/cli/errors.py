"""``msgsim errors``: every documented error and outcome, each with a request that brings it about."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgsim.contract import Error, Status
    from msgsim.examples.catalogue import Neutral
    from msgsim.model import Json
    from msgsim.provider import Provider


@click.command("errors")
@click.option("--provider", "only", help="One provider only.")
@click.option("--url", default="http://127.0.0.1:8080", show_default=True, help="Where the simulator is.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(only: str | None, url: str, form: str) -> int:
    """List every documented error and status: its recipient, and a curl that brings it about.

    \b
    Examples:
      msgsim errors
      msgsim errors --provider messente
      msgsim errors --provider sinch --format json | jq -r '.[] | select(.key == "forbidden").curl'
    """
    import msgspec

    from msgsim.cli.exits import OK
    from msgsim.provider import discover
    from msgsim.scenarios.yaml import suggestion

    providers = discover()
    if only is not None and only not in providers:
        raise click.UsageError(f"there is no provider {only!r}{suggestion(only, providers)}")
    chosen = [providers[only]] if only else list(providers.values())
    if form == "json":
        click.echo(msgspec.json.encode([entry for provider in chosen for entry in entries(provider, url)]))
        return OK
    for provider in chosen:
        click.secho(f"{provider.title} ({provider.name})", bold=True)
        for entry in entries(provider, url):
            _show(entry)
    return OK


def entries(provider: "Provider", url: str) -> "Iterator[dict[str, Json]]":
    """Errors, statuses, then the outcomes that every provider has."""
    from msgsim.examples import catalogue
    from msgsim.examples.request import curl

    for entry in (*catalogue.errors(provider), *catalogue.statuses(provider), *catalogue.outcomes(provider)):
        shown = {"provider": provider.name, **_described(entry.what)}
        yield {**shown, "recipient": entry.recipient, "curl": curl(entry.example, url)}


def _described(what: "Error | Status | Neutral") -> "dict[str, Json]":
    from msgsim.contract import Error, Status

    if isinstance(what, Error):
        found: dict[str, Json] = {"kind": "error", "key": what.key, "status": what.status, "code": what.code}
        return {**found, "meaning": what.when, "provenance": what.provenance}
    if isinstance(what, Status):
        found = {"kind": "status", "key": what.word, "code": what.code}
        return {**found, "meaning": what.meaning, "provenance": what.provenance}
    meaning = f"Of every provider: {', then '.join(what.steps) or 'queued for ever'}."
    return {"kind": "outcome", "key": what.word, "code": None, "meaning": meaning, "provenance": "inferred"}


def _show(entry: "dict[str, Json]") -> None:
    status = str(entry.get("status", "---"))
    colour = "cyan" if status == "---" else "green" if status < "4" else "yellow" if status < "5" else "red"
    code = "" if entry["code"] is None else str(entry["code"])
    click.echo(
        f"  {click.style(status, fg=colour)} {code:<6} {entry['key']:<32} {entry['recipient'] or '':<28} "
        f"{click.style(entry['provenance'], dim=True)}"
    )
    click.echo(f"      {entry['meaning']}")
    click.secho(f"      {entry['curl']}", dim=True)
