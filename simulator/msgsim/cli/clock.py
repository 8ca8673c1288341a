"""``msgsim clock``: shows and moves the clock of a sandbox."""

import click

from msgsim.cli.remote import DefaultGroup, as_json, remote, show_json
from msgsim.client import Client
from msgsim.client.api import Json


@click.group("clock", cls=DefaultGroup, default="show")
def command() -> None:
    """Show a sandbox's clock, or move it.

    \b
    Examples:
      msgsim clock
      msgsim clock freeze
      msgsim clock advance 5m
      msgsim clock set 2026-01-01T00:00:00Z
      msgsim clock run-until-idle
      msgsim clock speed 60
    """


@command.command("show")
@as_json
@remote
def show(client: Client, raw: bool) -> None:
    """Show the time, and how fast it runs."""
    _show(client.clock.get(), raw)


@command.command("freeze")
@as_json
@remote
def freeze(client: Client, raw: bool) -> None:
    """Stop it where it is."""
    _show(client.clock.freeze(), raw)


@command.command("resume")
@as_json
@remote
def resume(client: Client, raw: bool) -> None:
    """Let it run as fast as real time."""
    _show(client.clock.resume(), raw)


@command.command("speed")
@click.argument("rate", type=float)
@as_json
@remote
def speed(client: Client, rate: float, raw: bool) -> None:
    """Let it run RATE times as fast: 60 is a minute a second."""
    _show(client.clock.speed(rate), raw)


@command.command("advance")
@click.argument("by")
@as_json
@remote
def advance(client: Client, by: str, raw: bool) -> None:
    """Move it by a duration; everything that falls due happens in order."""
    _tell(client.clock.advance(by), client, raw)


@command.command("set")
@click.argument("to")
@as_json
@remote
def set_to(client: Client, to: str, raw: bool) -> None:
    """Move it to a time; everything that falls due happens in order."""
    _tell(client.clock.set(to), client, raw)


@command.command("run-until-idle")
@as_json
@remote
def run_until_idle(client: Client, raw: bool) -> None:
    """Move it until no callback is pending and no message changes any more."""
    _tell(client.clock.run_until_idle(), client, raw)


def _show(clock: Json, raw: bool) -> None:
    if raw:
        show_json(clock)
    else:
        pace = click.style("frozen", fg="cyan") if clock["frozen"] else f"{clock['rate']:g}x"
        click.echo(f"{clock['now']}  {pace}")


def _tell(happened: Json, client: Client, raw: bool) -> None:
    """Print what happened while the clock was moved (`Happened`), then the clock; ``raw``: only the list, as JSON."""
    from msgsim.client.timeline import of_happened  # For start-up time.

    if raw:
        show_json(happened)
        return
    for thing in happened:
        line = of_happened(thing)
        click.secho(str(line), fg="red" if line.bad else None)
    _show(client.clock.get(), raw=False)
