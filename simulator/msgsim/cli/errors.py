"""``msgsim errors``: every documented error and outcome, each with a request that causes it."""

from collections import Counter
from typing import TYPE_CHECKING

import click

from msgsim.client import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from msgsim.contract import Error, Status
    from msgsim.examples.catalogue import Neutral
    from msgsim.model import Json
    from msgsim.provider import Provider


@click.command("errors")
@click.argument("key", required=False)
@click.option("--provider", "only", help="Of one provider only, each on a line.")
@click.option("--details", is_flag=True, help="With the meaning of each and a curl, as one KEY has them.")
@click.option(
    "--url", envvar="MSGSIM_URL", default="", help=f"Where the curls go: MSGSIM_URL.  [default: {DEFAULT_URL}]"
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is written.  [default: text]"
)
def command(key: str | None, only: str | None, details: bool, url: str, form: str) -> int:
    """Count the documented errors and outcomes, list those of a provider, or explain one by its KEY or code.

    Each has a curl that brings it about, and most a reserved recipient.

    \b
    Examples:
      msgsim errors
      msgsim errors --provider messente
      msgsim errors forbidden
      msgsim errors --provider sinch unauthorized --url http://127.0.0.1:9000
      msgsim errors --provider sinch --format json | jq -r '.[] | select(.key == "forbidden").curl'
    """
    import msgspec  # For start-up time.

    from msgsim.cli.exits import OK
    from msgsim.client.wire import root
    from msgsim.provider import discover
    from msgsim.scenarios.yaml import suggestion

    providers = discover()
    if only is not None and only not in providers:
        raise click.UsageError(f"there is no provider {only!r}{suggestion(only, providers)}")
    try:
        where = root(url)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    chosen = [providers[only]] if only else list(providers.values())
    listed = {provider.name: [*entries(provider, where)] for provider in chosen}
    if key is not None:
        known = {entry["key"]: None for found in listed.values() for entry in found}
        listed = {name: [entry for entry in found if _is(entry, key)] for name, found in listed.items()}
        if not any(listed.values()):
            raise click.UsageError(f"there is no error {key!r}{suggestion(key, known)}")
    if form == "json":
        click.echo(msgspec.json.encode([entry for found in listed.values() for entry in found]))
    elif key is None and only is None and not details:
        _summarize(chosen, listed)
    else:
        for provider in chosen:
            _list(provider, listed[provider.name], details or key is not None)
    return OK


def _is(entry: "dict[str, Json]", key: str) -> bool:
    """Whether an entry has this key, in upper or lower case, or this code."""
    return key.lower() == entry["key"].lower() or key == str(entry["code"])


def _summarize(providers: "Iterable[Provider]", listed: "Mapping[str, list[dict[str, Json]]]") -> None:
    """Print a row for each API of a provider: how many errors, statuses and outcomes it has."""
    from msgsim.cli.remote import show_table  # For start-up time.

    rows = [["provider", "API", "errors", "statuses", "outcomes"]]
    for provider in providers:
        apis = {voice.name: voice.title for voice in provider.voices()}
        for name, title in apis.items():
            counts = Counter(entry["kind"] for entry in listed[provider.name] if _api(entry["key"], apis) == name)
            if counts:
                numbers = [str(counts[kind] or "-") for kind in ("error", "status", "outcome")]
                rows.append([provider.name, title, *numbers])
    show_table(rows)
    click.echo("\n--provider PROVIDER lists those of one; a KEY explains one of them: msgsim errors forbidden")


def _api(key: str, apis: "Mapping[str, str]") -> str:
    """The name of the further API that an error belongs to; empty: the provider's first API."""
    name = key.partition(".")[0]
    return name if "." in key and name in apis else ""


def _list(provider: "Provider", found: "Iterable[dict[str, Json]]", details: bool) -> None:
    for place, entry in enumerate(found):
        if place == 0:
            click.secho(f"{provider.title} ({provider.name})", bold=True)
        _show(entry, details)


def entries(provider: "Provider", url: str) -> "Iterator[dict[str, Json]]":
    """The catalogue of a provider, as ``--format json`` prints it: errors, statuses, then the neutral outcomes.

    ``url``: the simulator's, for the curls.
    """
    from msgsim.examples import catalogue  # For start-up time.
    from msgsim.examples.request import curl

    for entry in (*catalogue.errors(provider), *catalogue.statuses(provider), *catalogue.outcomes(provider)):
        shown = {"provider": provider.name, **_described(entry.what)}
        yield {**shown, "recipient": entry.recipient, "curl": curl(entry.example, url)}


def _described(what: "Error | Status | Neutral") -> "dict[str, Json]":
    """``kind``, ``key``, ``code``, ``meaning`` and ``provenance``; of an error also its HTTP ``status``."""
    from msgsim.contract import Error, Status  # For start-up time.

    if isinstance(what, Error):
        found: dict[str, Json] = {"kind": "error", "key": what.key, "status": what.status, "code": what.code}
        return {**found, "meaning": what.when, "provenance": what.provenance}
    if isinstance(what, Status):
        found = {"kind": "status", "key": what.word, "code": what.code}
        return {**found, "meaning": what.meaning, "provenance": what.provenance}
    meaning = f"Of every provider: {', then '.join(what.steps) or 'queued for ever'}."
    return {"kind": "outcome", "key": what.word, "code": None, "meaning": meaning, "provenance": "inferred"}


def _show(entry: "dict[str, Json]", details: bool) -> None:
    status = str(entry.get("status", "---"))
    colour = "cyan" if status == "---" else "green" if status < "4" else "yellow" if status < "5" else "red"
    code = "" if entry["code"] is None else str(entry["code"])
    click.echo(
        f"  {click.style(status, fg=colour)} {code:<6} {entry['key']:<32} {entry['recipient'] or '':<28} "
        f"{click.style(entry['provenance'], dim=True)}"
    )
    if details:
        click.echo(f"      {entry['meaning']}")
        click.secho(f"      {entry['curl']}", dim=True)
