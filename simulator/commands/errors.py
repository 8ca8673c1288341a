"""``msgsim errors``: every documented error and outcome."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulator.provider import Provider


@click.command("errors")
@click.option("--provider", "only", help="One provider only.")
def command(only: str | None) -> int:
    """List every documented error and status, and the recipient that brings each about.

    \b
    Examples:
      msgsim errors
      msgsim errors --provider messente
    """
    from simulator.cli import OK
    from simulator.provider import discover
    from simulator.yamlfile import suggestion

    providers = discover()
    if only is not None and only not in providers:
        raise click.UsageError(f"there is no provider {only!r}{suggestion(only, providers)}")
    for provider in [providers[only]] if only else providers.values():
        _list(provider)
    return OK


def _list(provider: "Provider") -> None:
    from simulator.engine import terms_of
    from simulator.magic import magic_recipients

    terms = terms_of(provider)
    click.secho(f"{provider.title} ({provider.name})", bold=True)
    for error in provider.contract.errors.values():
        recipient = magic_recipients(error.key, error.magic, terms)[0] if error.magic is not None else ""
        code = "" if error.code is None else str(error.code)
        colour = "yellow" if error.status < 500 else "red"
        click.echo(
            f"  {click.style(str(error.status), fg=colour)} {code:<6} {error.key:<32} {recipient:<28} "
            f"{click.style(error.provenance, dim=True)}"
        )
    for status in provider.contract.statuses.values():
        recipient = magic_recipients(status.word, status.magic, terms)[0] if status.magic is not None else ""
        code = "" if status.code is None else str(status.code)
        click.echo(
            f"  {click.style('---', fg='cyan')} {code:<6} {status.word:<32} {recipient:<28} "
            f"{click.style(status.provenance, dim=True)}"
        )
